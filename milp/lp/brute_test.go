package lp

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// vertices calls visit with every point where Cols of the bounds and row sides meet,
// feasible or not.
func (p *program) vertices(visit func(x []float64)) {
	n := len(p.cost)
	var planes [][]float64 // n coefficients, right-hand side
	plane := func(row []float64, sides ...float64) {
		for k, v := range sides {
			if !math.IsInf(v, 0) && (k == 0 || v != sides[0]) {
				planes = append(planes, append(slices.Clone(row), v))
			}
		}
	}
	for j := range n {
		unit := make([]float64, n)
		unit[j] = 1
		plane(unit, p.lower[j], p.upper[j])
	}
	for i, row := range p.rows {
		plane(row, p.rowLower[i], p.rowUpper[i])
		if p.fold[i] != 0 {
			plane(row, p.kink[i])
		}
	}
	var chosen [][]float64
	var choose func(from int)
	choose = func(from int) {
		if len(chosen) == n {
			if x := meet(chosen); x != nil {
				visit(x)
			}
			return
		}
		for k := from; k < len(planes); k++ {
			chosen = append(chosen, planes[k])
			choose(k + 1)
			chosen = chosen[:len(chosen)-1]
		}
	}
	choose(0)
}

// meet solves the square system by elimination, nil if it is singular.
func meet(planes [][]float64) []float64 {
	n := len(planes)
	m := make([][]float64, n)
	for i := range m {
		m[i] = slices.Clone(planes[i])
	}
	for k := range n {
		best := k
		for i := k; i < n; i++ {
			if math.Abs(m[i][k]) > math.Abs(m[best][k]) {
				best = i
			}
		}
		m[k], m[best] = m[best], m[k]
		if math.Abs(m[k][k]) < 1e-9 {
			return nil
		}
		for i := range n {
			if f := m[i][k] / m[k][k]; i != k && f != 0 {
				for j := k; j <= n; j++ {
					m[i][j] -= f * m[k][j]
				}
			}
		}
	}
	x := make([]float64, n)
	for k := range n {
		x[k] = m[k][n] / m[k][k]
	}
	return x
}

// brute returns the least cost of a feasible vertex. All vertices are looked at, so
// that with boxed columns the least is the optimum, +Inf if there is none.
func (p *program) brute() float64 {
	best := inf
	p.vertices(func(x []float64) {
		if p.violation(x) < 1e-7 {
			best = min(best, p.value(x))
		}
	})
	return best
}

// inBox returns p with all columns in [-size, size].
func (p *program) inBox(size float64) *program {
	q := *p
	q.lower, q.upper = slices.Clone(p.lower), slices.Clone(p.upper)
	for j := range q.lower {
		q.lower[j], q.upper[j] = max(q.lower[j], -size), min(q.upper[j], size)
	}
	return &q
}

func TestRandomByVertices(t *testing.T) {
	optimal, infeasible, unbounded := 0, 0, 0
	for i := range 20_000 {
		r := rand.New(rand.NewPCG(2, uint64(i)))
		p := random(r, 2+r.IntN(3), r.IntN(5))
		s := p.solver()
		status := s.Solve(inf, Options{})
		if err := p.check(s, status); err != nil {
			t.Errorf("program %d: %s: %v", i, status, err)
		}
		want := p.inBox(1e5).brute()
		switch status {
		case Optimal:
			optimal++
			if math.Abs(want-s.Objective) > 1e-6*(1+math.Abs(want)) {
				t.Errorf("program %d: optimum %.9g, want %.9g", i, s.Objective, want)
			}
		case Infeasible:
			infeasible++
			if want < inf {
				t.Errorf("program %d: infeasible, want %.9g", i, want)
			}
		case Unbounded:
			unbounded++
			if half := p.inBox(5e4).brute(); !(want < half-1) {
				t.Errorf("program %d: unbounded, but %.9g and %.9g in boxes of sizes 1 and 2", i, half, want)
			}
		default:
			t.Errorf("program %d: %s", i, status)
		}
	}
	if optimal < 5000 || infeasible < 1000 || unbounded < 300 {
		t.Errorf("%d optimal, %d infeasible, %d unbounded", optimal, infeasible, unbounded)
	}
}
