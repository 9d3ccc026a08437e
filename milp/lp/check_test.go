package lp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var inf = math.Inf(1)

// program is a linear program in plain dense form, the tests' own copy.
type program struct {
	cost, lower, upper []float64
	rows               [][]float64
	rowLower, rowUpper []float64
	fold, kink         []float64 // see SetFold; fold 0 for none
}

func (p *program) solver() *Solver {
	s := New(len(p.cost))
	for j := range p.cost {
		s.SetCost(j, p.cost[j])
		s.SetColumn(j, p.lower[j], p.upper[j])
	}
	for i := range p.rows {
		p.addTo(s, i)
	}
	return s
}

func (p *program) addTo(s *Solver, i int) {
	index, value := sparse(p.rows[i])
	s.AddRow(index, value, p.rowLower[i], p.rowUpper[i])
	if p.fold[i] != 0 {
		s.SetFold(i, p.kink[i], p.fold[i])
	}
}

// foldLast folds the last row at a place of its range, which it makes finite.
func (p *program) foldLast(slope, kink float64) {
	i := len(p.rows) - 1
	lower, upper := max(p.rowLower[i], -50), min(p.rowUpper[i], 50)
	lower, upper = min(lower, upper), max(lower, upper)
	p.rowLower[i], p.rowUpper[i] = lower, upper
	p.fold[i], p.kink[i] = slope, min(max(kink, lower), upper)
}

// foldCost is what row i adds to the objective.
func (p *program) foldCost(i int, activity float64) float64 {
	return p.fold[i] * math.Abs(activity-p.kink[i])
}

func sparse(row []float64) (index []int, value []float64) {
	for j, v := range row {
		if v != 0 {
			index, value = append(index, j), append(value, v)
		}
	}
	return index, value
}

func (p *program) addColumn(cost, lower, upper float64) {
	p.cost, p.lower, p.upper = append(p.cost, cost), append(p.lower, lower), append(p.upper, upper)
}

func (p *program) addRow(lower float64, row []float64, upper float64) {
	p.rows, p.rowLower, p.rowUpper = append(p.rows, row), append(p.rowLower, lower), append(p.rowUpper, upper)
	p.fold, p.kink = append(p.fold, 0), append(p.kink, 0)
}

func (p *program) activity(i int, x []float64) float64 {
	sum := 0.0
	for j, v := range p.rows[i] {
		sum += v * x[j]
	}
	return sum
}

func (p *program) value(x []float64) float64 {
	sum := 0.0
	for j, c := range p.cost {
		sum += c * x[j]
	}
	for i := range p.rows {
		sum += p.foldCost(i, p.activity(i, x))
	}
	return sum
}

// violation returns by how much x is outside the ranges.
func (p *program) violation(x []float64) float64 {
	worst := 0.0
	for j, v := range x {
		worst = max(worst, p.lower[j]-v, v-p.upper[j])
	}
	for i := range p.rows {
		r := p.activity(i, x)
		worst = max(worst, p.rowLower[i]-r, r-p.rowUpper[i])
	}
	return worst
}

// bound returns the lower bound of scale c'x that multipliers y give, by the formula
// of the package comment; coefficients up to tol do not count where the bound is
// infinite.
func (p *program) bound(scale float64, y []float64, tol float64) float64 {
	least := func(v, lo, hi float64) float64 {
		if v < 0 {
			lo = hi
		}
		if v == 0 || math.IsInf(lo, 0) && math.Abs(v) <= tol {
			return 0
		}
		return v * lo
	}
	sum := 0.0
	for i, v := range y {
		if p.fold[i] == 0 {
			sum += least(v, p.rowLower[i], p.rowUpper[i])
			continue
		}
		sum += p.leastFolded(i, scale, v)
	}
	for j, c := range p.cost {
		d := scale * c
		for i, v := range y {
			d -= v * p.rows[i][j]
		}
		sum += least(d, p.lower[j], p.upper[j])
	}
	return sum
}

// leastFolded returns the least of v r + scale times the cost of the folded row i, r its
// activity.
func (p *program) leastFolded(i int, scale, v float64) float64 {
	at := inf
	for _, r := range []float64{p.rowLower[i], p.kink[i], p.rowUpper[i]} {
		at = min(at, v*r+scale*p.foldCost(i, r))
	}
	return at
}

