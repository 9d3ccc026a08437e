package lp

import "math"

// Solve minimises from the last basis. It stops early when the dual objective
// reaches cutoff; +Inf means never.
func (s *Solver) Solve(cutoff float64, opts Options) Status {
	if math.IsNaN(cutoff) {
		panic("lp: Solve: the cutoff is NaN")
	}
	limits := limits{opts.MaxIterations, opts.Stop, opts.Estimate}
	if limits.iterations == 0 {
		limits.iterations = 1000 + 10*(s.n+len(s.rows))
	}
	s.Iterations, s.perturbed = 0, 0
	s.lo, s.hi = s.lower, s.upper
	status := s.optimise(cutoff, limits)
	for tries := 0; status == Unbounded; tries++ {
		if tries == 5 {
			status = Stalled
			break
		}
		first, fits := s.phaseOne(limits)
		if first != Optimal {
			status, s.objective = first, math.Inf(-1) // it was that of phase one
			break
		}
		if !fits {
			status = s.withoutCosts(limits)
			break
		}
		status = s.optimise(cutoff, limits)
	}
	if opts.Estimate && status != Unbounded {
		s.Objective = s.objective
		return status
	}
	s.finish(status)
	return status
}

// limits end a solve early.
type limits struct {
	iterations int
	stop       func() bool
	estimate   bool // no decision is checked
}

// reached looks at the number of basis changes, and every eighth time at the rest.
func (l limits) reached(iterations int) bool {
	return iterations >= l.iterations || iterations%8 == 7 && l.stop != nil && l.stop()
}

// optimise runs the dual simplex with the bounds lo and hi, and computes everything
// anew from the given costs before each decision. Unbounded means that a reduced
// cost has a sign for which its variable has no bound.
func (s *Solver) optimise(cutoff float64, limits limits) Status {
	for range maxRounds {
		fits := s.compute()
		switch {
		case !fits:
			return Unbounded
		case s.objective >= cutoff:
			return Cutoff
		case s.leaving() < 0:
			return Optimal
		}
		outcome := s.iterate(cutoff, limits)
		if limits.estimate && outcome != refresh {
			return outcome.status()
		}
		switch outcome {
		case limit:
			return IterationLimit
		case infeasible:
			if s.rayMargin() > 0 {
				return Infeasible
			}
			if s.updates == 0 {
				return Stalled
			}
			s.stale = true
		}
	}
	return Stalled
}

// compute sets d, the nonbasic variables by its signs, the basic variables, and the
// objective, with the given costs; what is known to be right is kept, and if the
// kernel turns out to be inaccurate, it is inverted first. It reports whether all
// signs fit.
func (s *Solver) compute() bool {
	s.restoreCosts()
	if s.stale {
		s.factor()
	}
	for {
		good := s.dualFresh || s.computeDual() <= 1e-9*s.scale
		fits := s.settle()
		if !s.primalFresh || s.moves > maxMoves || s.moves > 0 && s.residual() > 0.1*feasTol {
			good = s.computePrimal() <= feasTol && good
		}
		if good || s.updates == 0 {
			s.computeObjective()
			return fits
		}
		s.factor()
	}
}

// phaseOne looks for a basis whose reduced costs have signs that fit the bounds. If
// it comes to an end, with Optimal, it says whether there is one.
func (s *Solver) phaseOne(limits limits) (status Status, fits bool) {
	for j := range s.lower {
		lo, hi := math.IsInf(s.lower[j], -1), math.IsInf(s.upper[j], 1)
		switch {
		case lo && hi:
			s.boxLo[j], s.boxHi[j] = -1000, 1000
		case lo:
			s.boxLo[j], s.boxHi[j] = -1, 0
		case hi:
			s.boxLo[j], s.boxHi[j] = 0, 1
		default:
			s.boxLo[j], s.boxHi[j] = 0, 0
		}
	}
	s.lo, s.hi, s.boxed = s.boxLo, s.boxHi, true
	status = s.optimise(math.Inf(1), limits)
	s.lo, s.hi, s.boxed = s.lower, s.upper, false
	return status, s.settle()
}

// withoutCosts tells an infeasible program from an unbounded one.
func (s *Solver) withoutCosts(limits limits) Status {
	s.zeroCost, s.dualFresh = true, false
	status := s.optimise(math.Inf(1), limits)
	s.zeroCost, s.dualFresh = false, false
	if status == Optimal {
		return Unbounded
	}
	return status
}

// finish leaves d, y and Objective as documented.
func (s *Solver) finish(status Status) {
	defer s.setRowDual()
	if status == Unbounded {
		s.restoreCosts()
		s.computeDual()
		s.Objective = math.Inf(-1)
		return
	}
	s.Objective = s.objective
	if s.modified || !s.dualFresh || status == IterationLimit {
		if !s.compute() {
			s.Objective = math.Inf(-1)
		} else {
			s.Objective = s.objective
		}
	}
}

// setRowDual sets y from the reduced costs of rows.
func (s *Solver) setRowDual() {
	for i, d := range s.d[s.n:] {
		s.y[i] = d - s.cost[s.n+i]
	}
}

// rayMargin returns what the ray proves the program to be infeasible by: positive,
// or it proves nothing.
func (s *Solver) rayMargin() float64 {
	z := s.work.column
	clear(z)
	margin := 0.0
	for i, v := range s.ray {
		if v == 0 {
			continue
		}
		s.rows[i].addTo(z, -v)
		lo, hi := s.lo[s.n+i], s.hi[s.n+i]
		if s.folded(s.n + i) {
			lo, hi = s.ends(s.n + i)
		}
		margin += least(v, lo, hi)
	}
	for j, v := range z {
		margin += least(v, s.lo[j], s.hi[j])
	}
	return margin
}

// least returns the least of v x for x in [lo, hi].
func least(v, lo, hi float64) float64 {
	x := lo
	if v < 0 {
		x = hi
	}
	if math.IsInf(x, 0) && math.Abs(v) <= dropTol || v == 0 {
		return 0
	}
	return v * x
}
