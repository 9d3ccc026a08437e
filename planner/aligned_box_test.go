package planner

import (
	"context"
	"errors"
	"strings"
	"testing"

	"hinge/control"
)

// turnedPlans returns the problem, an optimal plan from one start, and another start
// from whose frame the plan leaves the box.
func turnedPlans(t *testing.T) (p Problem, first *control.Plan, y0 []float64) {
	p, x0 := alignedProblem(3)
	pl := mustPlanner[control.Planner](t)(New("bnb", p, Options{RelGap: 1e-3}))
	first, err := pl.Plan(t.Context(), x0, nil)
	if err != nil {
		t.Fatal(err)
	}
	y0 = []float64{-0.4, 0.3, 0.5, 0.1}
	if inTurnedBox(p, y0, first) {
		t.Fatal("the plan stays in the turned box: nothing is tested")
	}
	return p, first, y0
}

func inTurnedBox(p Problem, x0 []float64, plan *control.Plan) bool {
	seen := plan.In(p.Align(x0))
	return p.Action.Repeat(plan.Len()).Contains(seen.U, 1e-12)
}

// TestAlignedWarmStartStaysInTheBox: the box turns between two plans, so the rest of the
// last may be no plan any more.
func TestAlignedWarmStartStaysInTheBox(t *testing.T) {
	p, warm, y0 := turnedPlans(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"bnb", "random", "cem", "mppi"} {
		pl := mustPlanner[control.Planner](t)(New(name, p, Options{Samples: 8, Iterations: 1, RelGap: 1e-2}))
		for _, ctx := range []context.Context{t.Context(), over} {
			plan, err := pl.Plan(ctx, y0, warm)
			if err != nil {
				t.Fatal(err)
			}
			if !inTurnedBox(p, y0, plan) {
				t.Errorf("%s, stopped %v: actions %v, seen from the start, leave the box", name, ctx.Err() != nil, plan.In(p.Align(y0)).U)
			}
		}
	}
}

// TestConfinedWithoutTime: also a plan for which there was no time keeps out of what is
// ruled out.
func TestConfinedWithoutTime(t *testing.T) {
	p, warm, y0 := turnedPlans(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	part := p.Action.Clone()
	part.Lower[0] = 0.4
	for _, start := range []*control.Plan{nil, warm} {
		pl := mustPlanner[control.Planner](t)(New("bnb", p, Options{}))
		pl.(Confiner).ConfineFirst(&part)
		plan, err := pl.Plan(over, y0, start)
		if err != nil {
			t.Fatal(err)
		}
		u := plan.In(p.Align(y0)).Action(0)
		if !part.Contains(u, 1e-12) || !plan.Verified {
			t.Errorf("warm %v: first action %v, verified %v; the part is %v .. %v", start != nil, u, plan.Verified, part.Lower, part.Upper)
		}
	}
}

// failing returns its plan once, if it has one, and fails from then on.
type failing struct{ plan *control.Plan }

func (f *failing) Plan(context.Context, []float64, *control.Plan) (*control.Plan, error) {
	plan := f.plan
	if f.plan = nil; plan == nil {
		return nil, errors.New("no plan")
	}
	return plan, nil
}

// TestFallbacksInTheTurnedBox: what is applied without a plan lies in the box of the
// state's frame, and the held action is one of that frame.
func TestFallbacksInTheTurnedBox(t *testing.T) {
	p, first, y0 := turnedPlans(t)
	hold := []float64{0.6, -0.9}
	act := func(plan *control.Plan, states ...[]float64) []float64 {
		m, err := NewMPC(&failing{plan}, p.Action, MPCOptions{Align: p.Align, Hold: hold})
		if err != nil {
			t.Fatal(err)
		}
		u := make([]float64, 2)
		for step, x := range states {
			if err := m.Act(t.Context(), u, x, step); err != nil {
				t.Fatal(err)
			}
			p.Align(x).Vectors(u, u)
			if !p.Action.Contains(u, 1e-12) {
				t.Errorf("step %d: action %v, seen from the state, leaves the box", step, u)
			}
		}
		return u
	}
	act(first, first.State(0), y0, y0)
	if u := act(nil, y0); !control.NewBox(2, -1e-12, 1e-12).Contains([]float64{u[0] - hold[0], u[1] - hold[1]}, 0) {
		t.Errorf("held action, seen from the state, is %v, want %v", u, hold)
	}
}

// TestAlignedNeedsPoints: what cannot be turned is refused before the first plan.
func TestAlignedNeedsPoints(t *testing.T) {
	for name, change := range map[string]func(p *Problem){
		"odd state": func(p *Problem) { p.Step, p.Cost = testStep(3, 2, []int{4}, 9), linearCost(3, 2, 2) },
		"odd action": func(p *Problem) {
			p.Step, p.Cost, p.Action = testStep(4, 1, []int{4}, 9), linearCost(4, 1, 2), control.NewBox(1, -1, 1)
		},
		"whole actions": func(p *Problem) { p.Integer = []int{0} },
	} {
		p, _ := alignedProblem(2)
		p.Judge = nil
		change(&p)
		if _, err := New("bnb", p, Options{}); err == nil || !strings.Contains(err.Error(), "frames") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConfinedInTheTurnedBox: where the box has turned since an action failed, the action
// may be outside; what is left is a part of the box all the same.
func TestConfinedInTheTurnedBox(t *testing.T) {
	box := control.NewBox(2, -1, 1)
	for seed := range uint64(16) {
		e := escape{share: 0.05}
		e.forget(seed)
		e.failures, e.tried = 1, []float64{1, -1}
		part, less := e.confine(box, control.NewFrame(0, 0, 0.75))
		if !less || !box.Contains(part.Lower, 0) || !box.Contains(part.Upper, 0) {
			t.Fatalf("seed %d: %v, part %v .. %v", seed, less, part.Lower, part.Upper)
		}
	}
}

// TestFallbackThatMovesEndsTheEscape: what failed is ruled out where it failed, not
// where a fallback has led since.
func TestFallbackThatMovesEndsTheEscape(t *testing.T) {
	for _, moved := range []bool{false, true} {
		var last PlanRecord
		c := &confinable{}
		m, err := NewMPC(c, control.NewBox(1, -1, 1), MPCOptions{OnPlan: func(r PlanRecord) { last = r }})
		if err != nil {
			t.Fatal(err)
		}
		states := []float64{0, 0, 0, 0}
		if moved {
			states[3] = 5
		}
		u := make([]float64, 1)
		for step, x := range states {
			if m.planner = c; step == 2 {
				m.planner = &failing{}
			}
			if err := m.Act(t.Context(), u, []float64{x}, step); err != nil {
				t.Fatal(err)
			}
		}
		if last.Confined == moved {
			t.Errorf("moved %v: the plan after the fallback is confined: %v", moved, last.Confined)
		}
	}
}