// check proves the status by arithmetic: primal feasibility and equality of both
// objectives, from which the signs and complementary slackness follow; or the ray.
func (p *program) check(s *Solver, status Status) error {
	tol := 1e-9
	for _, c := range p.cost {
		tol = max(tol, 1e-9*math.Abs(c))
	}
	dual := p.bound(1, s.RowDual(), tol)
	switch status {
	case Optimal:
		value := p.value(s.X())
		if v := p.violation(s.X()); !(v <= 3e-9) {
			return fmt.Errorf("optimal point violates the program by %g", v)
		}
		if !(math.Abs(value-dual) <= 1e-9*(1+math.Abs(value))) {
			return fmt.Errorf("primal objective %.12g, dual %.12g", value, dual)
		}
		if !(math.Abs(value-s.Objective) <= 1e-9*(1+math.Abs(value))) {
			return fmt.Errorf("primal objective %.12g, said to be %.12g", value, s.Objective)
		}
		return p.complementary(s)
	case Infeasible:
		if v := p.bound(0, s.Ray(), 1e-9); !(v > 0) {
			return fmt.Errorf("the ray proves %g, want more than 0", v)
		}
	case Cutoff:
		if !(math.Abs(dual-s.Objective) <= 1e-9*(1+math.Abs(dual))) {
			return fmt.Errorf("dual objective %.12g, said to be %.12g", dual, s.Objective)
		}
	}
	return nil
}

// complementary checks signs and slackness one by one.
func (p *program) complementary(s *Solver) error {
	each := func(what string, k int, d, v, lo, hi float64) error {
		tol := 1e-8
		if d > tol && !(v-lo < tol) || d < -tol && !(hi-v < tol) {
			return fmt.Errorf("%s %d: multiplier %g at %g in [%g, %g]", what, k, d, v, lo, hi)
		}
		return nil
	}
	for j, d := range s.ReducedCost() {
		if err := each("column", j, d, s.X()[j], p.lower[j], p.upper[j]); err != nil {
			return err
		}
	}
	for i, y := range s.RowDual() {
		if r := p.activity(i, s.X()); p.fold[i] != 0 {
			if excess := y*r + p.foldCost(i, r) - p.leastFolded(i, 1, y); excess > 1e-7 {
				return fmt.Errorf("row %d: multiplier %g at %g in [%g, %g], folded at %g by %g: %g too much",
					i, y, r, p.rowLower[i], p.rowUpper[i], p.kink[i], p.fold[i], excess)
			}
			continue
		}
		if err := each("row", i, y, p.activity(i, s.X()), p.rowLower[i], p.rowUpper[i]); err != nil {
			return err
		}
	}
	return nil
}

// number returns small integers as often as Gaussians, so that ties occur.
func number(r *rand.Rand) float64 {
	if r.IntN(2) == 0 {
		return float64(r.IntN(7) - 3)
	}
	return r.NormFloat64()
}

// rangeOf returns a random range of every kind; boxed ones only if bounded.
func rangeOf(r *rand.Rand, bounded bool) (lower, upper float64) {
	lower = number(r)
	upper = lower
	if r.IntN(8) > 0 {
		upper += math.Abs(number(r))
	}
	if bounded {
		return lower, upper
	}
	switch r.IntN(4) {
	case 0:
		lower = -inf
	case 1:
		upper = inf
	case 2:
		if r.IntN(4) == 0 {
			lower, upper = -inf, inf
		}
	}
	return lower, upper
}

// random returns a program of cols columns and rows rows; two thirds have no other
// than boxed columns.
func random(r *rand.Rand, cols, rows int) *program {
	p := &program{}
	boxed, density := r.IntN(3) > 0, 0.2+0.8*r.Float64()
	for range cols {
		lower, upper := rangeOf(r, boxed)
		p.addColumn(number(r), lower, upper)
	}
	for range rows {
		row := make([]float64, cols)
		for j := range row {
			if r.Float64() < density {
				row[j] = number(r)
			}
		}
		lower, upper := rangeOf(r, false)
		if r.IntN(3) > 0 { // often around a point of the box, so that many are feasible
			at := 0.0
			for j, v := range row {
				at += v * max(p.lower[j], min(p.upper[j], 0.5))
			}
			lower, upper = at+min(lower, 0), at+max(upper, 0)
		}
		p.addRow(lower, row, upper)
		if r.IntN(3) == 0 {
			p.foldLast(math.Abs(number(r))+0.1, number(r))
		}
	}
	return p
}

func TestRandomByDuality(t *testing.T) {
	var count [Stalled + 1]int
	for i := range 20_000 {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		p := random(r, 1+r.IntN(12), r.IntN(16))
		s := p.solver()
		status := s.Solve(inf, Options{})
		count[status]++
		if err := p.check(s, status); err != nil {
			t.Errorf("program %d: %s: %v", i, status, err)
		}
	}
	t.Logf("optimal %d, infeasible %d, unbounded %d, limit %d, stalled %d", count[Optimal], count[Infeasible], count[Unbounded], count[IterationLimit], count[Stalled])
	if count[Optimal] < 5000 || count[Infeasible] < 1000 || count[Unbounded] < 500 || count[IterationLimit]+count[Stalled] > 0 {
		t.Errorf("statuses %v", count)
	}
}
