package relutest

import (
	"math"
	"math/rand/v2"

	"hinge/control"
	"hinge/milp/relu"
)

// Constrain adds n random constraints of one or two rows to p, about half of
// which a random plan keeps, and makes the last coordinate of an action whole
// every second time. It returns the constraints it added.
func Constrain(rng *rand.Rand, p *relu.Program, n int) []control.Constraint {
	var list []control.Constraint
	for i := range n {
		r := control.NewAffine(1+rng.IntN(2), p.Nx+2*p.Nu)
		for k := range r.W {
			if rng.IntN(2) == 0 {
				r.W[k] = rng.NormFloat64()
			}
		}
		for k := range r.B {
			r.B[k] = rng.NormFloat64() - 1
		}
		c := control.Constraint{Name: string(rune('a' + i)), Residual: r, First: rng.IntN(p.Horizon + 1)}
		if c.Last = c.First + rng.IntN(p.Horizon+1-c.First); c.Last == p.Horizon {
			for k := range r.Rows {
				clear(r.Row(k)[p.Nx+p.Nu:]) // there is no action after the last state
			}
		}
		list = append(list, c)
	}
	var integer []int
	if rng.IntN(2) == 0 {
		integer = []int{p.Nu - 1}
	}
	if err := p.Constrain(list, integer); err != nil {
		panic(err)
	}
	return list
}

// Fractional gives the whole coordinates of an action limits that are not whole; now and
// then there is no whole number between them.
func Fractional(rng *rand.Rand, p *relu.Program) {
	for _, j := range p.Integer {
		lower := 3*rng.Float64() - 1.7
		upper := lower + .6 + 2*rng.Float64()
		if rng.IntN(4) == 0 {
			lower, upper = math.Floor(lower)+.1, math.Floor(lower)+.9
		}
		for k := j; k < p.Inputs(); k += p.Nu {
			p.Box.Lower[k], p.Box.Upper[k] = lower, upper
		}
	}
}
