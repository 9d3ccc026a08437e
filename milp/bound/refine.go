package bound

import (
	"math"

	"hinge/control"
	"hinge/internal/vec"
)

// Refinement is how [Bounder.Refine] sharpens ranges.
type Refinement struct {
	Steps  int         // of projected Adam for each range
	Rate   float64     // of the first step, in units of a slope; the last one has a tenth of it
	Cutoff float64     // points with J >= Cutoff do not matter; +Inf if all do
	Bound  float64     // what is known to bound J from below: sets a scale, need not be true
	Mult   []float64   // tangents of the objective to start from, see [Dual]
	Boxes  bool        // narrow the boxes of actions and states too, where those are followed
	Stop   func() bool // asked now and then: true ends it early; nil for never
	Proofs *Proofs     // takes what gave each range; nil for nothing
}

// Refine is [Bounder.Tighten] with slopes optimised for every range, and with the
// objective. A point with J < cutoff satisfies
//
//	sign z >= min over the box of  sign z + s (J - cutoff)   for every s >= 0,
//
// so the ranges hold for the points that matter only. This is bound tightening by
// optimality, with the dual of the linear relaxation (alpha-CROWN with one more
// multiplier) in place of the relaxation itself, for sixteen ranges at a time. With
// opts.Boxes it holds for actions and states as well, whose boxes shrink: lower and upper
// are then what is left of the box.
func (b *Bounder) Refine(r Ranges, lower, upper []float64, first int, opts *Refinement) bool {
	if opts.Proofs != nil {
		opts.Proofs.fresh = true
	}
	box := b.within(lower, upper)
	ok := b.sweep(r, box, first, opts)
	if b.narrows(opts) {
		copy(lower, box.Lower)
		copy(upper, box.Upper)
	}
	return ok
}

// refining is the scratch memory of Refine; entry i of form k at i*Lanes + k.
type refining struct {
	slope, slopeM, slopeV []float64 // Horizon x units, with Adam's moments
	mult, multM, multV    []float64 // tangents of the residuals
	share, shareM, shareV vec.Column
	shareScale, slack     vec.Column // unit of share; J - cutoff in the relaxed networks
	best                  vec.Column
	adjoint               []float64 // Horizon x units
	buf, x, u             []float64 // activations of a step, state, actions of the relaxed networks
	z, grad               vec.Column
	rates, tangentRates   vec.Rates
}

func (b *Bounder) newRefining() *refining {
	rows := 0
	for i := range b.p.Terms {
		rows += b.p.Terms[i].Rows
	}
	panel := func(n int) []float64 { return make([]float64, n*vec.Lanes) }
	n := b.p.Horizon * len(b.units)
	return &refining{slope: panel(n), slopeM: panel(n), slopeV: panel(n),
		mult: panel(rows), multM: panel(rows), multV: panel(rows), adjoint: panel(n),
		buf: panel(b.in + len(b.units)), x: panel(b.p.Nx), u: panel(b.p.Inputs())}
}

// optimised bounds targets, all of one layer of step t, from below; the bounds are
// left in b.refining.best. It ends early once the phases of hidden units are known.
func (b *Bounder) optimised(r Ranges, targets []target, t int, lower, upper []float64, opts *Refinement) {
	s := b.refining
	b.startRefining(r, targets, t, lower, upper, opts)
	var y *trial
	if opts.Proofs != nil {
		y = new(trial)
		defer func() { b.addProofs(opts.Proofs, y, targets, t) }()
	}
	for i := 0; ; i++ {
		priced := i > 0 && !math.IsInf(opts.Cutoff, 1) // at first share is 0
		b.combined(r, targets, t, lower, upper, priced, opts.Cutoff)
		open := false
		for k := range targets {
			if y != nil && b.panel.low[k] > s.best[k] {
				s.best[k] = b.panel.low[k]
				b.keepProof(y, k, r)
			}
			s.best[k] = max(s.best[k], b.panel.low[k])
			open = open || s.best[k] < 0 || !b.isHidden(targets[k].unit)
		}
		if i == opts.Steps || !open || opts.Stop != nil && opts.Stop() {
			return
		}
		s.setRates(i+1, opts)
		b.improve(r, t, lower, upper, opts.Cutoff)
	}
}

// startRefining sets the slopes of the smaller triangles and gives the objective no
// weight.
func (b *Bounder) startRefining(r Ranges, targets []target, t int, lower, upper []float64, opts *Refinement) {
	s := b.refining
	broadcast(s.slope, b.relax.low)
	broadcast(s.mult, opts.Mult)
	for _, v := range [][]float64{s.slopeM, s.slopeV, s.multM, s.multV, s.share[:], s.shareM[:], s.shareV[:]} {
		clear(v)
	}
	for k, y := range targets {
		lo, hi := b.rangeOf(r, y.unit, t, lower, upper)
		s.best[k] = *lo
		if y.sign < 0 {
			s.best[k] = -*hi
		}
		// One unit of share weighs the gap as much as the range.
		s.shareScale[k] = (*hi - *lo) / max(opts.Cutoff-opts.Bound, 1e-9)
	}
}

