// Package cbc solves mixed-integer programs with COIN-OR's CBC, a command that has to be
// installed: it writes the rows as MPS, runs `cbc`, and reads the log and the solution.
//
// It is a second generic solver, to compare with. Its bound holds to its tolerances.
//
// Read first: [Open], [Solver.Solve].
package cbc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"hinge/milp"
)

// Command is what is looked up in the folders of PATH.
const Command = "cbc"

// Solver runs one installed command.
type Solver struct{ path string }

var _ milp.Solver = (*Solver)(nil)

// Open finds the command. If there is none the error wraps [milp.ErrUnavailable].
func Open() (*Solver, error) {
	path, err := exec.LookPath(Command)
	if err != nil {
		return nil, fmt.Errorf("cbc: %w: no command %s in the folders of PATH; install CBC of COIN-OR (package coinor-cbc)", milp.ErrUnavailable, Command)
	}
	return &Solver{path}, nil
}

// Path returns where the command is.
func (s *Solver) Path() string { return s.path }

// feasTol is what a point may break a row or leave a whole number by: ten times what CBC
// allows itself, which measures rows that it has scaled.
const feasTol = 1e-5

// grace is what CBC gets to write down what it has once the context has ended.
const grace = 2 * time.Second

// Solve minimises p. It follows [milp.Solver], with these particulars:
//
//   - Workers, Seed and OnIncumbent are ignored.
//   - Start is given to CBC, and remains the incumbent where it stops early without a
//     better one.
//   - Objective is recomputed from X. DualBound is CBC's own: where it has met the gap it
//     prints none, and the bound is the objective less the gap that was asked for.
//   - Status is NumericalFailure if CBC says optimal without a feasible point, or
//     infeasible although Start is feasible.
//   - CBC looks at the clock now and then. Two seconds after the context has ended it is
//     killed, and nothing but Start remains.
func (s *Solver) Solve(ctx context.Context, p *milp.Problem, opts milp.Options) (*milp.Result, error) {
	begin := time.Now()
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if opts.Start != nil && len(opts.Start) != p.Vars() {
		panic("cbc: Options.Start: its length is not the number of columns")
	}
	res := &milp.Result{Status: stopped(ctx.Err()), Objective: math.Inf(1), DualBound: math.Inf(-1)}
	if ctx.Err() == nil {
		if err := s.run(ctx, p, opts.WithDefaults(), res); err != nil {
			return nil, err
		}
	}
	adoptStart(res, p, opts.Start)
	res.SolveTime = time.Since(begin)
	return res, nil
}

// run fills res from one run of the command.
func (s *Solver) run(ctx context.Context, p *milp.Problem, opts milp.Options, res *milp.Result) error {
	folder, err := os.MkdirTemp("", "hinge-cbc-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	rows, start, solution := filepath.Join(folder, "rows.mps"), filepath.Join(folder, "start"), filepath.Join(folder, "solution")
	if err := writeFile(rows, func(w io.Writer) error { return milp.WriteMPS(w, p) }); err != nil {
		return err
	}
	args := append([]string{rows}, arguments(ctx, opts)...)
	if opts.Start != nil && slices.Contains(p.Integer, true) {
		if err := writeFile(start, func(w io.Writer) error { return writeStart(w, opts.Start) }); err != nil {
			return err
		}
		args = append(args, "-mips", start)
	}
	cmd := exec.CommandContext(ctx, s.path, append(args, "-solve", "-solution", solution)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = grace
	log, err := cmd.Output()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("cbc: %s: %w", s.path, err)
	}
	text, err := os.ReadFile(solution)
	if err != nil { // it was killed, or crashed
		if ctx.Err() == nil {
			return fmt.Errorf("cbc: %s wrote no solution: %w", s.path, err)
		}
		res.Status = stopped(ctx.Err())
		return nil
	}
	a, err := parse(string(log), string(text), p.Vars())
	if err != nil {
		return fmt.Errorf("cbc: %w", err)
	}
	a.fill(res, p, opts, ctx.Err())
	if opts.NodeLimit <= 0 && res.Status == milp.NodeLimit { // interrupted, CBC may say that it stopped on nodes or iterations
		res.Status = milp.Interrupted
		if _, ends := ctx.Deadline(); ends && !errors.Is(ctx.Err(), context.Canceled) {
			res.Status = milp.TimeLimit
		}
	}
	return nil
}

// arguments translates limits. CBC must end before the deadline does.
func arguments(ctx context.Context, opts milp.Options) []string {
	list := []string{"-ratio", decimal(max(0, opts.RelGap)), "-allow", decimal(max(0, opts.AbsGap))}
	if end, ok := ctx.Deadline(); ok {
		left := time.Until(end)
		list = append(list, "-timeMode", "elapsed", "-sec", decimal((left - min(left/10, 100*time.Millisecond)).Seconds()))
	}
	if opts.NodeLimit > 0 {
		list = append(list, "-maxN", strconv.Itoa(opts.NodeLimit))
	}
	return list
}

// writeStart writes a line "index name value" for each column.
func writeStart(w io.Writer, x []float64) error {
	for j, v := range x {
		if _, err := fmt.Fprintf(w, "%d C%d %s\n", j, j, decimal(v)); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// adoptStart keeps the caller's point where CBC ended early with none or with a worse
// one, and notices where CBC denies that such a point exists.
func adoptStart(res *milp.Result, p *milp.Problem, start []float64) {
	if start == nil || res.Status == milp.Optimal || p.Violation(start) > feasTol {
		return
	}
	if objective := p.Objective(start); objective < res.Objective {
		res.X, res.Objective = slices.Clone(start), objective
	}
	if res.Status == milp.Infeasible {
		res.Status, res.DualBound = milp.NumericalFailure, math.Inf(-1)
	}
}

// stopped is the status of a context that has ended.
func stopped(err error) milp.Status {
	if errors.Is(err, context.DeadlineExceeded) {
		return milp.TimeLimit
	}
	return milp.Interrupted
}
