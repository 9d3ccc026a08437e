package bound

import (
	"hinge/control"
	"hinge/internal/vec"
)

// Tighten intersects r, ranges that hold on the box [lower, upper] of stacked
// actions (or on a larger one), with linear bounds on that box. Only units that
// are still undecided are bounded, and only from step first on: a box that shrank
// in the actions of step first changes nothing before it.
//
// It returns false if a range becomes empty, which proves that the box holds no
// point with the ranges it was given.
func (b *Bounder) Tighten(r Ranges, lower, upper []float64, first int) bool {
	return b.sweep(r, b.within(lower, upper), first, nil)
}

// within returns a box that may be clipped where there are constraints.
func (b *Bounder) within(lower, upper []float64) control.Box {
	if b.limits == nil {
		return control.Box{Lower: lower, Upper: upper}
	}
	copy(b.side.boxLower, lower)
	copy(b.side.boxUpper, upper)
	return control.Box{Lower: b.side.boxLower, Upper: b.side.boxUpper}
}

// sweep bounds the units step by step and layer by layer, each with the relaxations
// of those before it, plainly or with optimised slopes.
func (b *Bounder) sweep(r Ranges, box control.Box, first int, how *Refinement) bool {
	b.relax.setAll(r)
	if b.limits != nil {
		b.side.gather(b, r)
	}
	for t := first; t < b.p.Horizon; t++ {
		if !b.narrowAction(r, box, t, how) {
			return false
		}
		for _, l := range b.layers() {
			if !b.tightenLayer(r, box.Lower, box.Upper, t, l.first, l.last, how) {
				return false
			}
		}
		if !b.tightenState(r, box, t) || !b.narrowState(r, box, t, how) {
			return false
		}
	}
	return true
}

// tightenLayer bounds the units [from, to) of step t, which do not read each
// other, and fixes their relaxations.
func (b *Bounder) tightenLayer(r Ranges, lower, upper []float64, t, from, to int, how *Refinement) bool {
	base := t * len(b.units)
	var targets [vec.Lanes]target
	count := 0
	for h := from; h < to; h++ {
		if r.Undecided(base + h) {
			targets[count], targets[count+1] = target{h, 1}, target{h, -1}
			count += 2
		}
		if count == len(targets) || (h == to-1 && count > 0) {
			if how != nil && how.Stop != nil && how.Stop() {
				break
			}
			if !b.intersect(r, targets[:count], lower, upper, t, how) {
				return false
			}
			count = 0
		}
	}
	for i := base + from; i < base+to; i++ {
		b.relax.set(i, r.Lower[i], r.Upper[i])
	}
	return true
}

// intersect bounds both sides of the targets' units. It returns false if one of
// their ranges becomes empty.
func (b *Bounder) intersect(r Ranges, targets []target, lower, upper []float64, t int, how *Refinement) bool {
	low := &b.panel.low
	if how == nil {
		b.preActivations(r, targets, t, lower, upper)
	} else {
		b.optimised(r, targets, t, lower, upper, how)
		low = &b.refining.best
	}
	for i := 0; i < len(targets); i += 2 {
		at := t*len(b.units) + targets[i].unit
		b.reach.keep(at, i, b.panel.a)
		r.Lower[at] = max(r.Lower[at], low[i])
		r.Upper[at] = min(r.Upper[at], -low[i+1])
		if r.Lower[at] > r.Upper[at] {
			return false
		}
	}
	return true
}
