package bnb

import (
	"math"

	"hinge/milp/lp"
)

// Reliability branching (Achterberg, Koch and Martin 2005). Where the optimum of a
// relaxation is degenerate the prices of its facets are 0 and tell no unit from
// another, and nodes that are split at random keep the bound they have. There the
// halves of every candidate are solved for a few iterations; a unit that was tried
// often enough in the tree is known by the mean of what that gave.

// unitGains is what splitting a unit has raised the bound of a relaxation by, on each
// side: shares of what was missing to the cutoff, added up.
type unitGains struct {
	sum   [2]float64
	count int
}

// trial is what one try of a split gave.
type trial struct {
	unit int
	gain [2]float64
}

const (
	flatPrice       = 1e-3 // share of what is missing to the cutoff below which prices say nothing
	reliableTrials  = 2    // of a unit
	trialIterations = 50   // of the simplex, for a half
	leastGain       = 1e-4 // what a side without gain counts for
	farAhead        = 2    // ratio of the gap of a tree and the best one
)

func (g *unitGains) add(y trial) {
	for side, v := range y.gain {
		g.sum[side] += v
	}
	g.count++
}

// score rates a unit by the product of its sides' mean gains: both halves have to be
// closed.
func (g *unitGains) score() float64 {
	n := float64(max(1, g.count))
	return max(g.sum[0]/n, leastGain) * max(g.sum[1]/n, leastGain)
}

// tryUnits returns the one of x.split whose halves raise the bound of c most. What it
// learns goes to out: the gains of the tree do not change before the round is over.
func (x *relaxed) tryUnits(e *expander, c *node, cutoff float64, out *expansion) int {
	var basis lp.Basis
	x.r.lp.Basis(&basis)
	reached := x.r.lp.Objective
	best, at := -1.0, -1
	for _, i := range x.split {
		t := &x.r.units[i]
		g := e.gains[t.unit]
		if e.tries && g.count < reliableTrials && !e.stop() {
			y, work := x.try(e, c, t, &basis, reached, cutoff)
			out.work += work
			out.trials = append(out.trials, y)
			g.add(y)
		}
		if s := g.score(); s > best {
			best, at = s, t.unit
		}
	}
	return at
}

// try solves both halves of the split of t for a few iterations from the basis of c,
// whose relaxation reached a bound.
func (x *relaxed) try(e *expander, c *node, t *triangle, basis *lp.Basis, reached, cutoff float64) (y trial, work int) {
	l, u := c.ranges.Lower[t.unit], c.ranges.Upper[t.unit]
	y.unit = t.unit
	for side, half := range [2][2]float64{{l, 0}, {0, u}} {
		x.r.setTriangle(t, half[0], half[1])
		x.r.lp.SetBasis(basis)
		status := x.r.lp.Solve(cutoff, lp.Options{MaxIterations: trialIterations, Stop: e.stop})
		work += (x.r.lp.Iterations + 4) * x.r.size
		y.gain[side] = min(max(0, x.r.lp.Objective-reached)/(cutoff-reached), 1)
		if status == lp.Infeasible || math.IsNaN(y.gain[side]) {
			y.gain[side] = 1
		}
	}
	x.r.setTriangle(t, l, u)
	return y, work
}

// tries reports whether trials are worth it in t: not if another contestant is far
// ahead.
func (s *search) tries(t *tree) bool {
	cutoff := s.cutoff()
	return cutoff-t.bound() <= farAhead*(cutoff-s.dualBound())
}
