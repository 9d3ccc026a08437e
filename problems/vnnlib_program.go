package problems

import (
	"fmt"

	"hinge/control"
	"hinge/milp/relu"
	"hinge/nn"
)

// Programs states the property of network y = f(x) as programs of one step: the
// action is x, the state that follows is y, and the objective of a group is
//
//	J(x) = max_i (A_i'y - B_i)
//
// The property is sat exactly if one of the programs reaches J(x) <= 0. There is
// one for each group of each case, in that order; the groups of a case share the
// network and the box.
//
// rounded returns relu.Program.Rounded for a box; nil if the weights of net are
// exact.
func (p *Property) Programs(net *nn.Net, rounded func(lower, upper []float64) []float64) ([]*relu.Program, error) {
	if net.In != p.Inputs || net.Out() != p.Outputs {
		return nil, fmt.Errorf("%s: speaks of %d inputs and %d outputs; the network has %d and %d",
			p.Name, p.Inputs, p.Outputs, net.In, net.Out())
	}
	step := withState(net)
	var programs []*relu.Program
	for i := range p.Cases {
		c := &p.Cases[i]
		var mass []float64
		if rounded != nil {
			mass = rounded(c.Box.Lower, c.Box.Upper)
		}
		for _, g := range c.Groups {
			q, err := relu.New(step, make([]float64, p.Outputs), c.Box, p.cost(g), nil)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.Name, err)
			}
			q.Rounded = mass
			programs = append(programs, q)
		}
	}
	return programs, nil
}

// withState returns net with inputs for a state before its own, which it does
// not read.
func withState(net *nn.Net) *nn.Net {
	layers := make([]nn.Layer, len(net.Layers))
	for i, l := range net.Layers {
		l.From += net.Out()
		l.To += net.Out()
		layers[i] = l
	}
	step := nn.New(net.Out()+net.In, layers)
	copy(step.Params, net.Params)
	return step
}

// cost is the objective of a group. One without inequalities holds everywhere:
// its objective is 0.
func (p *Property) cost(g Group) *control.Cost {
	r := control.NewAffine(max(1, len(g)), p.Outputs+p.Inputs)
	for i := range g {
		for j, a := range g[i].A {
			r.Set(i, j, a)
		}
		r.B[i] = -g[i].B
	}
	return &control.Cost{Nx: p.Outputs, Nu: p.Inputs, Horizon: 1, Terms: []control.Term{
		{Name: "group", Weight: 1, Norm: control.Max, Residual: r},
	}}
}
