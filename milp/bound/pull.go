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
	r.split[i], r.edge[i] = split, 0
	switch {
	case split > 0:
		r.edge[i] = l
	case split < 0:
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

	k     []float64 // coefficients of the pre-activations of a layer
	index []int32   // units of a layer that have a coefficient
	f     []float64 // their coefficients
}

func newRow(b *Bounder) row {
	n := max(len(b.units), len(b.out))
	return row{g: make([]float64, b.in+len(b.units)), a: make([]float64, b.p.Inputs()), x: make([]float64, b.p.Nx),
		k: make([]float64, n), index: make([]int32, n), f: make([]float64, n)}
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
	base := t * len(b.units)
	for _, l := range slices.Backward(b.layers()) {
		k, v := w.k[:l.last-l.first], w.g[b.in+l.first:b.in+l.last]
		copy(adjoint[base+l.first:], v)
		sides := b.sidesOf(base, l)
		c, mass := vec.Release(k, v, &sides)
		w.c, w.mass = w.c+c, w.mass+mass
		index, f := w.nonZero(k)
		vec.AddRows(w.g[l.from:l.to], f, l.w, l.width(), index)
		b.work += len(index) * (l.width()/2 + 8)
	}
}

// sidesOf returns how the units of a layer are relaxed in the step whose units start at base.
func (b *Bounder) sidesOf(base int, l block) vec.Layer {
	from, to, r := base+l.first, base+l.last, &b.relax
	return vec.Layer{Low: r.low[from:to], Up: r.up[from:to], Cut: r.cut[from:to], Split: r.split[from:to], Edge: r.edge[from:to],
		Bias: b.bias[l.first:l.last], Mass: b.mass[from:to]}
}

// nonZero lists the units that have a coefficient, the last first.
func (w *row) nonZero(k []float64) (index []int32, f []float64) {
	index, f, n := w.index[:len(k)], w.f[:len(k)], 0
	for j := len(k) - 1; j >= 0; j-- {
		index[n], f[n] = int32(j), k[j]
		if k[j] != 0 { // NaN, too
			n++
		}
	}
	return index[:n], f[:n]
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
	if math.IsNaN(s) || math.IsInf(s, 1) { // an overflow on the way: nothing is known
		return math.Inf(-1)
	}
	return s
}
