package bound

import (
	"math"
	"slices"

	"hinge/internal/vec"
)

// relaxation holds the two sides of every ReLU, low z <= a <= up z + cut, and for
// the objective the multiplier of a side of its range: split (z - edge) >= 0.
type relaxation struct {
	low, up, cut, split, edge []float64
}

func newRelaxation(n int) relaxation {
	return relaxation{low: make([]float64, n), up: make([]float64, n), cut: make([]float64, n), split: make([]float64, n), edge: make([]float64, n)}
}

// set fixes the sides of unit i from its range. The lower slope is that of the
// smaller triangle. cut makes the upper side hold at both ends of the range
// whatever the rounding of its slope.
func (r *relaxation) set(i int, l, u float64) {
	switch {
	case l >= 0:
		r.low[i], r.up[i], r.cut[i] = 1, 1, 0
	case u <= 0:
		r.low[i], r.up[i], r.cut[i] = 0, 0, 0
	default:
		s := max(u/(u-l), math.SmallestNonzeroFloat64) // 0 stands for units that are off
		r.up[i], r.cut[i] = s, max(-s*l, (1-s)*u)
		r.low[i] = 0
		if u > -l {
			r.low[i] = 1
		}
	}
}

// setSplit fixes the multiplier of a unit's range.
func (r *relaxation) setSplit(i int, split, l, u float64) {
	r.split[i], r.edge[i] = split, l
	if split < 0 {
		r.edge[i] = u
	}
}

// setAll fixes the sides of all units.
func (r *relaxation) setAll(ranges Ranges) {
	for i, l := range ranges.Lower {
		r.set(i, l, ranges.Upper[i])
	}
}

// row is a linear form on its way back through the network:
//
//	c + a'u + x'x_t + g'(buffer of step t)
//
// mass accumulates what the rounding allowance is proportional to.
type row struct {
	g    []float64 // adjoint of [x_t; u_t; hidden units] of the current step
	x    []float64 // adjoint of the state the form has reached
	a    []float64 // adjoint of the stacked actions
	c    float64
	mass float64

	index []int32   // units of a layer that have a coefficient
	f     []float64 // their coefficients
}

func newRow(b *Bounder) row {
	n := max(len(b.units), len(b.out))
	return row{g: make([]float64, b.in+len(b.units)), a: make([]float64, b.p.Inputs()), x: make([]float64, b.p.Nx),
		index: make([]int32, 0, n), f: make([]float64, 0, n)}
}

func (w *row) reset() {
	clear(w.g)
	clear(w.x)
	clear(w.a)
	w.c, w.mass = 0, 0
}

// hidden replaces the hidden units of step t by their inputs, last layer first, so that the
// form stays a lower bound. adjoint receives the adjoint of each unit's activation.
func (b *Bounder) hidden(t int, adjoint []float64) {
	w := &b.row
	for _, l := range slices.Backward(b.layers()) {
		index, f := w.index[:0], w.f[:0]
		for h := l.last - 1; h >= l.first; h-- {
			at := t*len(b.units) + h
			adjoint[at] = w.g[b.in+h]
			if v := b.release(at, w.g[b.in+h]); v != 0 {
				w.c += v * b.units[h].b
				w.mass += math.Abs(v) * b.mass[at]
				index, f = append(index, int32(h-l.first)), append(f, v)
			}
		}
		vec.AddRows(w.g[l.from:l.to], f, l.w, l.width(), index)
		b.work += len(index) * (l.width()/2 + 8)
	}
}

// release replaces a unit with the coefficient v by its pre-activation, whose coefficient
// it returns.
func (b *Bounder) release(at int, v float64) float64 {
	w, split := &b.row, b.relax.split[at]
	if v > 0 {
		v *= b.relax.low[at]
	} else if v < 0 {
		w.c += v * b.relax.cut[at]
		w.mass -= v * b.mass[at]
		v *= b.relax.up[at]
	}
	if split != 0 {
		v -= split
		w.c += split * b.relax.edge[at]
		w.mass += math.Abs(split) * (b.mass[at] + math.Abs(b.relax.edge[at]))
	}
	return v
}

// inputs moves the adjoint of step t's inputs to the actions and the state.
func (b *Bounder) inputs(t int) {
	w, nx, nu := &b.row, b.p.Nx, b.p.Nu
	vec.Axpy(1, w.g[:nx], w.x)
	vec.Axpy(1, w.g[nx:nx+nu], w.a[t*nu:(t+1)*nu])
}

// output replaces the state x_{t+1} by the outputs of step t.
func (b *Bounder) output(t int) {
	w := &b.row
	clear(w.g)
	index, f := w.index[:0], w.f[:0]
	for i, v := range w.x {
		if v != 0 {
			w.c += v * b.out[i].b
			w.mass += math.Abs(v) * b.outMass[t*b.p.Nx+i]
			index, f = append(index, int32(i)), append(f, v)
		}
	}
	l := &b.blocks[len(b.blocks)-1]
	vec.AddRows(w.g[l.from:l.to], f, l.w, l.width(), index)
	clear(w.x)
}

// start replaces x_0 by its value.
func (b *Bounder) start() {
	w := &b.row
	for i, v := range w.x {
		w.c += v * b.p.X0[i]
		w.mass += math.Abs(v * b.p.X0[i])
	}
}

// minimum returns the certified minimum of the form, once it is c + a'u, on a
// box of actions.
func (b *Bounder) minimum(lower, upper []float64) float64 {
	w := &b.row
	s := w.c
	for i, a := range w.a {
		if a > 0 {
			s += a * lower[i]
		} else {
			s += a * upper[i]
		}
		w.mass += math.Abs(a) * b.inputMag[i]
	}
	s -= b.gammaPull * (w.mass + math.Abs(w.c))
	if math.IsNaN(s) { // an overflow on the way: nothing is known
		return math.Inf(-1)
	}
	return s
}
