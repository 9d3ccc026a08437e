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
	"hinge/milp/bound"
	"hinge/milp/encode"
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
	solveProblems  = 3
	solveLimit     = 20 * time.Second // of processor time, for our search
	solvePeerLimit = 5 * time.Second  // and for a peer, unless another limit is given
)

var (
	solveShape = shape{nx: 4, nu: 3, horizon: 2, hidden: []int{16, 16}}
	solveGaps  = tolerances{rel: 1e-3, abs: -1}
)

// solveBench proves plans for random networks to a relative gap, once: a search
// takes long, and disturbances are small against it. A solver that does not reach
// the gap within the limit is charged what it used.
func solveBench(ctx context.Context, s *session) error {
	var matches []*match
	proven, used := 0.0, 0.0
	for i := range solveProblems {
		s.announce(i, solveProblems, "solve")
		p, err := solveShape.program(solveShape.network(s.opts.Seed + uint64(i)))
		if err != nil {
			return err
		}
		m, _, err := s.solveMatch(ctx, fmt.Sprintf("random problem %d", i+1), p, solveGaps, s.limit(solveLimit))
		if err != nil {
			return err
		}
		if m.ours.proven {
			proven++
		}
		used += m.ours.seconds
		matches = append(matches, m)
	}
	name := fmt.Sprintf("%d problems of 6 inputs and 64 ReLUs to gap %g", solveProblems, solveGaps.rel)
	s.add(name, "time", "CPU s", used)
	s.add(name+": proven", "count", fmt.Sprintf("of %d", solveProblems), proven)
	return s.sideBySide(ctx, matches, []formulation{plainRows, sharpRows}, s.limit(solvePeerLimit))
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
