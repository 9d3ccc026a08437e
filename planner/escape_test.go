package planner

import (
	"context"
	"math"
	"testing"

	"hinge/control"
)

// optimist plans to move its state by 1 with the action 0, whatever happens.
type optimist struct{}

func (optimist) Plan(_ context.Context, x0 []float64, _ *control.Plan) (*control.Plan, error) {
	tr := control.NewTrajectory(1, 1, 2)
	tr.X[0], tr.X[1], tr.X[2] = x0[0], x0[0]+1, x0[0]+2
	return &control.Plan{Trajectory: tr, Verified: true}, nil
}

// escapes runs an episode through the given states and returns what was applied.
func escapes(t *testing.T, m *MPC, states []float64) (actions []float64) {
	t.Helper()
	u := make([]float64, 1)
	for step, x := range states {
		if err := m.Act(t.Context(), u, []float64{x}, step); err != nil {
			t.Fatal(err)
		}
		actions = append(actions, u[0])
	}
	return actions
}

func TestEscapeLeavesThePlanOnlyWhereNothingMoved(t *testing.T) {
	var records []PlanRecord
	m, err := NewMPC(optimist{}, control.NewBox(1, -1, 1), MPCOptions{Escape: 0.05, Seed: 3, OnPlan: func(r PlanRecord) { records = append(records, r) }})
	if err != nil {
		t.Fatal(err)
	}
	// It moves, then stands still for six steps, then moves again.
	states := []float64{0, 1, 1.01, 1.01, 1.01, 1.01, 1.01, 1.01, 2}
	actions := escapes(t, m, states)
	share := 0.05
	for step, u := range actions {
		stuck := step >= 2 && step <= 7
		if records[step].Escaped != stuck || (u != 0) != stuck {
			t.Errorf("step %d: action %g, escaped %v; want %v", step, u, records[step].Escaped, stuck)
		}
		if !stuck {
			continue
		}
		if limit := 2 * min(share, 0.5); u > limit || u < -limit { // the box is 2 wide
			t.Errorf("step %d: action %g is more than %g from the plan's", step, u, limit)
		}
		share *= 2
	}
	records = nil
	for step, u := range escapes(t, m, states) {
		if u != actions[step] {
			t.Errorf("step %d: action %g in a second episode, %g in the first", step, u, actions[step])
		}
	}
}

func TestEscapeCanBeTurnedOff(t *testing.T) {
	m, err := NewMPC(optimist{}, control.NewBox(1, -1, 1), MPCOptions{Escape: -1})
	if err != nil {
		t.Fatal(err)
	}
	for step, u := range escapes(t, m, []float64{0, 0, 0, 0}) {
		if u != 0 {
			t.Errorf("step %d: action %g, want the plan's", step, u)
		}
	}
}

// confinable is an optimist that goes where it may.
type confinable struct {
	optimist
	part *control.Box
}

func (c *confinable) ConfineFirst(part *control.Box) bool {
	c.part = part
	return true
}

func (c *confinable) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	plan, err := c.optimist.Plan(ctx, x0, warm)
	if c.part != nil {
		c.part.Clamp(plan.U[:1], plan.U[:1])
	}
	return plan, err
}

// TestConfinedPlansAvoidWhatFailed: a planner that can be told where to look plans away
// from what failed, farther after every failure, and its plans are followed.
func TestConfinedPlansAvoidWhatFailed(t *testing.T) {
	var records []PlanRecord
	m, err := NewMPC(&confinable{}, control.NewBox(1, -1, 1), MPCOptions{Escape: 0.05, Seed: 3, OnPlan: func(r PlanRecord) { records = append(records, r) }})
	if err != nil {
		t.Fatal(err)
	}
	actions := escapes(t, m, []float64{0, 1, 1.01, 1.01, 1.01, 2})
	share := 0.05
	for step, u := range actions {
		stuck := step >= 2 && step <= 4
		if records[step].Confined != stuck || records[step].Escaped {
			t.Errorf("step %d: confined %v, escaped %v; want %v, false", step, records[step].Confined, records[step].Escaped, stuck)
		}
		if u != records[step].Plan.U[0] {
			t.Errorf("step %d: action %g is not the plan's, %g", step, u, records[step].Plan.U[0])
		}
		if !stuck {
			continue
		}
		if d := u - actions[step-1]; max(d, -d) < 2*share*(1-1e-12) { // the box is 2 wide
			t.Errorf("step %d: action %g is only %g from the one that failed", step, u, d)
		}
		share *= 2
	}
}

// TestBranchAndBoundConfined: the proof and the plan are those of the part, in the frame
// of the start, and the whole box is back when nothing failed.
func TestBranchAndBoundConfined(t *testing.T) {
	p, x0 := alignedProblem(2)
	pl := mustPlanner[control.Planner](t)(New("bnb", p, Options{RelGap: 1e-4}))
	plan := func() *control.Plan { return optimal(t, pl, x0) }
	whole, seen := plan(), make([]float64, 2)
	p.Align(x0).Vectors(seen, whole.Action(0))
	best := whole.Objective
	for j := range seen {
		halves := math.Inf(1)
		for side := range 2 {
			part := p.Action.Clone()
			if side == 0 {
				part.Upper[j] = min(seen[j]+0.1, 0.5)
			} else {
				part.Lower[j] = min(seen[j]+0.1, 0.5)
			}
			if !pl.(Confiner).ConfineFirst(&part) {
				t.Fatal("bnb cannot be confined")
			}
			half, u := plan(), make([]float64, 2)
			p.Align(x0).Vectors(u, half.Action(0))
			if !part.Contains(u, 1e-12) {
				t.Errorf("first action %v leaves the part %v .. %v", u, part.Lower, part.Upper)
			}
			halves = min(halves, half.Objective)
		}
		if math.Abs(halves-best) > 3e-4*best {
			t.Errorf("the better half, cut along %d, costs %g, the whole %g", j, halves, best)
		}
	}
	pl.(Confiner).ConfineFirst(nil)
	if again := plan().Objective; again != best {
		t.Errorf("after the parts the whole costs %g, before %g", again, best)
	}
}
