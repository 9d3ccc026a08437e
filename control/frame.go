package control

import (
	"context"
	"math"
)

// Frame is a frame of the plane: the origin and the direction (Cos, Sin) of the x
// axis, both seen from the world. Where a system looks the same from every frame, a
// model need not be good in all of them: whoever plans may take the one in which the
// start state looks most familiar.
//
// States are points of the plane, x and y in turn, actions are vectors. The zero
// value is no frame; [World] is the one that changes nothing, also where states are no
// points.
type Frame struct {
	X, Y     float64
	Cos, Sin float64
}

// World is the frame of the world.
func World() Frame { return Frame{Cos: 1} }

// NewFrame returns the frame with that origin whose x axis is turned by theta.
func NewFrame(x, y, theta float64) Frame {
	s, c := math.Sincos(theta)
	return Frame{X: x, Y: y, Cos: c, Sin: s}
}

// Points writes to dst where the points v of the world are in the frame. dst may alias
// v, here and below.
func (f Frame) Points(dst, v []float64) {
	if f == World() {
		copy(dst, v)
		return
	}
	for i := 0; i < len(v); i += 2 {
		dst[i], dst[i+1] = f.inwards(v[i]-f.X, v[i+1]-f.Y)
	}
}

// WorldPoints writes to dst where the points v of the frame are in the world.
func (f Frame) WorldPoints(dst, v []float64) {
	if f == World() {
		copy(dst, v)
		return
	}
	for i := 0; i < len(v); i += 2 {
		x, y := f.outwards(v[i], v[i+1])
		dst[i], dst[i+1] = x+f.X, y+f.Y
	}
}

// Vectors writes the vectors v of the world, seen in the frame, to dst.
func (f Frame) Vectors(dst, v []float64) {
	if f == World() {
		copy(dst, v)
		return
	}
	for i := 0; i < len(v); i += 2 {
		dst[i], dst[i+1] = f.inwards(v[i], v[i+1])
	}
}

// WorldVectors writes the vectors v of the frame, seen in the world, to dst.
func (f Frame) WorldVectors(dst, v []float64) {
	if f == World() {
		copy(dst, v)
		return
	}
	for i := 0; i < len(v); i += 2 {
		dst[i], dst[i+1] = f.outwards(v[i], v[i+1])
	}
}

func (f Frame) inwards(x, y float64) (float64, float64) {
	return f.Cos*x + f.Sin*y, f.Cos*y - f.Sin*x
}

func (f Frame) outwards(x, y float64) (float64, float64) {
	return f.Cos*x - f.Sin*y, f.Sin*x + f.Cos*y
}

// In returns the cost as a function of states and actions in the frame. It has the
// same value there.
func (c *Cost) In(f Frame) *Cost {
	in := *c
	in.Terms = append([]Term(nil), c.Terms...)
	for i := range in.Terms {
		in.Terms[i].Residual = f.residual(c.Terms[i].Residual, c.Nx, in.Terms[i].Rate)
	}
	return &in
}

// In returns the constraint on states and actions in the frame.
func (c Constraint) In(f Frame, nx int) Constraint {
	c.Residual = f.residual(c.Residual, nx, false)
	return c
}

// residual returns a, a map of nx coordinates of points and then of vectors, as one of
// those in the frame. A map of differences never sees the points.
func (f Frame) residual(a Affine, nx int, differences bool) Affine {
	b := Affine{Rows: a.Rows, Cols: a.Cols, W: make([]float64, len(a.W)), B: append([]float64(nil), a.B...)}
	for i := range a.Rows {
		from, to := a.Row(i), b.Row(i)
		for j := 0; j < a.Cols; j += 2 {
			to[j], to[j+1] = f.inwards(from[j], from[j+1])
			if j < nx && !differences {
				b.B[i] += from[j]*f.X + from[j+1]*f.Y
			}
		}
	}
	return b
}

// In returns the plan with its states and actions seen in the frame.
func (p *Plan) In(f Frame) *Plan { return p.seen(f.Points, f.Vectors) }

// World returns a plan whose states and actions are seen in the frame f as one of the
// world.
func (p *Plan) World(f Frame) *Plan { return p.seen(f.WorldPoints, f.WorldVectors) }

func (p *Plan) seen(points, vectors func(dst, v []float64)) *Plan {
	q := *p
	turn := func(tr *Trajectory) *Trajectory {
		if tr == nil {
			return nil
		}
		t := NewTrajectory(tr.Nx, tr.Nu, tr.Len())
		points(t.X, tr.X)
		vectors(t.U, tr.U)
		return t
	}
	q.Trajectory = turn(p.Trajectory)
	q.Candidates = nil
	for _, c := range p.Candidates {
		q.Candidates = append(q.Candidates, turn(c))
	}
	return &q
}

// Align finds the frame of a state.
type Align func(x []float64) Frame

// Of returns the frame of x, that of the world if a is nil.
func (a Align) Of(x []float64) Frame {
	if a == nil {
		return World()
	}
	return a(x)
}

// Aligned returns the policy that sees every state, and acts, in the state's own frame.
// With align nil it is pol.
func Aligned(pol Policy, align Align) Policy {
	if align == nil {
		return pol
	}
	return PolicyFunc(func(ctx context.Context, dst, x []float64, t int) error {
		f, seen := align(x), make([]float64, len(x))
		f.Points(seen, x)
		err := pol.Act(ctx, dst, seen, t)
		f.WorldVectors(dst, dst)
		return err
	})
}
