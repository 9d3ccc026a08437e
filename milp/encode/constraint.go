package encode

import (
	"math"
	"slices"

	"hinge/milp/relu"
)

// constraints writes the hard constraints and makes whole coordinates integer.
func (w *writer) constraints() {
	for i := range w.p.Constraints {
		k := &w.p.Constraints[i]
		for r := range k.Rows {
			w.constraint(k, r)
		}
	}
	w.integers()
}

// constraint writes X x + U u + V u' <= -B.
func (w *writer) constraint(k *relu.Constraint, r int) {
	nx, nu := w.p.Nx, w.p.Nu
	w.index, w.value = w.index[:0], w.value[:0]
	if k.X != nil {
		w.linear(k.X[r*nx:(r+1)*nx], w.States[(k.T-1)*nx:])
	}
	if k.U != nil {
		w.linear(k.U[r*nu:(r+1)*nu], w.Actions[(k.T-1)*nu:])
	}
	if k.Next != nil {
		w.linear(k.Next[r*nu:(r+1)*nu], w.Actions[k.T*nu:])
	}
	w.Problem.AddRow(k.B[r], math.Inf(1), w.index, w.value) // -(X x + U u + V u') >= B
}

// integers makes the whole coordinates integer, their ranges whole numbers. Where there are
// none it leaves the ranges, in which the solver will find nothing.
func (w *writer) integers() {
	box := w.p.Box.Clone()
	whole := w.p.Inwards(box)
	for k, v := range w.Actions {
		if !slices.Contains(w.p.Integer, k%w.p.Nu) {
			continue
		}
		w.Problem.Integer[v] = true
		if whole {
			w.Problem.Lower[v], w.Problem.Upper[v] = box.Lower[k], box.Upper[k]
		}
	}
}
