package bnb

import (
	"context"
	"math"

	"hinge/milp/bound"
)

// Where the boxes of states are followed, what a relaxation says narrows those boxes,
// and narrower boxes make a better relaxation. If some terms of the objective are far
// larger than others, as penalties of what must not be, the first relaxations differ from
// the incumbent by those alone: ranges that lean on such a bound are loose, and all nodes
// inherit them. So a root is bounded again and again before it is split.

// narrow bounds the root n, without and then with sharpened ranges, for as long as that
// closes a part of its gap. It returns false if the root is done with.
func (s *search) narrow(ctx context.Context, t *tree, n *node) bool {
	steps := 0 // of sharpening
	for steps <= narrowMost {
		missing := s.cutoff() - n.bound
		if steps == 0 {
			n.rec.sharpen(t.rec, s.cutoff()) // by nothing but plain bounds
		}
		if steps > 0 && !s.refineBoxes(ctx, t, n, steps) {
			return false
		}
		out := s.boundRoot(t, n, 0, false)
		if s.merge(ctx, t, &out); s.errand != nil {
			s.runErrand(ctx)
			s.firstPlan()
		}
		s.proven = max(s.proven, min(n.bound, t.dropped))
		s.report()
		left := s.cutoff() - n.bound
		switch {
		case n.bound >= s.cutoff() || s.finished(ctx):
			return true
		case !(left <= narrowLeft*missing) || math.IsInf(left, 1):
			steps = max(narrowFirst, 2*steps)
		}
	}
	return true
}

// Steps of the sharpening, which are doubled while that may help, and the share of the
// gap below which a round must bring it.
const (
	narrowFirst = 60
	narrowMost  = 120
	narrowLeft  = .8
	narrowRate  = .1
)

// refineBoxes sharpens the ranges, the box and the boxes of states of a root. It
// returns false if nothing better than the cutoff is left.
func (s *search) refineBoxes(ctx context.Context, t *tree, n *node, steps int) bool {
	cutoff := s.cutoff()
	t.dropped = min(t.dropped, cutoff) // what is left holds where J is less
	left := s.bounder.Refine(n.ranges, n.lower, n.upper, 0, &bound.Refinement{Steps: steps, Rate: narrowRate,
		Cutoff: cutoff, Bound: n.bound, Mult: n.dual.Mult, Boxes: true, Stop: func() bool { return ctx.Err() != nil },
		Proofs: n.rec.sharpen(t.rec, cutoff)})
	if !left {
		n.rec.settle(math.Inf(1))
	}
	return left
}
