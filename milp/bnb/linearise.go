package bnb

import (
	"hinge/internal/vec"
	"hinge/milp/relu"
	"hinge/nn"
)

// linearisation writes the quantities of a program as affine functions of columns,
// the first of which are the stacked actions. An expression has one coefficient a
// column and then its constant.
type linearisation struct {
	p      *relu.Program
	cols   int
	states []float64 // (H+1) x Nx expressions
	buf    []float64 // expressions of one step's activations
}

func newLinearisation(p *relu.Program, cols int) *linearisation {
	hidden := p.Step.Count(nn.ReLU)
	width := cols + 1
	return &linearisation{p: p, cols: cols, states: make([]float64, (p.Horizon+1)*p.Nx*width),
		buf: make([]float64, (p.Nx+p.Nu+hidden)*width)}
}

// expression returns the k-th expression of a stack.
func (l *linearisation) expression(stack []float64, k int) []float64 {
	width := l.cols + 1
	return stack[k*width : (k+1)*width]
}

// run walks through the steps. For every hidden unit, by its index t*units + h, it
// calls activate with the expression of its pre-activation, to be replaced by that
// of its activation.
func (l *linearisation) run(activate func(unit int, z []float64)) {
	p, width := l.p, l.cols+1
	clear(l.states)
	for i, v := range p.X0 {
		l.expression(l.states, i)[l.cols] = v
	}
	unit := 0
	for t := range p.Horizon {
		clear(l.buf)
		copy(l.buf, l.states[t*p.Nx*width:(t+1)*p.Nx*width])
		for j := range p.Nu {
			l.expression(l.buf, p.Nx+j)[t*p.Nu+j] = 1
		}
		at, last := p.Nx+p.Nu, len(p.Step.Layers)-1
		for i := range last {
			for h := range p.Step.Layers[i].Out {
				z := l.expression(l.buf, at)
				l.affine(z, i, h)
				activate(unit, z)
				at++
				unit++
			}
		}
		for h := range p.Nx {
			l.affine(l.expression(l.states, (t+1)*p.Nx+h), last, h)
		}
	}
}

// work of a run, see [bound.Bounder.Work].
func (l *linearisation) work() int {
	n := 0
	for i := range l.p.Step.Layers {
		n += len(l.p.Step.Weight(i))
	}
	return 2 * l.p.Horizon * n * (l.cols + 1)
}

// affine writes unit h of layer i of the step network, before its gate, to dst.
func (l *linearisation) affine(dst []float64, i, h int) {
	y := &l.p.Step.Layers[i]
	for k, w := range l.p.Step.Weight(i)[h*y.In() : (h+1)*y.In()] {
		if w != 0 {
			vec.Axpy(w, l.expression(l.buf, y.From+k), dst)
		}
	}
	dst[l.cols] += l.p.Step.Bias(i)[h]
}

// constraint writes row j of a constraint to dst, after run.
func (l *linearisation) constraint(dst []float64, k *relu.Constraint, j int) {
	p := l.p
	clear(dst)
	if k.X != nil {
		for i, w := range k.X[j*p.Nx : (j+1)*p.Nx] {
			if w != 0 {
				vec.Axpy(w, l.expression(l.states, k.T*p.Nx+i), dst)
			}
		}
	}
	if k.U != nil {
		vec.Axpy(1, k.U[j*p.Nu:(j+1)*p.Nu], dst[(k.T-1)*p.Nu:k.T*p.Nu])
	}
	if k.Next != nil {
		vec.Axpy(1, k.Next[j*p.Nu:(j+1)*p.Nu], dst[k.T*p.Nu:(k.T+1)*p.Nu])
	}
	dst[l.cols] += k.B[j]
}

// residual writes row j of a term of the objective to dst, after run.
func (l *linearisation) residual(dst []float64, k *relu.Term, j int) {
	p := l.p
	clear(dst)
	for i, w := range k.X[j*p.Nx : (j+1)*p.Nx] {
		if w != 0 {
			vec.Axpy(w, l.expression(l.states, k.T*p.Nx+i), dst)
		}
	}
	for i, w := range k.U[j*p.Nu : (j+1)*p.Nu] {
		dst[(k.T-1)*p.Nu+i] += w
	}
	if k.Prev != nil {
		for i, w := range k.Prev[j*p.Nu : (j+1)*p.Nu] {
			dst[(k.T-2)*p.Nu+i] += w
		}
	}
	dst[l.cols] += k.B[j]
}
