package planner

import (
	"context"
	"errors"
	"math"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/encode"
	"hinge/milp/relu"
)

// MIP plans the generic way: the ReLU program as rows (big-M with sound bounds,
// [hinge/milp/encode]) for any mixed-integer solver. Its dual bound is as good as
// the solver's tolerances and certifies nothing.
//
// It keeps hard constraints and whole actions. A plan whose forward pass breaks one
// by more than the problem's tolerance is not verified; where the solver proves that
// there is none, the plan is without a trajectory and its status Infeasible.
type MIP struct {
	Problem
	name   string
	solver milp.Solver
	opts   milp.Options
	starts *CEM // finds the roll-out the solver starts from
}

var _ control.Planner = (*MIP)(nil)

// NewMIP returns a planner for a problem with a stepping network. name is what
// plans call the solver. The solver starts from a roll-out, the best of the warm
// start, the held action and a small [CEM], unless it breaks a constraint.
func NewMIP(p Problem, name string, solver milp.Solver, opts milp.Options) (*MIP, error) {
	if solver == nil {
		return nil, errors.New("planner: " + name + ": no solver given")
	}
	if p.Step == nil {
		return nil, noNetwork(name)
	}
	p, err := p.prepared()
	if err != nil {
		return nil, err
	}
	starts, err := NewCEM(p.free(), CEMOptions{
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
	prog, err := m.program(x0)
	if err != nil {
		return nil, err
	}
	ws := prog.NewWorkspace()
	if start.Solver, start.FirstPlanTime = m.name, c.elapsed(); !m.keeps(prog, start, ws) {
		start = &control.Plan{Objective: math.Inf(1), DualBound: math.Inf(-1), Status: start.Status, Solver: m.name}
	}
	if ctx.Err() != nil {
		return m.finish(start, x0, c), nil
	}
	reach, err := encode.Reachable(prog)
	if err != nil {
		return nil, err
	}
	e, err := reach.BigM(prog)
	if err != nil {
		return nil, err
	}
	opts := m.opts
	if start.Trajectory != nil {
		opts.Start = e.Start(start.U, ws)
	}
	res, err := m.solver.Solve(ctx, e.Problem, opts)
	if err != nil {
		return nil, err
	}
	plan := m.plan(e, prog, res, start)
	plan.UnstableReLUs = reach.Unstable()
	return m.finish(plan, x0, c), nil
}

// startTolerance is what a roll-out may break a constraint by and still be a start:
// less than solvers allow.
const startTolerance = 1e-9

// keeps makes whole actions of the plan whole and reports whether it then keeps the
// constraints.
func (m *MIP) keeps(prog *relu.Program, plan *control.Plan, ws *relu.Workspace) bool {
	if !prog.Constrained() {
		return true
	}
	if !prog.Round(plan.U) || !prog.Box.Contains(plan.U, 0) || prog.Violation(plan.U, ws) > startTolerance {
		return false
	}
	plan.Objective = prog.Objective(plan.U, ws)
	copy(plan.X, ws.States())
	return true
}

// plan reads the solver's point: its actions, and the states and the objective
// it claims for them. Without a point that is better, the start is the plan.
func (m *MIP) plan(e *encode.Encoding, prog *relu.Program, res *milp.Result, start *control.Plan) *control.Plan {
	plan := &control.Plan{Trajectory: start.Trajectory, Objective: start.Objective,
		Status: status(res.Status), DualBound: res.DualBound, Solver: m.name,
		ReLUs: prog.ReLUs() + prog.CostReLUs(), Nodes: res.NodeCount, FirstPlanTime: start.FirstPlanTime}
	if plan.Status == control.Infeasible && start.Trajectory != nil {
		plan.Status = control.NumericalFailure // the start says otherwise
	}
	if plan.Status == control.NumericalFailure || math.IsNaN(plan.DualBound) {
		plan.DualBound = math.Inf(-1)
	}
	if !res.Feasible() || res.Objective > start.Objective {
		return plan
	}
	tr := control.NewTrajectory(prog.Nx, prog.Nu, prog.Horizon)
	copy(tr.X, prog.X0)
	e.ActionsOf(tr.U, res.X)
	e.StatesOf(tr.X[prog.Nx:], res.X, tr.U, prog.NewWorkspace())
	plan.Trajectory, plan.Objective = tr, res.Objective
	return plan
}
