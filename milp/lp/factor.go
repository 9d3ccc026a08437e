package lp

import "math"

// factor inverts the kernel anew: starting from the basis of loose rows, the basic
// columns enter one by one, each for the tight row with the largest pivot. A column
// without one goes to a bound, and a row left over is loose: that repairs a basis
// which a changed row made singular.
func (s *Solver) factor() {
	k, w := &s.kernel, &s.work
	w.oldCols, w.oldRows = append(w.oldCols[:0], k.cols...), append(w.oldRows[:0], k.rows...)
	s.invert()
}

// invert is factor for the columns oldCols and the rows oldRows.
func (s *Solver) invert() {
	k, w := &s.kernel, &s.work
	k.empty()
	left := w.oldRows
	for _, j := range w.oldCols {
		q := int(j)
		s.enteringColumn(q)
		best, pivot := -1, dropTol
		for t, i := range left {
			if a, _ := s.rows[i].dotPair(w.pair); math.Abs(a) > math.Abs(pivot) {
				best, pivot = t, a
			}
		}
		if best < 0 {
			s.at[q] = atLower // where it is settled by the signs, see settle
			continue
		}
		i := left[best]
		g := w.pivotTight[:k.size()]
		k.rowTimes(g, &s.rows[i])
		k.exchange(s.n, s.n+int(i), q, g, w.pair, pivot)
		left[best] = left[len(left)-1]
		left = left[:len(left)-1]
	}
	for _, i := range left {
		s.at[s.n+int(i)] = basic
	}
	s.stale, s.dualFresh, s.primalFresh, s.updates = false, false, false, 0
}

// enteringColumn sets the first of pair to G[S,q] at the basic columns, 1 at q and 0
// elsewhere, for a nonbasic column q.
func (s *Solver) enteringColumn(q int) {
	k, w := &s.kernel, &s.work
	clear(w.pair)
	rhs := w.tight[:k.size()]
	for b, i := range k.rows {
		rhs[b] = -s.full[int(i)*s.n+q]
	}
	for a, j := range k.cols {
		w.pair[j][0] = dot(k.row(a), rhs)
	}
	w.pair[q][0] = 1
}
