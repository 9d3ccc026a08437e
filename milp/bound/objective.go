package bound

import (
	"math"
	"slices"

	"hinge/control"
	"hinge/internal/vec"
	"hinge/milp/relu"
)

// Dual is what a lower bound of the objective depends on. Any value gives a
// valid bound: [Bounder.Objective] clamps it to its domain.
type Dual struct {
	Low  []float64 // lower slope of every hidden unit, in [0, 1]; read where unstable
	Mult []float64 // tangent of every residual of the objective, term by term
	// Split is the multiplier of what a unit's range says of its pre-activation: of
	// z >= lower where positive, of z <= upper where negative. Ranges say more than
	// the box where phases of units are split (beta of Wang et al., NeurIPS 2021)
	// or the objective was used, see [Bounder.Refine].
	Split []float64
	Rows  []float64 // multiplier of every row of the constraints, at least 0
}

// NewDual returns memory for the multipliers of the program.
func (b *Bounder) NewDual() *Dual {
	rows := 0
	for i := range b.p.Terms {
		rows += b.p.Terms[i].Rows
	}
	constraints := 0
	for i := range b.p.Constraints {
		constraints += b.p.Constraints[i].Rows
	}
	n := b.p.Horizon * len(b.units)
	return &Dual{Low: make([]float64, n), Mult: make([]float64, rows), Split: make([]float64, n), Rows: make([]float64, constraints)}
}

// Copy makes dst equal to d.
func (d *Dual) Copy(dst *Dual) {
	copy(dst.Low, d.Low)
	copy(dst.Mult, d.Mult)
	copy(dst.Split, d.Split)
	copy(dst.Rows, d.Rows)
}

// Form is the lower bound as a function of the stacked actions: J(u) >= C + A'u
// on the box it was made for, rounding covered.
type Form struct {
	C float64
	A []float64 // H x Nu
}

// Ascent is how [Bounder.Objective] improves a dual.
type Ascent struct {
	Steps  int     // of projected Adam; 0 evaluates the dual as it is
	Rate   float64 // of the first step; the last one has a tenth of it
	Cutoff float64 // stop once the bound reaches it; +Inf to take all steps
}

// dualAscent is the scratch memory of Objective.
type dualAscent struct {
	adjoint    []float64 // of the activations, by unit
	grad       Dual
	m, v       Dual // Adam's moments
	best, work Dual
	buf        []float64 // activations of one step in the relaxed network
	x          []float64 // state in the relaxed network
	u          []float64 // minimiser of the form on the box
	center     *relu.Workspace
	ranges     bool // ranges are used: see Dual.Split
	costless   bool // see Refutes
}

func (b *Bounder) newAscent() *dualAscent {
	n := b.p.Horizon * len(b.units)
	return &dualAscent{
		adjoint: make([]float64, n), grad: *b.NewDual(), m: *b.NewDual(), v: *b.NewDual(),
		best: *b.NewDual(), work: *b.NewDual(),
		buf: make([]float64, b.in+len(b.units)), x: make([]float64, b.p.Nx),
		u: make([]float64, b.p.Inputs()), center: b.p.NewWorkspace(),
	}
}

// PlainDual writes the dual that needs no search: the slopes of the smaller
// triangles and the tangents at the centre of the box.
func (b *Bounder) PlainDual(d *Dual, r Ranges, lower, upper []float64) {
	for i, l := range r.Lower {
		d.Low[i] = 0
		if r.Upper[i] > -l {
			d.Low[i] = 1
		}
	}
	clear(d.Split)
	clear(d.Rows)
	s := b.ascent
	for i := range s.u {
		s.u[i] = lower[i] + (upper[i]-lower[i])/2
	}
	b.p.Objective(s.u, s.center)
	at := 0
	for i := range b.p.Terms {
		k := &b.p.Terms[i]
		b.p.Residual(d.Mult[at:at+k.Rows], i, s.center.States(), s.u)
		tangent(k.Norm, d.Mult[at:at+k.Rows])
		at += k.Rows
	}
}

