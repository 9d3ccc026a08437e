package planner

import (
	"hinge/control"
	"hinge/nn"
)

// NetSystem is a stepping network as dynamics: x' = net([x; u]).
type NetSystem struct {
	net    *nn.Net
	nx, nu int
	ws     *nn.Workspace
	in     []float64 // [x; u], then its adjoint
	out    []float64 // x'

	weights *batchWeights // shared by clones; made with the system
	double  *batch[float64]
	single  *batch[float32] // takes the place of double in StepBatch if present
}

var (
	_ control.BatchSystem    = (*NetSystem)(nil)
	_ control.Differentiable = (*NetSystem)(nil)
)

// NewNetSystem returns the dynamics of net, of nx + nu inputs and nx outputs.
func NewNetSystem(net *nn.Net, nx, nu int) *NetSystem {
	if net.In != nx+nu || net.Out() != nx {
		panic("planner: NewNetSystem: the network does not map [x; u] to x'")
	}
	return newNetSystem(net, nx, nu, newBatchWeights(net))
}

func newNetSystem(net *nn.Net, nx, nu int, w *batchWeights) *NetSystem {
	return &NetSystem{net: net, nx: nx, nu: nu, ws: net.NewWorkspace(), in: make([]float64, nx+nu), out: make([]float64, nx),
		weights: w, double: newBatch(w.double)}
}

// Single returns a clone whose StepBatch computes in float32: about twice as
// fast, exact to about 1e-6. Step and VJP stay in float64.
func (s *NetSystem) Single() *NetSystem {
	c := newNetSystem(s.net, s.nx, s.nu, s.weights)
	c.single = newBatch(s.weights.single())
	return c
}

// Clone returns a system with its own scratch memory.
func (s *NetSystem) Clone() control.System {
	if s.single != nil {
		return s.Single()
	}
	return newNetSystem(s.net, s.nx, s.nu, s.weights)
}

// Dims returns the number of states and of actions.
func (s *NetSystem) Dims() (nx, nu int) { return s.nx, s.nu }

// Step writes net([x; u]) to dst, which may alias x.
func (s *NetSystem) Step(dst, x, u []float64) {
	s.load(x, u)
	s.net.Forward(dst, s.in, s.ws)
}

func (s *NetSystem) load(x, u []float64) {
	if len(x) != s.nx || len(u) != s.nu {
		panic("planner: NetSystem: wrong length of state or action")
	}
	copy(s.in, x)
	copy(s.in[s.nx:], u)
}

// VJP writes lambda' df/dx to dx and lambda' df/du to du.
func (s *NetSystem) VJP(dx, du, x, u, lambda []float64) {
	if len(dx) != s.nx || len(du) != s.nu || len(lambda) != s.nx {
		panic("planner: NetSystem: wrong length of a gradient")
	}
	s.load(x, u)
	s.net.Forward(s.out, s.in, s.ws)
	s.net.VJP(s.in, lambda, s.ws)
	copy(dx, s.in[:s.nx])
	copy(du, s.in[s.nx:])
}

// StepBatch steps n states at once, with one matrix product a layer.
func (s *NetSystem) StepBatch(dst, x, u []float64, n int) {
	if len(dst) != n*s.nx || len(x) != n*s.nx || len(u) != n*s.nu {
		panic("planner: NetSystem: wrong size of a batch")
	}
	if s.single != nil {
		s.single.step(dst, x, u, s.nx, s.nu, n)
	} else {
		s.double.step(dst, x, u, s.nx, s.nu, n)
	}
}
