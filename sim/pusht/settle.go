package pusht

import "math"

const (
	// maxPasses bounds how often the contacts of one sub-step are found and solved.
	maxPasses = 3
	// maxSweeps bounds the Gauss-Seidel sweeps over two contacts.
	maxSweeps = 20
	// touchDepth is the overlap in metres from which pusher and T touch; smaller
	// ones are rounding.
	touchDepth = 1e-10
	// passingDepth is the overlap in metres that a sub-step may leave to the next.
	passingDepth = 1e-7
	// nearby is the gap in metres up to which a box may come to touch the pusher
	// within a sub-step because the T turns towards it.
	nearby = 1e-3
)

// twist is a small displacement and rotation of the T in the body frame.
type twist struct{ dx, dy, rot float64 }

// at returns the displacement of the material at body point (x, y).
func (w *twist) at(x, y float64) (dx, dy float64) { return w.dx - w.rot*y, w.dy + w.rot*x }

func (w *twist) add(v *twist) { w.dx, w.dy, w.rot = w.dx+v.dx, w.dy+v.dy, w.rot+v.rot }
func (w *twist) sub(v *twist) { w.dx, w.dy, w.rot = w.dx-v.dx, w.dy-v.dy, w.rot-v.rot }

// contact is a place where the pusher touches one box, or nearly so.
type contact struct {
	arms
	part   *box
	depth  float64 // of the overlap with that box, metres; negative: a gap
	wx, wy float64 // motion of the pusher in this sub-step relative to the T's material here
	share  float64 // of that motion during which the two touch
	yield  twist   // what the force at this contact does to the T
}

// contacts are those of one pusher with the parts of the T.
type contacts struct {
	c [len(boxes)]contact
	n int
}

// settle moves the T out of the way of a pusher that has come to (x, y) by the
// displacement (ux, uy), and reports whether the two touched.
//
// Contact points and normals move along the T during the sub-step. The first
// pass follows the midpoint rule: a trial motion tells where, seen from the T,
// the pusher was half-way, and the contacts there give the motion that counts.
// What overlap is left is of third order in the sub-step; later passes
// remove it where it exceeds leave.
//
// k is scratch memory; what it holds does not matter.
func (e *engine) settle(b *body, k *contacts, x, y, ux, uy, leave float64) (touched bool) {
	tolerance := touchDepth
	var moved twist // of the T in this sub-step
	for pass := range maxPasses {
		sx, sy := b.toBody(x, y)
		wx, wy := b.rotateToBody(ux, uy)
		if !k.find(sx, sy, wx, wy, &moved, tolerance) {
			return pass > 0
		}
		t := e.solve(k)
		if pass == 0 {
			k.toMidpoint(sx, sy, &t)
			t = e.solve(k)
		}
		b.move(t.dx, t.dy, t.rot)
		moved.add(&t)
		tolerance = leave
	}
	return true
}

// find collects the contacts of a pusher that has come to the body point (x, y)
// by (wx, wy), while the T has moved already. It reports false where no overlap
// exceeds tolerance; there is nothing to solve then.
func (k *contacts) find(x, y, wx, wy float64, moved *twist, tolerance float64) bool {
	distances := [len(boxes)]float64{boxes[0].distance(x, y), boxes[1].distance(x, y)}
	if PusherRadius-min(distances[0], distances[1]) <= tolerance {
		return false
	}
	k.n = 0
	for i, distance := range distances {
		if distance > PusherRadius+nearby {
			continue
		}
		c := &k.c[k.n]
		k.n++
		c.part, c.depth, c.yield = &boxes[i], PusherRadius-distance, twist{}
		c.arms = c.part.touch(x, y, distance)
		dx, dy := moved.at(c.qx, c.qy)
		c.wx, c.wy = wx-dx, wy-dy
	}
	return true
}

// toMidpoint moves the contacts of a pusher at (x, y) to where they are half-way
// through the motion t of the T. By then the T has turned by half of it, so the
// motion of the pusher is turned back.
func (k *contacts) toMidpoint(x, y float64, t *twist) {
	dx, dy := t.at(x, y)
	half := t.rot / 2
	for i := range k.c[:k.n] {
		c := &k.c[i]
		mx, my := x-(c.share*c.wx+dx)/2, y-(c.share*c.wy+dy)/2
		before := c.wx*c.nx + c.wy*c.ny
		c.wx, c.wy = c.wx+half*c.wy, c.wy-half*c.wx
		c.arms = c.part.touch(mx, my, c.part.distance(mx, my))
		c.depth += c.share * (c.wx*c.nx + c.wy*c.ny - before)
	}
}

// solve returns the motion of the T that the contacts together enforce. Each is
// solved in turn as if the others' forces were known, until none changes.
func (e *engine) solve(k *contacts) (t twist) {
	if k.n == 1 {
		e.solveOne(&k.c[0], &t)
		return k.c[0].yield
	}
	for i := range k.c[:k.n] {
		t.add(&k.c[i].yield)
	}
	for range maxSweeps {
		change := 0.0
		for i := range k.c[:k.n] {
			c := &k.c[i]
			old := c.yield
			t.sub(&old)
			e.solveOne(c, &t)
			t.add(&c.yield)
			change = max(change, math.Abs(c.yield.dx-old.dx), math.Abs(c.yield.dy-old.dy))
		}
		if change < touchDepth/100 {
			break
		}
	}
	return t
}

// solveOne sets the yield of contact c where the other contacts move the T by
// others. The pusher slides along the T only while they touch: during the
// share of its motion in which it goes the remaining depth along the normal.
func (e *engine) solveOne(c *contact, others *twist) {
	dx, dy := others.at(c.qx, c.qy)
	wx, wy := c.wx-dx, c.wy-dy
	depth := c.depth - (dx*c.nx + dy*c.ny)
	c.share, c.yield = 0, twist{}
	if depth <= 0 {
		return
	}
	c.share = 1
	if wn := wx*c.nx + wy*c.ny; wn > depth {
		c.share = depth / wn
	}
	fn, ft := e.force(&c.arms, depth, c.share*(wy*c.nx-wx*c.ny))
	c.yield = twist{
		dx:  fn*c.nx - ft*c.ny,
		dy:  fn*c.ny + ft*c.nx,
		rot: (fn*c.armN + ft*c.armT) * e.invC2,
	}
}
