package bound

import (
	"hinge/control"
	"hinge/internal/vec"
)

// [Bounder.Refine] can bound actions and states as it does pre-activations. Where a
// state that is far from the optimum costs much, a good incumbent leaves little of
// their boxes, and those decide the phases of most units.

// aimed returns what target i of step t is, as a unit that reads the buffer of that
// step, and its mass: a hidden unit; behind those the coordinates of x_{t+1}; and
// before them, at -1-j, coordinate j of u_t.
func (b *Bounder) aimed(i, t int) (*unit, float64) {
	switch {
	case i < 0:
		return &b.actions[-1-i], b.inputMag[t*b.p.Nu-1-i]
	case i >= len(b.units):
		i -= len(b.units)
		return &b.out[i], b.outMass[t*b.p.Nx+i]
	}
	return &b.units[i], b.mass[t*len(b.units)+i]
}

func (b *Bounder) isHidden(i int) bool { return i >= 0 && i < len(b.units) }

// rangeOf returns where the range of target i of step t is kept.
func (b *Bounder) rangeOf(r Ranges, i, t int, lower, upper []float64) (lo, hi *float64) {
	switch {
	case i < 0:
		at := t*b.p.Nu - 1 - i
		return &lower[at], &upper[at]
	case i >= len(b.units):
		at := (t+1)*b.p.Nx + i - len(b.units)
		return &r.stateLower[at], &r.stateUpper[at]
	}
	at := t*len(b.units) + i
	return &r.Lower[at], &r.Upper[at]
}

// actionUnits returns the actions of a step as units.
func (b *Bounder) actionUnits() []unit {
	one := []float64{1}
	units := make([]unit, b.p.Nu)
	for j := range units {
		units[j] = unit{from: b.p.Nx + j, to: b.p.Nx + j + 1, w: one}
	}
	return units
}

// narrows reports whether boxes are refined too.
func (b *Bounder) narrows(how *Refinement) bool { return how != nil && how.Boxes && b.limits != nil }

// narrowAction narrows the box of u_t. It returns false if nothing is left.
func (b *Bounder) narrowAction(r Ranges, box control.Box, t int, how *Refinement) bool {
	return !b.narrows(how) || b.narrow(r, box, -b.p.Nu, 0, t, how)
}

// narrowState narrows the box of x_{t+1}. It returns false if nothing is left.
func (b *Bounder) narrowState(r Ranges, box control.Box, t int, how *Refinement) bool {
	n := len(b.units)
	return !b.narrows(how) || b.narrow(r, box, n, n+b.p.Nx, t, how)
}

// narrow refines the ranges of the targets [from, to) of step t.
func (b *Bounder) narrow(r Ranges, box control.Box, from, to, t int, how *Refinement) bool {
	var targets [vec.Lanes]target
	for i := from; i < to; {
		count := 0
		for ; i < to && count < len(targets); i++ {
			if lo, hi := b.rangeOf(r, i, t, box.Lower, box.Upper); *lo < *hi {
				targets[count], targets[count+1] = target{i, 1}, target{i, -1}
				count += 2
			}
		}
		if how.Stop != nil && how.Stop() {
			return true
		}
		if count == 0 {
			continue
		}
		b.optimised(r, targets[:count], t, box.Lower, box.Upper, how)
		for k := 0; k < count; k += 2 {
			lo, hi := b.rangeOf(r, targets[k].unit, t, box.Lower, box.Upper)
			*lo, *hi = max(*lo, b.refining.best[k]), min(*hi, -b.refining.best[k+1])
			if *lo > *hi {
				return false
			}
		}
	}
	return true
}
