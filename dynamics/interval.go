package dynamics

import (
	"math"

	"hinge/control"
	"hinge/nn"
	"hinge/nn/gemm"
)

// IntervalRanges returns a differentiable [UnitRanges] of the network of m over
// boxes of [x; u]: interval arithmetic, layer by layer, with centres c and radii r,
//
//	c' = W c + b,   r' = |W| r.
//
// A layer that reads the features alone is bounded over the box itself, through
// W F, since one action moves many features at once. In exact arithmetic the
// ranges contain every value; they are for training, not for proofs.
func IntervalRanges(m *Model, boxes []control.Box) UnitRanges {
	w, b := m.normalizedFeatures()
	s := &intervals{g: gemm.New(m.Features.Rows, m.Features.Cols, w)}
	for _, box := range boxes {
		if box.Dim() != m.Features.Cols {
			panic("dynamics: IntervalRanges: a box is not one of states and actions")
		}
		set := intervalSet{v: make([]float64, box.Dim()), n: make([]float64, m.Features.Rows)}
		mid := make([]float64, box.Dim())
		for i := range mid {
			mid[i] = (box.Lower[i] + box.Upper[i]) / 2
			set.v[i] = (box.Upper[i] - box.Lower[i]) / 2
		}
		copy(set.n, b)
		for i := range set.n {
			for j, g := range s.g.Row(i) {
				set.n[i] += g * mid[j]
			}
		}
		s.sets = append(s.sets, set)
	}
	return s.ranges
}

// intervals are the boxes of [IntervalRanges] and what one call leaves for pull.
type intervals struct {
	g    gemm.Matrix[float64] // features x (Nx+Nu)
	sets []intervalSet
}

// intervalSet is one box: its radii, and the features at its centre.
type intervalSet struct {
	v []float64 // Nx+Nu
	n []float64 // features
	// c and r are centres and radii of all activations, lower and upper the ranges
	// of the pre-activations at the same places.
	c, r, lower, upper []float64
}

func (s *intervals) ranges(net *nn.Net) (lower, upper []float64, pull func(grad, dLower, dUpper []float64)) {
	hidden := net.Width() - net.In - net.Out()
	products := s.products(net)
	for i := range s.sets {
		set := &s.sets[i]
		set.forward(net, s.g, products)
		lower = append(lower, set.lower[net.In:net.In+hidden]...)
		upper = append(upper, set.upper[net.In:net.In+hidden]...)
	}
	return lower, upper, func(grad, dLower, dUpper []float64) {
		g := nn.Net{In: net.In, Layers: net.Layers, Params: grad}
		for i := range s.sets {
			s.sets[i].backward(net, &g, s.g, products, dLower[i*hidden:(i+1)*hidden], dUpper[i*hidden:(i+1)*hidden])
		}
	}
}

// products returns W F of the hidden layers that read the features alone, an
// empty matrix for others.
func (s *intervals) products(net *nn.Net) []gemm.Matrix[float64] {
	p := make([]gemm.Matrix[float64], len(net.Layers)-1)
	for i := range p {
		l := &net.Layers[i]
		if l.From == 0 && l.To == net.In {
			p[i] = gemm.New(l.Out, s.g.Cols, make([]float64, l.Out*s.g.Cols))
			gemm.AddNN(p[i], gemm.New(l.Out, l.In(), net.Weight(i)), s.g)
		}
	}
	return p
}

func (set *intervalSet) forward(net *nn.Net, g gemm.Matrix[float64], products []gemm.Matrix[float64]) {
	if set.c == nil {
		w := net.Width()
		set.c, set.r, set.lower, set.upper = make([]float64, w), make([]float64, w), make([]float64, w), make([]float64, w)
		copy(set.c, set.n)
		for i := range net.In {
			set.r[i] = radius(g.Row(i), set.v)
		}
	}
	for i := range products {
		l := &net.Layers[i]
		w, bias := net.Weight(i), net.Bias(i)
		for j := range l.Out {
			row := w[j*l.In() : (j+1)*l.In()]
			c := bias[j]
			for k, x := range row {
				c += x * set.c[l.From+k]
			}
			r := 0.0
			if products[i].Rows > 0 {
				r = radius(products[i].Row(j), set.v)
			} else {
				r = radius(row, set.r[l.From:l.To])
			}
			at := l.At() + j
			set.lower[at], set.upper[at] = c-r, c+r
			low, high := gated(l.Gate(j), c-r), gated(l.Gate(j), c+r)
			set.c[at], set.r[at] = (low+high)/2, (high-low)/2
		}
	}
}

// radius returns |row| r.
func radius(row, r []float64) float64 {
	sum := 0.0
	for i, x := range row {
		sum += math.Abs(x) * r[i]
	}
	return sum
}

func gated(g nn.Gate, z float64) float64 {
	switch g {
	case nn.ReLU:
		return max(0, z)
	case nn.Identity:
		return z
	}
	return 0
}

// backward adds the gradient of sum dLower lower + dUpper upper to grad, a network
// whose parameters are gradients.
func (set *intervalSet) backward(net, grad *nn.Net, g gemm.Matrix[float64], products []gemm.Matrix[float64], dLower, dUpper []float64) {
	dc, dr := make([]float64, len(set.c)), make([]float64, len(set.r))
	dp := make([]float64, g.Cols)
	for i := len(products) - 1; i >= 0; i-- {
		l := &net.Layers[i]
		w, dw, db := net.Weight(i), grad.Weight(i), grad.Bias(i)
		for j := range l.Out {
			at := l.At() + j
			low, high := dLower[at-net.In], dUpper[at-net.In]
			low += slope(l.Gate(j), set.lower[at]) * (dc[at] - dr[at]) / 2
			high += slope(l.Gate(j), set.upper[at]) * (dc[at] + dr[at]) / 2
			c, r := low+high, high-low // adjoints of the pre-activation's centre and radius
			row, drow := w[j*l.In():(j+1)*l.In()], dw[j*l.In():(j+1)*l.In()]
			db[j] += c
			for k, x := range row {
				drow[k] += c * set.c[l.From+k]
				dc[l.From+k] += c * x
			}
			if products[i].Rows > 0 {
				for k, p := range products[i].Row(j) {
					dp[k] = r * sign(p) * set.v[k]
				}
				for k := range drow {
					for m, x := range g.Row(k) {
						drow[k] += x * dp[m]
					}
				}
				continue
			}
			for k, x := range row {
				drow[k] += r * sign(x) * set.r[l.From+k]
				dr[l.From+k] += r * math.Abs(x)
			}
		}
	}
}

// slope is the derivative of gated by z.
func slope(g nn.Gate, z float64) float64 {
	if g == nn.Identity || g == nn.ReLU && z > 0 {
		return 1
	}
	return 0
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
