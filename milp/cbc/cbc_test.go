package cbc

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"hinge/milp"
)

// open returns the solver, and skips where it is not installed.
func open(t *testing.T) *Solver {
	t.Helper()
	s, err := Open()
	if err != nil {
		if !errors.Is(err, milp.ErrUnavailable) {
			t.Fatal(err)
		}
		t.Skipf("SKIPPED, nothing checked: %v", err)
	}
	return s
}

// knapsack is the choice of n things of random worth under two weights, as a minimisation.
func knapsack(rng *rand.Rand, n int) *milp.Problem {
	p := &milp.Problem{Offset: 7}
	var cols []milp.Var
	weights := [2][]float64{}
	for range n {
		cols = append(cols, p.AddBinary(-1-9*rng.Float64()))
		for r := range weights {
			weights[r] = append(weights[r], 1+9*rng.Float64())
		}
	}
	for r := range weights {
		p.AddRow(math.Inf(-1), 2.5*float64(n), cols, weights[r])
	}
	return p
}

// bruteForce tries every choice.
func bruteForce(p *milp.Problem) float64 {
	best, x := math.Inf(1), make([]float64, p.Vars())
	for choice := range 1 << p.Vars() {
		for j := range x {
			x[j] = float64(choice >> j & 1)
		}
		if p.Violation(x) <= 1e-9 {
			best = min(best, p.Objective(x))
		}
	}
	return best
}

func TestKnapsacks(t *testing.T) {
	s := open(t)
	for seed := range uint64(12) {
		p := knapsack(rand.New(rand.NewPCG(seed, 1)), 10)
		want := bruteForce(p)
		opts := milp.Options{RelGap: 1e-9, AbsGap: 1e-9}
		if seed%2 == 0 {
			opts.Start = make([]float64, p.Vars())
		}
		r, err := s.Solve(t.Context(), p, opts)
		if err != nil {
			t.Fatal(err)
		}
		if r.Status != milp.Optimal || !(math.Abs(r.Objective-want) < 1e-6) || r.DualBound > want+1e-6 || r.DualBound < want-1e-6 {
			t.Errorf("seed %d: %v, %g, bound %g; the optimum is %g", seed, r.Status, r.Objective, r.DualBound, want)
		}
	}
}

