// Package encode writes a ReLU program as the rows of a mixed-integer linear
// program, one formulation a file.
//
// Big-M, per unit and step, with sound bounds l <= z <= u of z = w'v + b:
//
//	a >= z,  a >= 0,  a <= z - l (1 - d),  a <= u d,  d in {0, 1}    if l < 0 < u
//	a  = z                                                           if l >= 0
//
// and nothing at all where u <= 0. The relaxation of d projects to the triangle
// in (z, a). A norm of the objective is its epigraph: e >= r, e >= -r; the one of a
// keep-out polygon is not convex, see polygon.go. Hard
// constraints are rows as they stand, whole coordinates of an action integer
// columns. (Formulation: Tjeng, Xiao, Tedrake, ICLR 2019.)
//
// Read first: [BigM], [Encoding], [Reachable].
package encode

import (
	"fmt"
	"math"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bound"
	"hinge/milp/relu"
)

// Encoding is a program as rows, with the way back.
type Encoding struct {
	Problem  *milp.Problem
	Actions  []milp.Var // H x Nu
	States   []milp.Var // H x Nx: x_1..x_H; those that nobody reads are free, see [Encoding.StatesOf]
	Binaries int        // of unstable units and of sides of polygons

	p     *relu.Program
	live  relu.Live
	units []hidden     // columns of the hidden units, step by step
	norms [][]milp.Var // of every term: what it costs; behind that, of a polygon, the sides
}

// hidden is a unit's columns: none if it is inactive, no binary if it is active.
type hidden struct {
	at            int // in the buffer of its step
	active, phase milp.Var
	binary        bool
}

// BigM encodes p with the given ranges of its pre-activations, which must hold
// for every plan: see bound.Bounder.Root, and [Reachable] where there are
// constraints. It refuses an unstable unit without a finite range, and costs that
// are not piecewise linear: squares and discs.
func BigM(p *relu.Program, r bound.Ranges) (*Encoding, error) {
	e := &Encoding{Problem: &milp.Problem{}, p: p, live: p.Live()}
	w := &writer{Encoding: e, col: make([]milp.Var, p.Step.Width()), r: r}
	for i := range p.Inputs() {
		e.Actions = append(e.Actions, e.Problem.AddVar(0, p.Box.Lower[i], p.Box.Upper[i]))
	}
	for t := range p.Horizon {
		if err := w.step(t); err != nil {
			return nil, err
		}
	}
	for i := range p.Terms {
		if err := w.term(&p.Terms[i]); err != nil {
			return nil, err
		}
	}
	w.constraints()
	return e, nil
}

// writer is the state of an encoding in progress.
type writer struct {
	*Encoding
	r   bound.Ranges
	col []milp.Var // column of every entry of the current step's buffer; < 0: none

	index []milp.Var // row being written
	value []float64
	shift float64 // its constant part

	states []span // H x Nx, of States: what their rows allow
}

// none marks a buffer entry that is constantly zero, and constant one that is a
// coordinate of x_0.
const (
	none     milp.Var = -1
	constant milp.Var = -2
)

func (w *writer) step(t int) error {
	p, nx, nu := w.p, w.p.Nx, w.p.Nu
	for i := range nx {
		w.col[i] = constant
		if t > 0 {
			w.col[i] = w.States[(t-1)*nx+i]
		}
	}
	copy(w.col[nx:], w.Actions[t*nu:(t+1)*nu])
	last := len(p.Step.Layers) - 1
	unit := 0
	for l := range last {
		for j := range p.Step.Layers[l].Out {
			if err := w.unit(t, l, j, unit); err != nil {
				return err
			}
			unit++
		}
	}
	for j := range p.Step.Layers[last].Out {
		x := w.Problem.AddVar(0, math.Inf(-1), math.Inf(1))
		w.preActivation(last, j)
		w.states = append(w.states, w.negative().shifted(w.shift))
		if w.live.States[(t+1)*nx+j] {
			w.equal(x)
		}
		w.States = append(w.States, x)
	}
	return nil
}

