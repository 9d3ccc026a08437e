// Package relu holds the ReLU program: a gated network unrolled over a horizon,
// with its objective, input box, start state and, where there are any, hard
// constraints.
//
//	minimise    J(u) = sum_{t=1..H} sum_k f_k(t) n_k(R_k [x_t; u_{t-1}] - ref_k(t))
//	subject to  x_{t+1} = N([x_t; u_t]),  x_0 given,  u in a box
//	            X_c x_t + U_c u_{t-1} + V_c u_t + B_c <= 0    where c holds at t
//	            some coordinates of u_t whole numbers
//
// N is a [nn.Net] whose hidden units are all ReLU (see [nn.Fold]); its affine
// paths carry residual dynamics exactly. The unknowns are the stacked actions
// u (H x Nu); states are eliminated by stepping. Without the last two lines any u
// in the box is feasible, so an upper bound always costs one forward pass; with
// them there may be no plan: see [Program.Constrain].
//
// The package evaluates and differentiates; bounds are milp/bound, rows are
// milp/encode, the search is milp/bnb.
//
// Read first: [Program], [New], [Program.Objective].
package relu

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"hinge/control"
	"hinge/nn"
)

// Program is the planning problem as a function of the stacked actions. It is
// read-only after [New]; goroutines share it, each with its own [Workspace].
type Program struct {
	Step    *nn.Net // [x; u] -> x', Nx+Nu inputs, folded
	Nx, Nu  int
	Horizon int
	X0      []float64   // Nx
	Box     control.Box // of the stacked actions, H x Nu coordinates
	Terms   []Term      // of the objective, ordered by T

	Constraints []Constraint // ordered by T; see [Program.Constrain]
	Integer     []int        // coordinates of an action that must be whole, ascending

	// Rounded, when not nil, bounds for every unit of Step (hidden units, then
	// outputs) the sum of magnitudes its weights were computed from. Bounds then
	// speak of the unrounded weights too.
	Rounded []float64
	cost    *control.Cost
	before  []float64 // action applied before the first, nil if none

	unfolded bool // see Unfolded
}

// Term is one cost term at one step, with everything constant folded in:
// Factor * n(X x_T + U u_{T-1} + Prev u_{T-2} + B).
type Term struct {
	T      int // 1..H
	Norm   control.Norm
	Factor float64   // > 0
	Rows   int       // residual entries
	X      []float64 // Rows x Nx, row-major
	U      []float64 // Rows x Nu, of u_{T-1}
	Prev   []float64 // Rows x Nu, of u_{T-2}; nil where it is not read
	B      []float64 // Rows
	Radius float64   // of a control.Disc
}

// New builds the program of a network step ([x; u] -> x'), a start state x0, a
// box for one action and a cost, whose horizon is the program's. before is the
// action applied before the first one, nil if there is none. The step is folded
// if it is not yet; weights, states and boxes that are not finite are errors.
func New(step *nn.Net, x0 []float64, action control.Box, cost *control.Cost, before []float64) (*Program, error) {
	if step.Validate() == nil && !nn.Folded(step) {
		step = nn.Fold(step)
	}
	p, err := Unfolded(step, x0, action, cost, before)
	if err == nil {
		p.unfolded = false
	}
	return p, err
}

