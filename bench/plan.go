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
	solveProblems = 3
	solveGap      = 1e-3
	solveLimit    = 20 * time.Second // wall clock, for one of them
)

var solveShape = shape{nx: 4, nu: 3, horizon: 2, hidden: []int{16, 16}}

// solver proves a plan to the gap and says whether it did.
type solver func(context.Context, *relu.Program) (milp.Status, error)

// solveBench proves plans for random networks to a relative gap, once: a search
// takes long, and disturbances are small against it. A solver that does not reach
// the gap within the limit is charged what it used.
func solveBench(ctx context.Context, s *session) error {
	ours, err := s.solveAll(ctx, "hinge", func(ctx context.Context, p *relu.Program) (milp.Status, error) {
		r, err := bnb.Solve(ctx, p, bnb.Options{RelGap: solveGap, AbsGap: -1, Seed: s.opts.Seed})
		if err != nil {
			return 0, err
		}
		return r.Status, nil
	})
	if err != nil {
		return err
	}
	theirs, err := s.solveWithHiGHS(ctx)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%d problems of 6 inputs and 64 ReLUs to gap %g", solveProblems, solveGap)
	time := Row{Name: name, Peer: "highs", Metric: "time", Unit: "CPU s", Ours: ours.seconds}
	count := Row{Name: name, Peer: "highs", Metric: "solved", Unit: "problems", Ours: ours.solved}
	if theirs != nil {
		time.Theirs, time.Ratio = &theirs.seconds, ratio(ours.seconds, theirs.seconds, false)
		count.Theirs, count.Ratio = &theirs.solved, ratio(ours.solved, theirs.solved, true)
	}
	s.report.Rows = append(s.report.Rows, time, count)
	return nil
}

// solveWithHiGHS returns nil if HiGHS is not installed.
func (s *session) solveWithHiGHS(ctx context.Context) (*solved, error) {
	library, err := highs.Open()
	if errors.Is(err, milp.ErrUnavailable) {
		s.report.Versions["highs"] = notInstalled
		return nil, nil
	}
	if err != nil {
		return nil, err // installed wrongly: its owner wants to know
	}
	s.report.Versions["highs"], _, _ = highs.Version()
	return s.solveAll(ctx, "highs", func(ctx context.Context, p *relu.Program) (milp.Status, error) {
		return solveRows(ctx, library, p)
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

// solved is how a solver did on all problems.
type solved struct {
	seconds float64 // of processor time
	solved  float64
}

func (s *session) solveAll(ctx context.Context, name string, solve solver) (*solved, error) {
	result := new(solved)
	for i := range solveProblems {
		if s.opts.OnRound != nil {
			s.opts.OnRound(i, solveProblems, "solve: "+name)
		}
		p, err := solveShape.program(solveShape.network(s.opts.Seed + uint64(i)))
		if err != nil {
			return nil, err
		}
		used, err := seconds(func() error {
			limited, cancel := context.WithTimeout(ctx, solveLimit)
			defer cancel()
			status, err := solve(limited, p)
			if err == nil && status == milp.Optimal {
				result.solved++
			}
			return errors.Join(err, ctx.Err())
		})
		if err != nil {
			return nil, fmt.Errorf("solve: %s: problem %d: %w", name, i, err)
		}
		result.seconds += used
	}
	return result, nil
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
