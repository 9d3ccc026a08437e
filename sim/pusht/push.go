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
	// centre the T's weight rests. 0 means the mean |r| over the T, 0.03993.
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
	case !(o.Friction <= 0.9): // from 1 on, the pusher can jam in the concave corner
		return fmt.Errorf("pusht: Friction is %g; it must be at most 0.9", o.Friction)
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
	var k contacts
	for i := 1; i <= n; i++ {
		f := float64(i) * h
		x, y = px+f*dx, py+f*dy
		leave := passingDepth
		if i == n {
			leave = touchDepth
		}
		if !e.settle(b, &k, x, y, dx*h, dy*h, leave) {
			i += int(min(gap(b.toBody(x, y))/step, float64(n)))
		}
	}
	return px + dx, py + dy
}
