package planner

import (
	"math/rand/v2"
	"testing"

	"hinge/control"
	"hinge/milp/relu/relutest"
)

// Descents come near the optimum, and nearer than as many samples as they cost forward
// and backward passes.
func TestGradientComesNearTheOptimum(t *testing.T) {
	near, better, judged := 0, 0, 0
	for seed := range uint64(12) {
		q := relutest.Random(rand.New(rand.NewPCG(seed, 8)), relutest.Shape{Nx: 3, Nu: 2, Horizon: 5, Hidden: []int{8}, Norm: control.L1})
		p := Problem{Step: q.Step, Action: control.NewBox(2, -1, 1), Cost: q.Cost()}
		cost := func(name string, o Options) *control.Plan {
			t.Helper()
			pl, err := New(name, p, o)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := pl.Plan(t.Context(), q.X0, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !plan.Verified {
				t.Errorf("seed %d: the plan of %s is off by %g", seed, name, plan.MaxModelError)
			}
			return plan
		}
		best := cost("bnb", Options{RelGap: .01, NodeLimit: 2000})
		found := cost("gd", Options{Seed: seed})
		blind := cost("random", Options{Seed: seed, Samples: 16 * 200, Iterations: 3})
		if found.Objective < best.DualBound {
			t.Errorf("seed %d: gd finds %g, below the bound %g", seed, found.Objective, best.DualBound)
		}
		if found.Objective <= 1.05*best.Objective {
			near++
		}
		if found.Objective < blind.Objective {
			better++
		}
		judged++
	}
	t.Logf("of %d: %d within a twentieth, %d better than samples", judged, near, better)
	if judged != 12 || near < 10 || better < 10 {
		t.Errorf("of %d programs, %d plans are within a twentieth of the optimum and %d better than samples", judged, near, better)
	}
}

// Predictive sampling goes on from what it found: more rounds are never worse.
func TestPSGoesOnFromTheBest(t *testing.T) {
	p, x0 := testProblem(4)
	last := 0.0
	for _, rounds := range []int{1, 4, 16, 64} {
		s := mustPlanner[*PS](t)(NewPS(p, PSOptions{Sampling: Sampling{Samples: 32, Iterations: rounds, Seed: 3}}))
		plan := mustPlanner[*control.Plan](t)(s.Plan(t.Context(), x0, nil))
		if rounds > 1 && plan.Objective > last {
			t.Errorf("%d rounds cost %g, fewer %g", rounds, plan.Objective, last)
		}
		last = plan.Objective
	}
	r := mustPlanner[*Random](t)(NewRandom(p, RandomOptions{Sampling: Sampling{Samples: 32, Iterations: 64, Seed: 3}}))
	if blind := mustPlanner[*control.Plan](t)(r.Plan(t.Context(), x0, nil)); last > blind.Objective {
		t.Errorf("it costs %g, as many uniform samples %g", last, blind.Objective)
	}
}
