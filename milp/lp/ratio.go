package lp

import "math"

// candidate is a nonbasic variable whose reduced cost a dual step takes to zero.
type candidate struct {
	variable int32
	alpha    float64 // rate at which its reduced cost approaches zero, positive
	dual     float64 // |reduced cost|; negative if the sign is off
	ratio    float64 // step at which it is zero
	harris   float64 // step at which it is off by the tolerance
	drop     float64 // alpha times the range: what a flip takes from the slope
	turns    bool    // from its kink, where it is or will be, to the side where it is not
}

// flip is a boxed variable that goes to its other bound: by move.
type flip struct {
	variable int32
	move     float64
	gain     float64 // of the objective
}

// entering is the bound-flipping ratio test. The dual objective rises with slope
// delta, the violation of x_p, until the first ratio; each boxed variable that is
// passed takes its drop from the slope. Groups of ratios within the tolerance are
// passed as long as a slope remains; the largest alpha of the next group enters. It
// sets the flips and shifts costs where a sign would be lost. It returns false if
// everything is passed: then the program is infeasible. It returns p itself if that
// changes sides of its kink first.
func (s *Solver) entering(p int, sigma, delta float64) (q int, ok bool) {
	s.collect(sigma)
	c := s.work.cands
	start, slope := 0, delta
	limit := math.Inf(1)
	if s.folded(p) && (sigma < 0) == s.below[p] {
		limit = s.span(p)
	}
	good, goodSlope := -1, 0.0 // the last group with a pivot that is not small
	for start < len(c) {
		end, drop, best := nextGroup(c, start)
		if c[best].ratio > limit {
			s.pass(start)
			return p, true
		}
		if c[best].alpha >= pivotTol {
			good, goodSlope = start, slope
		}
		if slope-drop <= feasTol {
			break
		}
		slope -= drop
		start = end
	}
	if start == len(c) && !math.IsInf(limit, 1) {
		s.pass(start)
		return p, true
	}
	if start == len(c) {
		return -1, false
	}
	if good >= 0 && good != start {
		start, slope = good, goodSlope
	}
	end, _, best := nextGroup(c, start)
	return s.enter(start, end, best, sigma, slope), true
}

// collect lists the candidates for a step that moves d by -sigma t G[p,:], t >= 0.
func (s *Solver) collect(sigma float64) {
	w := &s.work
	w.cands = w.cands[:0]
	tol := dualTol * s.scale
	for j, g := range w.pivotRow {
		if math.Abs(g) > dropTol {
			s.consider(j, sigma*g, tol)
		}
	}
	for b, i := range s.kernel.rows {
		if g := w.pivotTight[b]; math.Abs(g) > dropTol {
			s.consider(s.n+int(i), sigma*g, tol)
		}
	}
}

func (s *Solver) consider(j int, g, tol float64) {
	dual := s.d[j]
	switch s.at[j] {
	case basic:
		return
	case atUpper:
		g, dual = -g, -dual
	case atZero:
		g, dual = math.Abs(g), 0
	}
	if g > 0 {
		s.candidate(j, g, dual, s.hi[j]-s.lo[j], false, tol)
	}
	if s.folded(j) && (g < 0) == s.atKink(j) {
		if g < 0 {
			dual = -dual
		}
		s.candidate(j, math.Abs(g), s.span(j)+dual, s.beyond(j), true, tol)
	}
}

func (s *Solver) candidate(j int, g, dual, width float64, turns bool, tol float64) {
	if width == 0 {
		return
	}
	inv, pos := 1/g, max(dual, 0)
	s.work.cands = append(s.work.cands, candidate{
		variable: int32(j), alpha: g, dual: dual, ratio: pos * inv, harris: (pos + tol) * inv,
		drop: g * width, turns: turns,
	})
}

// nextGroup brings the candidates from start on whose ratio is within the tolerance
// of the smallest to the front, and returns their end, the sum of their drops and
// the index of the largest alpha.
func nextGroup(c []candidate, start int) (end int, drop float64, best int) {
	bound := math.Inf(1)
	for i := start; i < len(c); i++ {
		bound = min(bound, c[i].harris)
	}
	end, best = start, start
	for i := start; i < len(c); i++ {
		if c[i].ratio > bound {
			continue
		}
		c[i], c[end] = c[end], c[i]
		drop += c[end].drop
		if a, b := &c[end], &c[best]; a.alpha > b.alpha || a.alpha == b.alpha && a.variable < b.variable {
			best = end
		}
		end++
	}
	return end, drop, best
}

// enter makes candidate best of the group start..end the entering variable and
// deals with those whose reduced cost the step takes across zero: all before start
// flip, those of the group flip if a slope remains and shift otherwise.
func (s *Solver) enter(start, end, best int, sigma, slope float64) int {
	c := s.work.cands
	s.pass(start)
	q, step := int(c[best].variable), c[best].ratio
	if c[best].turns {
		s.toKink(q)
		s.turnOver(q)
	}
	if c[best].dual < 0 || s.at[q] == atZero {
		s.shift(q, s.d[q])
	}
	for i := start; i < end; i++ {
		j := int(c[i].variable)
		switch {
		case j == q || c[i].dual >= step*c[i].alpha || c[i].turns && !s.atKink(j):
		case slope-c[i].drop > feasTol:
			slope -= c[i].drop
			s.flip(c[i])
		default:
			if c[i].turns {
				s.turnOver(j)
			}
			s.shift(j, s.d[j]-sigma*step*s.pivotEntry(j))
		}
	}
	return q
}

// pass flips the first candidates.
func (s *Solver) pass(count int) {
	s.work.flips = s.work.flips[:0]
	for _, c := range s.work.cands[:count] {
		s.flip(c)
	}
}

// flip notes that the variable of c goes to its other bound.
func (s *Solver) flip(c candidate) {
	j := int(c.variable)
	if c.turns {
		s.toKink(j)
		s.turnOver(j)
	}
	s.cross(j)
}

// cross notes that the nonbasic j goes to its other bound.
func (s *Solver) cross(j int) {
	move := s.hi[j] - s.lo[j]
	if s.at[j] == atUpper {
		move = -move
	}
	s.at[j] = atLower + atUpper - s.at[j]
	s.work.flips = append(s.work.flips, flip{int32(j), move, s.d[j] * move})
}

// toKink brings the folded j to its kink if it is at the other end of its side.
func (s *Solver) toKink(j int) {
	if !s.atKink(j) {
		s.cross(j)
	}
}

// shift changes the cost of the nonbasic j by -short, the reduced cost that it has
// or would have after the step.
func (s *Solver) shift(j int, short float64) {
	if short == 0 {
		return
	}
	s.c[j] -= short
	s.d[j] -= short
	s.objective -= short * (s.x[j] - s.kink[j])
	s.modified = true
}
