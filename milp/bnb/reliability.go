package bnb

import (
	"cmp"
	"math"
	"slices"

	"hinge/milp/lp"
)

// Two ways to try splits before one is made. Where prices differ, those that look best
// are tried at every node (strong branching: Applegate, Bixby, Chvatal and Cook 1995)
// as long as that finds better ones than prices do. Reliability branching (Achterberg,
// Koch and Martin 2005) is for the others: where the optimum of a
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
	flatPrice           = 1e-3 // share of what is missing to the cutoff below which prices say nothing
	reliableTrials      = 2    // of a unit
	trialIterations     = 50   // of the simplex, for a half
	leastGain           = 1e-4 // what a side without gain counts for
	lookAheads          = 24   // units whose halves are looked at
	lookAheadIterations = 6    // of the simplex, for a half
	enoughInsight       = 12   // looks ahead
	sufficient          = .87
	seldom              = 8 // rounds
	farAhead            = 2 // ratio of the gap of a tree and the best one
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
	x.r.lp.Save(&x.solved)
	reached := x.r.lp.Objective
	best, at := -1.0, -1
	for _, i := range x.split {
		t := &x.r.units[i]
		g := e.gains[t.unit]
		if e.tries && g.count < reliableTrials && !e.stop() {
			y := trial{unit: t.unit}
			for side := range 2 {
				out.work += x.try(e, c, t, side, trialIterations, reached, cutoff, &y)
			}
			out.trials = append(out.trials, y)
			g.add(y)
		}
		if s := g.score(); s > best {
			best, at = s, t.unit
		}
	}
	return at
}

// try solves one half of the split of t for a few iterations from where the relaxation
// of c was solved, which reached a bound. It returns the work.
func (x *relaxed) try(e *expander, c *node, t *triangle, side, iterations int, reached, cutoff float64, y *trial) int {
	l, u := c.ranges.Lower[t.unit], c.ranges.Upper[t.unit]
	half := [2][2]float64{{l, 0}, {0, u}}[side]
	x.r.setPhase(t, half[0], half[1], t.slope)
	status := x.r.lp.Solve(cutoff, lp.Options{MaxIterations: iterations, Stop: e.stop, Estimate: true})
	y.gain[side] = min(max(0, x.r.lp.Objective-reached)/(cutoff-reached), 1)
	if status == lp.Infeasible || math.IsNaN(y.gain[side]) {
		y.gain[side] = 1
	}
	work := (x.r.lp.Iterations + 4) * x.r.size
	x.r.setTriangle(t, l, u)
	x.r.lp.Restore(&x.solved)
	return work
}

// lookAhead is choose where prices differ: it solves the halves of those units of
// x.split that look best for a few iterations, and returns the unit whose halves gain
// most. In small programs one split of ten is worth as much as all others.
func (x *relaxed) lookAhead(e *expander, c *node, cutoff float64, out *expansion) int {
	slices.SortStableFunc(x.split, func(i, j int) int { return cmp.Compare(x.score[j], x.score[i]) })
	x.r.lp.Save(&x.solved)
	reached := x.r.lp.Objective
	best, at, price := -1.0, -1, 0.0
	for rank, i := range x.split[:min(lookAheads, len(x.split))] {
		if best >= 1 { // both halves are closed
			break
		}
		t := &x.r.units[i]
		y := trial{unit: t.unit}
		first := 0 // the half that looks worse
		if t.preActivation(x.r.lp.X()) > 0 {
			first = 1
		}
		out.work += x.try(e, c, t, first, lookAheadIterations, reached, cutoff, &y)
		if max(y.gain[first], leastGain) <= best {
			continue // whatever the other half gains
		}
		out.work += x.try(e, c, t, 1-first, lookAheadIterations, reached, cutoff, &y)
		g := unitGains{sum: y.gain, count: 1}
		if v := g.score(); v > best {
			best, at = v, t.unit
		}
		if rank == 0 {
			price = best
		}
	}
	out.insight.add(price / best)
	return at
}

// insight is how good prices were where somebody looked ahead: the score of the unit
// that they liked best as a share of the best score, added up.
type insight struct {
	sum   float64
	count int
}

func (v *insight) add(share float64) {
	v.sum += share
	v.count++
}

// suffices reports whether prices choose about as well as a look-ahead.
func (v *insight) suffices() bool {
	return v.count >= enoughInsight && v.sum > sufficient*float64(v.count)
}

// looksAhead reports whether the nodes of the next round of t are worth a look-ahead:
// where prices suffice, now and then.
func (t *tree) looksAhead() bool {
	t.rounds++
	return !t.insight.suffices() || t.rounds%seldom == 0
}

// tries reports whether trials are worth it in t: not if another contestant is far
// ahead.
func (s *search) tries(t *tree) bool {
	cutoff := s.cutoff()
	return cutoff-t.bound() <= farAhead*(cutoff-s.dualBound())
}
