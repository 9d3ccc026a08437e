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
	lookInVain          = 3    // units in a row that are no better than the best
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
	x.keep()
	best, at := -1.0, -1
	for _, i := range x.split {
		t := &x.r.units[i]
		g := e.gains[t.unit]
		if e.tries && g.count < reliableTrials && !e.stop() {
			y := trial{unit: t.unit}
			for side := range 2 {
				out.work += x.try(e, c, t, side, trialIterations, cutoff, &y)
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

// keep keeps where the relaxation of a node was solved, for [relaxed.try].
func (x *relaxed) keep() {
	x.r.lp.Save(&x.solved)
	x.reached = x.r.lp.Objective
}

// try solves one half of the split of t for a few iterations from where the relaxation
// of c was solved. It returns the work.
func (x *relaxed) try(e *expander, c *node, t *triangle, side, iterations int, cutoff float64, y *trial) int {
	l, u := c.ranges.Lower[t.unit], c.ranges.Upper[t.unit]
	half := [2][2]float64{{l, 0}, {0, u}}[side]
	x.r.setPhase(t, half[0], half[1], t.slope)
	status := x.r.lp.Solve(cutoff, lp.Options{MaxIterations: iterations, Stop: e.stop, Estimate: true})
	y.gain[side] = min(max(0, x.r.lp.Objective-x.reached)/(cutoff-x.reached), 1)
	if status == lp.Infeasible || math.IsNaN(y.gain[side]) {
		y.gain[side] = 1
	}
	work := (x.r.lp.Iterations + 4) * x.r.size
	x.r.setTriangle(t, l, u)
	x.r.lp.Restore(&x.solved)
	return work
}

// lookAhead is choose where prices differ: it solves the halves of units of x.split for a
// few iterations, and returns the unit whose halves gain most. In small programs one split
// of ten is worth as much as all others. There nearly always it is of the first step that
// still has a choice, on which all later ones lean; so those come first, and a few in a row
// that are no better end the search. Else the best prices come first.
func (x *relaxed) lookAhead(e *expander, c *node, cutoff float64, out *expansion) int {
	patience := lookAheads
	if e.few {
		patience = lookInVain
	}
	favourite := slices.MaxFunc(x.split, func(i, j int) int { return cmp.Compare(x.score[i], x.score[j]) })
	x.rank(e)
	x.keep()
	best, at, price, failed := -1.0, -1, 0.0, 0
	for _, i := range x.split[:min(lookAheads, len(x.split))] {
		if best >= 1 || failed == patience { // at 1 both halves are closed
			break
		}
		failed++
		v := x.look(e, c, &x.r.units[i], best, cutoff, out)
		if v > best {
			best, at, failed = v, x.r.units[i].unit, 0
		}
		if i == favourite {
			price = v
		}
	}
	out.insight.add(price / best)
	return at
}

// rank orders x.split for a look-ahead: by step where units are few, then by price.
func (x *relaxed) rank(e *expander) {
	units := e.b.Units()
	slices.SortStableFunc(x.split, func(i, j int) int {
		byPrice := cmp.Compare(x.score[j], x.score[i])
		if e.few {
			return cmp.Or(cmp.Compare(x.r.units[i].unit/units, x.r.units[j].unit/units), byPrice)
		}
		return byPrice
	})
}

// look returns the score of a split, by a few iterations for each half; 0 if the half that
// looks worse says that it is below atLeast.
func (x *relaxed) look(e *expander, c *node, t *triangle, atLeast, cutoff float64, out *expansion) float64 {
	var g unitGains
	y := trial{unit: t.unit}
	first := 0
	if t.preActivation(x.r.lp.X()) > 0 {
		first = 1
	}
	out.work += x.try(e, c, t, first, lookAheadIterations, cutoff, &y)
	if max(y.gain[first], leastGain) <= atLeast {
		return 0
	}
	out.work += x.try(e, c, t, 1-first, lookAheadIterations, cutoff, &y)
	g.add(y)
	return g.score()
}

// insight is how good prices were where somebody looked ahead: the score of the unit
// that they liked best as a share of the best score, 0 where it was not looked at or fell
// behind at once, added up.
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
