package pusht

import (
	"fmt"
	"math"
)

// Options are the physical choices of a simulator; the zero value is the
// standard T.
type Options struct {
	// Friction is Coulomb's mu between pusher and T. 0 means 0.3; a negative
	// value means no friction.
	Friction float64
	// CharacteristicLength is c of the limit surface in metres: how far from the
	// centre the T's weight rests. 0 means the mean |r| over the T, 0.03992.
	CharacteristicLength float64
	// SubStep is the longest pusher motion solved at once, in metres. 0 means 0.0005.
	SubStep float64
}

// withDefaults fills the fields that are 0.
func (o Options) withDefaults() Options {
	switch {
	case o.Friction == 0:
		o.Friction = 0.3
	case o.Friction < 0:
		o.Friction = 0
	}
	if o.CharacteristicLength == 0 {
		o.CharacteristicLength = characteristicLength
	}
	if o.SubStep == 0 {
		o.SubStep = 0.5e-3
	}
	return o
}

func (o Options) validate() error {
	switch {
	case !(o.Friction <= 1):
		return fmt.Errorf("pusht: Friction is %g; it must be at most 1", o.Friction)
	case !(o.CharacteristicLength >= 0.01 && o.CharacteristicLength <= 1):
		return fmt.Errorf("pusht: CharacteristicLength is %g m; it must lie in [0.01, 1]", o.CharacteristicLength)
	case !(o.SubStep >= 1e-6 && o.SubStep <= 1e-3):
		return fmt.Errorf("pusht: SubStep is %g m; it must lie in [1e-6, 1e-3]", o.SubStep)
	}
	return nil
}

// engine moves pusher and T. It is a value without memory.
type engine struct {
	friction float64
	invC2    float64 // 1/c^2
	subStep  float64
}

func newEngine(o Options) (engine, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return engine{}, err
	}
	c := o.CharacteristicLength
	return engine{friction: o.Friction, invC2: 1 / (c * c), subStep: o.SubStep}, nil
}

const (
	// maxPasses bounds the sweeps over the contacts in one sub-step.
	maxPasses = 3
	// touchDepth is the overlap in metres from which a contact counts; smaller
	// ones are rounding.
	touchDepth = 1e-10
)

// push moves the pusher from (px, py) along (dx, dy) and the T b with it, and
// returns where the pusher ends.
//
// The motion is cut into equal sub-steps. While pusher and T are apart nothing
// moves, so the sub-steps that the gap between them allows are skipped.
func (e *engine) push(b *body, px, py, dx, dy float64) (x, y float64) {
	length := math.Hypot(dx, dy)
	n := int(math.Ceil(length / e.subStep))
	if n == 0 {
		return px, py
	}
	h := 1 / float64(n)
	step := length * h
	for i := 1; i <= n; i++ {
		f := float64(i) * h
		x, y = px+f*dx, py+f*dy
		if g := gap(b.toBody(x, y)); g > 0 {
			i += int(min(g/step, float64(n)))
			continue
		}
		e.settle(b, x, y, dx*h, dy*h)
	}
	return px + dx, py + dy
}

// settle moves the T out of the way of a pusher that has come to (x, y) by the
// displacement (ux, uy).
func (e *engine) settle(b *body, x, y, ux, uy float64) {
	m := motion{ux: ux, uy: uy}
	for range maxPasses {
		moved := false
		for i := range boxes {
			if e.resolve(b, &boxes[i], x, y, &m) {
				moved = true
			}
		}
		if !moved {
			return
		}
	}
}

// motion is what pusher and T have done in one sub-step.
type motion struct {
	ux, uy      float64 // displacement of the pusher, world
	dx, dy, rot float64 // displacement and rotation of the T, body frame
}

// resolve undoes the overlap of the pusher at (x, y) with one box and reports
// whether there was any.
func (e *engine) resolve(b *body, part *box, x, y float64, m *motion) bool {
	bx, by := b.toBody(x, y)
	distance := part.distance(bx, by)
	if distance > PusherRadius-touchDepth {
		return false
	}
	c := part.touch(bx, by, distance)
	fn, ft := e.force(&c, b.slide(&c, m))
	dx, dy := fn*c.nx-ft*c.ny, fn*c.ny+ft*c.nx
	rot := (fn*c.armN + ft*c.armT) * e.invC2
	b.move(dx, dy, rot)
	m.dx, m.dy, m.rot = m.dx+dx, m.dy+dy, m.rot+rot
	return true
}

// slide returns how far the pusher slid along the tangent of contact c while it
// touched: its motion relative to the T's material so far, times the
// share of it during which they overlapped.
func (b *body) slide(c *contact, m *motion) float64 {
	ux, uy := b.rotateToBody(m.ux, m.uy)
	ux -= m.dx - m.rot*c.qy
	uy -= m.dy + m.rot*c.qx
	un, ut := ux*c.nx+uy*c.ny, uy*c.nx-ux*c.ny
	if un <= c.depth {
		return ut
	}
	return ut * (c.depth / un)
}
