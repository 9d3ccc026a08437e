package planner

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"hinge/control"
)

// pinned are plans of the sampling planners at a fixed seed: a change of their
// form must not change what they do. The budgets are such that CEM and CMA start
// again, near the incumbent and from scratch.
var pinned = []struct {
	name      string
	planner   func(Problem) (control.Planner, error)
	objective float64
	last      []float64 // action
	candidate float64   // cost of the last one
}{
	{name: "cem", planner: func(p Problem) (control.Planner, error) {
		return NewCEM(p, CEMOptions{Sampling: Sampling{Samples: 24, Iterations: 150, Seed: 7, Workers: 2}, Instances: 3, Patience: 1})
	}, objective: 6.8307816924869051, last: []float64{0.23094026245889041, 0.66190393331207242}, candidate: 7.7783862365229961},
	{name: "cma", planner: func(p Problem) (control.Planner, error) {
		return NewCMA(p, CMAOptions{Sampling: Sampling{Samples: 16, Iterations: 90, Seed: 7, Workers: 2}, Patience: 8})
	}, objective: 6.8184414151752799, last: []float64{0.12305296361068696, 0.69024646603532669}, candidate: 6.8657493981745095},
	{name: "mppi", planner: func(p Problem) (control.Planner, error) {
		return NewMPPI(p, MPPIOptions{Sampling: Sampling{Samples: 70, Iterations: 9, Seed: 7, Workers: 2}})
	}, objective: 6.8142345606382575, last: []float64{0.08554729806315442, 0.69999999999999996}, candidate: 6.9916237988898509},
	{name: "random", planner: func(p Problem) (control.Planner, error) {
		return NewRandom(p, RandomOptions{Sampling{Samples: 300, Iterations: 1, Candidates: -1, Seed: 7, Workers: 2}})
	}, objective: 11.224234838912054, last: []float64{0.25572629350855558, 0.64887930575420194}, candidate: math.NaN()},
}

func TestSamplersDoWhatTheyDid(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("SKIPPED, nothing checked: the plans were made on amd64; elsewhere fused multiply-adds make others")
	}
	p, x0 := testProblem(4)
	for _, c := range pinned {
		tol := 1e-12
		if c.name == "mppi" {
			tol = 1e-5 // it samples in float32, which every set of kernels rounds in its own way
		}
		near := func(a, b float64) bool { return math.Abs(a-b) <= tol }
		pl, err := c.planner(p)
		if err != nil {
			t.Fatal(err)
		}
		first, err := pl.Plan(t.Context(), x0, nil)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pl.Plan(t.Context(), []float64{0.2, -0.1, 0.4}, first.Shift())
		if err != nil {
			t.Fatal(err)
		}
		if n := restarts(pl); n < 2 {
			t.Errorf("%s: %d restarts; the plan says nothing about one of their kinds", c.name, n)
		}
		last := math.NaN()
		if n := len(plan.Candidates); n > 0 {
			last = p.Cost.Total(plan.Candidates[n-1], nil)
		}
		if !near(plan.Objective, c.objective) || !slices.EqualFunc(plan.Action(3), c.last, near) || !(near(last, c.candidate) || math.IsNaN(last) && math.IsNaN(c.candidate)) {
			t.Errorf("%s: cost %.17g, last action %.17g, last candidate %.17g", c.name, plan.Objective, plan.Action(3), last)
		}
	}
	if len(pinned) == 0 {
		t.Fatal("nothing checked")
	}
}

// restarts returns how often the distribution of a planner started again that did
// so least; 2 for those that never do.
func restarts(pl control.Planner) int {
	switch p := pl.(type) {
	case *CMA:
		return p.stall.restarts
	case *CEM:
		least := math.MaxInt
		for i := range p.instances {
			least = min(least, p.instances[i].stall.restarts)
		}
		return least
	}
	return 2
}
