package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"hinge/control"
	"hinge/internal/cputime"
	"hinge/milp/relu"
	"hinge/planner"
	"hinge/problems"
)

// ErrNoData is wrapped by errors that say outside data are not there.
var ErrNoData = errors.New("no outside data")

// ErrFolder is wrapped by errors about what stands in [Options.Folder].
var ErrFolder = errors.New("folder of another run")

// outsidePath returns a path in the folder of outside data. The first part names a
// collection of them.
func outsidePath(data string, parts ...string) (string, error) {
	path := filepath.Join(append([]string{data}, parts...)...)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%w: there is no %s; set HINGE_DATA to the folder that holds %s", ErrNoData, path, parts[0])
	}
	return path, nil
}

// outsideProblem is what planners read of a problem.
func outsideProblem(p *problems.Problem) planner.Problem {
	return planner.Problem{Step: p.Step, Judge: p.Model, Action: p.Action, Cost: p.Cost,
		Constraints: p.Constraints, Integer: p.Integer}
}

// planWithin plans with a limit of processor time and measures it.
func planWithin(ctx context.Context, p control.Planner, x0 []float64, limit time.Duration) (*control.Plan, float64, error) {
	return planFrom(ctx, p, x0, nil, limit)
}

// planFrom is planWithin with a plan to start from.
func planFrom(ctx context.Context, p control.Planner, x0 []float64, warm *control.Plan, limit time.Duration) (*control.Plan, float64, error) {
	limited, cancel := processorLimit(ctx, limit)
	defer cancel()
	start := cputime.Process()
	plan, err := p.Plan(limited, x0, warm)
	used := (cputime.Process() - start).Seconds()
	return plan, used, errors.Join(err, ctx.Err())
}

// planOutside plans with our search and one worker.
func (s *session) planOutside(ctx context.Context, p *problems.Problem, tol tolerances, limit time.Duration) (*control.Plan, float64, error) {
	ours, err := planner.New("bnb", outsideProblem(p), planner.Options{Seed: s.opts.Seed, Workers: 1, RelGap: tol.rel, AbsGap: tol.abs})
	if err != nil {
		return nil, 0, err
	}
	return planWithin(ctx, ours, p.X0, limit)
}

// planMatch makes a match of a problem and our plan.
func planMatch(name string, p *problems.Problem, plan *control.Plan, seconds float64, tol tolerances) (match, error) {
	m := match{name: name, tol: tol, ours: outcome{seconds: seconds, objective: plan.Objective, bound: plan.DualBound, proven: provenTo(plan, tol)}}
	if plan.Trajectory != nil {
		m.u = plan.U
	}
	var err error
	if m.program, err = relu.New(p.Step, p.X0, p.Action, p.Cost, nil); err != nil {
		return m, err
	}
	return m, m.program.Constrain(p.Constraints, p.Integer)
}
