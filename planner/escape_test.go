package planner

import (
	"context"
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
