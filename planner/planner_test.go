package planner

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"hinge/control"
	"hinge/internal/assert"
	"hinge/milp"
)

// openPlanner builds a planner by name with a small counted budget. A planner
// whose library is not installed skips its part of the suite, and says so.
func openPlanner(t *testing.T, name string, p Problem, workers int) control.Planner {
	t.Helper()
	opts := Options{Seed: 1, Workers: workers, NodeLimit: 200}
	if name != "random" {
		opts.Samples, opts.Iterations = 64, 10
	}
	pl, err := New(name, p, opts)
	if errors.Is(err, milp.ErrUnavailable) {
		t.Skipf("SKIPPED, nothing checked: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pl
}

// forAll runs f as a subtest of every planner in the registry.
func forAll(t *testing.T, f func(t *testing.T, name string)) {
	t.Helper()
	names := Names()
	if len(names) < 6 {
		t.Fatalf("%d planners registered, want at least 6", len(names))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { f(t, name) })
	}
}

func holdCost(t *testing.T, p Problem, x0 []float64) float64 {
	t.Helper()
	h, err := NewHold(p)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := h.Plan(context.Background(), x0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Objective
}

func TestPlansAreWhatTheyClaim(t *testing.T) {
	p, x0 := testProblem(4)
	hold := holdCost(t, p, x0)
	forAll(t, func(t *testing.T, name string) {
		plan, err := openPlanner(t, name, p, 1).Plan(context.Background(), x0, nil)
		if err != nil {
			t.Fatal(err)
		}
		assertSound(t, p, x0, plan)
		if !plan.Verified || plan.Solver != name || plan.Inputs != 8 || plan.SolveTime <= 0 {
			t.Errorf("verified %v, solver %q, %d inputs, time %v", plan.Verified, plan.Solver, plan.Inputs, plan.SolveTime)
		}
		if name == "hold" {
			return
		}
		if !(plan.Objective < hold-0.1) {
			t.Errorf("cost %g; holding costs %g", plan.Objective, hold)
		}
	})
}

// assertSound checks a plan against a roll-out of its own.
func assertSound(t *testing.T, p Problem, x0 []float64, plan *control.Plan) {
	t.Helper()
	if plan.Len() != p.Cost.Horizon || !p.Action.Repeat(plan.Len()).Contains(plan.U, 0) {
		t.Fatalf("actions %v leave the box or the horizon", plan.U)
	}
	tr := control.NewTrajectory(plan.Nx, plan.Nu, plan.Len())
	copy(tr.U, plan.U)
	tr.Simulate(p.Judge, x0)
	if !reflect.DeepEqual(tr.X, plan.X) {
		t.Error("states are not the forward pass of the judge")
	}
	if cost := p.Cost.Total(tr, p.Before); cost != plan.Objective {
		t.Errorf("objective %g, want %g", plan.Objective, cost)
	}
	if plan.DualBound > plan.Objective+1e-6 {
		t.Errorf("dual bound %g exceeds the objective %g", plan.DualBound, plan.Objective)
	}
	if math.IsInf(plan.DualBound, -1) && plan.Certified {
		t.Error("certified without a bound")
	}
}

func TestPlansAreRepeatable(t *testing.T) {
	p, x0 := testProblem(4)
	forAll(t, func(t *testing.T, name string) {
		first, err := openPlanner(t, name, p, 1).Plan(context.Background(), x0, nil)
		if err != nil {
			t.Fatal(err)
		}
		again := openPlanner(t, name, p, 3)
		for range 2 { // a planner is a function of its arguments, however often it is asked
			plan, err := again.Plan(context.Background(), x0, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(plan.U, first.U) || plan.Objective != first.Objective || plan.DualBound != first.DualBound ||
				plan.Nodes != first.Nodes || !reflect.DeepEqual(plan.Candidates, first.Candidates) {
				t.Errorf("cost %.17g with 3 workers, %.17g with one", plan.Objective, first.Objective)
			}
		}
	})
}

func TestPlansOwnTheirMemory(t *testing.T) {
	p, x0 := testProblem(3)
	forAll(t, func(t *testing.T, name string) {
		pl := openPlanner(t, name, p, 1)
		first, err := pl.Plan(context.Background(), x0, nil)
		if err != nil {
			t.Fatal(err)
		}
		u := append([]float64(nil), first.U...)
		if _, err := pl.Plan(context.Background(), []float64{0.5, -0.5, 0}, first.Shift()); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(u, first.U) {
			t.Error("a second plan changed the first")
		}
	})
}

func TestExpiredContextGivesAPlan(t *testing.T) {
	p, x0 := testProblem(4)
	expired, stop := context.WithTimeout(context.Background(), -time.Second)
	defer stop()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	forAll(t, func(t *testing.T, name string) {
		for _, c := range []struct {
			ctx  context.Context
			want control.Status
		}{{expired, control.TimeLimit}, {cancelled, control.Interrupted}} {
			plan, err := openPlanner(t, name, p, 1).Plan(c.ctx, x0, nil)
			if err != nil {
				t.Fatal(err)
			}
			assertSound(t, p, x0, plan)
			if plan.Status != c.want || !plan.Verified {
				t.Errorf("status %v, verified %v; want %v and true", plan.Status, plan.Verified, c.want)
			}
		}
	})
}

func TestWarmStartIsNeverLost(t *testing.T) {
	p, x0 := testProblem(4)
	best, err := openPlanner(t, "cem", p, 1).Plan(context.Background(), x0, nil)
	if err != nil {
		t.Fatal(err)
	}
	expired, stop := context.WithTimeout(context.Background(), -time.Second)
	defer stop()
	forAll(t, func(t *testing.T, name string) {
		if name == "hold" {
			return // has no use for a warm start
		}
		for _, ctx := range []context.Context{expired, context.Background()} {
			plan, err := openPlanner(t, name, p, 1).Plan(ctx, x0, best)
			if err != nil {
				t.Fatal(err)
			}
			if plan.Objective > best.Objective+1e-9 {
				t.Errorf("cost %g; the warm start costs %g", plan.Objective, best.Objective)
			}
		}
	})
}

func TestDeadlineIsHonoured(t *testing.T) {
	p, x0 := testProblem(12)
	forAll(t, func(t *testing.T, name string) {
		opts := Options{Seed: 1, Iterations: -1, RelGap: -1, AbsGap: -1}
		pl, err := New(name, p, opts)
		if errors.Is(err, milp.ErrUnavailable) {
			t.Skipf("SKIPPED, nothing checked: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer stop()
		start := time.Now()
		plan, err := pl.Plan(ctx, x0, nil)
		if err != nil {
			t.Fatal(err)
		}
		assertSound(t, p, x0, plan)
		if elapsed := time.Since(start); elapsed > 2*time.Second {
			t.Errorf("the plan took %v, ten times the limit", elapsed)
		}
		if name != "hold" && plan.Status != control.TimeLimit && plan.Status != control.Optimal {
			t.Errorf("status %v", plan.Status)
		}
	})
}

func TestSamplersRefuseToRunForEver(t *testing.T) {
	p, x0 := testProblem(2)
	for _, name := range []string{"cem", "cma", "mppi", "ps", "gd", "random"} {
		pl, err := New(name, p, Options{Iterations: -1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pl.Plan(context.Background(), x0, nil); err == nil {
			t.Errorf("%s: no error for an endless budget without a deadline", name)
		}
	}
}

func TestStartStateIsChecked(t *testing.T) {
	p, _ := testProblem(2)
	forAll(t, func(t *testing.T, name string) {
		pl := openPlanner(t, name, p, 1)
		for _, bad := range []float64{math.NaN(), math.Inf(1)} {
			if _, err := pl.Plan(context.Background(), []float64{0, bad, 0}, nil); err == nil {
				t.Errorf("no error for a start state of %g", bad)
			}
		}
		assert.Panics(t, "planner: Plan: wrong length of start state", func() { _, _ = pl.Plan(context.Background(), make([]float64, 2), nil) })
		short := &control.Plan{Trajectory: control.NewTrajectory(3, 2, 1)}
		assert.Panics(t, "planner: Plan: the warm start has another size or horizon", func() {
			_, _ = pl.Plan(context.Background(), make([]float64, 3), short)
		})
	})
}

func TestRateTermsReadTheActionBefore(t *testing.T) {
	p, x0 := testProblem(2)
	rate := &p.Cost.Terms[2]
	if !rate.Rate {
		t.Fatal("the third term is no rate term")
	}
	rate.Weight = 50
	p.Before = []float64{-0.6, 0.4}
	forAll(t, func(t *testing.T, name string) {
		if name == "hold" || name == "random" {
			return // does not optimise
		}
		pl := openPlanner(t, name, p, 1)
		for _, before := range [][]float64{{-0.6, 0.4}, {0.5, -0.7}} {
			pl.(BeforeSetter).SetBefore(before)
			plan, err := pl.Plan(context.Background(), x0, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, u := range plan.Action(0) {
				if math.Abs(u-before[i]) > 0.25 {
					t.Errorf("first action %v; a rate cost of 50 holds it near %v", plan.Action(0), before)
				}
			}
			if !plan.Verified {
				t.Errorf("not verified: off by %g", plan.MaxModelError)
			}
		}
	})
}

func TestSolversProveTheirPlan(t *testing.T) {
	p, x0 := testProblem(2)
	values := map[string]float64{}
	for _, name := range []string{"bnb", "highs", "cbc"} {
		t.Run(name, func(t *testing.T) {
			pl, err := New(name, p, Options{NodeLimit: 20_000})
			if errors.Is(err, milp.ErrUnavailable) {
				t.Skipf("SKIPPED, nothing checked: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			plan, err := pl.Plan(context.Background(), x0, nil)
			if err != nil {
				t.Fatal(err)
			}
			if plan.Status != control.Optimal || plan.Certified != (name == "bnb") || plan.RelGap() > 2e-4 {
				t.Errorf("status %v, certified %v, gap %g", plan.Status, plan.Certified, plan.RelGap())
			}
			if plan.ReLUs == 0 || plan.UnstableReLUs == 0 {
				t.Errorf("%d ReLUs, %d unstable", plan.ReLUs, plan.UnstableReLUs)
			}
			values[name] = plan.Objective
		})
	}
	for name, v := range values {
		if math.Abs(v-values["bnb"]) > 2e-4*values["bnb"] {
			t.Errorf("the optimum of %s differs: %v", name, values)
		}
	}
}

func TestSolversNeedANetwork(t *testing.T) {
	p, _ := testProblem(2)
	p.System, p.Step = NewNetSystem(p.Step, 3, 2), nil
	for _, name := range []string{"bnb", "highs", "cbc", "gd"} {
		if _, err := New(name, p, Options{}); err == nil {
			t.Errorf("%s: no error without a stepping network", name)
		}
	}
}

// liar is a solver that answers what a test wants.
type liar struct{ result *milp.Result }

func (l liar) Solve(_ context.Context, p *milp.Problem, opts milp.Options) (*milp.Result, error) {
	r := *l.result
	if r.X == nil && r.Status == milp.Optimal {
		r.X = append([]float64(nil), opts.Start...)
		for i := range r.X { // actions stay, everything else is made up
			if i >= 4 {
				r.X[i] += 0.5
			}
		}
	}
	return &r, nil
}

func TestMIPBelievesNoSolver(t *testing.T) {
	p, x0 := testProblem(2)
	for name, c := range map[string]struct {
		result   milp.Result
		status   control.Status
		verified bool
	}{
		"wrong states":    {milp.Result{Status: milp.Optimal, Objective: 0.1, DualBound: 0.1}, control.Optimal, false},
		"says infeasible": {milp.Result{Status: milp.Infeasible, Objective: math.Inf(1), DualBound: math.Inf(1)}, control.NumericalFailure, true},
		"says nothing":    {milp.Result{Status: milp.TimeLimit, Objective: math.Inf(1), DualBound: math.NaN()}, control.TimeLimit, true},
	} {
		m := mustPlanner[*MIP](t)(NewMIP(p, "liar", liar{&c.result}, milp.Options{}))
		plan, err := m.Plan(t.Context(), x0, nil)
		if err != nil {
			t.Fatal(err)
		}
		assertSound(t, p, x0, &control.Plan{Trajectory: plan.Trajectory, Objective: plan.Objective, DualBound: math.Inf(-1)})
		if plan.Status != c.status || plan.Verified != c.verified || plan.Certified {
			t.Errorf("%s: status %v, verified %v, certified %v; want %v and %v", name, plan.Status, plan.Verified, plan.Certified, c.status, c.verified)
		}
		if !c.verified && plan.MaxModelError < 0.4 {
			t.Errorf("%s: error %g", name, plan.MaxModelError)
		}
		if c.verified && !math.IsInf(plan.DualBound, -1) {
			t.Errorf("%s: dual bound %g", name, plan.DualBound)
		}
	}
	if _, err := NewMIP(p, "none", nil, milp.Options{}); err == nil {
		t.Error("no error without a solver")
	}
}
