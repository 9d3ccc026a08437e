package problems

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"

	"hinge/nn"
)

// Witness is an input that is claimed to make a property sat, with what it really
// does. The forward passes are this file's own: loops in the order of the weights.
type Witness struct {
	X, Y []float64
	// Margin is the largest A y - B of the group that is nearest to being met: at
	// most 0 if X makes the property sat. It is +Inf if X is in no box.
	Margin float64
	// Margin32 is the same for a network that computes in float32, as ONNX files
	// do. Where its sign is another, the verdict depends on the arithmetic.
	Margin32 float64
}

// Witness evaluates x.
func (p *Property) Witness(net *nn.Net, x []float64) *Witness {
	w := &Witness{X: x, Y: forward(net, x)}
	x32 := make([]float32, len(x))
	for i, v := range x {
		x32[i] = float32(v)
	}
	y32 := make([]float64, net.Out())
	for i, v := range forward(net, x32) {
		y32[i] = float64(v)
	}
	w.Margin, w.Margin32 = p.margin(x, w.Y), p.margin(x, y32)
	return w
}

// forward evaluates net at x in the arithmetic of x.
func forward[T float32 | float64](net *nn.Net, x []T) []T {
	v := append(make([]T, 0, net.Width()), x...)
	for i := range net.Layers {
		l := &net.Layers[i]
		w, b := net.Weight(i), net.Bias(i)
		for j := range l.Out {
			z := T(b[j])
			for k := range l.In() {
				z += T(w[j*l.In()+k]) * v[l.From+k]
			}
			switch l.Gate(j) {
			case nn.ReLU:
				z = max(z, 0)
			case nn.Zero:
				z = 0
			}
			v = append(v, z)
		}
	}
	return v[len(v)-net.Out():]
}

// margin returns how far x with output y is from making the property sat.
func (p *Property) margin(x, y []float64) float64 {
	margin := math.Inf(1)
	for i := range p.Cases {
		c := &p.Cases[i]
		if !c.Box.Contains(x, 0) {
			continue
		}
		for _, g := range c.Groups {
			margin = min(margin, g.margin(y))
		}
	}
	return margin
}

// margin returns the largest margin of the inequalities, 0 if there are none.
func (g Group) margin(y []float64) float64 {
	if len(g) == 0 {
		return 0
	}
	m := math.Inf(-1)
	for i := range g {
		m = max(m, g[i].Margin(y))
	}
	return m
}

// WriteResult writes a verdict as the competition of verifiers (VNN-COMP) wants
// it: sat, unsat, timeout .. in the first line, and after sat the assignment
//
//	((X_0 0.5)
//	(Y_0 -1.25))
func WriteResult(out io.Writer, verdict string, w *Witness) error {
	b := bufio.NewWriter(out)
	fmt.Fprintln(b, verdict)
	if w != nil {
		open := "(("
		for kind, values := range [][]float64{w.X, w.Y} {
			for i, v := range values {
				fmt.Fprintf(b, "%s%s_%d %s)", open, kindNames[kind], i, strconv.FormatFloat(v, 'g', -1, 64))
				open = "\n("
			}
		}
		fmt.Fprintln(b, ")")
	}
	return b.Flush()
}
