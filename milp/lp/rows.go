package lp

import (
	"fmt"
	"math"
)

// AddRow appends lower <= sum value[k] x[index[k]] <= upper and returns its index.
// The slices are copied; columns may come in any order, each at most once. The new
// row enters the basis as a loose one, so that the duals stay as they are.
func (s *Solver) AddRow(index []int, value []float64, lower, upper float64) int {
	checkRange("AddRow", lower, upper)
	dense := s.scatter("AddRow", index, value)
	i := len(s.rows)
	s.full = append(s.full, dense...)
	if i < cap(s.rows) {
		s.rows = s.rows[:i+1] // its slices have kept their memory
	} else {
		s.rows = append(s.rows, row{})
	}
	s.addVariable(basic, lower, upper)
	s.kernel.posRow = append(s.kernel.posRow, -1)
	s.ray, s.y = append(s.ray, 0), append(s.y, 0)
	s.rows[i].set(dense)
	s.x[s.n+i] = s.rows[i].dot(s.x[:s.n])
	return i
}

// SetRow sets the range of row i.
func (s *Solver) SetRow(i int, lower, upper float64) {
	s.checkRow("SetRow", i)
	s.setRange("SetRow", s.n+i, lower, upper)
}

// ReplaceRow sets entries and range of row i. The row stays tight if it was.
func (s *Solver) ReplaceRow(i int, index []int, value []float64, lower, upper float64) {
	s.checkRow("ReplaceRow", i)
	dense := s.scatter("ReplaceRow", index, value)
	copy(s.dense(i), dense)
	s.rows[i].set(dense)
	s.setRange("ReplaceRow", s.n+i, lower, upper)
	if b := s.kernel.posRow[i]; b >= 0 {
		s.dualFresh, s.primalFresh = false, false
		s.replaceTight(i, int(b))
	} else {
		s.weight[s.n+i] = 1
		s.x[s.n+i] = s.rows[i].dot(s.x[:s.n])
		s.dualFresh = s.dualFresh && s.fold[s.n+i] == 0
	}
}

// replaceTight corrects W for new entries of the tight row i at position b: the new
// row changes places with the old one.
func (s *Solver) replaceTight(i, b int) {
	if s.stale {
		return
	}
	k := &s.kernel
	g := s.work.pivotTight[:k.size()]
	k.rowTimes(g, &s.rows[i])
	if math.Abs(g[b]) < 1e-4 {
		s.stale = true
		return
	}
	for a := range k.size() {
		s.work.enter[k.cols[a]] = k.row(a)[b]
	}
	k.exchange(s.n, s.n+i, s.n+i, g, s.work.enter, g[b])
	s.updates++
}

// TruncateRows keeps the first rows. Tight rows among the others are loosened first,
// which moves columns of the basis to a bound.
func (s *Solver) TruncateRows(rows int) {
	if rows < 0 || rows > len(s.rows) {
		panic(fmt.Sprintf("lp: TruncateRows: %d of %d rows", rows, len(s.rows)))
	}
	for i := len(s.rows) - 1; i >= rows; i-- {
		if s.kernel.posRow[i] >= 0 {
			s.loosen(i)
		}
	}
	total := s.n + rows
	for _, f := range s.fold[total:] {
		if f != 0 { // its cost goes with it
			s.folds--
			s.dualFresh = false
		}
	}
	for _, v := range s.variables() {
		*v = (*v)[:total]
	}
	s.at, s.below = s.at[:total], s.below[:total]
	s.rows, s.ray, s.y, s.full = s.rows[:rows], s.ray[:rows], s.y[:rows], s.full[:rows*s.n]
	s.kernel.posRow = s.kernel.posRow[:rows]
}

// loosen makes the tight row i basic; the basic column with the largest entry in
// its place goes to a bound.
func (s *Solver) loosen(i int) {
	k := &s.kernel
	s.dualFresh, s.primalFresh = false, false
	if s.stale {
		s.factor()
	}
	b := int(k.posRow[i])
	if b < 0 {
		return
	}
	best := 0
	for a := range k.size() {
		j := k.cols[a]
		s.work.enter[j] = k.row(a)[b]
		if math.Abs(k.row(a)[b]) > math.Abs(k.row(best)[b]) {
			best = a
		}
	}
	g := s.work.pivotTight[:k.size()]
	copy(g, k.row(best))
	p := int(k.cols[best])
	k.exchange(s.n, p, s.n+i, g, s.work.enter, g[b])
	s.at[p], s.at[s.n+i] = atLower, basic
	s.weight[s.n+i] = 1
	s.updates++
}

// scatter returns the entries of a row as Cols values, in scratch.
func (s *Solver) scatter(method string, index []int, value []float64) []float64 {
	if len(index) != len(value) {
		panic(fmt.Sprintf("lp: %s: %d indices, %d values", method, len(index), len(value)))
	}
	dense := s.work.column
	clear(dense)
	for k, j := range index {
		s.checkCol(method, j)
		v := value[k]
		if math.IsNaN(v) || math.IsInf(v, 0) {
			panic(fmt.Sprintf("lp: %s: coefficient of column %d is %g; it must be finite", method, j, v))
		}
		if dense[j] != 0 {
			panic(fmt.Sprintf("lp: %s: column %d occurs twice", method, j))
		}
		dense[j] = v
	}
	return dense
}

// dense returns row i as Cols values.
func (s *Solver) dense(i int) []float64 { return s.full[i*s.n : (i+1)*s.n] }

// variables returns the slices with one float64 a variable.
func (s *Solver) variables() [13]*[]float64 {
	return [...]*[]float64{&s.cost, &s.c, &s.lower, &s.upper, &s.boxLo, &s.boxHi, &s.x, &s.d, &s.weight,
		&s.fold, &s.kink, &s.foldLower, &s.foldUpper}
}

func (s *Solver) addVariable(at place, lower, upper float64) {
	for _, v := range s.variables() {
		*v = append(*v, 0)
	}
	v := len(s.at)
	s.at, s.below = append(s.at, at), append(s.below, false)
	s.lower[v], s.upper[v], s.weight[v] = lower, upper, 1
}
