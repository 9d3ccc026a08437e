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

// move displaces the T by (dx, dy) in its own frame while it turns by rot. The
// frame turns under way; rotating the displacement by the mean angle rot/2 makes
// the motion right to second order.
func (b *body) move(dx, dy, rot float64) {
	if rot == 0 {
		b.x += b.cos*dx - b.sin*dy
		b.y += b.sin*dx + b.cos*dy
		return
	}
	mx, my := dx-rot/2*dy, dy+rot/2*dx
	b.x += b.cos*mx - b.sin*my
	b.y += b.sin*mx + b.cos*my
	b.theta += rot
	b.turn(rot)
}

// turn brings sine and cosine up to date after a rotation by rot.
func (b *body) turn(rot float64) {
	if math.Abs(rot) > 1e-6 {
		b.sin, b.cos = math.Sincos(b.theta)
		return
	}
	// The series to second order is exact to rounding, and the small corrections
	// that come here are as frequent as large motions.
	c := 1 - rot*rot/2
	b.sin, b.cos = b.sin*c+b.cos*rot, b.cos*c-b.sin*rot
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

// arms is the geometry of a contact in the body frame.
type arms struct {
	qx, qy     float64 // contact point
	nx, ny     float64 // inward normal n; the tangent t is (-ny, nx)
	armN, armT float64 // q x n and q x t: moments of unit forces
}

// touch returns the geometry of the contact of a pusher at the body point (x, y)
// with box b at the given signed distance.
func (b *box) touch(x, y, distance float64) arms {
	nx, ny := b.normal(x, y, distance)
	qx, qy := x+distance*nx, y+distance*ny
	return arms{qx: qx, qy: qy, nx: nx, ny: ny, armN: qx*ny - qy*nx, armT: qx*nx + qy*ny}
}

// minDenominator guards the slip formula: near zero the contact would jam and
// the force grow without limit. It is not reached with the standard c and
// friction up to 0.9.
const minDenominator = 0.05

// force returns the contact force along n and t that moves the material at c by
// depth along n and, if friction suffices, by slide along t.
func (e *engine) force(c *arms, depth, slide float64) (fn, ft float64) {
	ann := 1 + c.armN*c.armN*e.invC2
	ant := c.armN * c.armT * e.invC2
	att := 1 + c.armT*c.armT*e.invC2
	det := ann + att - 1 // = ann att - ant^2, since A - I has rank 1
	fn = (att*depth - ant*slide) / det
	ft = (ann*slide - ant*depth) / det
	if math.Abs(ft) <= e.friction*fn {
		return fn, ft
	}
	s := math.Copysign(e.friction, ft)
	if ann+s*ant < minDenominator {
		s = 0
	}
	fn = depth / (ann + s*ant)
	return fn, s * fn
}
