package scenario

import "math"

// ModelError is the mean distance between what the model predicts and what the
// plant does, in the task's unit: after one step, and after the planner's
// horizon of the actions that were applied. NaN where there is nothing to
// compare.
type ModelError struct {
	OneStep, Horizon float64
}

// summarize computes what follows from the steps.
func (o *Outcome) summarize() {
	o.Cost, o.ActionsReplaced, o.PlansConfined = 0, 0, 0
	plans, certified := 0, 0
	for i := range o.Steps {
		o.Cost += o.Steps[i].StageCost
		if o.Steps[i].Plan != nil || o.Steps[i].Reason != nil {
			plans++
		}
		if o.Steps[i].Certified {
			certified++
		}
		if o.Steps[i].Confined {
			o.PlansConfined++
		}
		if o.Steps[i].Escaped {
			o.ActionsReplaced++
		}
	}
	o.CertifiedFraction = math.NaN()
	if plans > 0 {
		o.CertifiedFraction = float64(certified) / float64(plans)
	}
	o.ModelError = ModelError{OneStep: o.predictionError(1), Horizon: o.predictionError(o.Scenario.Planner.Horizon)}
}

// predictionError returns the mean error of predictions over k steps from every
// state of the episode, each made in the frame of its start.
func (o *Outcome) predictionError(k int) float64 {
	if o.Loop.Model == nil || len(o.Steps) < k {
		return math.NaN()
	}
	states := o.states()
	x, u := make([]float64, len(states[0])), make([]float64, len(o.Steps[0].U))
	sum := 0.0
	windows := len(o.Steps) - k + 1
	for t := range windows {
		f := o.Loop.Task.Align.Of(states[t])
		f.Points(x, states[t])
		for i := range k {
			f.Vectors(u, o.Steps[t+i].U)
			o.Loop.Model.Step(x, x, u)
		}
		f.WorldPoints(x, x)
		sum += o.Loop.Task.Error(x, states[t+k])
	}
	return sum / float64(windows)
}

// states returns the model states x_0 .. x_T of the episode.
func (o *Outcome) states() [][]float64 {
	states := [][]float64{o.Loop.Start()}
	for i := range o.Steps {
		states = append(states, o.Steps[i].Model)
	}
	return states
}

// Predicted returns the stage costs the plan of step t expected for that step and
// the following ones; nil if nothing was planned there.
func (o *Outcome) Predicted(t int) []float64 {
	plan := o.Steps[t].Plan
	if plan == nil || plan.Trajectory == nil {
		return nil
	}
	cost := o.Loop.Task.Cost(o.Loop.Episode.Goal, 1)
	costs := make([]float64, plan.Len())
	var before []float64
	if t > 0 {
		before = o.Steps[t-1].U
	}
	for k := range costs {
		costs[k] = cost.Stage(1, plan.State(k+1), plan.Action(k), before)
		before = plan.Action(k)
	}
	return costs
}
