package scenario

import (
	"context"
	"time"

	"hinge/control"
	"hinge/planner"
)

// Step is one step of an episode.
type Step struct {
	T         int
	X         []float64 // plant state before the action
	U         []float64 // action applied
	Next      []float64 // plant state after it
	Model     []float64 // model state after it, without noise
	StageCost float64   // of action and model state after it
	Error     float64   // of the model state after it, in the task's unit

	Plan     *control.Plan // nil where nothing was planned
	PlanTime time.Duration // wall clock
	Fallback planner.Fallback
	Escaped  bool  // the action is not quite the plan's: the one before moved nothing
	Confined bool  // the plan is one of those that do not repeat what moved nothing
	Reason   error // why the plan was not used; nil if it was
	// Certified says that a sound bound met a gap tolerance of the scenario by
	// the deadline, and that the action applied is the one the bound speaks of.
	Certified bool
}

// Outcome is an episode that was run.
type Outcome struct {
	Scenario *Scenario
	Loop     *Loop
	Steps    []Step
	Success  bool

	StartError float64 // of the start, in the task's unit
	FinalError float64
	Cost       float64 // sum of the stage costs
	// CertifiedFraction is the share of plans that are certified; NaN without
	// plans.
	CertifiedFraction float64
	ActionsReplaced   int // steps that escaped
	PlansConfined     int // steps whose plan was confined
	ModelError        ModelError

	// Trace is the course of a search of bnb, that of step TraceStep: the longest
	// one that met a gap tolerance, or the longest of all if none did.
	Trace     []planner.Progress
	TraceStep int
}

// RunOptions are the choices of [Scenario.Run].
type RunOptions struct {
	// OnStep is called after every step; nil for none.
	OnStep func(*Step)
}

// Run executes one closed-loop episode. If ctx is cancelled it returns what
// happened until then together with the cause.
func (s *Scenario) Run(ctx context.Context, opts RunOptions) (*Outcome, error) {
	loop, err := s.Open()
	if err != nil {
		return nil, err
	}
	return loop.Run(ctx, opts)
}

// Run is [Scenario.Run] of a scenario that is open already.
func (l *Loop) Run(ctx context.Context, opts RunOptions) (*Outcome, error) {
	r, err := l.newRunner(opts)
	if err != nil {
		return nil, err
	}
	pol, err := l.policy(r.planned, r.progressed)
	if err != nil {
		return nil, err
	}
	pol = control.Observed(pol, l.observer())
	_, err = control.Rollout(ctx, l.Task.System, pol, l.Episode.Start, l.scenario.MaxSteps, control.RolloutOptions{
		OnStep: r.step,
		Until:  func([]float64) bool { return r.outcome.Success },
	})
	r.outcome.summarize()
	return r.outcome, err
}

// observer returns what the planner sees the plant through.
func (l *Loop) observer() control.Observer {
	if l.scenario.Noise == 0 {
		return l.Task.Observer
	}
	return &noisy{Observer: l.Task.Observer, std: l.scenario.Noise, rng: l.scenario.stream(noiseStream)}
}

// runner records an episode as it goes on.
type runner struct {
	loop    *Loop
	opts    RunOptions
	outcome *Outcome
	truth   control.Observer // without noise, with a memory of its own
	cost    *control.Cost    // of a single step
	plan    planner.PlanRecord
	trace   []planner.Progress // of the plan under way
	closed  bool               // the search that is kept met a gap tolerance
}

// planned keeps what the policy says of the plan it just made.
func (r *runner) planned(p planner.PlanRecord) {
	r.plan = p
	closed := p.Plan != nil && r.loop.scenario.closed(p.Plan)
	if len(r.trace) > 0 && (!r.closed && closed || r.closed == closed && elapsed(r.trace) > elapsed(r.outcome.Trace)) {
		r.outcome.Trace, r.outcome.TraceStep, r.closed = r.trace, p.T, closed
	}
	r.trace = nil
}

// elapsed returns the time a search took.
func elapsed(trace []planner.Progress) time.Duration {
	if len(trace) == 0 {
		return -1
	}
	return trace[len(trace)-1].Elapsed
}

// progressed keeps the course of a search, thinned out as it grows.
func (r *runner) progressed(p planner.Progress) {
	if len(r.trace) == maxTrace {
		for i := range maxTrace / 2 {
			r.trace[i] = r.trace[2*i+1]
		}
		r.trace = r.trace[:maxTrace/2]
	}
	r.trace = append(r.trace, p)
}

// maxTrace is more than a picture can show.
const maxTrace = 1024

func (l *Loop) newRunner(opts RunOptions) (*runner, error) {
	judge, err := l.scenario.newTask(l.Model)
	if err != nil {
		return nil, err
	}
	start := l.Start()
	startError := l.Task.Error(start, l.Episode.Goal)
	judge.Observer.Reset()
	judge.Observer.Observe(make([]float64, len(start)), l.Episode.Start, nil)
	return &runner{
		loop: l, opts: opts, truth: judge.Observer, cost: l.Task.Cost(l.Episode.Goal, 1),
		outcome: &Outcome{
			Scenario: l.scenario, Loop: l, StartError: startError, FinalError: startError,
		},
	}, nil
}

// step is called by the roll-out; its slices are copied.
func (r *runner) step(t int, x, u, next []float64) {
	model := make([]float64, r.cost.Nx)
	r.truth.Observe(model, next, u)
	var before []float64
	if n := len(r.outcome.Steps); n > 0 {
		before = r.outcome.Steps[n-1].U
	}
	goal := r.loop.Episode.Goal
	s := Step{
		T: t, X: clone(x), U: clone(u), Next: clone(next), Model: model,
		StageCost: r.cost.Stage(1, model, u, before),
		Error:     r.loop.Task.Error(model, goal),
		Plan:      r.plan.Plan, PlanTime: r.plan.Time, Fallback: r.plan.Fallback, Escaped: r.plan.Escaped, Confined: r.plan.Confined, Reason: r.plan.Reason,
	}
	s.Certified = r.loop.scenario.certified(&s)
	r.plan = planner.PlanRecord{}
	r.outcome.Steps = append(r.outcome.Steps, s)
	r.outcome.FinalError = s.Error
	r.outcome.Success = r.loop.Task.Success(model, goal)
	if r.opts.OnStep != nil {
		r.opts.OnStep(&r.outcome.Steps[len(r.outcome.Steps)-1])
	}
}

// certified reports whether what was done at a step is proven good enough in time.
// A proof about a plan says nothing about an action that took its place.
func (s *Scenario) certified(step *Step) bool {
	p := step.Plan
	if p == nil || !p.Certified || step.Reason != nil || step.Escaped {
		return false
	}
	if deadline := s.Deadline(); deadline > 0 && step.PlanTime > deadline {
		return false
	}
	return s.closed(p)
}

// closed reports whether the gap of a plan meets a tolerance.
func (s *Scenario) closed(p *control.Plan) bool {
	return p.RelGap() <= s.Planner.Gap || p.AbsGap() <= s.Planner.AbsGap
}

func clone(v []float64) []float64 { return append([]float64(nil), v...) }
