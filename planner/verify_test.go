package planner

import (
	"context"
	"math"
	"testing"
	"time"

	"hinge/control"
	"hinge/milp"
)

// shifted is a system that disagrees with another by a constant.
type shifted struct {
	control.System
	by float64
}

func (s shifted) Clone() control.System { return shifted{s.System.Clone(), s.by} }
func (s shifted) Step(dst, x, u []float64) {
	s.System.Step(dst, x, u)
	dst[0] += s.by
}

func TestVerifyReportsWhatDoesNotReproduce(t *testing.T) {
	p, x0 := testProblem(3)
	honest := func() *control.Plan {
		tr := control.NewTrajectory(3, 2, 3)
		copy(tr.U, []float64{0.1, -0.3, 0.7, 0, -1, 0.2})
		tr.Simulate(p.Judge, x0)
		return &control.Plan{Trajectory: tr, Objective: p.Cost.Total(tr, nil)}
	}
	want := honest().Objective
	for name, c := range map[string]struct {
		judge    control.System
		spoil    func(*control.Plan)
		verified bool
		least    float64 // of MaxModelError
	}{
		"honest":          {p.Judge, func(*control.Plan) {}, true, 0},
		"other model":     {shifted{p.Judge, 0.01}, func(*control.Plan) {}, false, 0.01},
		"wrong state":     {p.Judge, func(p *control.Plan) { p.State(2)[1] += 0.5 }, false, 0.5},
		"wrong start":     {p.Judge, func(p *control.Plan) { p.State(0)[0] += 0.5 }, false, 0.5},
		"wrong objective": {p.Judge, func(p *control.Plan) { p.Objective -= 2 }, false, 2},
		"infinite claim":  {p.Judge, func(p *control.Plan) { p.Objective = math.Inf(1) }, false, math.MaxFloat64},
		"rounding":        {p.Judge, func(p *control.Plan) { p.State(1)[0] += 1e-9 }, true, 1e-10},
	} {
		plan := honest()
		c.spoil(plan)
		Verify(plan, c.judge, p.Cost, x0, nil, 1e-6)
		if plan.Verified != c.verified || !(plan.MaxModelError >= c.least) {
			t.Errorf("%s: verified %v, error %g; want %v and at least %g", name, plan.Verified, plan.MaxModelError, c.verified, c.least)
		}
		if c.judge == p.Judge && plan.Objective != want {
			t.Errorf("%s: objective %g, want that of the forward pass, %g", name, plan.Objective, want)
		}
	}
	plan := honest()
	plan.State(1)[2] = math.NaN()
	if Verify(plan, p.Judge, p.Cost, x0, nil, 1e-6); plan.Verified || !math.IsNaN(plan.MaxModelError) {
		t.Errorf("a claim of NaN is verified (%v), error %g", plan.Verified, plan.MaxModelError)
	}
}

func TestDisprovedBoundsAreDropped(t *testing.T) {
	p, x0 := testProblem(3)
	p, err := p.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		above float64
		sound bool
	}{{-1, true}, {0, true}, {1e-9, true}, {0.1, false}, {math.NaN(), false}} {
		plan := &control.Plan{Trajectory: control.NewTrajectory(3, 2, 3), Status: control.Optimal, Certified: true}
		plan.Simulate(p.Judge, x0)
		plan.Objective = p.Cost.Total(plan.Trajectory, nil)
		plan.DualBound = plan.Objective + c.above
		p.finish(plan, x0, startClock())
		if plan.Certified != c.sound || (plan.Status == control.Optimal) != c.sound || math.IsInf(plan.DualBound, -1) == c.sound {
			t.Errorf("a bound %g above the cost: %v, certified %v, bound %g", c.above, plan.Status, plan.Certified, plan.DualBound)
		}
	}
}

func TestPlannersReportAJudgeThatDisagrees(t *testing.T) {
	p, x0 := testProblem(3)
	p.Judge = shifted{p.Judge, 0.01}
	expired, stop := context.WithTimeout(t.Context(), -time.Second)
	defer stop()
	check := func(t *testing.T, pl control.Planner) {
		t.Helper()
		for _, ctx := range []context.Context{t.Context(), expired} {
			plan, err := pl.Plan(ctx, x0, nil)
			if err != nil {
				t.Fatal(err)
			}
			if plan.Verified || plan.MaxModelError < 0.01 {
				t.Errorf("verified %v, error %g, by a judge that is off by 0.01", plan.Verified, plan.MaxModelError)
			}
		}
	}
	forAll(t, func(t *testing.T, name string) { check(t, openPlanner(t, name, p, 1)) })
	// Where a solver has nothing to say, its start is the plan.
	silent := &milp.Result{Status: milp.TimeLimit, Objective: math.Inf(1), DualBound: math.Inf(-1)}
	check(t, mustPlanner[*MIP](t)(NewMIP(p, "silent", liar{silent}, milp.Options{})))
}
