package control

import (
	"context"
	"fmt"
)

// Trajectory is H actions and the H+1 states around them.
type Trajectory struct {
	Nx, Nu int
	X      []float64 // (H+1) x Nx, row-major
	U      []float64 // H x Nu, row-major
}

// NewTrajectory returns a zero trajectory of the given number of actions.
func NewTrajectory(nx, nu, steps int) *Trajectory {
	return &Trajectory{Nx: nx, Nu: nu, X: make([]float64, (steps+1)*nx), U: make([]float64, steps*nu)}
}

// Len returns H, the number of actions.
func (tr *Trajectory) Len() int { return len(tr.X)/tr.Nx - 1 }

// State returns x_t, t in 0..H, sharing memory.
func (tr *Trajectory) State(t int) []float64 { return tr.X[t*tr.Nx : (t+1)*tr.Nx : (t+1)*tr.Nx] }

// Action returns u_t, t in 0..H-1, sharing memory.
func (tr *Trajectory) Action(t int) []float64 { return tr.U[t*tr.Nu : (t+1)*tr.Nu : (t+1)*tr.Nu] }

// Simulate fills the states of tr from x0 by stepping sys with the actions of tr.
func (tr *Trajectory) Simulate(sys System, x0 []float64) {
	copy(tr.State(0), x0)
	for t := range tr.Len() {
		sys.Step(tr.State(t+1), tr.State(t), tr.Action(t))
	}
}

// RolloutOptions are the choices of [Rollout]; the zero value runs all steps silently.
type RolloutOptions struct {
	// Until ends the roll-out early once it returns true for the newest state.
	Until func(x []float64) bool
	// OnStep is called after every step t with its state, action and next state;
	// the slices are valid during the call only.
	OnStep func(t int, x, u, next []float64)
}

// Rollout runs sys under pol from x0 for at most steps actions. It returns the
// trajectory so far together with the policy's error, or context.Cause(ctx) if
// ctx is cancelled between steps. Data collection and the closed loop are both
// this function.
func Rollout(ctx context.Context, sys System, pol Policy, x0 []float64, steps int, opts RolloutOptions) (*Trajectory, error) {
	nx, nu := sys.Dims()
	if len(x0) != nx {
		panic("control: Rollout: start state has the wrong length")
	}
	tr := NewTrajectory(nx, nu, steps)
	copy(tr.State(0), x0)
	for t := range steps {
		if err := context.Cause(ctx); err != nil {
			return tr.prefix(t), err
		}
		x, u, next := tr.State(t), tr.Action(t), tr.State(t+1)
		if err := pol.Act(ctx, u, x, t); err != nil {
			return tr.prefix(t), fmt.Errorf("policy at step %d: %w", t, err)
		}
		sys.Step(next, x, u)
		if opts.OnStep != nil {
			opts.OnStep(t, x, u, next)
		}
		if opts.Until != nil && opts.Until(next) {
			return tr.prefix(t + 1), nil
		}
	}
	return tr, nil
}

// prefix returns the first steps actions of tr, sharing memory.
func (tr *Trajectory) prefix(steps int) *Trajectory {
	return &Trajectory{Nx: tr.Nx, Nu: tr.Nu, X: tr.X[:(steps+1)*tr.Nx], U: tr.U[:steps*tr.Nu]}
}

// Observed returns the policy that sees the plant only through obs: it observes,
// then asks pol for the action.
func Observed(pol Policy, obs Observer) Policy {
	_, nModel := obs.Dims()
	p := &observed{pol: pol, obs: obs, state: make([]float64, nModel)}
	return p
}

type observed struct {
	pol   Policy
	obs   Observer
	state []float64
	last  []float64 // previous action, nil at the start of an episode
}

func (p *observed) Act(ctx context.Context, dst, x []float64, t int) error {
	if t == 0 {
		p.obs.Reset()
		p.last = nil
	}
	p.obs.Observe(p.state, x, p.last)
	if err := p.pol.Act(ctx, dst, p.state, t); err != nil {
		return err
	}
	p.last = append(p.last[:0], dst...)
	return nil
}
