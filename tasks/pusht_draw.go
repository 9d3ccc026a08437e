package tasks

import (
	"slices"

	"hinge/control"
	"hinge/sim/pusht"
	"hinge/viz/scene"
)

const (
	viewHalf       = 0.30 // half the side of the square shown, metres
	predictedAlpha = 0.7
	candidateAlpha = 0.35
)

// drawPushT draws goal, T, pusher, the coming poke and what the plan predicts.
func drawPushT(v View) scene.Scene {
	s := scene.Scene{
		Min:     scene.Point{X: -viewHalf, Y: -viewHalf},
		Max:     scene.Point{X: viewHalf, Y: viewHalf},
		Caption: v.Caption,
	}
	s.Add(scene.Shape{Kind: scene.Outline, Role: scene.Goal, Points: outlineOf(v.Goal)})
	s.Add(drawT(v.State)...)
	if v.Plan != nil {
		s.Add(drawPlan(v.Plan)...)
	}
	if v.Action != nil {
		s.Add(drawPoke(v.State, v.Action)...)
	}
	s.Add(scene.Shape{
		Kind: scene.Circle, Role: scene.Robot, Radius: pusht.PusherRadius,
		Points: []scene.Point{{X: v.State[3], Y: v.State[4]}},
	})
	return s
}

// pokeFrames returns the states during a poke: a poke that is over earlier.
func pokeFrames(system control.System) func(x, u []float64, n int) [][]float64 {
	return func(x, u []float64, n int) [][]float64 {
		frames := make([][]float64, n)
		part := slices.Clone(u)
		for i := range frames {
			done := float64(i+1) / float64(n)
			part[2], part[3] = done*u[2], done*u[3]
			frames[i] = make([]float64, len(x))
			system.Step(frames[i], x, part)
		}
		return frames
	}
}

// drawT returns the T of plant state x, filled.
func drawT(x []float64) []scene.Shape {
	var corners [16]float64
	pusht.Outline(corners[:], x[:3])
	return []scene.Shape{{Kind: scene.Polygon, Role: scene.Object, Points: points(corners[:])}}
}

// drawPlan returns the predicted T after every action, fading with time, and
// the paths on which the candidates move the T's keypoint centroid.
func drawPlan(p *control.Plan) []scene.Shape {
	var shapes []scene.Shape
	for _, c := range p.Candidates {
		shapes = append(shapes, scene.Shape{Kind: scene.Polyline, Role: scene.Candidate, Alpha: candidateAlpha, Points: centroids(c)})
	}
	if p.Trajectory == nil {
		return shapes
	}
	for t := 1; t <= p.Len(); t++ {
		shapes = append(shapes, scene.Shape{
			Kind: scene.Outline, Role: scene.Predicted,
			Alpha:  predictedAlpha / float64(t),
			Points: outlineOf(p.State(t)),
		})
	}
	return shapes
}

// drawPoke returns the place where action u sets the pusher down in plant state
// x and an arrow along its motion.
func drawPoke(x, u []float64) []scene.Shape {
	px, py := pusht.PokeStart(x, u)
	start := scene.Point{X: px, Y: py}
	end := scene.Point{X: start.X + u[2], Y: start.Y + u[3]}
	return []scene.Shape{
		{Kind: scene.Circle, Role: scene.Robot, Radius: pusht.PusherRadius, Alpha: candidateAlpha, Points: []scene.Point{start}},
		{Kind: scene.Arrow, Role: scene.Robot, Points: []scene.Point{start, end}},
	}
}

// outlineOf returns the outline of the T nearest to the given keypoints.
func outlineOf(keypoints []float64) []scene.Point {
	var pose [3]float64
	var corners [16]float64
	pusht.FitPose(pose[:], keypoints)
	pusht.Outline(corners[:], pose[:])
	return points(corners[:])
}

// centroids returns the path of the keypoint centroid along a trajectory.
func centroids(tr *control.Trajectory) []scene.Point {
	path := make([]scene.Point, tr.Len()+1)
	for t := range path {
		path[t].X, path[t].Y = pusht.Centroid(tr.State(t))
	}
	return path
}

// points turns interleaved coordinates into points.
func points(xy []float64) []scene.Point {
	p := make([]scene.Point, len(xy)/2)
	for i := range p {
		p[i] = scene.Point{X: xy[2*i], Y: xy[2*i+1]}
	}
	return p
}