func TestLinearPrograms(t *testing.T) {
	s := open(t)
	p := &milp.Problem{Offset: 2}
	x, y := p.AddVar(1, 0, 4), p.AddVar(-1, math.Inf(-1), 3)
	p.AddRow(1, math.Inf(1), []milp.Var{x, y}, []float64{1, -1}) // x - y >= 1
	r, err := s.Solve(t.Context(), p, milp.Options{})
	if err != nil || r.Status != milp.Optimal || math.Abs(r.Objective-3) > 1e-9 || r.DualBound != r.Objective {
		t.Errorf("%+v, %v", r, err)
	}
	p.AddRow(math.Inf(-1), 0, []milp.Var{x, y}, []float64{1, -1})
	if r, err := s.Solve(t.Context(), p, milp.Options{}); err != nil || r.Status != milp.Infeasible || r.Feasible() || !math.IsInf(r.DualBound, 1) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestInfeasibleIntegers(t *testing.T) {
	s := open(t)
	p := &milp.Problem{}
	x := p.AddVar(1, .2, .8)
	p.Integer[x] = true
	r, err := s.Solve(t.Context(), p, milp.Options{})
	if err != nil || r.Status != milp.Infeasible || r.Feasible() {
		t.Errorf("%+v, %v", r, err)
	}
}

// hard is a market split, which takes CBC far longer than a test.
func hard() *milp.Problem {
	rng, p := rand.New(rand.NewPCG(3, 3)), &milp.Problem{}
	var cols []milp.Var
	for range 40 {
		cols = append(cols, p.AddBinary(0))
	}
	for range 5 {
		var sum float64
		w := make([]float64, len(cols))
		for j := range w {
			w[j] = float64(rng.IntN(100))
			sum += w[j]
		}
		over, under := p.AddVar(1, 0, math.Inf(1)), p.AddVar(1, 0, math.Inf(1))
		half := math.Floor(sum / 2)
		p.AddRow(half, half, append(cols[:len(cols):len(cols)], over, under), append(w, 1, -1))
	}
	return p
}

func TestStopsAtTheDeadline(t *testing.T) {
	s := open(t)
	p := hard()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	begin := time.Now()
	r, err := s.Solve(ctx, p, milp.Options{RelGap: -1, AbsGap: -1})
	if err != nil || r.Status != milp.TimeLimit || !(r.DualBound >= 0) {
		t.Errorf("%+v, %v", r, err)
	}
	if took := time.Since(begin); took > 2*time.Second+2*grace {
		t.Errorf("it took %v", took)
	}
}

func TestCancelledKeepsTheStart(t *testing.T) {
	s := open(t)
	p := knapsack(rand.New(rand.NewPCG(9, 9)), 8)
	start := make([]float64, p.Vars())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := s.Solve(ctx, p, milp.Options{Start: start})
	if err != nil || r.Status != milp.Interrupted || !reflect.DeepEqual(r.X, start) || r.Objective != 7 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		log, solution string
		want          answer
	}{
		"stopped": {
			"Result - Stopped on time limit\n\nObjective value:                30.9\nLower bound:                    3.771\nEnumerated nodes:               12\n",
			"Stopped on time - objective value 30.9\n      0 C0   1   -1\n**    2 C2   0.5   0\n", answer{milp.TimeLimit, []float64{1, 0, .5}, 3.771, 12},
		},
		"nothing found": {"", "Stopped on time (no integer solution - continuous used) - objective value 3\n 0 C0 0.5 0\n", answer{milp.TimeLimit, nil, -1, 0}},
		"infeasible":    {"", "Integer infeasible - objective value 3\n 0 C0 0.5 0\n", answer{milp.Infeasible, nil, -1, 0}},
		"a riddle":      {"", "Abandoned - objective value 3\n", answer{milp.NumericalFailure, make([]float64, 3), -1, 0}},
	} {
		a, err := parse(c.log, c.solution, 3)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if math.IsNaN(a.bound) {
			a.bound = -1
		}
		if !reflect.DeepEqual(*a, c.want) {
			t.Errorf("%s: %+v, want %+v", name, *a, c.want)
		}
	}
	for _, text := range []string{"0 C0", "0 C3 1 0", "0 Cx 1 0", "0 C0 one 0"} {
		if _, err := parse("", "Optimal - objective value 1\n"+text, 3); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Interrupted in a program of its own CBC may say that it stopped on nodes or iterations,
// though nobody limits them.
func TestLimitsAreOurs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cbc")
	script := "#!/bin/sh\nfor last; do :; done\necho 'Stopped on iterations (no integer solution - continuous used)' >\"$last\"\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	p := knapsack(rand.New(rand.NewPCG(4, 4)), 3)
	ctx, stop := context.WithTimeout(t.Context(), time.Hour)
	defer stop()
	for nodes, want := range map[int]milp.Status{0: milp.TimeLimit, 5: milp.NodeLimit} {
		if r, err := (&Solver{path}).Solve(ctx, p, milp.Options{NodeLimit: nodes}); err != nil || r.Status != want {
			t.Errorf("limit of %d nodes: %v, %v; want %v", nodes, r.Status, err, want)
		}
	}
}

// A claim without a point that keeps the rows is not believed.
func TestClaimsAreChecked(t *testing.T) {
	p := knapsack(rand.New(rand.NewPCG(2, 2)), 3)
	res := &milp.Result{Objective: math.Inf(1), DualBound: math.Inf(-1)}
	(&answer{status: milp.Optimal, x: []float64{.5, 0, 0}, bound: math.NaN()}).fill(res, p, milp.Options{}, nil)
	if res.Status != milp.NumericalFailure || res.Feasible() || !math.IsInf(res.DualBound, -1) {
		t.Errorf("%+v", res)
	}
	res = &milp.Result{Status: milp.Infeasible, Objective: math.Inf(1), DualBound: math.Inf(1)}
	adoptStart(res, p, make([]float64, 3))
	if res.Status != milp.NumericalFailure || res.Objective != 7 {
		t.Errorf("%+v", res)
	}
}
