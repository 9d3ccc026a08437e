package pusht

import "math"

// body is the pose of the T with the sine and cosine of its angle.
type body struct {
	x, y, theta float64
	sin, cos    float64
}

// newBody returns the body at pose (x, y, theta).
func newBody(pose []float64) body {
	b := body{x: pose[0], y: pose[1], theta: pose[2]}
	b.sin, b.cos = math.Sincos(b.theta)
	return b
}

// toBody returns the body coordinates of a point of the world.
func (b *body) toBody(x, y float64) (float64, float64) {
	return b.rotateToBody(x-b.x, y-b.y)
}

// toWorld returns the world coordinates of a point of the body.
func (b *body) toWorld(x, y float64) (float64, float64) {
	return b.x + b.cos*x - b.sin*y, b.y + b.sin*x + b.cos*y
}

// rotateToBody returns the body components of a vector of the world.
func (b *body) rotateToBody(x, y float64) (float64, float64) {
	return b.cos*x + b.sin*y, b.cos*y - b.sin*x
}

// move displaces the T by (dx, dy) in its own frame and turns it by dtheta.
func (b *body) move(dx, dy, dtheta float64) {
	b.x += b.cos*dx - b.sin*dy
	b.y += b.sin*dx + b.cos*dy
	if dtheta != 0 {
		b.theta += dtheta
		b.sin, b.cos = math.Sincos(b.theta)
	}
}

// box is a rectangle of the body frame, centred at (0, y).
type box struct{ y, hx, hy float64 }

// distance returns the signed distance of a point to the box, negative inside.
func (b *box) distance(x, y float64) float64 {
	ex, ey := math.Abs(x)-b.hx, math.Abs(y-b.y)-b.hy
	if ex > 0 && ey > 0 {
		return math.Sqrt(ex*ex + ey*ey)
	}
	return max(ex, ey)
}

// normal returns the unit vector that points from (x, y) to the nearest place on
// the surface of the box, or away from it where (x, y) is inside: the direction
// in which a pusher at (x, y), at the given distance, pushes the box.
func (b *box) normal(x, y, distance float64) (nx, ny float64) {
	y -= b.y
	ex, ey := math.Abs(x)-b.hx, math.Abs(y)-b.hy
	switch {
	case ex > 0 && ey > 0:
		return math.Copysign(ex/distance, -x), math.Copysign(ey/distance, -y)
	case ex > ey:
		return math.Copysign(1, -x), 0
	default:
		return 0, math.Copysign(1, -y)
	}
}

// gap returns the distance between a pusher at the body point (x, y) and the T.
func gap(x, y float64) float64 {
	return min(boxes[0].distance(x, y), boxes[1].distance(x, y)) - PusherRadius
}

// contact is a place where the pusher touches one box, in the body frame.
type contact struct {
	depth      float64 // by which pusher and box overlap, metres
	nx, ny     float64 // inward normal n; the tangent t is (-ny, nx)
	armN, armT float64 // moments q x n and q x t of unit forces at the contact point q
	qx, qy     float64 // contact point
}

// touch returns the contact of a pusher at the body point (x, y) with box b at
// the given signed distance.
func (b *box) touch(x, y, distance float64) contact {
	c := contact{depth: PusherRadius - distance}
	c.nx, c.ny = b.normal(x, y, distance)
	c.qx, c.qy = x+distance*c.nx, y+distance*c.ny
	c.armN = c.qx*c.ny - c.qy*c.nx
	c.armT = c.qx*c.nx + c.qy*c.ny
	return c
}

// force returns the contact force along n and t that moves the contact point by
// c.depth along n and, if friction suffices, by slide along t.
func (e *engine) force(c *contact, slide float64) (fn, ft float64) {
	ann := 1 + c.armN*c.armN*e.invC2
	ant := c.armN * c.armT * e.invC2
	att := 1 + c.armT*c.armT*e.invC2
	det := ann + att - 1 // = ann att - ant^2, since A - I has rank 1
	fn = (att*c.depth - ant*slide) / det
	ft = (ann*slide - ant*c.depth) / det
	if math.Abs(ft) <= e.friction*fn {
		return fn, ft
	}
	s := math.Copysign(e.friction, ft)
	if ann+s*ant < minDenominator {
		s = 0
	}
	fn = c.depth / (ann + s*ant)
	return fn, s * fn
}

// minDenominator guards the slip formula: near zero the contact would jam and
// the force grow without limit. It is never reached with friction below 0.9.
const minDenominator = 0.05
