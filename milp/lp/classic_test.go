package lp

import (
	"math"
	"math/rand/v2"
	"testing"
)

// solved checks the answer by duality and against the known optimum.
func solved(t *testing.T, p *program, want float64) *Solver {
	t.Helper()
	s := p.solver()
	status := s.Solve(inf, Options{})
	if status != Optimal {
		t.Fatalf("%s, want optimal", status)
	}
	if err := p.check(s, status); err != nil {
		t.Fatal(err)
	}
	if math.Abs(s.Objective-want) > 1e-9*(1+math.Abs(want)) {
		t.Errorf("optimum %.12g, want %.12g", s.Objective, want)
	}
	return s
}

// upperRows adds rows a x <= b.
func (p *program) upperRows(rows [][]float64, b ...float64) {
	for i, row := range rows {
		p.addRow(-inf, row, b[i])
	}
}

// Beale 1955: the primal simplex with Dantzig's rule cycles.
func TestBeale(t *testing.T) {
	p := &program{}
	for _, c := range []float64{-0.75, 150, -0.02, 6} {
		p.addColumn(c, 0, inf)
	}
	p.upperRows([][]float64{{0.25, -60, -0.04, 9}, {0.5, -90, -0.02, 3}, {0, 0, 1, 0}}, 0, 0, 1)
	solved(t, p, -0.05)
}

// The dual of Beale's example, where a dual simplex would cycle.
func TestBealeDual(t *testing.T) {
	p := &program{}
	for _, c := range []float64{0, 0, 1} {
		p.addColumn(c, 0, inf)
	}
	for _, row := range [][]float64{{0.25, 0.5, 0, -0.75}, {-60, -90, 0, 150}, {-0.04, -0.02, 1, -0.02}, {9, 3, 0, 6}} {
		p.addRow(-row[3], row[:3], inf)
	}
	// A'y >= -c of the program above: its optimum is the same with the other sign.
	for i, c := range []float64{-0.75, 150, -0.02, 6} {
		p.rowLower[i] = -c
	}
	solved(t, p, 0.05)
}

// Kuhn's example (Balinski and Tucker 1969).
func TestKuhn(t *testing.T) {
	p := &program{}
	for _, c := range []float64{-2, -3, 1, 12} {
		p.addColumn(c, 0, inf)
	}
	p.upperRows([][]float64{{-2, -9, 1, 9}, {1.0 / 3, 1, -1.0 / 3, -2}, {2, 3, -1, -12}}, 0, 0, 2)
	solved(t, p, -2)
}

func TestKleeMinty(t *testing.T) {
	for n := 2; n <= 10; n++ {
		p := &program{}
		for j := range n {
			p.addColumn(-math.Pow(2, float64(n-1-j)), 0, inf)
		}
		for i := range n {
			row := make([]float64, n)
			for j := range i {
				row[j] = math.Pow(2, float64(i-j+1))
			}
			row[i] = 1
			p.addRow(-inf, row, math.Pow(5, float64(i+1)))
		}
		if s := solved(t, p, -math.Pow(5, float64(n))); s.Iterations > 3*n {
			t.Errorf("n = %d: %d iterations", n, s.Iterations)
		}
	}
}

// The assignment polytope is as degenerate as they come.
func TestAssignment(t *testing.T) {
	const n = 10
	r := rand.New(rand.NewPCG(3, 0))
	perturbed := 0
	for trial := range 20 {
		p := &program{}
		for range n * n {
			p.addColumn(float64(r.IntN(4)), 0, 1)
		}
		for i := range n {
			a, b := make([]float64, n*n), make([]float64, n*n)
			for j := range n {
				a[i*n+j], b[j*n+i] = 1, 1
			}
			p.addRow(1, a, 1)
			p.addRow(1, b, 1)
		}
		s := p.solver()
		if trial%2 == 1 {
			s.patience = 0
		}
		status := s.Solve(inf, Options{})
		perturbed += s.perturbed
		if err := p.check(s, status); status != Optimal || err != nil {
			t.Errorf("trial %d: %s: %v", trial, status, err)
		}
		if math.Abs(s.Objective-math.Round(s.Objective)) > 1e-9 {
			t.Errorf("trial %d: optimum %g of an integral polytope", trial, s.Objective)
		}
	}
	if perturbed < 10 {
		t.Errorf("%d perturbations", perturbed)
	}
}

