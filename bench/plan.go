package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"time"

	"hinge/control"
	"hinge/internal/cputime"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/bound"
	"hinge/milp/encode"
	"hinge/milp/highs"
	"hinge/milp/relu"
	"hinge/nn"
)

// noPeer stands where nothing comparable does the same.
const noPeer = "none"

func planBench(ctx context.Context, s *session) error {
	if err := encodeBench(ctx, s); err != nil {
		return err
	}
	if err := solveBench(ctx, s); err != nil {
		return err
	}
	return startBench(ctx, s)
}

// encodeBench builds the rows of 10 steps of a network of 96 ReLUs: unrolling,
// bounds and big-M rows.
func encodeBench(ctx context.Context, s *session) error {
	shape := shape{nx: 8, nu: 2, horizon: 10, hidden: []int{48, 48}}
	step := shape.network(s.opts.Seed)
	return s.compare(ctx, comparison{
		row: Row{Name: "encode 10 steps of 96 ReLUs", Peer: noPeer, Metric: "time", Unit: "CPU s"},
		ours: side{name: "hinge", measure: func(ctx context.Context) (float64, error) {
			return seconds(func() error {
				p, err := shape.program(step)
				if err != nil {
					return err
				}
				_, err = encode.BigM(p, bound.New(p).Root())
				return errors.Join(err, ctx.Err())
			})
		}},
	})
}

// The problems of solveBench, of 6 inputs and 2 x 32 = 64 ReLUs each.
const (
	solveProblems = 5
	solveGap      = 1e-3
	solveLimit    = time.Minute // for all of them
)

var solveShape = shape{nx: 4, nu: 3, horizon: 2, hidden: []int{16, 16}}

// solveBench proves plans for random networks to a relative gap.
func solveBench(ctx context.Context, s *session) error {
	var theirs *side
	solver, err := highs.Open()
	if err != nil {
		s.report.Versions["highs"] = notInstalled
		if !errors.Is(err, milp.ErrUnavailable) {
			return err // installed wrongly: its owner wants to know
		}
	} else {
		s.report.Versions["highs"], _, _ = highs.Version()
		theirs = &side{name: "highs", measure: func(ctx context.Context) (float64, error) {
			return s.solveAll(ctx, func(ctx context.Context, p *relu.Program) (milp.Status, error) {
				return solveRows(ctx, solver, p)
			})
		}}
	}
	return s.compare(ctx, comparison{
		row: Row{Name: "5 problems of 6 inputs and 64 ReLUs to gap 1e-3", Peer: "highs", Metric: "time", Unit: "CPU s"},
		ours: side{name: "hinge", measure: func(ctx context.Context) (float64, error) {
			return s.solveAll(ctx, func(ctx context.Context, p *relu.Program) (milp.Status, error) {
				r, err := bnb.Solve(ctx, p, bnb.Options{RelGap: solveGap, AbsGap: -1, Seed: s.opts.Seed})
				if err != nil {
					return 0, err
				}
				return r.Status, nil
			})
		}},
		theirs: theirs,
	})
}

// solveRows is what a generic solver needs: bounds, rows, and the search.
func solveRows(ctx context.Context, solver milp.Solver, p *relu.Program) (milp.Status, error) {
	e, err := encode.BigM(p, bound.New(p).Root())
	if err != nil {
		return 0, err
	}
	r, err := solver.Solve(ctx, e.Problem, milp.Options{RelGap: solveGap, AbsGap: -1})
	if err != nil {
		return 0, err
	}
	return r.Status, nil
}

// solveAll returns the processor time of one solver on all problems. A solver
// that does not reach the gap has no time to compare.
func (s *session) solveAll(ctx context.Context, solve func(context.Context, *relu.Program) (milp.Status, error)) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, solveLimit)
	defer cancel()
	return seconds(func() error {
		for i := range uint64(solveProblems) {
			p, err := solveShape.program(solveShape.network(s.opts.Seed + i))
			if err != nil {
				return err
			}
			status, err := solve(ctx, p)
			if err == nil && status != milp.Optimal {
				err = fmt.Errorf("stopped with %v", status)
			}
			if err != nil {
				return fmt.Errorf("problem %d: %w", i, err)
			}
		}
		return nil
	})
}

// startBench measures the start-up of the command: everything before it does
// what was asked.
func startBench(ctx context.Context, s *session) error {
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	if s.opts.Binary != "" {
		binary = s.opts.Binary
	}
	return s.compare(ctx, comparison{
		row: Row{Name: "start of the command (hinge version)", Peer: noPeer, Metric: "wall time", Unit: "s"},
		ours: side{name: "hinge", measure: func(ctx context.Context) (float64, error) {
			start := time.Now()
			err := exec.CommandContext(ctx, binary, "version", "--json").Run()
			return time.Since(start).Seconds(), err
		}},
	})
}

// shape is the size of a random planning problem.
type shape struct {
	nx, nu, horizon int
	hidden          []int
}

func (h shape) network(seed uint64) *nn.Net {
	net := nn.NewMLP(h.nx+h.nu, h.hidden, h.nx, false)
	net.Init(nn.HeNormal, rand.New(rand.NewPCG(seed, 0)))
	return net
}

// program asks for actions that bring the state to 1 in every coordinate, from 0.
func (h shape) program(step *nn.Net) (*relu.Program, error) {
	residual := control.NewAffine(h.nx, h.nx+h.nu)
	for i := range h.nx {
		residual.Set(i, i, 1)
		residual.B[i] = -1
	}
	cost := &control.Cost{Nx: h.nx, Nu: h.nu, Horizon: h.horizon, Terms: []control.Term{
		{Name: "distance", Weight: 1, Norm: control.L1, Residual: residual},
	}}
	return relu.New(step, make([]float64, h.nx), control.NewBox(h.nu, -1, 1), cost, nil)
}

// seconds returns the processor time of a call.
func seconds(call func() error) (float64, error) {
	start := cputime.Process()
	err := call()
	return (cputime.Process() - start).Seconds(), err
}
