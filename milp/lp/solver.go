package lp

import (
	"fmt"
	"math"
)

// Solver is a linear program together with the basis where the last solve stopped;
// the next one starts there. Make it with [New], grow it with [Solver.AddRow].
//
// Row and column indices out of range, slices of other lengths than documented,
// NaN, infinite coefficients or costs, and empty ranges panic. A Solver is for one
// goroutine; [Solver.Clone] gives another its own.
type Solver struct {
	// Objective is, after a solve, the dual objective of RowDual: at Optimal also
	// c'X. -Inf if a sign of the multipliers has no bound: at Unbounded, at a limit in
	// phase one, and at Infeasible if no multipliers fit. Computed with rounding.
	Objective float64
	// Iterations counts the basis changes of the last solve.
	Iterations int

	n    int // columns
	rows []row
	full []float64 // the same rows, dense: Rows x Cols

	// One entry a variable: columns first, then rows (the activity r_i).
	cost         []float64 // as given; 0 for rows
	c            []float64 // cost with shifts and perturbations
	lower, upper []float64 // as given
	lo, hi       []float64 // those in force: lower and upper, or those of phase one
	boxLo, boxHi []float64 // phase one

	// Of folded rows, see fold.go; fold is 0 for others.
	fold, kink           []float64 // slope and place of the kink
	foldLower, foldUpper []float64 // range as given; lower and upper are those of a side
	below                []bool    // which side that is
	folds                int       // how many there are

	x, d   []float64 // value, reduced cost
	weight []float64 // |row of the basis inverse|^2 if basic
	at     []place

	kernel kernel
	ray    []float64 // Rows
	y      []float64 // Rows, see RowDual
	work   workspace

	objective   float64 // of the current basis with the costs c
	scale       float64 // largest |cost|, at least tiny
	modified    bool    // c differs from cost
	boxed       bool    // the bounds are those of phase one
	zeroCost    bool    // costs count as 0: only feasibility is asked
	stale       bool    // the kernel must be inverted before use
	dualFresh   bool    // d belongs to the basis and to cost
	primalFresh bool    // the basic x belong to the nonbasic ones
	moves       int     // iterations that moved x since it was computed
	updates     int     // basis changes since the kernel was inverted
	perturbed   int     // perturbations since Solve began

	patience  int // steps without progress before costs are perturbed
	maxUpdate int // basis changes before the kernel is inverted anew
}

// place says where a variable is.
type place uint8

const (
	basic place = iota
	atLower
	atUpper
	atZero // nonbasic without bounds
)

// workspace is scratch that outlives a call only to be reused.
type workspace struct {
	pivotRow   []float64 // Cols: G[p, columns]
	pivotTight []float64 // up to Cols: G[p, R] by kernel position
	rhs        []float64 // up to Cols: a right-hand side by kernel position
	enter, tau []float64 // Cols: G[S,q] of the entering q and tau, at the basic columns
	column     []float64 // Cols
	column2    []float64 // Cols
	tight      []float64 // up to Cols, by kernel position
	cands      []candidate
	flips      []flip
	count      []int32 // Cols: 0, 1, 2, ...

	loose, sparse   []int32   // loose rows; those of them that are sparse
	alpha, alphaTau []float64 // products of the loose rows with enter and tau
	oldRows         []int32
	oldCols         []int32
}

// New returns a program of cols columns with cost 0 and the range [0, 0], and no
// rows.
func New(cols int) *Solver {
	if cols < 0 {
		panic(fmt.Sprintf("lp: New: %d columns", cols))
	}
	s := &Solver{n: cols, kernel: newKernel(cols), patience: 40, maxUpdate: 200}
	for range cols {
		s.addVariable(atLower, 0, 0)
	}
	s.work = workspace{
		pivotRow: make([]float64, cols), pivotTight: make([]float64, cols),
		rhs: make([]float64, cols), enter: make([]float64, cols), tau: make([]float64, cols),
		column: make([]float64, cols), column2: make([]float64, cols), tight: make([]float64, cols),
		count: make([]int32, cols), cands: make([]candidate, 0, cols), flips: make([]flip, 0, cols),
		oldRows: make([]int32, 0, cols), oldCols: make([]int32, 0, cols),
	}
	for j := range cols {
		s.work.count[j] = int32(j)
	}
	return s
}

// Cols returns the number of columns.
func (s *Solver) Cols() int { return s.n }

// Rows returns the number of rows.
func (s *Solver) Rows() int { return len(s.rows) }

// X returns the primal point of the last basis, Cols values. It is feasible only
// if the status was Optimal. It is overwritten by the next call of any method that
// changes the Solver, as are the slices below.
func (s *Solver) X() []float64 { return s.x[:s.n] }

// RowDual returns the row multipliers y, Rows values: y_i >= 0 belongs to the row's
// lower side, y_i <= 0 to its upper side. For a folded row -slope <= y_i <= slope
// belongs to the kink.
func (s *Solver) RowDual() []float64 { return s.y }

// ReducedCost returns c - A'y, Cols values; exactly 0 for basic columns.
func (s *Solver) ReducedCost() []float64 { return s.d[:s.n] }

// Ray returns, after Infeasible, multipliers v, Rows values, with
//
//	sum_i (v_i > 0 ? v_i lower_i : v_i upper_i) + sum_j min(-(A'v)_j x_j over the box) > 0.
//
// Entries of A'v up to 1e-9 at columns without the bound that counts are rounding.
func (s *Solver) Ray() []float64 { return s.ray }

// RayCost writes -A'v of the ray v to dst, Cols values: what a multiple of the ray
// adds to the reduced costs.
func (s *Solver) RayCost(dst []float64) {
	if len(dst) != s.n {
		panic(fmt.Sprintf("lp: RayCost: %d values for %d columns", len(dst), s.n))
	}
	clear(dst)
	for i, v := range s.ray {
		if v != 0 {
			s.rows[i].addTo(dst, -v)
		}
	}
}

// SetCost sets c_j.
func (s *Solver) SetCost(j int, cost float64) {
	s.checkCol("SetCost", j)
	if math.IsNaN(cost) || math.IsInf(cost, 0) {
		panic(fmt.Sprintf("lp: SetCost: column %d: cost is %g; it must be finite", j, cost))
	}
	if s.cost[j] != cost {
		s.cost[j] = cost
		s.dualFresh = false
	}
}

// SetColumn sets the range of column j.
func (s *Solver) SetColumn(j int, lower, upper float64) {
	s.checkCol("SetColumn", j)
	checkRange("SetColumn", lower, upper)
	s.lower[j], s.upper[j] = lower, upper
}

// Column returns the range of column j.
func (s *Solver) Column(j int) (lower, upper float64) {
	s.checkCol("Column", j)
	return s.lower[j], s.upper[j]
}

// Row returns the range of row i.
func (s *Solver) Row(i int) (lower, upper float64) {
	s.checkRow("Row", i)
	return s.ends(s.n + i)
}

func (s *Solver) checkCol(method string, j int) {
	if j < 0 || j >= s.n {
		panic(fmt.Sprintf("lp: %s: column %d of %d", method, j, s.n))
	}
}

func (s *Solver) checkRow(method string, i int) {
	if i < 0 || i >= len(s.rows) {
		panic(fmt.Sprintf("lp: %s: row %d of %d", method, i, len(s.rows)))
	}
}

func checkRange(method string, lower, upper float64) {
	if !(lower <= upper) || math.IsInf(lower, 1) || math.IsInf(upper, -1) {
		panic(fmt.Sprintf("lp: %s: range is [%g, %g]; it must hold a number", method, lower, upper))
	}
}
