package encode

import (
	"math"
	"slices"

	"hinge/control"
	"hinge/milp/bound"
	"hinge/milp/relu"
	"hinge/nn"
)

// Reach is what the plans that keep the constraints of a program can reach.
type Reach struct {
	bound.Ranges           // of the pre-activations
	Lower, Upper []float64 // of the states x_1..x_H, Horizon x Nx
}

// Reachable bounds the pre-activations and states that a plan can meet. Without
// constraints these are the ranges on the action box, bound.Bounder.Root. With
// them the program is also walked step by step: the box of states, clipped by what
// the constraints of that step leave, together with the box of actions, is the
// input of the network alone, which [bound] bounds. The narrower range counts.
//
// Where a box becomes empty there is no plan. Clipping then ends, and the ranges
// hold for plans that need not keep the constraints from there on: it is for the
// solver to prove infeasibility.
func Reachable(p *relu.Program) (*Reach, error) {
	b := bound.New(p)
	r := &Reach{Ranges: b.NewRanges()}
	b.Root().Copy(r.Ranges)
	for range p.Horizon * p.Nx {
		r.Lower, r.Upper = append(r.Lower, math.Inf(-1)), append(r.Upper, math.Inf(1))
	}
	if len(p.Constraints) == 0 {
		return r, nil
	}
	w := walker{Reach: r, p: p, units: b.Units(), boxes: make([]control.Box, p.Horizon+1)}
	for t := range p.Horizon {
		if ok, err := w.step(t); !ok {
			return r, err
		}
	}
	return r, nil
}

// BigM writes p as [BigM] does, with the ranges of r for its states too.
func (r *Reach) BigM(p *relu.Program) (*Encoding, error) {
	e, err := BigM(p, r.Ranges)
	if err != nil {
		return nil, err
	}
	for i, v := range e.States {
		e.Problem.Lower[v], e.Problem.Upper[v] = r.Lower[i], r.Upper[i]
	}
	return e, nil
}

// walker is the state of [Reachable]. boxes[t] is the box of [x_t; u_t], at t = H
// of x_H.
type walker struct {
	*Reach
	p     *relu.Program
	units int
	boxes []control.Box
}

// step bounds the units of step t and the states after it. It returns false if no
// plan gets there.
func (w *walker) step(t int) (bool, error) {
	nx, nu := w.p.Nx, w.p.Nu
	box := control.Box{Lower: slices.Clone(w.p.X0), Upper: slices.Clone(w.p.X0)}
	if t > 0 {
		box = control.Box{Lower: slices.Clone(w.Lower[(t-1)*nx : t*nx]), Upper: slices.Clone(w.Upper[(t-1)*nx : t*nx])}
	}
	box.Lower = append(box.Lower, w.p.Box.Lower[t*nu:(t+1)*nu]...)
	box.Upper = append(box.Upper, w.p.Box.Upper[t*nu:(t+1)*nu]...)
	w.boxes[t] = box
	if !w.clip(t) {
		return false, nil
	}
	if t > 0 {
		copy(w.Lower[(t-1)*nx:t*nx], box.Lower)
		copy(w.Upper[(t-1)*nx:t*nx], box.Upper)
	}
	// First the sign of the outputs decides nothing: their ranges are rough. Then
	// they are measured from the middle, where the linear bounds see both sides.
	center := make([]float64, nx)
	var out bound.Ranges
	for range 2 {
		var err error
		if out, err = w.stage(box, center); err != nil {
			return false, err
		}
		for i := range nx {
			lo, hi := center[i]+out.Lower[w.units+i], center[i]+out.Upper[w.units+i]
			w.Lower[t*nx+i] = max(w.Lower[t*nx+i], math.Nextafter(lo, math.Inf(-1)))
			w.Upper[t*nx+i] = min(w.Upper[t*nx+i], math.Nextafter(hi, math.Inf(1)))
			center[i] = lo + (hi-lo)/2
		}
	}
	for h := range w.units {
		at := t*w.units + h
		w.Ranges.Lower[at] = max(w.Ranges.Lower[at], out.Lower[h])
		w.Ranges.Upper[at] = min(w.Ranges.Upper[at], out.Upper[h])
	}
	w.boxes[t+1] = control.Box{Lower: w.Lower[t*nx : (t+1)*nx], Upper: w.Upper[t*nx : (t+1)*nx]}
	return t+1 < w.p.Horizon || w.clip(t+1), nil
}

// clip shrinks the box of step t by the constraints there. It returns false if it
// becomes empty, and then leaves it as it was.
func (w *walker) clip(t int) bool {
	nx, nu := w.p.Nx, w.p.Nu
	before := w.boxes[t].Clone()
	for range 2 {
		for i := range w.p.Constraints {
			if k := &w.p.Constraints[i]; k.T == t && !w.boxes[t].Clip(w.rows(k, nx, nu)) {
				copy(w.boxes[t].Lower, before.Lower)
				copy(w.boxes[t].Upper, before.Upper)
				return false
			}
		}
	}
	return true
}

// rows writes a constraint over [x_t; u_t], the previous action at its least.
func (w *walker) rows(k *relu.Constraint, nx, nu int) control.Affine {
	a := control.NewAffine(k.Rows, w.boxes[k.T].Dim())
	copy(a.B, k.B)
	for r := range k.Rows {
		if k.X != nil {
			copy(a.Row(r), k.X[r*nx:(r+1)*nx])
		}
		if k.Next != nil {
			copy(a.Row(r)[nx:], k.Next[r*nu:(r+1)*nu])
		}
		if k.U != nil {
			mass := math.Abs(a.B[r])
			for j, c := range k.U[r*nu : (r+1)*nu] {
				part := min(c*w.boxes[k.T-1].Lower[nx+j], c*w.boxes[k.T-1].Upper[nx+j])
				a.B[r] += part
				mass += math.Abs(part)
			}
			a.B[r] -= 0x1p-51 * float64(nu+2) * mass // above the rounding of the sum
		}
	}
	return a
}

// stage bounds the network alone for inputs in box: its hidden units, then its
// outputs less center.
//
// A program has a given start, so the inputs are its actions; its state is not
// read. Outputs are ranged as one more layer of units.
func (w *walker) stage(box control.Box, center []float64) (bound.Ranges, error) {
	nx, step := w.p.Nx, w.p.Step
	last := len(step.Layers) - 1
	var layers []nn.Layer
	for i := range step.Layers {
		l := &step.Layers[i]
		layers = append(layers, nn.Layer{From: nx + l.From, To: nx + l.To, Out: l.Out})
	}
	layers = append(layers, nn.Layer{From: nx, To: nx + 1, Out: nx, Gates: slices.Repeat([]nn.Gate{nn.Identity}, nx)})
	net := nn.New(nx+step.In, layers)
	copy(net.Params, step.Params) // the new output layer is last and zero
	rounded := make([]float64, w.units+2*nx)
	copy(rounded, w.p.Rounded)
	for i, c := range center {
		b := &net.Bias(last)[i]
		rounded[w.units+i] += math.Abs(*b) + math.Abs(c)
		*b -= c
	}
	cost := &control.Cost{Nx: nx, Nu: step.In, Horizon: 1}
	q, err := relu.Unfolded(net, make([]float64, nx), box, cost, nil)
	if err != nil {
		return bound.Ranges{}, err
	}
	q.Rounded = rounded
	return bound.New(q).Root(), nil
}
