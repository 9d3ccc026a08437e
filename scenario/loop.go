package scenario

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"hinge/control"
	"hinge/dynamics"
	"hinge/planner"
	"hinge/tasks"
)

// Random streams of the scenario's seed.
const (
	episodeStream = iota
	noiseStream
	actionStream
)

// Loop is a scenario made real: everything a closed loop consists of.
type Loop struct {
	Task    *tasks.Task
	Episode tasks.Episode   // drawn from the scenario's seed
	Model   *dynamics.Model // nil for planners without one
	// Problem is what the planner plans for: the model, the actions and the cost
	// towards the episode's goal. Without a model it is empty.
	Problem planner.Problem

	scenario *Scenario
}

// Open draws the episode and reads the model the planner uses.
func (s *Scenario) Open() (*Loop, error) {
	key, name := s.modelKey()
	var model *dynamics.Model
	if key != "" {
		var err error
		if model, err = openModel(name); err != nil {
			return nil, fmt.Errorf("scenario %w", s.source.Errorf(key, "%w", err))
		}
	}
	task, err := s.newTask(model)
	if err != nil {
		return nil, fmt.Errorf("scenario %w", err)
	}
	l := &Loop{Task: task, Episode: task.Episode(s.stream(episodeStream)), Model: model, scenario: s}
	if model == nil {
		return l, nil
	}
	if err := CheckModel(model, task); err != nil {
		return nil, fmt.Errorf("scenario %w", s.source.Errorf(key, "%s %w", name, err))
	}
	l.Problem = planner.Problem{
		Step:   l.Model.Stepping(),
		Judge:  l.Model, // not folded: another way through the same weights
		Align:  task.Align,
		Action: task.Action,
		Cost:   task.Cost(l.Episode.Goal, s.Planner.Horizon),
	}
	return l, nil
}

// newTask returns a task that shares nothing with others: the one the scenario
// names, or that of its robot, whose plant is the model.
func (s *Scenario) newTask(model *dynamics.Model) (*tasks.Task, error) {
	if !s.Robot.given() {
		task, err := tasks.New(s.Task)
		if err != nil {
			return nil, s.source.Errorf("task", "%w", err)
		}
		return task, nil
	}
	r, m := s.Robot, model.Meta
	task, err := tasks.NewRobot(tasks.RobotOptions{
		Name: s.Task, System: model.Clone(), Start: r.Start, Goal: r.Goal, Weights: r.Weights,
		Action: control.Box{Lower: r.Lower, Upper: r.Upper}, Effort: r.Effort, Tolerance: r.Tolerance, MaxSteps: s.MaxSteps,
		StateNames: m.StateNames, StateUnits: m.StateUnits, ActionNames: m.ActionNames, ActionUnits: m.ActionUnits,
		Unit: m.Errors.Unit,
	})
	if err != nil {
		return nil, s.source.Errorf("robot", "%w", err)
	}
	return task, nil
}

// ModelName returns the name of the model the planner uses, "" if it uses none.
func (s *Scenario) ModelName() string {
	_, name := s.modelKey()
	return name
}

// stream returns a random stream that no other purpose shares.
func (s *Scenario) stream(purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(s.Seed, purpose))
}

// Start returns the model state of the episode's start.
func (l *Loop) Start() []float64 {
	_, nx := l.Task.Observer.Dims()
	x := make([]float64, nx)
	l.Task.Observer.Reset()
	l.Task.Observer.Observe(x, l.Episode.Start, nil)
	return x
}

// Options returns the planner's options as the scenario has them.
func (l *Loop) Options() planner.Options {
	p := l.scenario.Planner
	workers := p.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return planner.Options{
		Seed: l.scenario.Seed, Workers: workers,
		RelGap: orNever(p.Gap), AbsGap: orNever(p.AbsGap), NodeLimit: p.Nodes,
		Samples: p.Samples, Iterations: p.Iterations,
		CEM:  planner.CEMOptions{Std: p.Std, Correlation: p.Correlation, Elites: p.Elites},
		CMA:  planner.CMAOptions{Std: p.Std, Correlation: p.Correlation},
		MPPI: planner.MPPIOptions{Std: p.Std, Correlation: p.Correlation, Temperature: p.Temperature},
		PS:   planner.PSOptions{Std: p.Std, Correlation: p.Correlation},
	}
}

// orNever translates a tolerance: where 0 means never here, solvers take 0 for
// their default and a negative value for never.
func orNever(gap float64) float64 {
	if gap == 0 {
		return -1
	}
	return gap
}

// policy returns what chooses the actions. It reports every plan, and for bnb
// the progress within a plan.
func (l *Loop) policy(onPlan func(planner.PlanRecord), onProgress func(planner.Progress)) (control.Policy, error) {
	s := l.scenario
	switch s.Planner.Name {
	case holdName:
		return control.Aligned(hold(l.Task.Action), l.Task.Align), nil
	case randomName:
		return control.Aligned(random(l.Task.Action, s.stream(actionStream)), l.Task.Align), nil
	}
	opts := l.Options()
	opts.BnB.OnProgress = onProgress
	p, err := planner.New(s.Planner.Name, l.Problem, opts)
	if err != nil {
		return nil, fmt.Errorf("scenario %w", s.source.Errorf("planner.name", "%w", err))
	}
	mpc, err := planner.NewMPC(p, l.Task.Action, planner.MPCOptions{Timeout: s.budget(), Seed: s.Seed, OnPlan: onPlan, Align: l.Task.Align})
	if err != nil {
		return nil, fmt.Errorf("scenario %w", s.source.Errorf("planner", "%w", err))
	}
	return mpc, nil
}

// Deadline returns the time by which every plan must be there; 0 means none.
func (s *Scenario) Deadline() time.Duration {
	return time.Duration(s.Planner.Time * float64(time.Second))
}

// budget is the time a planner gets. It is a little less than the deadline, since
// stopping takes time as well: a planner that uses all it gets is still on time.
func (s *Scenario) budget() time.Duration {
	deadline := s.Deadline()
	margin := min(max(deadline/20, 2*time.Millisecond), 50*time.Millisecond, deadline/2)
	return deadline - margin
}