// tangent replaces a residual by the multipliers of the norm's tangent there.
func tangent(n control.Norm, r []float64) {
	switch n {
	case control.L1:
		for i, v := range r {
			r[i] = clamp(math.Copysign(1, v), -1, 1)
		}
	case control.LInf:
		at := 0
		for i, v := range r {
			if math.Abs(v) > math.Abs(r[at]) {
				at = i
			}
		}
		s := math.Copysign(1, r[at])
		clear(r)
		r[at] = s
	case control.Max:
		at := 0
		for i, v := range r {
			if v > r[at] {
				at = i
			}
		}
		clear(r)
		r[at] = 1
	}
}

// Objective returns a lower bound of J on the box, given ranges that hold there.
// It starts from d and leaves the best dual found in d. form, when not nil,
// receives the bound as a linear form.
func (b *Bounder) Objective(d *Dual, form *Form, r Ranges, lower, upper []float64, opts Ascent) float64 {
	b.relax.setAll(r)
	s := b.ascent
	b.project(d, r)
	d.Copy(&s.work)
	best := b.evaluate(&s.work, r, lower, upper)
	b.keep(form)
	d.Copy(&s.best)
	s.m.clear()
	s.v.clear()
	for i := 1; i <= opts.Steps && best < opts.Cutoff; i++ {
		b.gradient(&s.work, r, lower, upper)
		rate := opts.Rate * math.Pow(.1, float64(i-1)/float64(max(1, opts.Steps-1)))
		b.step(i, rate)
		b.project(&s.work, r)
		if v := b.evaluate(&s.work, r, lower, upper); v > best {
			best = v
			b.keep(form)
			s.work.Copy(&s.best)
		}
	}
	s.best.Copy(d)
	return max(best, b.trivial)
}

// keep copies the current row, with its rounding allowance, to form.
func (b *Bounder) keep(form *Form) {
	if form == nil {
		return
	}
	form.C = b.row.c - b.gammaPull*(b.row.mass+math.Abs(b.row.c))
	copy(form.A, b.row.a)
	if math.IsNaN(form.C + vec.Dot(form.A, form.A)) {
		form.C = math.Inf(-1)
		clear(form.A)
	}
}

func (d *Dual) clear() {
	clear(d.Low)
	clear(d.Mult)
	clear(d.Split)
	clear(d.Rows)
}

// project clamps a dual to the domain in which every value gives a valid bound.
func (b *Bounder) project(d *Dual, r Ranges) {
	b.ascent.ranges = false
	for i := range d.Low {
		d.Low[i] = clamp(d.Low[i], 0, 1)
		if v := d.Split[i]; v != 0 {
			d.Split[i] = clamp(v, -math.MaxFloat64, math.MaxFloat64)
			b.ascent.ranges = true
		} else if r.Lower[i] == 0 || r.Upper[i] == 0 {
			b.ascent.ranges = true
		}
	}
	for i, v := range d.Rows {
		d.Rows[i] = clamp(v, 0, math.MaxFloat64)
	}
	at := 0
	for i := range b.p.Terms {
		k := &b.p.Terms[i]
		m := d.Mult[at : at+k.Rows]
		at += k.Rows
		switch k.Norm {
		case control.L1:
			for j := range m {
				m[j] = clamp(m[j], -1, 1)
			}
		case control.LInf:
			projectL1(m)
		case control.Max:
			projectSimplex(m)
		}
	}
}

func clamp(v, lo, hi float64) float64 {
	if !(v > lo) { // also NaN
		return lo
	}
	return min(v, hi)
}

// evaluate pulls the objective back to the actions and returns its minimum.
func (b *Bounder) evaluate(d *Dual, r Ranges, lower, upper []float64) float64 {
	for i, l := range r.Lower {
		if l < 0 && r.Upper[i] > 0 {
			b.relax.low[i] = d.Low[i]
		}
		b.relax.setSplit(i, d.Split[i], l, r.Upper[i])
	}
	b.row.reset()
	next, at := len(b.p.Terms)-1, len(d.Mult)
	rows, rowAt := len(b.p.Constraints)-1, len(d.Rows)
	for t := b.p.Horizon; t >= 0; t-- {
		for ; rows >= 0 && b.p.Constraints[rows].T == t; rows-- {
			rowAt -= b.p.Constraints[rows].Rows
			b.seedRows(rows, d.Rows[rowAt:])
		}
		if t == 0 {
			break
		}
		for ; next >= 0 && b.p.Terms[next].T == t && !b.ascent.costless; next-- {
			at -= b.p.Terms[next].Rows
			b.seed(next, d.Mult[at:])
		}
		b.output(t - 1)
		b.hidden(t-1, len(b.units), b.ascent.adjoint)
		b.inputs(t - 1)
	}
	b.start()
	return b.minimum(lower, upper)
}

