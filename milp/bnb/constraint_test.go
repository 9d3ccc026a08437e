package bnb_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/encode"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

var constrained = []relutest.Shape{
	{Nx: 2, Nu: 2, Horizon: 3, Hidden: []int{6}, Rate: true},
	{Nx: 3, Nu: 1, Horizon: 2, Hidden: []int{5, 4}, Chain: true},
	{Nx: 2, Nu: 2, Horizon: 4, Hidden: []int{4}, Norm: control.Max},
	{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{5}, Norm: control.LInf},
	{Nx: 2, Nu: 2, Horizon: 3, Hidden: []int{5}, Norm: control.Hinge},
	{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{5}, Norm: control.SquaredL2},
}

// A generic solver, for which the rows are written by other code, must agree, also
// where there is no plan. What it takes for one may break a row by its tolerance.
func TestConstrainedAgainstHiGHS(t *testing.T) {
	solver := genericSolver(t)
	optimal, infeasible, whole, fractional := 0, 0, 0, 0
	for seed := range uint64(constrainees) {
		rng := rand.New(rand.NewPCG(seed, 81))
		p := relutest.Random(rng, constrained[int(seed)%5])
		relutest.Constrain(rng, p, 1+int(seed)%3)
		if len(p.Integer) > 0 && seed%2 == 1 {
			relutest.Fractional(rng, p)
			fractional++
		}
		r, err := bnb.Solve(context.Background(), p, bnb.Options{RelGap: 1e-7, AbsGap: 1e-7, NodeLimit: 20_000})
		if err != nil {
			t.Fatal(err)
		}
		want := solveRows(t, solver, p)
		if len(p.Integer) > 0 {
			whole++
		}
		switch want.Status {
		case milp.Optimal:
			optimal++
			ws, tolerance := p.NewWorkspace(), 1e-5*(1+math.Abs(want.Objective))
			if r.Status != milp.Optimal || math.Abs(r.Objective-want.Objective) > tolerance || r.DualBound > want.Objective+tolerance {
				t.Errorf("seed %d: %v, %.9g, bound %.9g; HiGHS says %.9g", seed, r.Status, r.Objective, r.DualBound, want.Objective)
			} else if v := p.Violation(r.U, ws); v > bnb.Tolerance || p.Objective(r.U, ws) != r.Objective || !p.Box.Contains(r.U, 0) {
				t.Errorf("seed %d: the plan breaks a row by %g, or leaves the box", seed, v)
			}
		case milp.Infeasible, milp.InfeasibleOrUnbounded:
			infeasible++
			if r.Status != milp.Infeasible || r.U != nil || !math.IsInf(r.DualBound, 1) {
				t.Errorf("seed %d: %v, %g; HiGHS says infeasible", seed, r.Status, r.Objective)
			}
		default:
			t.Fatalf("seed %d: HiGHS says %v", seed, want.Status)
		}
	}
	if optimal < constrainees/2 || infeasible < constrainees/8 || whole < constrainees*5/16 || fractional < constrainees/8 {
		t.Errorf("%d optima, %d without a plan, %d with whole actions, %d of them in fractional boxes; each must occur", optimal, infeasible, whole, fractional)
	}
}

