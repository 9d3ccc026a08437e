package planner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"hinge/control"
	"hinge/internal/cputime"
)

// clock measures one plan.
type clock struct {
	start time.Time
	cpu   time.Duration
}

func startClock() clock { return clock{time.Now(), cputime.Process()} }

func (c clock) elapsed() time.Duration { return time.Since(c.start) }

// stopped returns why a planner that has spent its counted budget, or whose ctx
// is done, stops.
func stopped(ctx context.Context) control.Status {
	switch err := ctx.Err(); {
	case err == nil:
		return control.Completed
	case errors.Is(err, context.DeadlineExceeded):
		return control.TimeLimit
	}
	return control.Interrupted
}

// checkStart reports a start state that is not finite, and panics if it or warm
// has the wrong size.
func (p *Problem) checkStart(x0 []float64, warm *control.Plan) error {
	if len(x0) != p.Cost.Nx {
		panic("planner: Plan: wrong length of start state")
	}
	if warm != nil && (warm.Nx != p.Cost.Nx || warm.Nu != p.Cost.Nu || warm.Len() != p.Cost.Horizon) {
		panic("planner: Plan: the warm start has another size or horizon")
	}
	for i, v := range x0 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("planner: start state coordinate %d is %g; it must be finite", i, v)
		}
	}
	return nil
}

// endless reports a planner that would never stop: no counted budget and a ctx
// that cannot end.
func endless(ctx context.Context, budget int) error {
	if budget < 0 && ctx.Done() == nil {
		return errors.New("planner: a negative budget means until the deadline, but the context has none")
	}
	return nil
}

// finish completes a plan: it repeats the forward pass with the judge and stamps
// the times. A dual bound above the cost of a plan that exists is disproved by it:
// it is dropped, whoever proved it.
func (p *Problem) finish(plan *control.Plan, x0 []float64, c clock) *control.Plan {
	plan.Inputs = p.Cost.Horizon * p.Cost.Nu
	if plan.Trajectory != nil {
		Verify(plan, p.Judge, p.Cost, x0, p.Before, p.Tolerance)
		p.verifyConstraints(plan)
		plan.Verified = plan.Verified && p.actions.Contains(plan.U, 0)
	}
	if plan.Verified && !(plan.DualBound <= plan.Objective+p.Tolerance*(1+math.Abs(plan.Objective))) {
		plan.DualBound, plan.Certified, plan.Status = math.Inf(-1), false, control.NumericalFailure
	}
	plan.SolveTime, plan.CPUTime = c.elapsed(), cputime.Process()-c.cpu
	return plan
}

// verifyConstraints measures what a plan, its states by the judge, breaks.
func (p *Problem) verifyConstraints(plan *control.Plan) {
	for _, v := range control.Violations(p.Constraints, plan.Trajectory, p.Before, 0) {
		plan.Violation = max(plan.Violation, v.Amount)
	}
	if len(control.Violations(p.Constraints, plan.Trajectory, p.Before, p.Tolerance)) > 0 {
		plan.Verified = false
	}
	for _, j := range p.Integer {
		for k := j; k < len(plan.U); k += p.Cost.Nu {
			plan.Violation = max(plan.Violation, math.Abs(plan.U[k]-math.Round(plan.U[k])))
			plan.Verified = plan.Verified && plan.U[k] == math.Round(plan.U[k])
		}
	}
}

// incumbent is the best action sequence of a sampling planner, judged in float64.
type incumbent struct {
	tr    *control.Trajectory
	cost  float64
	first time.Duration // until there was one
	trial *control.Trajectory
}

// reset forgets the incumbent and takes the better of the warm start, if any,
// and the held action.
func (b *incumbent) reset(r *rollouts, hold []float64, warm *control.Plan, c clock) {
	if b.tr == nil {
		b.tr = control.NewTrajectory(r.nx, r.nu, r.horizon)
		b.trial = control.NewTrajectory(r.nx, r.nu, r.horizon)
	}
	b.cost = r.trajectory(b.tr, hold)
	if warm != nil {
		b.offer(r, warm.U)
	}
	b.first = c.elapsed()
}

// offer evaluates u in float64, makes it the incumbent if it is better, and
// returns its cost.
func (b *incumbent) offer(r *rollouts, u []float64) float64 {
	cost := r.trajectory(b.trial, u)
	if cost < b.cost {
		b.cost, b.tr, b.trial = cost, b.trial, b.tr
	}
	return cost
}

// plan returns the incumbent as a plan that owns its memory.
func (b *incumbent) plan(solver string, status control.Status) *control.Plan {
	return &control.Plan{Trajectory: clone(b.tr), Status: status, Objective: b.cost, DualBound: math.Inf(-1),
		Solver: solver, FirstPlanTime: b.first}
}

func clone(tr *control.Trajectory) *control.Trajectory {
	c := *tr
	c.X = append([]float64(nil), tr.X...)
	c.U = append([]float64(nil), tr.U...)
	return &c
}
