package lp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestCutoff(t *testing.T) {
	stopped := 0
	for i := range 200 {
		r := rand.New(rand.NewPCG(6, uint64(i)))
		p, _ := triangles(r, 5, 20, 40, 0.5)
		s := p.solver()
		if s.Solve(inf, Options{}) != Optimal {
			t.Fatal("a relaxed network has a point")
		}
		optimum, iterations := s.Objective, s.Iterations
		for _, below := range []float64{0.5, 0.01, -0.01} {
			s = p.solver()
			status := s.Solve(optimum-below, Options{})
			if err := p.check(s, status); err != nil {
				t.Error(err)
			}
			if want := below > 0; want != (status == Cutoff) {
				t.Errorf("program %d, cutoff %g below the optimum: %s", i, below, status)
			}
			if status == Cutoff && (s.Objective < optimum-below || s.Objective > optimum+1e-9 || s.Iterations > iterations) {
				t.Errorf("program %d: cutoff at %g after %d iterations, optimum %g after %d", i, s.Objective, s.Iterations, optimum, iterations)
			}
			if status == Cutoff && s.Iterations < iterations {
				stopped++
			}
		}
	}
	if stopped < 100 {
		t.Errorf("%d solves stopped early", stopped)
	}
}

// A limit leaves multipliers that bound the optimum, and the next solve goes on.
func TestIterationLimit(t *testing.T) {
	p, _ := triangles(rand.New(rand.NewPCG(7, 0)), 10, 40, 80, 0.5)
	full := p.solver()
	full.Solve(inf, Options{})
	s := p.solver()
	last := -inf
	for k := 0; ; k++ {
		status := s.Solve(inf, Options{MaxIterations: 1})
		if bound := p.bound(1, s.RowDual(), 1e-9); bound < last-1e-9 || bound > full.Objective+1e-9 || math.Abs(bound-s.Objective) > 1e-9 {
			t.Fatalf("bound %.12g after %g, said to be %.12g, optimum %.12g", bound, last, s.Objective, full.Objective)
		} else {
			last = bound
		}
		if status == Optimal {
			if k < 10 {
				t.Errorf("%d solves", k)
			}
			break
		}
		if status != IterationLimit || s.Iterations != 1 || k > 1000 {
			t.Fatalf("%s after %d iterations", status, s.Iterations)
		}
	}
	if math.Abs(last-full.Objective) > 1e-9 {
		t.Errorf("optimum %.12g, want %.12g", last, full.Objective)
	}
}

func TestWrongCalls(t *testing.T) {
	s := New(2)
	s.AddRow([]int{0}, []float64{1}, 0, 1)
	calls := map[string]func(){
		"negative columns":  func() { New(-1) },
		"column":            func() { s.SetCost(2, 1) },
		"NaN cost":          func() { s.SetCost(0, math.NaN()) },
		"empty range":       func() { s.SetColumn(0, 1, 0) },
		"NaN range":         func() { s.SetColumn(0, math.NaN(), 0) },
		"range at infinity": func() { s.SetRow(0, inf, inf) },
		"row":               func() { s.SetRow(1, 0, 1) },
		"lengths":           func() { s.AddRow([]int{0}, nil, 0, 1) },
		"column of a row":   func() { s.ReplaceRow(0, []int{2}, []float64{1}, 0, 1) },
		"repeated column":   func() { s.ReplaceRow(0, []int{1, 1}, []float64{1, 1}, 0, 1) },
		"infinite entry":    func() { s.ReplaceRow(0, []int{1}, []float64{inf}, 0, 1) },
		"rows to keep":      func() { s.TruncateRows(2) },
		"basis":             func() { s.SetBasis(&Basis{}) },
		"cutoff":            func() { s.Solve(math.NaN(), Options{}) },
	}
	for name, call := range calls {
		func() {
			defer func() {
				if msg := fmt.Sprint(recover()); len(msg) < 4 || msg[:4] != "lp: " {
					t.Errorf("%s: %s, want a panic that names the package", name, msg)
				}
			}()
			call()
		}()
	}
}

// An estimate has the status of a full solve and about its objective.
func TestEstimate(t *testing.T) {
	compared := 0
	for i := range 2000 {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		p := random(r, 1+r.IntN(12), r.IntN(16))
		s, e := p.solver(), p.solver()
		want, got := s.Solve(inf, Options{}), e.Solve(inf, Options{Estimate: true})
		if got != want {
			t.Errorf("program %d: %v by an estimate, %v", i, got, want)
		}
		if want == Optimal {
			compared++
			if d := math.Abs(e.Objective - s.Objective); !(d <= 1e-5*(1+math.Abs(s.Objective))) {
				t.Errorf("program %d: objective %g by an estimate, %g", i, e.Objective, s.Objective)
			}
		}
	}
	if compared < 500 {
		t.Fatalf("only %d programs had an optimum", compared)
	}
}
