package planner

import (
	"math"
	"testing"

	"hinge/control"
	"hinge/milp/bnb"
)

// alignedProblem is planned in the frame at the first of two points, towards the second.
func alignedProblem(horizon int) (Problem, []float64) {
	const nx, nu = 4, 2
	step := testStep(nx, nu, []int{4, 3}, 9)
	align := func(x []float64) control.Frame {
		return control.NewFrame(x[0], x[1], math.Atan2(x[3]-x[1], x[2]-x[0]))
	}
	return Problem{Step: step, Judge: &formula{step, nx, nu}, Align: align, Action: control.NewBox(nu, -1, 0.7),
		Cost: linearCost(nx, nu, horizon)}, []float64{-0.4, 0.3, 0.2, 0.9}
}

// optimal returns the plan of pl from x0, which must be proven and verified.
func optimal(t *testing.T, pl control.Planner, x0 []float64) *control.Plan {
	t.Helper()
	plan, err := pl.Plan(t.Context(), x0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !plan.Verified || plan.Status != control.Optimal {
		t.Fatalf("plan is %v, verified %v", plan.Status, plan.Verified)
	}
	return plan
}

// TestAlignedPlanTurnsWithTheWorld: turning and moving the whole world turns and moves
// the plan, and changes neither what it costs nor what is proven.
func TestAlignedPlanTurnsWithTheWorld(t *testing.T) {
	p, x0 := alignedProblem(2)
	plan := func(p Problem, x0 []float64) *control.Plan {
		return optimal(t, mustPlanner[control.Planner](t)(New("bnb", p, Options{RelGap: 1e-6})), x0)
	}
	a := plan(p, x0)
	q, turn := p, control.NewFrame(0.7, -2, 2.1) // the old world, seen from a frame in it
	q.Cost = p.Cost.In(turn)
	y0 := make([]float64, len(x0))
	turn.Points(y0, x0)
	b := plan(q, y0).World(turn)
	if math.Abs(a.Objective-b.Objective) > 2e-6*a.Objective || math.Abs(a.DualBound-b.DualBound) > 2e-6*a.Objective {
		t.Errorf("cost and bound are %g and %g, with a turned world %g and %g", a.Objective, a.DualBound, b.Objective, b.DualBound)
	}
	if got := p.Cost.Total(a.Trajectory, nil); math.Abs(got-a.Objective) > 1e-9*(1+got) {
		t.Errorf("the plan says it costs %g; in the world it costs %g", a.Objective, got)
	}
	f := p.Align(x0)
	for s := range a.Len() {
		u := make([]float64, 2)
		f.Vectors(u, a.Action(s))
		if !p.Action.Contains(u, 1e-12) {
			t.Errorf("action %v of step %d, seen from the frame, leaves the box", u, s)
		}
	}
	for i, x := range x0 {
		if math.Abs(a.X[i]-x) > 1e-12 {
			t.Errorf("the plan starts at %v, not at %v", a.State(0), x0)
			break
		}
	}
}

// TestAlignedWarmStart: a plan of the world is a start from which no planner falls back,
// whatever frame it plans in.
func TestAlignedWarmStart(t *testing.T) {
	p, x0 := alignedProblem(3)
	good := mustPlanner[control.Planner](t)(New("bnb", p, Options{RelGap: 1e-3}))
	first, err := good.Plan(t.Context(), x0, nil)
	if err != nil {
		t.Fatal(err)
	}
	weak := mustPlanner[control.Planner](t)(New("random", p, Options{Samples: 1, Iterations: 1, Seed: 3}))
	again, err := weak.Plan(t.Context(), x0, first)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := weak.Plan(t.Context(), x0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !(again.Objective <= first.Objective*(1+1e-9)) || !(alone.Objective > first.Objective*1.01) {
		t.Errorf("a plan of %g was lost: one random sample gives %g with it, %g without", first.Objective, again.Objective, alone.Objective)
	}
}

// TestAlignedNeedsNew: the planners themselves know one frame only, and say so.
func TestAlignedNeedsNew(t *testing.T) {
	p, _ := alignedProblem(2)
	if _, err := NewBranchAndBound(p, bnb.Options{}); err == nil {
		t.Error("NewBranchAndBound took a problem with frames")
	}
	at, _ := p.At([]float64{0, 0, 1, 0})
	if _, err := NewBranchAndBound(at, bnb.Options{}); err != nil {
		t.Error(err)
	}
}

// TestMPCActsInsideTheTurnedBox: what the policy applies lies in the box of the state's
// frame, also where it draws around a plan because the plant did not move.
func TestMPCActsInsideTheTurnedBox(t *testing.T) {
	p, x0 := alignedProblem(2)
	pl := mustPlanner[control.Planner](t)(New("bnb", p, Options{RelGap: 1e-2}))
	escaped := 0
	mpc, err := NewMPC(pl, p.Action, MPCOptions{Align: p.Align, Escape: 0.5, OnPlan: func(r PlanRecord) {
		if r.Fallback != NoFallback {
			t.Errorf("plan of step %d was not used: %v", r.T, r.Reason)
		}
		if r.Escaped {
			escaped++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	u, seen := make([]float64, 2), make([]float64, 2)
	for step := range 4 { // the plant never moves
		if err := mpc.Act(t.Context(), u, x0, step); err != nil {
			t.Fatal(err)
		}
		p.Align(x0).Vectors(seen, u)
		if !p.Action.Contains(seen, 1e-12) {
			t.Errorf("action %v, seen from the frame, leaves the box", seen)
		}
	}
	if escaped == 0 {
		t.Error("no action was drawn around a plan: nothing was tested")
	}
}

// TestBranchAndBoundRemembers: a plan carries how its tree was split, through frames and the
// shift to a warm start; the next one proves the same with it. Memories of other networks and
// horizons are of no use.
func TestBranchAndBoundRemembers(t *testing.T) {
	p, x0 := alignedProblem(2)
	p.Step = testStep(4, 2, []int{5}, 9)
	p.Judge, p.Action = &formula{p.Step, 4, 2}, control.NewBox(2, -9, 9) // where all units are undecided
	pl := mustPlanner[control.Planner](t)(New("bnb", p, Options{RelGap: 1e-6}))
	a := optimal(t, pl, x0)
	kept, ok := a.Shift().Memory.(searched)
	if !ok || kept.splits.Len() == 0 {
		t.Fatalf("the plan of %d nodes remembers %v", a.Nodes, a.Memory)
	}
	b, err := pl.Plan(t.Context(), x0, a.Shift())
	if err != nil {
		t.Fatal(err)
	}
	if b.Status != control.Optimal || math.Abs(b.Objective-a.Objective) > 2e-6*a.Objective || math.Abs(b.DualBound-a.DualBound) > 2e-6*a.Objective {
		t.Errorf("%v, cost and bound are %g and %g; before %g and %g", b.Status, b.Objective, b.DualBound, a.Objective, a.DualBound)
	}
	inner := func(horizon int) *BranchAndBound {
		q, _ := alignedProblem(horizon)
		q.Align = nil
		return mustPlanner[*BranchAndBound](t)(NewBranchAndBound(q, bnb.Options{}))
	}
	longer, other := inner(3), inner(2)
	longer.Step = p.Step
	other.Step = p.Step.Clone()
	for name, c := range map[string]*BranchAndBound{"another horizon": longer, "another network": other} {
		if c.recall(kept) != nil {
			t.Errorf("a memory serves %s", name)
		}
	}
	same := inner(2)
	same.Step = p.Step
	if same.recall(kept) != kept.splits || same.recall("foreign") != nil || same.recall(nil) != nil {
		t.Error("a memory does not serve its own network and horizon, or a foreign one does")
	}
}