// broadcast writes every v to all forms of a panel.
func broadcast(panel, v []float64) {
	for i, x := range v {
		row := column(panel, i)
		for k := range row {
			row[k] = x
		}
	}
}

// setRates sets the constants of the i-th step.
func (s *refining) setRates(i int, opts *Refinement) {
	rate := opts.Rate * math.Pow(.1, float64(i-1)/float64(max(1, opts.Steps-1)))
	s.rates = vec.Rates{Beta1: beta1, One1: 1 - beta1, Beta2: beta2, One2: 1 - beta2, Tiny: 1e-12,
		Scale1: rate / (1 - math.Pow(beta1, float64(i))), Scale2: 1 / (1 - math.Pow(beta2, float64(i))), Lo: 0, Hi: 1}
	s.tangentRates = s.rates
	s.tangentRates.Lo = -1
}

// combined bounds sign z + share (J - cutoff) of the targets, in b.panel.low. The
// adjoints of all activations are kept.
func (b *Bounder) combined(r Ranges, targets []target, t int, lower, upper []float64, priced bool, cutoff float64) {
	w := &b.panel
	w.reset()
	last := t
	if priced {
		last = b.p.Horizon - 1
	} else {
		clear(b.refining.adjoint)
	}
	next, at := len(b.p.Terms)-1, len(b.refining.mult)/vec.Lanes
	for step := last; step >= 0; step-- {
		for ; priced && next >= 0 && b.p.Terms[next].T == step+1; next-- {
			at -= b.p.Terms[next].Rows
			b.price(next, at)
		}
		if priced || step < t {
			b.pullOutput(step)
		}
		if step == t {
			b.aim(targets, t)
		}
		b.pullOptimised(r, step)
		b.pullInputs(step)
	}
	if priced {
		for k, v := range b.refining.share {
			w.c[k] -= v * cutoff
			w.mass[k] += v * math.Abs(cutoff)
		}
	}
	b.concretise(lower, upper)
}

// pullOptimised is pullHidden with a slope for each form.
func (b *Bounder) pullOptimised(r Ranges, t int) {
	w, s, q := &b.panel, b.refining, &b.panel.unit
	for h := len(b.units) - 1; h >= 0; h-- {
		at := t*len(b.units) + h
		v := column(w.g, b.in+h)
		*column(s.adjoint, at) = *v
		if b.relax.up[at] == 0 {
			continue
		}
		u := &b.units[h]
		b.work += 2*len(u.w) + 40 // with the way forward
		*q = vec.Unit{Low: 1, Up: b.relax.up[at], Cut: b.relax.cut[at], Bias: u.b, Mass: b.mass[at], CutMass: b.mass[at]}
		if r.Lower[at] < 0 {
			vec.RelaxEach(w.g[u.from*vec.Lanes:], v, u.w, q, column(s.slope, at), &w.c, &w.mass)
		} else {
			q.CutMass = 0
			vec.Relax(w.g[u.from*vec.Lanes:], v, u.w, q, &w.c, &w.mass)
		}
	}
}

// price adds share times the tangent of term i, whose first residual is at.
func (b *Bounder) price(i, at int) {
	k, w, s, nx, nu := &b.p.Terms[i], &b.panel, b.refining, b.p.Nx, b.p.Nu
	if k.Norm.KeepsOut() { // not convex: bounded below by 0
		return
	}
	if k.Norm == control.Max { // the multipliers sum to 1 up to rounding
		for j := range w.mass {
			w.mass[j] += k.Factor * s.share[j] * largest(b.termMass[i])
		}
	}
	for j := range k.Rows {
		m := column(s.mult, at+j)
		for q, v := range s.share {
			v *= k.Factor * m[q]
			if k.Norm == control.SquaredL2 { // r^2 >= 2 c r - c^2
				w.c[q] -= v * m[q]
				w.mass[q] += v * m[q]
				v *= 2
			}
			w.coefficient[q] = v
		}
		w.unit = vec.Unit{Low: 1, Up: 1, Bias: k.B[j], Mass: 2 * b.termMass[i][j]}
		vec.Relax(w.x, &w.coefficient, k.X[j*nx:(j+1)*nx], &w.unit, &w.c, &w.mass)
		w.unit = vec.Unit{Low: 1, Up: 1}
		vec.Relax(w.a[(k.T-1)*nu*vec.Lanes:], &w.coefficient, k.U[j*nu:(j+1)*nu], &w.unit, &w.c, &w.mass)
		if k.Prev != nil {
			vec.Relax(w.a[(k.T-2)*nu*vec.Lanes:], &w.coefficient, k.Prev[j*nu:(j+1)*nu], &w.unit, &w.c, &w.mass)
		}
	}
}

func largest(v []float64) float64 {
	var m float64
	for _, x := range v {
		m = max(m, x)
	}
	return m
}