// unit writes hidden unit j of layer l, the unit-th of step t.
func (w *writer) unit(t, l, j, unit int) error {
	layer := &w.p.Step.Layers[l]
	at := layer.At() + j
	i := t*(w.p.ReLUs()/w.p.Horizon) + unit
	lo, hi := w.r.Lower[i], w.r.Upper[i]
	h := hidden{at: at, active: none}
	switch {
	case !w.live.Units[i]: // and all that read it: their ranges must not cut plans off
	case math.IsInf(lo, 0) || math.IsInf(hi, 0) || math.IsNaN(lo) || math.IsNaN(hi):
		return fmt.Errorf("encode: step %d, layer %d, unit %d: pre-activation range is [%g, %g]; big-M needs a finite one", t, l, j, lo, hi)
	case hi <= 0:
	case lo >= 0:
		h.active = w.Problem.AddVar(0, lo, hi)
		w.preActivation(l, j)
		w.equal(h.active)
	default:
		h.active, h.phase, h.binary = w.Problem.AddVar(0, 0, hi), w.Problem.AddBinary(0), true
		w.Binaries++
		w.preActivation(l, j)
		w.bigM(h.active, h.phase, lo, hi)
	}
	w.col[at] = h.active
	w.units = append(w.units, h)
	return nil
}

// preActivation starts a row with -(w'v) and the constant b of unit j of layer l.
func (w *writer) preActivation(l, j int) {
	layer := &w.p.Step.Layers[l]
	w.index, w.value = w.index[:0], w.value[:0]
	w.shift = w.p.Step.Bias(l)[j]
	for k, c := range w.p.Step.Weight(l)[j*layer.In() : (j+1)*layer.In()] {
		switch col := w.col[layer.From+k]; {
		case c == 0 || col == none:
		case col == constant:
			w.shift += c * w.p.X0[layer.From+k]
		default:
			w.add(col, -c)
		}
	}
}

func (w *writer) add(v milp.Var, c float64) {
	w.index = append(w.index, v)
	w.value = append(w.value, c)
}

// equal writes y = z.
func (w *writer) equal(y milp.Var) {
	w.add(y, 1)
	w.Problem.AddRow(w.shift, w.shift, w.index, w.value)
}

// bigM writes a >= z, a <= z - lo (1 - d) and a <= hi d.
func (w *writer) bigM(a, d milp.Var, lo, hi float64) {
	w.add(a, 1)
	w.Problem.AddRow(w.shift, math.Inf(1), w.index, w.value)
	w.add(d, -lo)
	w.Problem.AddRow(math.Inf(-1), w.shift-lo, w.index, w.value)
	w.Problem.AddRow(math.Inf(-1), 0, []milp.Var{a, d}, []float64{1, -hi})
}

// term writes the epigraph of a cost term.
func (w *writer) term(k *relu.Term) error {
	var cols []milp.Var
	switch k.Norm {
	case control.L1, control.Hinge:
		for range k.Rows {
			cols = append(cols, w.Problem.AddVar(k.Factor, 0, math.Inf(1)))
		}
	case control.LInf:
		e := w.Problem.AddVar(k.Factor, 0, math.Inf(1))
		for range k.Rows {
			cols = append(cols, e)
		}
	case control.Max:
		e := w.Problem.AddVar(k.Factor, math.Inf(-1), math.Inf(1))
		for range k.Rows {
			cols = append(cols, e)
		}
	case control.Polygon:
		return w.polygon(k)
	default:
		return fmt.Errorf("encode: the cost has a term of norm %v; rows can say l1, linf, max, hinge and polygon only", k.Norm)
	}
	for i, e := range cols {
		w.residual(k, i)
		w.add(e, 1)
		w.Problem.AddRow(w.shift, math.Inf(1), w.index, w.value) // e - r >= 0
		if k.Norm == control.Max || k.Norm == control.Hinge {
			continue
		}
		for j := range w.value[:len(w.value)-1] {
			w.value[j] = -w.value[j]
		}
		w.Problem.AddRow(-w.shift, math.Inf(1), w.index, w.value) // e + r >= 0
	}
	w.norms = append(w.norms, cols)
	return nil
}

// residual starts a row with the linear part of -r and the constant of r.
func (w *writer) residual(k *relu.Term, i int) {
	nx, nu := w.p.Nx, w.p.Nu
	w.index, w.value = w.index[:0], w.value[:0]
	w.shift = k.B[i]
	w.linear(k.X[i*nx:(i+1)*nx], w.States[(k.T-1)*nx:])
	w.linear(k.U[i*nu:(i+1)*nu], w.Actions[(k.T-1)*nu:])
	if k.Prev != nil {
		w.linear(k.Prev[i*nu:(i+1)*nu], w.Actions[(k.T-2)*nu:])
	}
}

func (w *writer) linear(c []float64, cols []milp.Var) {
	for j, v := range c {
		if v != 0 {
			w.add(cols[j], -v)
		}
	}
}
