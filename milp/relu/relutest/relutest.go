// Package relutest makes random ReLU programs, points and boxes for the
// tests of everything that bounds, encodes or minimises them.
//
// Read first: [Random], [Point], [Shape].
package relutest

import (
	"math"
	"math/rand/v2"
	"slices"

	"hinge/control"
	"hinge/milp/relu"
	"hinge/nn"
)

// Shape is the size of a random program.
type Shape struct {
	Nx, Nu, Horizon int
	Hidden          []int
	Norm            control.Norm
	Rate            bool // add an action-rate term
	Chain           bool // no affine path from the input to the output
	KeepOut         bool // add a keep-out disc and polygon, which states are often inside of
	Sparse          bool // half of the weights are 0 and the cost reads the first state alone
}

// Shapes returns small shapes with every norm, one layer and several, with and without
// rate terms.
func Shapes() []Shape {
	return []Shape{
		{Nx: 2, Nu: 1, Horizon: 1, Hidden: []int{4}, Norm: control.L1},
		{Nx: 3, Nu: 2, Horizon: 3, Hidden: []int{6, 5}, Norm: control.L1, Rate: true},
		{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{8}, Norm: control.LInf, Chain: true},
		{Nx: 2, Nu: 1, Horizon: 4, Hidden: []int{4, 4}, Norm: control.SquaredL2, Rate: true},
		{Nx: 4, Nu: 2, Horizon: 2, Hidden: []int{6, 6, 6}, Norm: control.L1},
		{Nx: 3, Nu: 2, Horizon: 2, Hidden: []int{5, 5}, Norm: control.Max},
		{Nx: 3, Nu: 2, Horizon: 2, Hidden: []int{5, 4}, Norm: control.Hinge, Rate: true},
		{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{5}, Norm: control.Hinge, KeepOut: true},
	}
}

// PiecewiseLinear returns those of them whose cost is convex and piecewise linear.
func PiecewiseLinear() []Shape {
	return slices.DeleteFunc(Shapes(), func(s Shape) bool { return s.Norm == control.SquaredL2 || s.KeepOut })
}

// Random returns a random program of the given shape: residual dynamics
// x' = x + 0.3 N(x, u), a stage cost that pulls the state to a random target
// that varies in time, and actions in [-1, 1].
func Random(rng *rand.Rand, s Shape) *relu.Program {
	net := nn.NewMLP(s.Nx+s.Nu, s.Hidden, s.Nx, !s.Chain)
	for l := range net.Layers {
		scale := 1.2 / math.Sqrt(float64(net.Layers[l].In()))
		for i := range net.Weight(l) {
			net.Weight(l)[i] = scale * rng.NormFloat64()
		}
		for i := range net.Bias(l) {
			net.Bias(l)[i] = .3 * rng.NormFloat64()
		}
	}
	if s.Sparse {
		sparse(rng, net)
	}
	cost := &control.Cost{Nx: s.Nx, Nu: s.Nu, Horizon: s.Horizon, Terms: []control.Term{track(rng, s)}}
	if s.Rate {
		cost.Terms = append(cost.Terms, rate(s))
	}
	if s.KeepOut {
		cost.Terms = append(cost.Terms, keepOut(rng, s)...)
	}
	x0, before := make([]float64, s.Nx), make([]float64, s.Nu)
	for i := range x0 {
		x0[i] = rng.NormFloat64()
	}
	p, err := relu.New(net, x0, control.NewBox(s.Nu, -1, 1), cost, before)
	if err != nil {
		panic(err)
	}
	return p
}

// sparse makes half of the weights 0.
func sparse(rng *rand.Rand, net *nn.Net) {
	for l := range net.Layers {
		for i := range net.Weight(l) {
			if rng.IntN(2) == 0 {
				net.Weight(l)[i] = 0
			}
		}
	}
}

func track(rng *rand.Rand, s Shape) control.Term {
	r := control.NewAffine(s.Nx, s.Nx+s.Nu)
	k := control.Term{Name: "track", Weight: 1, Norm: s.Norm, Residual: r,
		TimeWeight: make([]float64, s.Horizon), Reference: make([]float64, s.Nx*s.Horizon)}
	for i := range s.Nx {
		if i == 0 || !s.Sparse {
			r.Set(i, i, 1)
		}
	}
	for i := range k.TimeWeight {
		k.TimeWeight[i] = .5 + rng.Float64()
	}
	for i := range k.Reference {
		k.Reference[i] = rng.NormFloat64()
	}
	return k
}

func rate(s Shape) control.Term {
	r := control.NewAffine(s.Nu, s.Nx+s.Nu)
	for i := range s.Nu {
		r.Set(i, s.Nx+i, 1)
	}
	return control.Term{Name: "rate", Weight: .2, Norm: control.L1, Residual: r, Rate: true}
}

// keepOut returns a disc around a point and a triangle around another one.
func keepOut(rng *rand.Rand, s Shape) []control.Term {
	disc, triangle := control.NewAffine(2, s.Nx+s.Nu), control.NewAffine(3, s.Nx+s.Nu)
	for i := range 2 {
		disc.Set(i, i, 1)
		disc.B[i] = rng.NormFloat64()
	}
	for i := range 3 {
		angle := 2 * math.Pi * (float64(i) + rng.Float64()/2) / 3
		triangle.Set(i, 0, math.Cos(angle))
		triangle.Set(i, 1, math.Sin(angle))
		triangle.B[i] = .3*rng.NormFloat64() - 1
	}
	return []control.Term{{Name: "disc", Weight: 1, Norm: control.Disc, Radius: 2, Residual: disc},
		{Name: "triangle", Weight: 1, Norm: control.Polygon, Residual: triangle}}
}

// Point writes a random point of the box [lower, upper] to dst; half of its
// coordinates, on average, lie on the boundary, where bounds are attained.
func Point(rng *rand.Rand, dst, lower, upper []float64) {
	for i := range dst {
		switch rng.IntN(4) {
		case 0:
			dst[i] = lower[i]
		case 1:
			dst[i] = upper[i]
		default:
			dst[i] = lower[i] + rng.Float64()*(upper[i]-lower[i])
		}
	}
}

// SubBox writes a random box inside the action box of p to lower and upper.
func SubBox(rng *rand.Rand, p *relu.Program, lower, upper []float64) {
	for i := range lower {
		a, b := rng.Float64(), rng.Float64()
		if rng.IntN(3) == 0 {
			a, b = 0, 1
		}
		w := p.Box.Upper[i] - p.Box.Lower[i]
		lower[i] = p.Box.Lower[i] + min(a, b)*w
		upper[i] = p.Box.Lower[i] + max(a, b)*w
	}
}
