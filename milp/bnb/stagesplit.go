package bnb

import (
	"math"
	"slices"
)

// chooseSplit chooses how to split the node. Its gap is the sum, over the steps,
// of what the cuts lose at the trial path against the minimum of the next stage
// there. At the step that loses most, the cut that is active touches the cost to
// go at another state, its support: the box is split between the two, along the
// direction in which they differ most among those that hidden units see.
func (r *stageRun) chooseSplit() {
	worst, at, active := math.Inf(-1), 1, 0
	for t := 1; t < r.p.Horizon; t++ {
		x := r.trial[t*r.p.Nx : (t+1)*r.p.Nx]
		top, k := math.Inf(-1), 0
		for i := range r.n.cuts[t] {
			if v := r.n.cuts[t][i].at(x); v > top {
				top, k = v, i
			}
		}
		if lost := r.value[t] - top; lost > worst {
			worst, at, active = lost, t, k
		}
	}
	f, box := &r.frames[at], r.n.states[at]
	w := f.coordinates(r.trial[at*r.p.Nx : (at+1)*r.p.Nx])
	sp := stateSplit{step: at, active: r.n.cuts[at][active]}
	sp.direction, sp.point = between(w, sp.active.support, box)
	sp.distance = math.Abs(w[sp.direction] - sp.point)
	r.out.split = sp
}

// between returns the direction, from first on, and the point that separate w
// from the support best within the box: not nearer to a side than a fifth of it.
// Without a difference the widest direction is halved.
func between(w, support []float64, box stateBox) (direction int, point float64) {
	const nearest = .2
	best := -1.0
	for j := range w {
		width := box.upper[j] - box.lower[j]
		a := min(max(w[j], box.lower[j]), box.upper[j])
		b := a
		if support != nil {
			b = min(max(support[j], box.lower[j]), box.upper[j])
		}
		if score := math.Abs(a-b) + 1e-3*width; score > best {
			best, direction = score, j
			point = min(max((a+b)/2, box.lower[j]+nearest*width), box.upper[j]-nearest*width)
		}
	}
	return direction, point
}

// child returns one half of n with the cuts of n, which hold there too, and one
// more, the active cut tilted, so that states outside of the half cost more.
func (n *stageNode) child(side int, f *frame, gap float64) *stageNode {
	c := &stageNode{bound: n.bound, states: make([]stateBox, len(n.states)), cuts: slices.Clone(n.cuts)}
	for t := range n.states {
		c.states[t] = n.states[t].clone()
	}
	sp := n.split
	c.fresh = sp.step + 1
	box := &c.states[sp.step]
	sp.cut(*box, side)
	tilt := 2 * gap / (sp.distance + 1e-3*box.widest() + 1e-12)
	cuts := sp.tilt([]cut{sp.active}, f, *box, side, tilt)
	c.rec = n.rec.half(sp, side, *box)
	c.rec.tilted(cuts, []cut{sp.active}, tilt)
	c.addCut(sp.step, cuts[0])
	return c
}

// cut restricts a box to one side of the split.
func (sp *stateSplit) cut(box stateBox, side int) {
	if side == 0 {
		box.upper[sp.direction] = sp.point
	} else {
		box.lower[sp.direction] = sp.point
	}
}

// tilt returns the cuts tilted about the split: where x is in the half, of which box is
// the box,
//
//	V(x) >= a'x + b >= a'x + b + tilt (d'(x - center) - point),
//
// d the direction of the split (and with the other sign on the other side).
func (sp *stateSplit) tilt(cuts []cut, f *frame, box stateBox, side int, tilt float64) []cut {
	sign, room := 1-2*float64(side), margin*box.widest()
	added, size := make([]float64, len(f.center)), make([]float64, len(f.center)) // the second for its rounding
	f.column(added, sp.direction, sign*tilt)
	f.column(size, sp.direction, tilt)
	tilted := make([]cut, len(cuts))
	for k := range cuts {
		c := &cuts[k]
		y := cut{slope: slices.Clone(added), offset: c.offset - tilt*(sign*sp.point+room)}
		for i, b := range f.center {
			y.offset -= added[i] * b
			y.slope[i] += c.slope[i]
		}
		y.offset -= f.slack(box, size, tilt*sp.point) + f.slack(box, c.slope, c.offset)
		tilted[k] = y
	}
	return tilted
}
