package planner

import (
	"context"
	"errors"
	"math"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bound"
	"hinge/milp/encode"
	"hinge/milp/relu"
)

// MIP plans the generic way: the ReLU program as rows (big-M with sound bounds,
// [hinge/milp/encode]) for any mixed-integer solver. Its dual bound is as good as
// the solver's tolerances and certifies nothing.
type MIP struct {
	Problem
	name   string
	solver milp.Solver
	opts   milp.Options
	starts *CEM // finds the roll-out the solver starts from
}

var _ control.Planner = (*MIP)(nil)

// NewMIP returns a planner for a problem with a stepping network. name is what
// plans call the solver. The solver always starts from a roll-out: the best of
// the warm start, the held action and a small [CEM].
func NewMIP(p Problem, name string, solver milp.Solver, opts milp.Options) (*MIP, error) {
	if solver == nil {
		return nil, errors.New("planner: " + name + ": no solver given")
	}
	p, err := p.withNetwork(name)
	if err != nil {
		return nil, err
	}
	starts, err := NewCEM(p, CEMOptions{
		Sampling: Sampling{Samples: 64, Iterations: 15, Candidates: -1, Seed: opts.Seed}, Instances: 1,
	})
	if err != nil {
		return nil, err
	}
	return &MIP{Problem: p, name: name, solver: solver, opts: opts, starts: starts}, nil
}

// SetBefore sets the action applied before the next plan starts, nil for none.
func (m *MIP) SetBefore(u []float64) {
	m.Problem.SetBefore(u)
	m.starts.SetBefore(u)
}

// Plan encodes the program and hands it to the solver.
func (m *MIP) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	c := startClock()
	start, err := m.starts.search(ctx, c, x0, warm, m.starts)
	if err != nil {
		return nil, err
	}
	start.Solver, start.FirstPlanTime = m.name, c.elapsed()
	if ctx.Err() != nil {
		return m.finish(start, x0, c), nil
	}
	prog, err := relu.New(m.Step, x0, m.Action, m.Cost, m.Before)
	if err != nil {
		return nil, err
	}
	bounds := bound.New(prog)
	e, err := encode.BigM(prog, bounds.Root())
	if err != nil {
		return nil, err
	}
	opts := m.opts
	opts.Start = e.Start(start.U, prog.NewWorkspace())
	res, err := m.solver.Solve(ctx, e.Problem, opts)
	if err != nil {
		return nil, err
	}
	plan := m.plan(e, prog, res, start)
	plan.UnstableReLUs = bounds.Root().Unstable()
	return m.finish(plan, x0, c), nil
}

// plan reads the solver's point: its actions, and the states and the objective
// it claims for them. Without a point that is better, the start is the plan.
func (m *MIP) plan(e *encode.Encoding, prog *relu.Program, res *milp.Result, start *control.Plan) *control.Plan {
	plan := &control.Plan{Trajectory: start.Trajectory, Objective: start.Objective,
		Status: status(res.Status), DualBound: res.DualBound, Solver: m.name,
		ReLUs: prog.ReLUs() + prog.CostReLUs(), Nodes: res.NodeCount, FirstPlanTime: start.FirstPlanTime}
	if plan.Status == control.NumericalFailure || math.IsNaN(plan.DualBound) {
		plan.DualBound = math.Inf(-1)
	}
	if !res.Feasible() || res.Objective > start.Objective {
		return plan
	}
	tr := control.NewTrajectory(prog.Nx, prog.Nu, prog.Horizon)
	copy(tr.X, prog.X0)
	for i, v := range e.States {
		tr.X[prog.Nx+i] = res.X[v]
	}
	e.ActionsOf(tr.U, res.X)
	plan.Trajectory, plan.Objective = tr, res.Objective
	return plan
}
