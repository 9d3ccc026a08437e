package bnb

import (
	"errors"
	"math"
	"slices"

	"hinge/control"
	"hinge/milp/relu"
	"hinge/nn"
)

// cut is a lower bound of the cost to go: V_t(x) >= slope'x + offset for every
// state x of the box it was made for.
type cut struct {
	slope   []float64
	offset  float64
	support []float64 // where it touches, in the frame of the step; nil if unknown
	rec     *cutRecord
}

// at returns the value of the cut at x.
func (c *cut) at(x []float64) float64 {
	s := c.offset
	for i, a := range c.slope {
		s += a * x[i]
	}
	return s
}

// stage is the one-step problem of step t within a part of the search space.
type stage struct {
	p      *relu.Program
	t      int
	frame  *frame
	lower  []float64 // of the action, Nu
	upper  []float64
	states stateBox // of x_t; empty at t = 0
	cuts   []cut    // of V_{t+1}
}

// fromState returns the problem of the stage from a given state:
//
//	min over u of  c_{t+1}(f(x, u), u) + max over cuts (slope'f(x, u) + offset).
func (s *stage) fromState(x []float64) (*relu.Program, error) {
	cost := s.cost(0)
	return relu.New(s.p.Step, slices.Clone(x), s.actions(stateBox{}), cost, nil)
}

// fromAny returns the problem of the stage from any state of the box, less a
// linear function of the state; its minimum is the offset of a cut:
//
//	min over x, u of  c_{t+1}(f(x, u), u) + max over cuts (..) - slope'x.
//
// Its actions are [w; u], the state in its frame and the action.
func (s *stage) fromAny(slope []float64) (*relu.Program, error) {
	nx := s.p.Nx
	cost := s.cost(nx)
	r := control.NewAffine(1, cost.Nx+cost.Nu)
	for i, a := range slope {
		r.B[0] -= a * s.frame.center[i]
		for j := range nx {
			r.Row(0)[nx+j] -= a * s.frame.basis[i*nx+j]
		}
	}
	cost.Terms = append(cost.Terms, linear("slope", r))
	return s.wrapped(cost)
}

// direction returns the problem of minimising d'f(x, u) over the stage, from
// any state of the box (or from x_0 at t = 0).
func (s *stage) direction(d []float64) (*relu.Program, error) {
	extra := 0
	if s.t > 0 {
		extra = s.p.Nx
	}
	cost := &control.Cost{Nx: s.p.Nx, Nu: extra + s.p.Nu, Horizon: 1}
	r := control.NewAffine(1, cost.Nx+cost.Nu)
	copy(r.Row(0), d)
	cost.Terms = []control.Term{linear("direction", r)}
	if s.t == 0 {
		return relu.New(s.p.Step, s.p.X0, s.actions(stateBox{}), cost, nil)
	}
	return s.wrapped(cost)
}

func linear(name string, r control.Affine) control.Term {
	return control.Term{Name: name, Weight: 1, Norm: control.Max, Residual: r}
}

// actions returns the box of [w; u].
func (s *stage) actions(states stateBox) control.Box {
	return control.Box{Lower: slices.Concat(states.lower, s.lower), Upper: slices.Concat(states.upper, s.upper)}
}

// cost returns what is charged at step t+1 and the cuts there, for a problem
// whose actions have extra coordinates before u.
func (s *stage) cost(extra int) *control.Cost {
	p := s.p
	cost := &control.Cost{Nx: p.Nx, Nu: extra + p.Nu, Horizon: 1}
	cols := cost.Nx + cost.Nu
	for i := range p.Terms {
		k := &p.Terms[i]
		if k.T != s.t+1 {
			continue
		}
		r := control.NewAffine(k.Rows, cols)
		copy(r.B, k.B)
		for j := range k.Rows {
			copy(r.Row(j), k.X[j*p.Nx:(j+1)*p.Nx])
			copy(r.Row(j)[p.Nx+extra:], k.U[j*p.Nu:(j+1)*p.Nu])
		}
		cost.Terms = append(cost.Terms, control.Term{Name: "stage", Weight: k.Factor, Norm: k.Norm, Radius: k.Radius, Residual: r})
	}
	if len(s.cuts) > 0 {
		r := control.NewAffine(len(s.cuts), cols)
		for j := range s.cuts {
			copy(r.Row(j), s.cuts[j].slope)
			r.B[j] = s.cuts[j].offset
		}
		cost.Terms = append(cost.Terms, linear("to go", r))
	}
	return cost
}

// wrapped returns the program over [w; u] with the given cost: the step network
// behind x = center + basis w. The weights of the product are rounded; what they
// were computed from is handed to the bounds.
func (s *stage) wrapped(cost *control.Cost) (*relu.Program, error) {
	nx, nu := s.p.Nx, s.p.Nu
	in := nx + nx + nu // [unused state; w; u]
	w, b := make([]float64, (nx+nu)*in), make([]float64, nx+nu)
	copy(b, s.frame.center)
	for i := range nx {
		copy(w[i*in+nx:], s.frame.basis[i*nx:(i+1)*nx])
	}
	for j := range nu {
		w[(nx+j)*in+2*nx+j] = 1
	}
	step := s.p.Step.Wrap(nn.Shell{In: in, Weight: w, Bias: b})
	q, err := relu.New(step, make([]float64, nx), s.actions(s.states), cost, nil)
	if err != nil {
		return nil, err
	}
	if q.Rounded = s.rounded(); q.Step.Count(nn.ReLU)+nx != len(q.Rounded) {
		return nil, errFolded
	}
	return q, nil
}

// errFolded says that a unit sees nothing of the states in the frame. Its rounding would
// be lost.
var errFolded = errors.New("bnb: a unit of the network vanishes in the frame of a stage")

// rounded returns, for every unit, the sum of magnitudes that the product of its
// weights with the frame was computed from.
func (s *stage) rounded() []float64 {
	mag := s.frame.magnitude(s.states)
	var sums []float64
	for l := range s.p.Step.Layers {
		y := &s.p.Step.Layers[l]
		for h := range y.Out {
			sum := math.Abs(s.p.Step.Bias(l)[h])
			for j := y.From; j < min(y.To, s.p.Nx); j++ {
				sum += math.Abs(s.p.Step.Weight(l)[h*y.In()+j-y.From]) * mag[j]
			}
			sums = append(sums, sum)
		}
	}
	return sums
}

// decomposable reports whether p is a sum over steps that share nothing but the
// state, of terms that are not negative: none reads two actions.
func decomposable(p *relu.Program) bool {
	twoActions := func(k relu.Term) bool { return k.Prev != nil }
	return p.NonNegative() && !slices.ContainsFunc(p.Terms, twoActions) && p.Horizon > 1 && p.Step.Count(nn.ReLU) > 0 && p.Rounded == nil
}