// Unfolded is New for who speaks of the units of a network: all hidden ones must be ReLU, and
// stay, also those that are idle.
func Unfolded(step *nn.Net, x0 []float64, action control.Box, cost *control.Cost, before []float64) (*Program, error) {
	nx, nu := len(x0), action.Dim()
	switch {
	case step.In != nx+nu || step.Out() != nx:
		return nil, fmt.Errorf("relu: network maps %d inputs to %d; a state of %d and an action of %d need %d to %d",
			step.In, step.Out(), nx, nu, nx+nu, nx)
	case cost.Nx != nx || cost.Nu != nu:
		return nil, fmt.Errorf("relu: cost speaks of %d states and %d actions; the program has %d and %d", cost.Nx, cost.Nu, nx, nu)
	case before != nil && len(before) != nu:
		return nil, fmt.Errorf("relu: the action before the plan has %d coordinates; it needs %d", len(before), nu)
	}
	last := &step.Layers[len(step.Layers)-1]
	for i := range last.Out {
		if g := last.Gate(i); g != nn.Identity {
			return nil, fmt.Errorf("relu: output %d of the network has the gate %v; a state is affine in the last layer, its gate must be %v", i, g, nn.Identity)
		}
	}
	if err := errors.Join(step.Validate(), action.Validate(), cost.Validate()); err != nil {
		return nil, fmt.Errorf("relu: %w", err)
	}
	for i, v := range x0 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("relu: start state coordinate %d is %g; it must be finite", i, v)
		}
	}
	p := &Program{Step: step, Nx: nx, Nu: nu, Horizon: cost.Horizon, X0: slices.Clone(x0),
		Box: action.Repeat(cost.Horizon), cost: cost, before: before, unfolded: true}
	p.Terms = p.flatten()
	return p, nil
}

// Inputs returns the number of stacked action coordinates.
func (p *Program) Inputs() int { return p.Horizon * p.Nu }

// NonNegative reports whether no term of the objective can be negative, whatever the
// network: then 0 is a dual bound, and what is charged in the first steps is another.
func (p *Program) NonNegative() bool {
	return !slices.ContainsFunc(p.Terms, func(k Term) bool { return !k.Norm.NonNegative() })
}

// Cost returns the cost the objective was made from.
func (p *Program) Cost() *control.Cost { return p.cost }

// Before returns the action applied before the plan, nil if there is none.
func (p *Program) Before() []float64 { return p.before }

// ReLUs returns the number of ReLU units of the unrolled network. An absolute
// value of the objective counts as two more: see [Program.CostReLUs].
func (p *Program) ReLUs() int { return p.Horizon * p.Step.Count(nn.ReLU) }

// CostReLUs returns the ReLUs the objective adds, |e| = relu(e) + relu(-e).
func (p *Program) CostReLUs() int {
	count := 0
	for i := range p.Terms {
		switch p.Terms[i].Norm {
		case control.L1, control.LInf:
			count += 2 * p.Terms[i].Rows
		case control.Hinge:
			count += p.Terms[i].Rows
		}
	}
	return count
}

// flatten writes the cost as terms by step, dropping what is never charged.
func (p *Program) flatten() []Term {
	var terms []Term
	for t := 1; t <= p.Horizon; t++ {
		for i := range p.cost.Terms {
			k := &p.cost.Terms[i]
			f := k.Factor(t, p.Horizon)
			if f == 0 || (k.Rate && t == 1 && p.before == nil) {
				continue
			}
			terms = append(terms, p.term(k, t, f))
		}
	}
	return terms
}

func (p *Program) term(k *control.Term, t int, factor float64) Term {
	rows := k.Residual.Rows
	y := Term{T: t, Norm: k.Norm, Factor: factor, Rows: rows, Radius: k.Radius,
		X: make([]float64, rows*p.Nx), U: make([]float64, rows*p.Nu), B: make([]float64, rows)}
	if k.Rate && t > 1 {
		y.Prev = make([]float64, rows*p.Nu)
	}
	for i := range rows {
		row := k.Residual.Row(i)
		y.B[i] = k.Residual.B[i] - k.ReferenceAt(t, i)
		copy(y.U[i*p.Nu:], row[p.Nx:])
		if !k.Rate {
			copy(y.X[i*p.Nx:(i+1)*p.Nx], row)
			continue
		}
		for j, w := range row[p.Nx:] {
			if t > 1 {
				y.Prev[i*p.Nu+j] = -w
			} else {
				y.B[i] -= w * p.before[j]
			}
		}
	}
	return y
}