// seed adds the tangent of term i to the row.
func (b *Bounder) seed(i int, mult []float64) {
	k, w, nx, nu := &b.p.Terms[i], &b.row, b.p.Nx, b.p.Nu
	switch k.Norm {
	case control.Disc: // not convex: bounded below by 0
		return
	case control.Max: // the multipliers sum to 1 up to rounding
		w.mass += k.Factor * slices.Max(b.termMass[i])
	}
	for j := range k.Rows {
		m := k.Factor * mult[j]
		if k.Norm == control.SquaredL2 { // r^2 >= 2 c r - c^2
			w.c -= m * mult[j]
			w.mass += m * mult[j]
			m *= 2
		}
		if m == 0 {
			continue
		}
		w.c += m * k.B[j]
		w.mass += 2 * math.Abs(m) * b.termMass[i][j]
		vec.Axpy(m, k.X[j*nx:(j+1)*nx], w.x)
		vec.Axpy(m, k.U[j*nu:(j+1)*nu], w.a[(k.T-1)*nu:k.T*nu])
		if k.Prev != nil {
			vec.Axpy(m, k.Prev[j*nu:(j+1)*nu], w.a[(k.T-2)*nu:(k.T-1)*nu])
		}
	}
}

// gradient writes the derivative of the last evaluate to the scratch gradient:
// the relaxed network, with the sides that evaluate chose, is run forward at the
// minimiser of the form.
func (b *Bounder) gradient(d *Dual, r Ranges, lower, upper []float64) {
	s, nx, nu := b.ascent, b.p.Nx, b.p.Nu
	for i, a := range b.row.a {
		s.u[i] = upper[i]
		if a > 0 {
			s.u[i] = lower[i]
		}
	}
	s.grad.clear()
	copy(s.x, b.p.X0)
	next, at := 0, 0
	rows, rowAt := 0, 0
	for t := range b.p.Horizon {
		b.rowGradients(t, &rows, &rowAt)
		copy(s.buf, s.x)
		copy(s.buf[nx:], s.u[t*nu:(t+1)*nu])
		b.relaxedStep(d, t, r)
		for ; next < len(b.p.Terms) && b.p.Terms[next].T == t+1; next++ {
			k := &b.p.Terms[next]
			b.termGradient(s.grad.Mult[at:at+k.Rows], d.Mult[at:at+k.Rows], next)
			at += k.Rows
		}
	}
	b.rowGradients(b.p.Horizon, &rows, &rowAt)
}

// rowGradients writes the derivatives of the constraints of step t, from constraint
// next on, whose first multiplier is at.
func (b *Bounder) rowGradients(t int, next, at *int) {
	for ; *next < len(b.p.Constraints) && b.p.Constraints[*next].T == t; *next++ {
		b.rowGradient(b.ascent.grad.Rows[*at:], *next)
		*at += b.p.Constraints[*next].Rows
	}
}

// relaxedStep runs one step of the relaxed network from s.buf to s.x and writes
// the derivative with respect to its lower slopes.
func (b *Bounder) relaxedStep(d *Dual, t int, r Ranges) {
	s, base := b.ascent, t*len(b.units)
	for h := range b.units {
		u, at := &b.units[h], base+h
		if b.relax.up[at] == 0 && !s.ranges { // always off
			s.buf[b.in+h] = 0
			continue
		}
		z := u.b + vec.Dot(u.w, s.buf[u.from:u.to])
		s.grad.Split[at] = splitGradient(d.Split[at], z, r.Lower[at], r.Upper[at])
		if s.adjoint[at] > 0 {
			s.buf[b.in+h] = b.relax.low[at] * z
			if r.Lower[at] < 0 && r.Upper[at] > 0 {
				s.grad.Low[at] = s.adjoint[at] * z
			}
		} else {
			s.buf[b.in+h] = b.relax.up[at]*z + b.relax.cut[at]
		}
	}
	for i := range b.out {
		o := &b.out[i]
		s.x[i] = o.b + vec.Dot(o.w, s.buf[o.from:o.to])
	}
}

