package scenario

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"hinge/control"
	"hinge/dynamics"
	"hinge/planner"
	"hinge/tasks"
)

// testModel returns the path of a small model, trained once.
var testModel = sync.OnceValues(func() (*dynamics.Model, error) {
	task, err := tasks.New("push-t")
	if err != nil {
		return nil, err
	}
	data, err := dynamics.Collect(context.Background(), task.System,
		func() control.Observer { return task.Observer },
		dynamics.Exploring(func(rng *rand.Rand) []float64 { return task.Episode(rng).Start }, task.Explore),
		dynamics.CollectOptions{Episodes: 200, Steps: 10, Seed: 1, Meta: dynamics.DataMeta{Signals: dynamics.Signals{Task: task.Name}}})
	if err != nil {
		return nil, err
	}
	m, _, err := dynamics.Fit(context.Background(), data, dynamics.FitOptions{
		Features: task.Features, Base: task.Base, Hidden: []int{8},
		TrainOptions: dynamics.TrainOptions{Epochs: 5, Seed: 1},
	})
	return m, err
})

// quick loads a scenario with a small model and counted budgets: it repeats
// exactly.
func quick(t *testing.T, assignments ...string) *Scenario {
	t.Helper()
	m, err := testModel()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	base := []string{
		"model=" + path, "dense_model=" + path, "planner.time=0", "planner.horizon=2", "max_steps=4",
		"planner.samples=64", "planner.iterations=3", "planner.nodes=60",
	}
	s, err := Load("push-t", sets(t, append(base, assignments...)...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func run(t *testing.T, s *Scenario) *Outcome {
	t.Helper()
	o, err := s.Run(t.Context(), RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// actions returns the actions of an episode one after the other.
func actions(o *Outcome) []float64 {
	var all []float64
	for _, s := range o.Steps {
		all = append(all, s.U...)
	}
	return all
}

func TestEveryPlannerRunsAndRepeats(t *testing.T) {
	for _, name := range Planners() {
		if name == "highs" || name == "cbc" {
			continue // may not be installed; the registry's tests cover it
		}
		first, second := run(t, quick(t, "planner.name="+name)), run(t, quick(t, "planner.name="+name))
		if len(first.Steps) == 0 || !reflect.DeepEqual(actions(first), actions(second)) {
			t.Errorf("%s: the same scenario gives other actions", name)
		}
		if name == "hold" {
			continue // it has nothing to draw
		}
		third := run(t, quick(t, "planner.name="+name, "seed=2"))
		if reflect.DeepEqual(actions(first), actions(third)) {
			t.Errorf("%s: another seed gives the same actions", name)
		}
	}
}

func TestOutcomeFollowsFromItsSteps(t *testing.T) {
	o := run(t, quick(t, "planner.name=cem"))
	cost := 0.0
	for i := range o.Steps {
		s := &o.Steps[i]
		cost += s.StageCost
		if i > 0 && !reflect.DeepEqual(s.X, o.Steps[i-1].Next) {
			t.Fatalf("step %d does not start where the one before ended", i)
		}
		if s.Plan == nil || !s.Plan.Verified || s.Reason != nil {
			t.Fatalf("step %d: %+v, %v", i, s.Plan, s.Reason)
		}
		// The plan's objective weights its own stage costs.
		sum := 0.0
		for k, c := range o.Predicted(i) {
			sum += c * o.Loop.Problem.Cost.Terms[0].TimeWeight[k]
		}
		if math.Abs(sum-s.Plan.Objective) > 1e-9 {
			t.Errorf("step %d: predicted costs %v, objective %g", i, o.Predicted(i), s.Plan.Objective)
		}
	}
	last := o.Steps[len(o.Steps)-1]
	if o.Cost != cost || o.FinalError != last.Error || o.Success != (last.Error <= o.Loop.Task.Tolerance) {
		t.Errorf("cost %g of %g, final error %g of %g, success %v", o.Cost, cost, o.FinalError, last.Error, o.Success)
	}
	if o.CertifiedFraction != 0 {
		t.Errorf("a sampling planner certified %g of its plans", o.CertifiedFraction)
	}
	checkOneStepError(t, o)
}

// checkOneStepError compares the model error with what the plans expected of their
// first actions, where those were applied, and else with the model in the frame of the
// state.
func checkOneStepError(t *testing.T, o *Outcome) {
	t.Helper()
	x, sum, followed := o.Loop.Start(), 0.0, 0
	for _, s := range o.Steps {
		predicted := s.Plan.State(1)
		if slices.Equal(s.U, s.Plan.Action(0)) {
			followed++
		} else {
			f, u := o.Loop.Task.Align(x), slices.Clone(s.U)
			f.Points(x, x)
			f.Vectors(u, u)
			o.Loop.Model.Step(predicted, x, u)
			f.WorldPoints(predicted, predicted)
		}
		sum += o.Loop.Task.Error(predicted, s.Model)
		x = slices.Clone(s.Model)
	}
	if followed == 0 {
		t.Fatal("no plan was followed")
	}
	if want := sum / float64(len(o.Steps)); math.Abs(want-o.ModelError.OneStep) > 1e-12 || !(o.ModelError.Horizon > 0) {
		t.Errorf("model error %+v, want %g after one step", o.ModelError, want)
	}
}

func TestCertifiedNeedsASoundBoundWithinTheGap(t *testing.T) {
	loose := run(t, quick(t, "planner.name=bnb", "planner.gap=1"))
	strict := run(t, quick(t, "planner.name=bnb", "planner.gap=0", "planner.abs_gap=0", "planner.nodes=1"))
	certified := 0
	for _, step := range loose.Steps {
		if step.Certified == step.Escaped {
			t.Errorf("step %d: certified %v with a loose gap, escaped %v", step.T, step.Certified, step.Escaped)
		}
		if step.Certified {
			certified++
		}
	}
	if want := float64(certified) / float64(len(loose.Steps)); certified == 0 || loose.CertifiedFraction != want || strict.CertifiedFraction != 0 {
		t.Errorf("certified %g with a loose gap and %g with none; want %g and 0", loose.CertifiedFraction, strict.CertifiedFraction, want)
	}
	if len(loose.Trace) == 0 && len(strict.Trace) == 0 {
		t.Error("no search left a trace")
	}
}

func TestWhatIsNotTheProvenActionIsNotCertified(t *testing.T) {
	s := quick(t)
	proven := Step{Plan: &control.Plan{Objective: 1, DualBound: 1, Certified: true}}
	if !s.certified(&proven) {
		t.Fatal("a plan that is proven best is not certified")
	}
	for name, spoil := range map[string]func(*Step){
		"nothing planned": func(s *Step) { s.Plan = nil },
		"bound not sound": func(s *Step) { p := *s.Plan; p.Certified = false; s.Plan = &p },
		"gap too wide":    func(s *Step) { p := *s.Plan; p.DualBound = 0.5; s.Plan = &p },
		"plan not used":   func(s *Step) { s.Reason = errors.New("off") },
		"action replaced": func(s *Step) { s.Escaped = true },
	} {
		step := proven
		spoil(&step)
		if s.certified(&step) {
			t.Errorf("%s: certified", name)
		}
	}
	s.Planner.Time = 1
	late := proven
	if late.PlanTime = 2 * time.Second; s.certified(&late) {
		t.Error("certified after the deadline")
	}
}

func TestTraceIsTheLongestSearchThatClosed(t *testing.T) {
	s := quick(t)
	search := func(elapsed time.Duration, gap float64) func(r *runner, step int) {
		return func(r *runner, step int) {
			r.progressed(planner.Progress{Elapsed: elapsed})
			r.planned(planner.PlanRecord{T: step, Plan: &control.Plan{Objective: 1, DualBound: 1 - gap}})
		}
	}
	for name, c := range map[string]struct {
		searches []func(*runner, int)
		want     int
	}{
		"one that closed":  {[]func(*runner, int){search(9, 0.5), search(2, 0), search(8, 0.5), search(1, 0)}, 1},
		"the longest":      {[]func(*runner, int){search(2, 0), search(3, 0), search(1, 0)}, 1},
		"none that closed": {[]func(*runner, int){search(2, 0.5), search(1, 0.5), search(3, 0.5)}, 2},
	} {
		r := &runner{loop: &Loop{scenario: s}, outcome: &Outcome{}}
		for step, do := range c.searches {
			do(r, step)
		}
		if r.outcome.TraceStep != c.want {
			t.Errorf("%s: step %d, want %d", name, r.outcome.TraceStep, c.want)
		}
	}
}

func TestBaselinesNeedNoModel(t *testing.T) {
	for _, name := range []string{"hold", "random"} {
		s, err := Load("push-t", sets(t, "planner.name="+name, "model=nowhere", "dense_model=nowhere", "max_steps=3")...)
		if err != nil {
			t.Fatal(err)
		}
		o := run(t, s)
		if s.ModelName() != "" || !math.IsNaN(o.CertifiedFraction) || !math.IsNaN(o.ModelError.OneStep) {
			t.Errorf("%s: model %q, certified %g, model error %+v", name, s.ModelName(), o.CertifiedFraction, o.ModelError)
		}
		if name == "hold" && (o.FinalError != o.StartError || o.Success) {
			t.Errorf("doing nothing moved the T from %g to %g", o.StartError, o.FinalError)
		}
	}
}

func TestNoiseChangesWhatThePlannerSees(t *testing.T) {
	clean := run(t, quick(t, "planner.name=cem"))
	noise := run(t, quick(t, "planner.name=cem", "noise=0.003"))
	if reflect.DeepEqual(actions(clean), actions(noise)) {
		t.Error("noise changes nothing")
	}
	if clean.StartError != noise.StartError {
		t.Error("noise changes the start")
	}
	if again := run(t, quick(t, "planner.name=cem", "noise=0.003")); !reflect.DeepEqual(actions(noise), actions(again)) {
		t.Error("the noise does not repeat")
	}
}

func TestPlansMeetTheDeadline(t *testing.T) {
	s := quick(t, "planner.name=cem", "planner.time=0.2", "planner.iterations=-1", "max_steps=2")
	if b := s.budget(); b >= s.Deadline() || b < s.Deadline()/2 {
		t.Fatalf("budget %v of a deadline of %v", b, s.Deadline())
	}
	for _, step := range run(t, s).Steps {
		// The clock of a plan starts a little after that of its deadline.
		if step.PlanTime < s.budget()/2 || step.PlanTime > s.Deadline()+time.Second {
			t.Errorf("a planner without a count took %v of %v", step.PlanTime, s.budget())
		}
	}
}

func TestInterruptedRunReturnsWhatHappened(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o, err := quick(t, "planner.name=cem").Run(ctx, RunOptions{OnStep: func(s *Step) {
		if s.T == 1 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || o == nil || len(o.Steps) != 2 {
		t.Errorf("%v, %+v", err, o)
	}
}

func TestModelOfAnotherTaskIsRefused(t *testing.T) {
	m, err := testModel()
	if err != nil {
		t.Fatal(err)
	}
	task, err := tasks.New("push-t")
	if err != nil {
		t.Fatal(err)
	}
	other := *m
	other.Meta.Task = "juggling"
	if err := CheckModel(&other, task); err == nil {
		t.Error("a model of another task is accepted")
	}
	if err := CheckModel(m, task); err != nil {
		t.Error(err)
	}
}
