package lp

import (
	"math"
	"slices"
)

// factor inverts the kernel anew.
func (s *Solver) factor() {
	k, w := &s.kernel, &s.work
	w.oldCols, w.oldRows = append(w.oldCols[:0], k.cols...), append(w.oldRows[:0], k.rows...)
	s.invert()
}

// invert is factor for the columns oldCols and the rows oldRows.
func (s *Solver) invert() {
	s.kernel.empty()
	if !s.eliminate() {
		s.repair()
	}
	s.stale, s.dualFresh, s.primalFresh, s.updates = false, false, false, 0
}

// eliminate is invert by Gauss and Jordan's elimination in place. It returns false, and
// leaves the kernel empty, if that finds no inverse.
func (s *Solver) eliminate() bool {
	k, w := &s.kernel, &s.work
	n, rows := len(w.oldCols), w.oldRows
	if n != len(rows) {
		return false
	}
	slices.Reverse(w.oldCols) // late activations are in few rows
	for a, i := range rows {
		full, dst := s.dense(int(i)), k.w[a*k.stride:][:n]
		for b, j := range w.oldCols {
			dst[b] = full[j]
		}
	}
	for a := range n {
		if !k.pivot(a, n, rows) {
			return false
		}
	}
	k.cols, k.rows = append(k.cols, w.oldCols...), append(k.rows, rows...)
	for a := range n {
		k.posCol[k.cols[a]], k.posRow[k.rows[a]] = int32(a), int32(a)
	}
	return true
}

// pivot eliminates column a of the n x n matrix in w, with the largest entry below the
// rows that are done with; rows change places with it.
func (k *kernel) pivot(a, n int, rows []int32) bool {
	best := a
	for i := a + 1; i < n; i++ {
		if math.Abs(k.w[i*k.stride+a]) > math.Abs(k.w[best*k.stride+a]) {
			best = i
		}
	}
	row, other := k.w[a*k.stride:][:n], k.w[best*k.stride:][:n]
	if math.Abs(other[a]) <= dropTol {
		return false
	}
	if best != a {
		rows[a], rows[best] = rows[best], rows[a]
		for b, v := range row {
			row[b], other[b] = other[b], v
		}
	}
	inv := 1 / row[a]
	row[a] = 1
	for b := range row {
		row[b] *= inv
	}
	for i := range n {
		if at := i * k.stride; i != a && k.w[at+a] != 0 {
			f := k.w[at+a]
			k.w[at+a] = 0
			axpy(k.w[at:][:n], -f, row)
		}
	}
	return true
}

// repair is invert for a basis that a changed row may have made singular: starting from
// the basis of loose rows, the basic columns enter one by one, each for the tight row
// with the largest pivot. A column without one goes to a bound, and a row left over is
// loose.
func (s *Solver) repair() {
	k, w := &s.kernel, &s.work
	left := w.oldRows
	for _, j := range w.oldCols {
		q := int(j)
		s.enteringColumn(q)
		best, pivot := -1, dropTol
		for t, i := range left {
			if a := s.rows[i].dot(w.enter); math.Abs(a) > math.Abs(pivot) {
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
		k.exchange(s.n, s.n+int(i), q, g, w.enter, pivot)
		left[best] = left[len(left)-1]
		left = left[:len(left)-1]
	}
	for _, i := range left {
		s.at[s.n+int(i)] = basic
	}
}

// enteringColumn sets enter to G[S,q] at the basic columns, 1 at q and 0
// elsewhere, for a nonbasic column q.
func (s *Solver) enteringColumn(q int) {
	k, w := &s.kernel, &s.work
	clear(w.enter)
	rhs := w.tight[:k.size()]
	for b, i := range k.rows {
		rhs[b] = -s.full[int(i)*s.n+q]
	}
	for a, j := range k.cols {
		w.enter[j] = dot(k.row(a), rhs)
	}
	w.enter[q] = 1
}
