package bound

import (
	"math"
	"slices"

	"hinge/internal/vec"
)

// panel is [vec.Lanes] linear forms on their way back through the network, each
// as in [row]: entry k of form r at index k*Lanes + r.
type panel struct {
	g           []float64 // adjoint of [x_t; u_t; hidden units] of the current step
	x           []float64 // adjoint of the state the forms have reached
	a           []float64 // adjoint of the stacked actions
	c           vec.Column
	mass        vec.Column
	low         vec.Column // bounds that were found
	size        []float64  // |x_0|
	k           []float64  // coefficients of the pre-activations of a layer
	index       []int32    // of units of a layer that may be on
	unit        vec.Unit   // of the call in progress
	coefficient vec.Column // of the call in progress
}

func (b *Bounder) newPanel() panel {
	p := panel{g: make([]float64, (b.in+len(b.units))*vec.Lanes), x: make([]float64, b.p.Nx*vec.Lanes),
		a: make([]float64, b.p.Inputs()*vec.Lanes), size: make([]float64, b.p.Nx),
		k: make([]float64, len(b.units)*vec.Lanes), index: make([]int32, len(b.units))}
	for i, v := range b.p.X0 {
		p.size[i] = math.Abs(v)
	}
	return p
}

// column returns row k of a panel.
func column(v []float64, k int) *vec.Column { return (*vec.Column)(v[k*vec.Lanes:]) }

func (w *panel) reset() {
	clear(w.g)
	clear(w.x)
	clear(w.a)
	w.c, w.mass = vec.Column{}, vec.Column{}
}

// target is a bound to be found: the least value of sign * z of a hidden unit, or of
// something else, see [Bounder.aimed].
type target struct {
	unit int
	sign float64
}

// preActivations bounds targets, all of one layer of step t, from below; the bounds
// are left in b.panel.low.
func (b *Bounder) preActivations(r Ranges, targets []target, t int, lower, upper []float64) {
	b.panel.reset()
	top := b.aim(targets, t)
	b.pullHidden(t, top)
	b.pullInputs(t)
	b.back(r, t, len(targets), lower, upper)
}

// aim adds each target to its form and returns the first unit that is one.
func (b *Bounder) aim(targets []target, t int) int {
	w, first := &b.panel, len(b.units)
	for r, y := range targets {
		u, mass := b.aimed(y.unit, t)
		for k, v := range u.w {
			w.g[(u.from+k)*vec.Lanes+r] += y.sign * v
		}
		w.c[r] += y.sign * u.b
		w.mass[r] += mass
		first = min(first, y.unit)
	}
	return first
}

// pullHidden is [Bounder.hidden] for all forms, for the layers that end before unit top.
func (b *Bounder) pullHidden(t, top int) {
	w, base := &b.panel, t*len(b.units)
	for _, l := range slices.Backward(b.layers()) {
		if l.last > top {
			continue
		}
		sides := b.sidesOf(base, l)
		index := on(w.index, sides.Up)
		units, n := l.last-l.first, l.width()
		first := b.in + l.first
		vec.RelaxLayer(w.g[l.from*vec.Lanes:l.to*vec.Lanes], w.g[first*vec.Lanes:(first+units)*vec.Lanes], w.k, l.w, index, &sides, &w.c, &w.mass)
		b.work += len(index) * (n + 6)
	}
}

// pullInputs is [Bounder.inputs] for all forms; x is empty before.
func (b *Bounder) pullInputs(t int) {
	w, nx, nu := &b.panel, b.p.Nx*vec.Lanes, b.p.Nu*vec.Lanes
	copy(w.x, w.g[:nx])
	a := w.a[t*nu : (t+1)*nu]
	for i, v := range w.g[nx : nx+nu] {
		a[i] += v
	}
}

// pullOutput is [Bounder.output] for all forms.
func (b *Bounder) pullOutput(t int) {
	w, s := &b.panel, &b.panel.unit
	clear(w.g)
	*s = vec.Unit{Low: 1, Up: 1}
	for i := range b.out {
		o := &b.out[i]
		s.Bias, s.Mass = o.b, b.outMass[t*b.p.Nx+i]
		vec.Relax(w.g[o.from*vec.Lanes:], column(w.x, i), o.w, s, &w.c, &w.mass)
		b.work += len(o.w) + 6
	}
	clear(w.x)
}

// concretise writes the certified minimum of each form, once it is one of the
// actions and x_0, on a box of actions to low.
func (b *Bounder) concretise(lower, upper []float64) {
	w := &b.panel
	vec.Concretise(w.x, b.p.X0, b.p.X0, w.size, &w.c, &w.mass)
	w.low = w.c
	vec.Concretise(w.a, lower, upper, b.inputMag, &w.low, &w.mass)
	for r := range w.low {
		w.low[r] -= b.gammaPull * (w.mass[r] + math.Abs(w.c[r]))
		if math.IsNaN(w.low[r]) || math.IsInf(w.low[r], 1) { // an overflow on the way: nothing is known
			w.low[r] = math.Inf(-1)
		}
	}
}
