package dynamics

import (
	"math"

	"hinge/nn"
)

// UnitRanges bounds the pre-activations of the hidden units of a network on sets
// of inputs that matter, such as the boxes a planner can reach: for every set and
// every hidden unit, in the order of the layers, lower and upper
// (sets x hidden units, row-major).
//
// pull adds to grad, in the layout of [nn.Net.Params], the gradient of
// sum dLower lower + dUpper upper. Its arguments have the shapes of lower and
// upper; it may be called once, before the next call of the function.
type UnitRanges func(net *nn.Net) (lower, upper []float64, pull func(grad, dLower, dUpper []float64))

// stability is the regulariser of Xiao et al. (ICLR 2019) for networks that are
// easy to prove things about: over all sets and ReLUs the mean of
//
//	(1 - tanh(1 + l u)) / 2,
//
// near 1 for a unit that can be on or off and near 0 for one whose phase is known.
type stability struct {
	factor float64
	ranges UnitRanges
	net    *nn.Net // gets the parameters in float64
	relu   []bool  // of the hidden units
	grad   []float64
}

// newStability returns the regulariser of m, nil if the options want none or there are
// no ReLUs.
func newStability(m *Model, opts TrainOptions) *stability {
	if opts.Stable == 0 || m.Net.Count(nn.ReLU) == 0 {
		return nil
	}
	s := &stability{factor: opts.Stable, ranges: opts.Ranges(m), net: m.Net.Clone(), grad: make([]float64, len(m.Net.Params))}
	for i := range s.net.Layers[:len(s.net.Layers)-1] {
		l := &s.net.Layers[i]
		for j := range l.Out {
			s.relu = append(s.relu, l.Gate(j) == nn.ReLU)
		}
	}
	return s
}

// addGrad adds the gradient of factor times the regulariser to grad and returns
// its value.
func (s *stability) addGrad(grad, params []float32) float64 {
	nn.Convert(s.net.Params, params)
	clear(s.grad)
	value := s.gradient(s.grad)
	for i, g := range s.grad {
		grad[i] += float32(g)
	}
	return value
}

// gradient is addGrad in float64, at the parameters of s.net.
func (s *stability) gradient(grad []float64) float64 {
	lower, upper, pull := s.ranges(s.net)
	if len(lower) != len(upper) || len(s.relu) == 0 || len(lower)%len(s.relu) != 0 {
		panic("dynamics: UnitRanges: not one range for every set and hidden unit")
	}
	dl, du := make([]float64, len(lower)), make([]float64, len(lower))
	relus := 0
	for i := range lower {
		if s.relu[i%len(s.relu)] {
			relus++
		}
	}
	if relus == 0 {
		return 0
	}
	sum, each := 0.0, s.factor/float64(relus)
	for i, l := range lower {
		if !s.relu[i%len(s.relu)] {
			continue
		}
		u := upper[i]
		t := math.Tanh(1 + l*u)
		sum += (1 - t) / 2
		slope := -each * (1 - t*t) / 2 // by l u
		dl[i], du[i] = slope*u, slope*l
	}
	pull(grad, dl, du)
	return each * sum
}
