package lp

import "math"

// outcome says why iterate stopped.
type outcome uint8

const (
	feasible   outcome = iota // no basic variable is outside its bounds
	reached                   // the objective has reached the cutoff
	infeasible                // a row of G proves it: the ray is set
	limit
	refresh // the kernel was inverted anew: start from fresh values
)

// status is what an outcome says if it is believed.
func (o outcome) status() Status {
	return [...]Status{feasible: Optimal, reached: Cutoff, infeasible: Infeasible, limit: IterationLimit}[o]
}

// iterate changes the basis until one of the outcomes. It needs d and x of the
// basis, with d's signs right.
func (s *Solver) iterate(cutoff float64, limits limits) outcome {
	stalled := 0
	for {
		if s.objective >= cutoff {
			return reached
		}
		p := s.leaving()
		if p < 0 {
			return feasible
		}
		if limits.reached(s.Iterations) {
			return limit
		}
		sigma, delta := 1.0, s.lo[p]-s.x[p]
		if delta < 0 {
			sigma, delta = -1, s.x[p]-s.hi[p]
		}
		s.pivotRow(p)
		q, ok := s.entering(p, sigma, delta)
		if !ok {
			s.setRay(p, sigma)
			return infeasible
		}
		if q == p {
			s.turnBasic(p, sigma)
			s.Iterations++
			continue
		}
		if !s.pivotColumn(p, q) && s.updates > 0 {
			s.factor()
			return refresh
		}
		if s.change(p, q, sigma) {
			stalled = 0
		} else if stalled++; stalled > s.patience {
			s.perturb()
			stalled = 0
		}
		s.Iterations++
		s.moves++
		if s.updates++; s.updates >= s.maxUpdate {
			s.factor()
			return refresh
		}
	}
}

// leaving returns the basic variable with the largest violation^2 / weight, -1 if
// all are within their bounds.
func (s *Solver) leaving() int {
	best, p := 0.0, -1
	for _, j := range s.kernel.cols {
		v := max(s.lo[j]-s.x[j], s.x[j]-s.hi[j])
		if v > feasTol && (p < 0 || v*v > best*s.weight[j]) {
			best, p = v*v/s.weight[j], int(j)
		}
	}
	n := s.n
	m := len(s.rows)
	lo, hi, x, weight := s.lo[n:][:m], s.hi[n:][:m], s.x[n:][:m], s.weight[n:][:m]
	for i, b := range s.kernel.posRow {
		if b >= 0 {
			continue
		}
		v := max(lo[i]-x[i], x[i]-hi[i])
		if v > feasTol && (p < 0 || v*v > best*weight[i]) {
			best, p = v*v/weight[i], n+i
		}
	}
	return p
}

// pivotRow sets G[p,R] and, for all columns, G[p,N]; at basic columns the second is
// meaningless.
func (s *Solver) pivotRow(p int) {
	k := &s.kernel
	g, row := s.work.pivotTight[:k.size()], s.work.pivotRow
	if p < s.n {
		copy(g, k.row(int(k.posCol[p])))
		clear(row)
	} else {
		k.rowTimes(g, &s.rows[p-s.n])
		copy(row, s.dense(p-s.n))
	}
	for b, v := range g {
		if v != 0 {
			s.rows[k.rows[b]].addTo(row, -v)
		}
	}
}

// pivotEntry returns G[p,q] from the pivot row.
func (s *Solver) pivotEntry(q int) float64 {
	if q < s.n {
		return s.work.pivotRow[q]
	}
	return s.work.pivotTight[s.kernel.posRow[q-s.n]]
}

// pivotColumn sets enter to G[S,q] and tau to W G[p,R] by column, with which
//
//	G[i,q] = A_i enter,   tau_i = A_i tau = rho_i' rho_p
//
// for the loose rows i, rho the rows of the basis inverse. It reports whether G[p,q]
// from here agrees with the pivot row.
func (s *Solver) pivotColumn(p, q int) bool {
	k, w := &s.kernel, &s.work
	rhs := w.rhs[:k.size()]
	g := w.pivotTight[:k.size()]
	clear(rhs)
	clear(w.enter)
	clear(w.tau)
	if q < s.n {
		for b, i := range k.rows {
			rhs[b] = -s.full[int(i)*s.n+q]
		}
		w.enter[q] = 1
	} else {
		rhs[k.posRow[q-s.n]] = 1
	}
	size := k.size()
	dotPairs(w.column[:size], w.column2[:size], k.w, k.stride, w.count[:size], rhs, g)
	for a, j := range k.cols {
		w.enter[j], w.tau[j] = w.column[a], w.column2[a]
	}
	var entry float64
	if p < s.n {
		entry = w.enter[p]
	} else {
		entry = s.rows[p-s.n].dot(w.enter)
	}
	pivot := s.pivotEntry(q)
	return math.Abs(pivot) >= pivotTol && math.Abs(entry-pivot) <= 1e-8*(1+math.Abs(pivot))
}

// setRay fills the ray that the pivot row is: a step t of x_p's reduced cost moves
// the duals of the tight rows by -t G[p,R].
func (s *Solver) setRay(p int, sigma float64) {
	clear(s.ray)
	for b, i := range s.kernel.rows {
		s.ray[i] = -sigma * s.work.pivotTight[b]
	}
	if p >= s.n {
		s.ray[p-s.n] = sigma
	}
}
