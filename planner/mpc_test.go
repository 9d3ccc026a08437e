package planner

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hinge/control"
	"hinge/internal/assert"
)

// scripted is a planner that does what a test tells it.
type scripted struct {
	plan   func(ctx context.Context, call int, warm *control.Plan) (*control.Plan, error)
	calls  int
	before [][]float64
}

func (s *scripted) Plan(ctx context.Context, _ []float64, warm *control.Plan) (*control.Plan, error) {
	s.calls++
	return s.plan(ctx, s.calls-1, warm)
}

func (s *scripted) SetBefore(u []float64) { s.before = append(s.before, append([]float64(nil), u...)) }

// planOf returns a verified plan of the given actions, one coordinate each.
func planOf(actions ...float64) *control.Plan {
	tr := control.NewTrajectory(1, 1, len(actions))
	copy(tr.U, actions)
	return &control.Plan{Trajectory: tr, Verified: true}
}

// act runs steps of an episode and returns actions and records.
func act(t *testing.T, pl control.Planner, opts MPCOptions, steps int) (actions []float64, records []PlanRecord) {
	t.Helper()
	opts.OnPlan = func(r PlanRecord) { records = append(records, r) }
	m, err := NewMPC(pl, control.NewBox(1, -1, 1), opts)
	if err != nil {
		t.Fatal(err)
	}
	u := make([]float64, 1)
	for step := range steps {
		if err := m.Act(context.Background(), u, []float64{0}, step); err != nil {
			t.Fatal(err)
		}
		actions = append(actions, u[0])
	}
	return actions, records
}

func TestMPCShiftsItsWarmStart(t *testing.T) {
	var warm []*control.Plan
	s := &scripted{plan: func(_ context.Context, call int, w *control.Plan) (*control.Plan, error) {
		warm = append(warm, w)
		return planOf(0.1*float64(call+1), 0.5, 0.7), nil
	}}
	actions, records := act(t, s, MPCOptions{}, 3)
	if !reflect.DeepEqual(actions, []float64{0.1, 0.2, 0.1 * float64(3)}) {
		t.Errorf("actions %v", actions)
	}
	if warm[0] != nil || !reflect.DeepEqual(warm[1].U, []float64{0.5, 0.7, 0.7}) {
		t.Errorf("warm starts %v, %v", warm[0], warm[1])
	}
	if want := [][]float64{nil, {0.1}, {0.2}}; !reflect.DeepEqual(s.before, want) {
		t.Errorf("actions before the plans %v, want %v", s.before, want)
	}
	for i, r := range records {
		if r.T != i || r.Plan == nil || r.Fallback != NoFallback || r.Reason != nil {
			t.Errorf("record %d: %+v", i, r)
		}
	}
}

func TestMPCFallsBack(t *testing.T) {
	spoiled := func(f func(*control.Plan)) func() (*control.Plan, error) {
		return func() (*control.Plan, error) {
			p := planOf(0.9, 0.9, 0.9)
			f(p)
			return p, nil
		}
	}
	for name, bad := range map[string]func() (*control.Plan, error){
		"no plan":        func() (*control.Plan, error) { return nil, nil },
		"error":          func() (*control.Plan, error) { return nil, errors.New("broken") },
		"not verified":   spoiled(func(p *control.Plan) { p.Verified = false }),
		"NaN cost":       spoiled(func(p *control.Plan) { p.Objective = math.NaN() }),
		"outside":        spoiled(func(p *control.Plan) { p.U[2] = 1.01 }),
		"NaN action":     spoiled(func(p *control.Plan) { p.U[0] = math.NaN() }),
		"too wide":       spoiled(func(p *control.Plan) { p.Trajectory = control.NewTrajectory(1, 2, 3) }),
		"no actions":     spoiled(func(p *control.Plan) { p.Trajectory = control.NewTrajectory(1, 1, 0) }),
		"no trajectory":  spoiled(func(p *control.Plan) { p.Trajectory = nil }),
		"infinite costs": spoiled(func(p *control.Plan) { p.Objective = math.Inf(1) }),
	} {
		s := &scripted{plan: func(_ context.Context, call int, _ *control.Plan) (*control.Plan, error) {
			if call == 1 {
				return planOf(0.1, 0.2, 0.3), nil
			}
			return bad()
		}}
		actions, records := act(t, s, MPCOptions{Hold: []float64{-5}}, 5)
		if want := []float64{-1, 0.1, 0.2, 0.3, 0.3}; !reflect.DeepEqual(actions, want) {
			t.Errorf("%s: actions %v, want hold, plan, its rest: %v", name, actions, want)
		}
		for i, want := range []Fallback{HeldAction, NoFallback, PreviousPlan, PreviousPlan, PreviousPlan} {
			if records[i].Fallback != want || (records[i].Reason == nil) != (want == NoFallback) {
				t.Errorf("%s: step %d: fallback %v, reason %v; want %v", name, i, records[i].Fallback, records[i].Reason, want)
			}
		}
	}
}