func solveRows(t *testing.T, solver milp.Solver, p *relu.Program) *milp.Result {
	t.Helper()
	reach, err := encode.Reachable(p)
	if err != nil {
		t.Fatal(err)
	}
	e, err := reach.BigM(p)
	if err != nil {
		t.Fatal(err)
	}
	r, err := solver.Solve(context.Background(), e.Problem, milp.Options{RelGap: 1e-7, AbsGap: 1e-7})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Enumeration of all patterns, and of all whole actions, finds the same optimum.
func TestConstrainedAgainstBruteForce(t *testing.T) {
	shapes := []relutest.Shape{
		{Nx: 2, Nu: 1, Horizon: 1, Hidden: []int{5}},
		{Nx: 1, Nu: 1, Horizon: 3, Hidden: []int{2}, Rate: true},
		{Nx: 2, Nu: 2, Horizon: 1, Hidden: []int{6}},
		{Nx: 2, Nu: 1, Horizon: 4, Hidden: []int{4}},
	}
	plans, without, whole := 0, 0, 0
	for seed := range uint64(enumeratedConstrained) {
		rng := rand.New(rand.NewPCG(seed, 82))
		p := relutest.Random(rng, shapes[int(seed)%len(shapes)])
		relutest.Constrain(rng, p, 1+int(seed)%3)
		var want float64
		switch {
		case len(p.Integer) == p.Nu:
			want = enumerate(p)
			whole++
		case len(p.Integer) > 0 || p.Inputs() > 3:
			continue
		default:
			want = bruteForce(p)
		}
		r, err := bnb.Solve(context.Background(), p, bnb.Options{RelGap: 1e-6, AbsGap: 1e-9, NodeLimit: 20_000})
		if err != nil {
			t.Fatal(err)
		}
		if math.IsInf(want, 1) {
			without++
			if r.Status != milp.Infeasible {
				t.Errorf("seed %d: %v, objective %g; enumeration finds no plan", seed, r.Status, r.Objective)
			}
			continue
		}
		plans++
		if r.Status != milp.Optimal || r.DualBound > want+1e-9 || math.Abs(r.Objective-want) > 2e-6*(1+want) {
			t.Errorf("seed %d: %v, objective %.10g, dual bound %.10g; enumeration gives %.10g", seed, r.Status, r.Objective, r.DualBound, want)
		}
	}
	if plans < enumeratedConstrained/3 || without < enumeratedConstrained/24 || whole < enumeratedConstrained/6 {
		t.Errorf("%d programs with plans, %d without, %d of whole actions; each must occur", plans, without, whole)
	}
}

// enumerate minimises a program whose actions are all whole, in [-1, 1].
func enumerate(p *relu.Program) float64 {
	best, ws, u := math.Inf(1), p.NewWorkspace(), make([]float64, p.Inputs())
	count := 1
	for range u {
		count *= 3
	}
	for n := range count {
		for k := range u {
			u[k] = float64(n%3 - 1)
			n /= 3
		}
		if p.Violation(u, ws) == 0 {
			best = min(best, p.Objective(u, ws))
		}
	}
	return best
}

// No plan lies below the bound of a search that was cut short, whatever the norm.
func TestConstrainedBoundHolds(t *testing.T) {
	judged := 0
	for seed := range uint64(80) {
		rng := rand.New(rand.NewPCG(seed, 83))
		p := relutest.Random(rng, constrained[int(seed)%len(constrained)])
		relutest.Constrain(rng, p, 1+int(seed)%3)
		r, err := bnb.Solve(context.Background(), p, bnb.Options{NodeLimit: 1 + rng.IntN(30), RelGap: 1e-9})
		if err != nil {
			t.Fatal(err)
		}
		ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
		for range 400 {
			relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
			for _, j := range p.Integer {
				for k := j; k < len(u); k += p.Nu {
					u[k] = math.Round(u[k])
				}
			}
			if p.Violation(u, ws) > 0 {
				continue
			}
			judged++
			if j := p.Objective(u, ws); j < r.DualBound-1e-12 {
				t.Fatalf("seed %d: a plan has J = %g below the dual bound %g", seed, j, r.DualBound)
			}
		}
	}
	if judged < 3000 {
		t.Fatalf("only %d plans were judged", judged)
	}
}

// The number of workers changes nothing.
func TestConstrainedDeterministic(t *testing.T) {
	compared := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 84))
		p := relutest.Random(rng, relutest.Shape{Nx: 3, Nu: 2, Horizon: 4, Hidden: []int{8, 8}})
		relutest.Constrain(rng, p, 2)
		opts := bnb.Options{NodeLimit: 100, RelGap: 1e-9, Workers: 1}
		one, err := bnb.Solve(context.Background(), p, opts)
		if err != nil {
			t.Fatal(err)
		}
		opts.Workers = 3
		many, err := bnb.Solve(context.Background(), p, opts)
		if err != nil {
			t.Fatal(err)
		}
		if one.NodeCount > 20 {
			compared++
		}
		if !slices.Equal(one.U, many.U) || one.DualBound != many.DualBound || one.NodeCount != many.NodeCount || one.Status != many.Status {
			t.Errorf("seed %d: three workers: %v, bound %.12g in %d nodes; one: %v, %.12g in %d",
				seed, many.Status, many.DualBound, many.NodeCount, one.Status, one.DualBound, one.NodeCount)
		}
	}
	if compared < 5 {
		t.Errorf("only %d searches were long enough", compared)
	}
}
