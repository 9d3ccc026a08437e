package lp

import "fmt"

// Snapshot is a basis with its inverse and everything that belongs to it. Other than
// after [Solver.SetBasis] nothing is computed anew after [Solver.Restore], which costs
// about as much as an iteration; but it is larger than a [Basis], and good only for the
// program as it was, up to ranges. The zero value is empty.
type Snapshot struct {
	variables, size int
	at              []place
	values          []float64 // x, d, weight of all variables, then W
	cols, rows      []int32
	objective       float64
	dualFresh       bool
	primalFresh     bool
	moves, updates  int
}

// Save copies the state of the solver to dst, whose memory is reused.
func (s *Solver) Save(dst *Snapshot) {
	if s.stale {
		s.factor()
	}
	k := &s.kernel
	dst.variables, dst.size = len(s.at), k.size()
	dst.at = append(dst.at[:0], s.at...)
	for v, below := range s.below {
		if below {
			dst.at[v] |= underneath
		}
	}
	dst.values = append(append(append(dst.values[:0], s.x...), s.d...), s.weight...)
	for a := range k.size() {
		dst.values = append(dst.values, k.row(a)...)
	}
	dst.cols, dst.rows = append(dst.cols[:0], k.cols...), append(dst.rows[:0], k.rows...)
	dst.objective, dst.dualFresh, dst.primalFresh = s.objective, s.dualFresh, s.primalFresh
	dst.moves, dst.updates = s.moves, s.updates
}

// Restore brings back what Save has copied. Costs and entries must be those of that
// moment; ranges may be others.
func (s *Solver) Restore(b *Snapshot) {
	if b.variables != len(s.at) {
		panic(fmt.Sprintf("lp: Restore: a snapshot of %d variables for a program of %d", b.variables, len(s.at)))
	}
	for v, at := range b.at {
		if s.fold[v] != 0 {
			s.turn(v, at&underneath != 0)
		}
		s.at[v] = at &^ underneath
	}
	n := b.variables
	copy(s.x, b.values)
	copy(s.d, b.values[n:])
	copy(s.weight, b.values[2*n:])
	k := &s.kernel
	k.empty()
	k.cols, k.rows = append(k.cols, b.cols...), append(k.rows, b.rows...)
	for a := range b.size {
		k.posCol[k.cols[a]], k.posRow[k.rows[a]] = int32(a), int32(a)
	}
	for a := range b.size {
		copy(k.row(a), b.values[3*n+a*b.size:][:b.size])
	}
	s.restoreCosts()
	s.objective, s.dualFresh, s.primalFresh = b.objective, b.dualFresh, b.primalFresh
	s.moves, s.updates, s.stale = b.moves, b.updates, false
}
