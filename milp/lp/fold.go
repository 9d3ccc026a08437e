package lp

import (
	"fmt"
	"math"
)

// A folded row r adds slope |r - kink| to the objective. Its cost is linear on either
// side of the kink, so that it counts as a variable with the bounds and the cost of
// one side, +-slope, and changes sides on the way:
//
//   - nonbasic at the kink, 0 <= d <= 2 slope as seen from above it: both ends are
//     breakpoints of the ratio test, where it leaves the kink upwards or downwards;
//   - basic and beyond the kink, it leaves the basis, unless its own reduced cost would
//     reach 2 slope first: then the step ends there and it is basic on the other side,
//     without a change of the basis.
//
// An absolute value so needs neither columns nor a place in the kernel while it is not
// at its kink.

// SetFold makes row i add slope |r_i - kink| to the objective. Its range must be finite
// and hold the kink; slope > 0. It can be set once.
func (s *Solver) SetFold(i int, kink, slope float64) {
	s.checkRow("SetFold", i)
	v := s.n + i
	if !(slope > 0) || math.IsInf(slope, 1) || s.fold[v] != 0 {
		panic(fmt.Sprintf("lp: SetFold: row %d: slope is %g after %g; it must be positive, and set once", i, slope, s.fold[v]))
	}
	s.fold[v], s.kink[v] = slope, kink
	s.folds++
	s.cost[v], s.c[v] = slope, slope
	s.setRange("SetFold", v, s.lower[v], s.upper[v])
	s.turn(v, s.x[v] < kink)
	s.dualFresh = false
}

// setRange sets the range of a variable, on both sides of its kink if it has one.
func (s *Solver) setRange(method string, v int, lower, upper float64) {
	checkRange(method, lower, upper)
	if s.fold[v] == 0 {
		s.lower[v], s.upper[v] = lower, upper
		return
	}
	if !(lower <= s.kink[v] && s.kink[v] <= upper) || math.IsInf(lower, -1) || math.IsInf(upper, 1) {
		panic(fmt.Sprintf("lp: %s: row %d: range is [%g, %g]; it must be finite and hold the kink %g", method, v-s.n, lower, upper, s.kink[v]))
	}
	s.foldLower[v], s.foldUpper[v] = lower, upper
	s.turn(v, s.below[v])
}

// ends returns the range of a variable on both sides of its kink.
func (s *Solver) ends(v int) (lower, upper float64) {
	if s.fold[v] == 0 {
		return s.lower[v], s.upper[v]
	}
	return s.foldLower[v], s.foldUpper[v]
}

// turn gives the folded v the bounds and the cost of a side.
func (s *Solver) turn(v int, below bool) {
	cost := s.fold[v]
	s.lower[v], s.upper[v] = s.kink[v], s.foldUpper[v]
	if below {
		cost = -cost
		s.lower[v], s.upper[v] = s.foldLower[v], s.kink[v]
	}
	by := cost - s.cost[v]
	s.below[v], s.cost[v] = below, cost
	if s.zeroCost || by == 0 {
		return
	}
	s.c[v] += by
	if s.at[v] != basic {
		s.d[v] += by
	}
}

// turnOver moves the nonbasic v, which is at its kink, from one side's view to the other's.
func (s *Solver) turnOver(v int) {
	s.turn(v, !s.below[v])
	s.at[v] = atLower + atUpper - s.at[v]
}

// folded reports whether v may change sides now.
func (s *Solver) folded(v int) bool { return s.fold[v] != 0 && !s.boxed }

// atKink reports whether the nonbasic v is where its cost bends.
func (s *Solver) atKink(v int) bool {
	return s.folded(v) && (s.at[v] == atUpper) == s.below[v]
}

// span is the length of the interval of the reduced costs with which v is at its kink.
func (s *Solver) span(v int) float64 {
	if s.zeroCost {
		return 0
	}
	return 2 * s.fold[v]
}

// beyond returns the width of the side on which v is not.
func (s *Solver) beyond(v int) float64 {
	if s.below[v] {
		return s.foldUpper[v] - s.kink[v]
	}
	return s.kink[v] - s.foldLower[v]
}

// settleFold puts the nonbasic v where its reduced cost wants it. Where that does not
// care v stays at its end: brought back to the kink, what has just left the basis for
// that end would enter and leave it for ever.
func (s *Solver) settleFold(v int, tol float64) {
	below, end := s.below[v], !s.atKink(v)
	s.turn(v, false)
	s.at[v] = atLower
	switch d := s.d[v]; {
	case d < -tol, end && !below && d <= tol:
		s.at[v] = atUpper
	case d > s.span(v)+tol, end && below && d >= s.span(v)-tol:
		s.turn(v, true)
	}
	x := s.lo[v]
	if s.at[v] == atUpper {
		x = s.hi[v]
	}
	if x != s.x[v] {
		s.x[v] = x
		s.primalFresh = false
	}
}

// turnBasic ends a step where the basic p changes sides: flips, then the reduced costs
// move with the cost of p. The basis stays.
func (s *Solver) turnBasic(p int, sigma float64) {
	if len(s.work.flips) > 0 {
		s.applyFlips()
	}
	span := sigma * s.span(p)
	s.objective -= span * (s.x[p] - s.kink[p])
	s.moveDual(span)
	s.turn(p, !s.below[p])
	s.dualFresh = false
}