// Rows that repeat each other, rows without entries, equalities, fixed and free
// columns, many at one vertex.
func TestDegenerate(t *testing.T) {
	optimal := 0
	for i := range 300 {
		r := rand.New(rand.NewPCG(4, uint64(i)))
		p := random(r, 3+r.IntN(10), 0)
		n := len(p.cost)
		p.lower[0], p.upper[0] = 1, 1
		p.lower[1], p.upper[1] = -inf, inf
		p.cost[2] = 0
		x := make([]float64, n)
		for j := range x {
			x[j] = max(p.lower[j], min(p.upper[j], 0))
		}
		for k := range 3 * n { // all tight at x
			row := make([]float64, n)
			for j := range row {
				row[j] = float64(r.IntN(3) - 1)
			}
			p.addRow(-inf, row, 0)
			at := p.activity(k, x)
			p.rowUpper[k] = at
			if r.IntN(5) == 0 {
				p.rowLower[k] = at
			}
		}
		for k := range n {
			p.addRow(p.rowLower[k], p.rows[k], p.rowUpper[k])
		}
		p.addRow(-1, make([]float64, n), 1)
		p.addRow(-inf, make([]float64, n), inf)
		s := p.solver()
		if i%2 == 1 {
			s.patience = 0
		}
		status := s.Solve(inf, Options{})
		if status == Optimal {
			optimal++
		} else if status != Unbounded {
			t.Errorf("program %d: %s, though a point is feasible", i, status)
		}
		if err := p.check(s, status); err != nil {
			t.Errorf("program %d: %s: %v", i, status, err)
		}
	}
	if optimal < 50 {
		t.Errorf("%d optimal", optimal)
	}
}

func TestFreeColumns(t *testing.T) {
	p := &program{}
	p.addColumn(1, -inf, inf)
	p.addColumn(0, -inf, inf)
	p.addRow(-3, []float64{1, 1}, inf)
	p.addRow(-inf, []float64{-1, 1}, 7)
	solved(t, p, -5)

	p.rows[0] = []float64{1, -1} // now both may go to -Inf together
	if status := p.solver().Solve(inf, Options{}); status != Unbounded {
		t.Errorf("%s, want unbounded", status)
	}
}

func TestUnboundedAndInfeasible(t *testing.T) {
	p := &program{}
	p.addColumn(-1, 0, inf)
	p.addColumn(0, 0, 1)
	s := p.solver()
	if status := s.Solve(inf, Options{}); status != Unbounded || !math.IsInf(s.Objective, -1) {
		t.Errorf("%s with objective %g, want unbounded", status, s.Objective)
	}
	p.addRow(3, []float64{0, 1}, inf) // neither primal nor dual feasible
	p.addTo(s, 0)
	status := s.Solve(inf, Options{})
	if status != Infeasible {
		t.Errorf("%s, want infeasible", status)
	}
	if err := p.check(s, status); err != nil {
		t.Error(err)
	}
}

func TestEmptyProgram(t *testing.T) {
	if s := New(0); s.Solve(inf, Options{}) != Optimal || s.Objective != 0 {
		t.Error("a program without columns has the optimum 0")
	}
	s := New(0)
	s.AddRow(nil, nil, 1, 2)
	if status := s.Solve(inf, Options{}); status != Infeasible || s.Ray()[0] <= 0 {
		t.Errorf("0 >= 1: %s with ray %v", status, s.Ray())
	}
	s = New(2)
	s.SetCost(1, 2)
	s.SetColumn(1, -3, inf)
	if s.Solve(inf, Options{}) != Optimal || s.Objective != -6 {
		t.Errorf("optimum %g, want -6", s.Objective)
	}
}