func TestMPCStrict(t *testing.T) {
	s := &scripted{plan: func(context.Context, int, *control.Plan) (*control.Plan, error) { return nil, errors.New("broken") }}
	reported := 0
	m, err := NewMPC(s, control.NewBox(1, -1, 1), MPCOptions{Strict: true, OnPlan: func(PlanRecord) { reported++ }})
	if err != nil {
		t.Fatal(err)
	}
	err = m.Act(context.Background(), make([]float64, 1), []float64{0}, 0)
	if err == nil || !strings.Contains(err.Error(), "broken") || reported != 1 {
		t.Errorf("error %v, %d reports; want the planner's reason and one report", err, reported)
	}
}

func TestMPCForgetsAtTheStartOfAnEpisode(t *testing.T) {
	var warm []*control.Plan
	s := &scripted{plan: func(_ context.Context, _ int, w *control.Plan) (*control.Plan, error) {
		warm = append(warm, w)
		return planOf(0.1, 0.2), nil
	}}
	m, err := NewMPC(s, control.NewBox(1, -1, 1), MPCOptions{})
	if err != nil {
		t.Fatal(err)
	}
	u := make([]float64, 1)
	for _, step := range []int{0, 1, 0} {
		if err := m.Act(context.Background(), u, []float64{0}, step); err != nil {
			t.Fatal(err)
		}
	}
	if warm[0] != nil || warm[1] == nil || warm[2] != nil {
		t.Errorf("warm starts %v", warm)
	}
	if s.before[0] != nil || s.before[1] == nil || s.before[2] != nil {
		t.Errorf("actions before the plans %v", s.before)
	}
}

// TestMPCForgetsAfterAJump: what the planner remembers comes back with the rest of its
// plan, but not where the state is nowhere near what was expected, nor in a new episode.
func TestMPCForgetsAfterAJump(t *testing.T) {
	var memory []any
	s := &scripted{plan: func(_ context.Context, call int, w *control.Plan) (*control.Plan, error) {
		memory = append(memory, nil)
		if w != nil {
			memory[call] = w.Memory
		}
		p := planOf(0.1, 0.2)
		copy(p.X, []float64{float64(call), float64(call) + 1, float64(call) + 2}) // a step moves the state by 1
		p.Memory = call
		return p, nil
	}}
	m, err := NewMPC(s, control.NewBox(1, -1, 1), MPCOptions{})
	if err != nil {
		t.Fatal(err)
	}
	u := make([]float64, 1)
	for i, x := range []float64{0, 1, 2.5, 0, 4, 5} {
		step := i
		if i == 5 {
			step = 0
		}
		if err := m.Act(context.Background(), u, []float64{x}, step); err != nil {
			t.Fatal(err)
		}
	}
	if want := []any{nil, 0, 1, nil, 3, nil}; !slices.Equal(memory, want) {
		t.Errorf("the planner is given back %v; want %v", memory, want)
	}
}

func TestMPCTimeout(t *testing.T) {
	s := &scripted{plan: func(ctx context.Context, call int, _ *control.Plan) (*control.Plan, error) {
		if call == 0 {
			<-ctx.Done()
		}
		return planOf(0.3), nil
	}}
	const timeout = 300 * time.Millisecond // the second plan must not be late on a busy machine
	actions, records := act(t, s, MPCOptions{Timeout: timeout}, 2)
	if !records[0].Late || records[0].Time < timeout || records[1].Late || actions[0] != 0.3 {
		t.Errorf("actions %v, records %+v", actions, records)
	}
}

func TestMPCClosesTheLoop(t *testing.T) {
	p, x0 := testProblem(5)
	distance := func(x []float64) float64 { return math.Abs(x[0]-0.8) + math.Abs(x[1]-0.8) + math.Abs(x[2]-0.8) }
	run := func(name string) *control.Trajectory {
		m, err := NewMPC(openPlanner(t, name, p, 2), p.Action, MPCOptions{Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		tr, err := control.Rollout(context.Background(), NewNetSystem(p.Step, 3, 2), m, x0, 8, control.RolloutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	held := distance(run("hold").State(8))
	for _, name := range []string{"bnb", "cem", "mppi"} {
		tr := run(name)
		if end := distance(tr.State(8)); !(end < 0.6*held) {
			t.Errorf("%s: ends %g from the target, holding %g", name, end, held)
		}
		if again := run(name); !reflect.DeepEqual(again.U, tr.U) {
			t.Errorf("%s: a second episode differs", name)
		}
	}
}

func TestMPCRefusesBadOptions(t *testing.T) {
	s := &scripted{}
	if _, err := NewMPC(s, control.Box{Lower: []float64{1}, Upper: []float64{0}}, MPCOptions{}); err == nil {
		t.Error("no error for an empty box")
	}
	if _, err := NewMPC(s, control.NewBox(1, -1, 1), MPCOptions{Timeout: -1}); err == nil {
		t.Error("no error for a negative timeout")
	}
	if _, err := NewMPC(s, control.NewBox(1, -1, 1), MPCOptions{Hold: make([]float64, 2)}); err == nil {
		t.Error("no error for a held action of another size")
	}
	assert.Panics(t, "planner: NewMPC: no planner", func() { _, _ = NewMPC(nil, control.NewBox(1, -1, 1), MPCOptions{}) })
}
