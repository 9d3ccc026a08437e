package highs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"hinge/milp"
)

// lock lets one object exist at a time: destroying one resets the scheduler that
// the others run on. A channel, because waiting for it must end with the context.
var lock = make(chan struct{}, 1)

// feasTol is HiGHS's own mip_feasibility_tolerance; a start within it counts.
const feasTol = 1e-6

// Solve minimises p. It follows [milp.Solver], with these particulars:
//
//   - Workers is ignored: HiGHS runs on one thread.
//   - Start must have a value for every column (another length panics). It is
//     given to HiGHS if p has integers. If it is feasible to 1e-6 it also remains
//     the incumbent when HiGHS stops early without a better one.
//   - Objective is recomputed from X. DualBound is HiGHS's own: -Inf if it has
//     none, +Inf if p is infeasible.
//   - Status is NumericalFailure if HiGHS says optimal without a feasible point,
//     or infeasible although Start is feasible.
//   - Cancellation is seen when HiGHS next asks: between nodes, or between
//     simplex iterations if there are no integers.
func (s *Solver) Solve(ctx context.Context, p *milp.Problem, opts milp.Options) (*milp.Result, error) {
	if err := check(p, opts.Start); err != nil {
		return nil, err
	}
	if p.Vars() == 0 {
		return solveEmpty(p), nil
	}
	select {
	case lock <- struct{}{}:
		defer func() { <-lock }()
	case <-ctx.Done():
	}
	begin := time.Now()
	res := &milp.Result{Objective: math.Inf(1), DualBound: math.Inf(-1)}
	if err := ctx.Err(); err != nil {
		res.Status = stopped(err)
	} else if err := s.solve(ctx, p, opts.WithDefaults(), res); err != nil {
		return nil, err
	}
	adoptStart(res, p, opts.Start)
	res.SolveTime = time.Since(begin)
	return res, nil
}

func check(p *milp.Problem, start []float64) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if p.Vars() > math.MaxInt32 || p.Rows() > math.MaxInt32 || len(p.Index) > math.MaxInt32 {
		return fmt.Errorf("highs: %d columns, %d rows, %d entries; none may exceed %d",
			p.Vars(), p.Rows(), len(p.Index), math.MaxInt32)
	}
	if start == nil {
		return nil
	}
	if len(start) != p.Vars() {
		panic("highs: Options.Start: its length is not the number of columns")
	}
	for j, v := range start {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("highs: Options.Start: column %d is %g; it must be finite", j, v)
		}
	}
	return nil
}

// solveEmpty answers for no columns at all, which HiGHS calls "empty" whatever
// the rows say.
func solveEmpty(p *milp.Problem) *milp.Result {
	if p.Violation(nil) > feasTol {
		return &milp.Result{Status: milp.Infeasible, Objective: math.Inf(1), DualBound: math.Inf(1)}
	}
	return &milp.Result{X: []float64{}, Objective: p.Offset, DualBound: p.Offset}
}

// solve fills res from one run of a fresh HiGHS object. The caller holds lock.
func (s *Solver) solve(ctx context.Context, p *milp.Problem, opts milp.Options, res *milp.Result) error {
	// HiGHS keeps its scheduler per thread: create, run and destroy stay on one.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	m := object{lib: s.lib, h: s.lib.create()}
	defer s.lib.destroy(m.h)

	m.setOptions(ctx, opts)
	m.pass(p)
	if opts.Start != nil && slices.Contains(p.Integer, true) {
		m.call("setSolution", s.lib.setSolution(m.h, opts.Start, nil, nil, nil))
	}
	w := watch{stop: ctx.Err, problem: p, lib: s.lib, onIncumbent: opts.OnIncumbent, best: math.Inf(1)}
	if ctx.Done() != nil || opts.OnIncumbent != nil {
		defer m.watch(&w)()
	}
	if m.err != nil {
		return m.err
	}
	s.lib.run(m.h) // its return value says less than the model status
	if w.panicked != nil {
		panic(w.panicked)
	}
	return m.read(ctx, p, res)
}

// adoptStart keeps the caller's point when HiGHS ended early with none or with a
// worse one, and notices when HiGHS denies that such a point exists.
func adoptStart(res *milp.Result, p *milp.Problem, start []float64) {
	if start == nil || res.Status == milp.Optimal || p.Violation(start) > feasTol {
		return
	}
	if objective := p.Objective(start); objective < res.Objective {
		res.X, res.Objective = slices.Clone(start), objective
	}
	switch res.Status {
	case milp.Infeasible:
		res.Status, res.DualBound = milp.NumericalFailure, math.Inf(-1)
	case milp.InfeasibleOrUnbounded:
		res.Status = milp.Unbounded
	}
}

// stopped is the status of a context that has ended.
func stopped(err error) milp.Status {
	if errors.Is(err, context.DeadlineExceeded) {
		return milp.TimeLimit
	}
	return milp.Interrupted
}
