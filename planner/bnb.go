package planner

import (
	"context"
	"math"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/certificate"
	"hinge/milp/relu"
)

// BranchAndBound plans with the project's own search, [hinge/milp/bnb]. Its dual
// bound is sound: a gap below the tolerance is a proof about the model. It keeps hard
// constraints and whole actions; where it proves that there is no plan, the plan is
// without a trajectory and its status Infeasible.
type BranchAndBound struct {
	Problem
	opts bnb.Options
	r    *rollouts
	cert *certificate.Certificate
}

var _ control.Planner = (*BranchAndBound)(nil)

// NewBranchAndBound returns a planner for a problem with a stepping network. To
// the starts of opts every plan adds the warm start and the held action.
func NewBranchAndBound(p Problem, opts bnb.Options) (*BranchAndBound, error) {
	if p.Step == nil {
		return nil, noNetwork("bnb")
	}
	p, err := p.prepared()
	if err != nil {
		return nil, err
	}
	return &BranchAndBound{Problem: p, opts: opts, r: newRollouts(&p, 1)}, nil
}

// Plan searches until a gap of the options is met or a limit is reached.
func (b *BranchAndBound) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	c := startClock()
	b.cert = nil
	if err := b.checkStart(x0, warm); err != nil {
		return nil, err
	}
	if ctx.Err() != nil && b.Constrained() {
		return b.finish(&control.Plan{Status: stopped(ctx), Objective: math.Inf(1), DualBound: math.Inf(-1), Solver: "bnb"}, x0, c), nil
	}
	if ctx.Err() != nil { // not even time to bound the root
		b.r.start(x0, b.Before)
		var best incumbent
		best.reset(b.r, b.held, warm, c)
		return b.finish(best.plan("bnb", stopped(ctx)), x0, c), nil
	}
	prog, err := b.program(x0)
	if err != nil {
		return nil, err
	}
	opts := b.opts
	opts.Starts = append(opts.Starts[:len(opts.Starts):len(opts.Starts)], b.held)
	if warm != nil {
		opts.Starts = append(opts.Starts, warm.U)
	}
	res, err := bnb.Solve(ctx, prog, opts)
	if err != nil {
		return nil, err
	}
	b.cert = res.Certificate
	return b.finish(b.plan(prog, res, x0), x0, c), nil
}

// Certificate returns the proof of the last plan's bound, if the option Record asked
// for it and there is one; see [bnb.Result].
func (b *BranchAndBound) Certificate() *certificate.Certificate { return b.cert }

func (b *BranchAndBound) plan(prog *relu.Program, res *bnb.Result, x0 []float64) *control.Plan {
	plan := &control.Plan{Status: status(res.Status), Objective: res.Objective, DualBound: res.DualBound, Certified: true, Solver: "bnb",
		ReLUs: prog.ReLUs() + prog.CostReLUs(), UnstableReLUs: res.UnstableReLUs,
		Nodes: res.NodeCount, FirstPlanTime: res.FirstPlanTime}
	if res.U != nil {
		plan.Trajectory = claimed(prog, res.U, x0)
	}
	if res.Status == milp.Infeasible {
		plan.Status = control.Infeasible
	}
	if math.IsInf(res.DualBound, -1) {
		plan.Certified = false
	}
	return plan
}

// claimed returns the states the program itself computes for the actions u.
func claimed(prog *relu.Program, u, x0 []float64) *control.Trajectory {
	tr := control.NewTrajectory(prog.Nx, prog.Nu, prog.Horizon)
	copy(tr.U, u)
	ws := prog.NewWorkspace()
	prog.Objective(tr.U, ws)
	copy(tr.X, ws.States())
	return tr
}

// status translates a solver's status. Without constraints every action sequence of
// the box is feasible and has a finite cost, so "infeasible" and "unbounded" are
// numerical failures.
func status(s milp.Status) control.Status {
	switch s {
	case milp.Optimal:
		return control.Optimal
	case milp.TimeLimit:
		return control.TimeLimit
	case milp.NodeLimit:
		return control.NodeLimit
	case milp.Interrupted:
		return control.Interrupted
	}
	return control.NumericalFailure
}

// Progress is the state of a branch-and-bound search while it runs.
type Progress = bnb.Progress
