package planner

import (
	"context"
	"math"
	"time"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/certificate"
	"hinge/milp/relu"
	"hinge/nn"
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
	beam *Beam // nil until a program is large enough for it
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
		held := b.held
		if b.first != nil {
			box := b.actions.Clone()
			copy(box.Lower, b.first.Lower)
			copy(box.Upper, b.first.Upper)
			held = make([]float64, len(b.held))
			box.Clamp(held, b.held)
			if warm != nil {
				warm = within(warm, box)
			}
		}
		var best incumbent
		best.reset(b.r, held, warm, c)
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
		opts.First = b.recall(warm.Memory)
	}
	found, err := b.explore(ctx, prog, x0, warm)
	if err != nil {
		return nil, err
	}
	if found != nil {
		opts.Starts = append(opts.Starts, found.U)
	}
	res, err := bnb.Solve(ctx, prog, opts)
	if err != nil {
		return nil, err
	}
	b.cert = res.Certificate
	plan := b.plan(prog, res, x0)
	plan.Memory = b.remember(res.Splits, opts.First)
	if found != nil {
		plan.FirstPlanTime = found.FirstPlanTime
	}
	return b.finish(plan, x0, c), nil
}

// searched is what [BranchAndBound] remembers of a plan: how the tree of a program of
// such a network and horizon was split.
type searched struct {
	step    *nn.Net
	horizon int
	splits  *bnb.Splits
}

// remember returns the memory of a plan whose tree was split so, or, where that is not
// known, of the one before; nil for nothing.
func (b *BranchAndBound) remember(splits, before *bnb.Splits) any {
	if splits == nil {
		splits = before
	}
	if splits == nil {
		return nil
	}
	return searched{b.Step, b.Cost.Horizon, splits}
}

// recall returns the splits of a memory, nil if it is of another network or horizon.
func (b *BranchAndBound) recall(memory any) *bnb.Splits {
	m, ok := memory.(searched)
	if !ok || m.step != b.Step || m.horizon != b.Cost.Horizon {
		return nil
	}
	return m.splits
}

// ConfineFirst restricts the first action of the next plans.
func (b *BranchAndBound) ConfineFirst(part *control.Box) bool {
	b.first = part
	return true
}

// Programs that no search will close: there the plan matters more than the bound,
// and most of the time goes to a global search for it.
const (
	exploreFrom       = 5000 // ReLUs
	exploreIterations = 2000 // of [Beam]
	exploreShare      = 0.85 // of the time, at most
)

// explore returns the plan of a global search, nil where the program is small enough
// for a proof or has constraints.
func (b *BranchAndBound) explore(ctx context.Context, prog *relu.Program, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	if prog.ReLUs() < exploreFrom || b.Constrained() {
		return nil, nil
	}
	if b.beam == nil {
		opts := BeamOptions{}
		opts.Seed, opts.Workers, opts.Iterations = b.opts.Seed, b.opts.Workers, exploreIterations
		beam, err := NewBeam(b.Problem, opts)
		if err != nil {
			return nil, err
		}
		b.beam = beam
	}
	if end, ok := ctx.Deadline(); ok {
		part, cancel := context.WithTimeout(ctx, time.Duration(exploreShare*float64(time.Until(end))))
		defer cancel()
		ctx = part
	}
	b.beam.SetBefore(b.Before)
	return b.beam.Plan(ctx, x0, warm)
}

// Certificate returns the proof of the last plan's bound, nil unless the option Record
// asked for it and there is one; see [bnb.Result]. With constraints the checker's own
// bounds are made first, which may take as long as the search did; an error says that ctx
// ended before.
func (b *BranchAndBound) Certificate(ctx context.Context) (*certificate.Certificate, error) {
	if b.cert == nil || !b.Constrained() && !b.cert.States {
		return b.cert, nil
	}
	if holds, err := certificate.Concede(ctx, b.cert); !holds || err != nil {
		return nil, err
	}
	return b.cert, nil
}

func (b *BranchAndBound) plan(prog *relu.Program, res *bnb.Result, x0 []float64) *control.Plan {
	plan := &control.Plan{Status: status(res.Status), Objective: res.Objective, DualBound: res.DualBound, Certified: true, Solver: "bnb",
		ReLUs: prog.ReLUs() + prog.CostReLUs(), UnstableReLUs: res.UnstableReLUs,
		Nodes: res.NodeCount, FirstPlanTime: res.FirstPlanTime}
	if res.U != nil {
		plan.Trajectory = claimed(prog, res.U, x0)
	}
	if math.IsInf(plan.DualBound, -1) {
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

// status translates a solver's status. Boxes are finite, so nothing is unbounded: what may be
// that or infeasible is infeasible.
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
	case milp.Infeasible, milp.InfeasibleOrUnbounded:
		return control.Infeasible
	}
	return control.NumericalFailure
}

// Progress is the state of a branch-and-bound search while it runs.
type Progress = bnb.Progress
