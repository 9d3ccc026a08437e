"""Pokes of a T per processor second with pymunk: a general rigid-body engine on
the push-t task. Ground friction is a pivot and a gear joint of limited force;
the pusher is a kinematic disc that moves in 60 sub-steps."""
import math
import random
import sys
import time

import pymunk

rng = random.Random(int(sys.argv[1]))
SUBSTEPS, DT = 60, 1 / 60
boxes = [  # of the T, mm, centre of mass at the origin
    [(-60, 10.7), (60, 10.7), (60, 40.7), (-60, 40.7)],
    [(-15, -79.3), (15, -79.3), (15, 10.7), (-15, 10.7)],
]


def world():
    space = pymunk.Space()
    body = pymunk.Body(1, 1600)
    shapes = [pymunk.Poly(body, corners) for corners in boxes]
    for shape in shapes:
        shape.friction = 0.55  # the product with the disc's is 0.3
    pivot = pymunk.PivotJoint(space.static_body, body, (0, 0), (0, 0))
    gear = pymunk.GearJoint(space.static_body, body, 0, 1)
    pivot.max_bias = gear.max_bias = 0
    pivot.max_force, gear.max_force = 3000, 3000 * 40
    disc = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    rim = pymunk.Circle(disc, 5)
    rim.friction = 0.55
    space.add(body, *shapes, pivot, gear, disc, rim)
    return space, body, disc


def poke(space, body, disc):
    """Starts near the outline, four times in five, and moves inwards."""
    angle = rng.uniform(-math.pi, math.pi)
    near = rng.random() < 0.8
    reach = rng.uniform(35, 85) if near else rng.uniform(0, 120)
    p = body.local_to_world((reach * math.cos(angle), reach * math.sin(angle)))
    disc.position = p
    step = rng.uniform(0, 25)
    aim = math.atan2(body.position.y - p.y, body.position.x - p.x) + rng.uniform(-1, 1)
    disc.velocity = (step * math.cos(aim), step * math.sin(aim))
    for _ in range(SUBSTEPS):
        space.step(DT)


steps, start, parts = 0, time.process_time(), world()
while (used := time.process_time() - start) < 1:
    poke(*parts)
    steps += 1
    if steps % 40 == 0:
        parts = world()
print(steps / used)