// splitGradient is the derivative with respect to a multiplier of a range: of the
// side it stands for, or of the phase that is split.
func splitGradient(split, z, l, u float64) float64 {
	switch {
	case split > 0 || split == 0 && l == 0:
		return l - z
	case split < 0 || split == 0 && u == 0:
		return u - z
	}
	return 0
}

// termGradient writes the derivative of term i with respect to its multipliers.
func (b *Bounder) termGradient(dst, mult []float64, i int) {
	k, s, nx, nu := &b.p.Terms[i], b.ascent, b.p.Nx, b.p.Nu
	if k.Norm == control.Disc {
		return
	}
	for j := range k.Rows {
		e := k.B[j] + vec.Dot(k.X[j*nx:(j+1)*nx], s.x) + vec.Dot(k.U[j*nu:(j+1)*nu], s.u[(k.T-1)*nu:k.T*nu])
		if k.Prev != nil {
			e += vec.Dot(k.Prev[j*nu:(j+1)*nu], s.u[(k.T-2)*nu:(k.T-1)*nu])
		}
		if k.Norm == control.SquaredL2 {
			e = 2 * (e - mult[j])
		}
		dst[j] = k.Factor * e
	}
	switch k.Norm {
	case control.Max:
		centre(dst, mult)
	case control.LInf:
		centreSigned(dst, mult)
	}
}

// centre subtracts the mean, weighted by mult, from the derivatives of multipliers
// that sum to 1: only differences move them. Rows far below count as no further
// away than the best one is above, so that they do not set the scale.
func centre(g, mult []float64) {
	mean := vec.Dot(g, mult)
	reach := slices.Max(g) - mean
	for j := range g {
		g[j] = max(g[j]-mean, -reach)
	}
}

// step takes the i-th step of Adam, uphill. The rows of an LInf or Max term share
// one scale: their multipliers live in a simplex, where only differences of their
// derivatives matter.
func (b *Bounder) step(i int, rate float64) {
	s := b.ascent
	adam(s.work.Low, s.grad.Low, s.m.Low, s.v.Low, i, rate, false)
	if s.ranges {
		adam(s.work.Split, s.grad.Split, s.m.Split, s.v.Split, i, rate, false)
	}
	b.stepRows(i, rate)
	at := 0
	for k := range b.p.Terms {
		end := at + b.p.Terms[k].Rows
		adam(s.work.Mult[at:end], s.grad.Mult[at:end], s.m.Mult[at:end], s.v.Mult[at:end], i, rate,
			b.p.Terms[k].Norm == control.LInf || b.p.Terms[k].Norm == control.Max)
		at = end
	}
}

func adam(x, g, m, v []float64, i int, rate float64, shared bool) {
	const beta1, beta2 = .7, .9
	c1 := rate / (1 - math.Pow(beta1, float64(i)))
	c2 := 1 / (1 - math.Pow(beta2, float64(i)))
	var largest float64
	for j, gj := range g {
		m[j] = beta1*m[j] + (1-beta1)*gj
		v[j] = beta2*v[j] + (1-beta2)*gj*gj
		largest = max(largest, v[j])
	}
	for j := range x {
		scale := v[j]
		if shared {
			scale = largest
		}
		if scale > 0 {
			x[j] += c1 * m[j] / (math.Sqrt(scale*c2) + 1e-12)
		}
	}
}

// centreSigned does for LInf what centre does for Max: the norm is the largest of
// the residuals with either sign, and a multiplier speaks for the sign it has.
func centreSigned(g, mult []float64) {
	mean, top := vec.Dot(g, mult), 0.0
	for _, e := range g {
		top = max(top, math.Abs(e))
	}
	for j, e := range g {
		s := math.Copysign(1, mult[j])
		if mult[j] == 0 {
			s = math.Copysign(1, e)
		}
		g[j] = s * max(s*e-mean, mean-top)
	}
}
