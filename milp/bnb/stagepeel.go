package bnb

import (
	"math"
	"slices"
)

// peel cuts slabs off the box of x_1 where no plan is better than the cutoff, and
// bounds the later states anew. Near a face of the box, where d'x_1 is close to its
// end e,
//
//	J >= v - tilt |e - d'x_1|,  v = min over u_0 of c_1 + max over cuts of V_1, all tilted
//	                                about the face,
//
// so a slab of thickness (v - cutoff)/tilt is ruled out: the face moves inwards. Plans
// nearly as good as the best mostly start alike. The boxes that are left are a small
// part of what can be reached, and there a few cuts follow the cost to go.
//
// It reports whether the box shrank so much that the cuts are worth another pass;
// false for ok means that the deadline came first.
func (r *stageRun) peel() (shrunk, ok bool) {
	f, gap := &r.frames[1], r.cutoff-r.out.bound
	for i := range 2 * r.p.Nx {
		sp := stateSplit{step: 1, direction: i / 2}
		width := r.n.states[1].upper[sp.direction] - r.n.states[1].lower[sp.direction]
		if !(width > thin*slices.Max(f.extent)) {
			continue
		}
		thickness, ok := r.slab(sp, i%2, steep*gap/width)
		if !ok {
			return false, false
		}
		shrunk = shrunk || thickness > worthwhile*width
	}
	if shrunk {
		r.n.fresh = 2
	}
	return shrunk, !shrunk || r.reach()
}

// Numbers of peel: of the thinnest edge that is worth it, as a share of the widest
// spread; of the gap that a tilt adds across the box; of an edge whose loss is worth
// another pass.
const (
	thin       = .02
	steep      = 20
	worthwhile = .1
	peelNodes  = 200
)

// slab peels one face, the lower one for side 0, and returns the thickness of the slab.
func (r *stageRun) slab(sp stateSplit, side int, tilt float64) (thickness float64, ok bool) {
	f, box := &r.frames[1], r.n.states[1]
	low, high := box.lower[sp.direction], box.upper[sp.direction]
	sp.point = low
	if side == 1 {
		sp.point = high
	}
	s, flat := r.stage(0), r.n.cuts[1]
	s.cuts = sp.tilt(flat, f, box, side, tilt)
	p, err := s.fromState(r.p.X0)
	enough := r.cutoff + tilt*(high-low)
	res := r.solve(p, err, Options{AbsGap: 3 * r.tol, NodeLimit: peelNodes, Samples: 16, Descents: 1, Record: r.n.rec != nil, enough: &enough})
	if res == nil {
		return 0, false
	}
	gain := res.DualBound - r.cutoff
	gain -= 1e-6*math.Abs(gain) + 1e-9*(math.Abs(res.DualBound)+math.Abs(r.cutoff)) // far more than what moving the point rounds
	if !(gain > 0) {
		return 0, true
	}
	thickness = min(gain/tilt, high-low)
	sp.point += thickness * (1 - 2*float64(side))
	outer := box.clone()
	sp.cut(outer, side)
	sp.cut(box, 1-side)
	rec := r.n.rec
	r.n.rec = rec.half(sp, 1-side, box)
	rec.half(sp, side, outer).refuted(sp.tilt(flat, f, outer, side, tilt), flat, tilt, r.cutoff, res)
	r.out.dropped = r.cutoff
	return thickness, true
}
