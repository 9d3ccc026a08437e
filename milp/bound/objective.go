package bound

import (
	"math"
	"slices"

	"hinge/control"
	"hinge/internal/vec"
)

// Form is the lower bound as a function of the stacked actions: J(u) >= C + A'u
// on the box it was made for, rounding covered.
type Form struct {
	C float64
	A []float64 // H x Nu
}

// Objective returns a lower bound of J on the box, given ranges that hold there.
// It starts from d and leaves the best dual found in d. form, when not nil,
// receives the bound as a linear form.
func (b *Bounder) Objective(d *Dual, form *Form, r Ranges, lower, upper []float64, opts Ascent) float64 {
	s := b.ascent
	b.begin(d, r)
	d.Copy(&s.work)
	kept := b.keepOut(r, lower, upper)
	best := atLeast(b.evaluate(&s.work, r, lower, upper), kept)
	b.keep(form, kept)
	d.Copy(&s.best)
	s.m.clear()
	s.v.clear()
	for i := 1; i <= opts.Steps && best < opts.Cutoff; i++ {
		b.gradient(&s.work, r, lower, upper)
		rate := opts.Rate * math.Pow(.1, float64(i-1)/float64(max(1, opts.Steps-1)))
		b.step(i, rate)
		b.projectRows(&s.work)
		if v := atLeast(b.evaluate(&s.work, r, lower, upper), kept); v > best {
			best = v
			b.keep(form, kept)
			s.work.Copy(&s.best)
		}
	}
	s.best.Copy(d)
	return max(best, b.trivial)
}

// begin fixes the sides of all units, and clamps d to its domain.
func (b *Bounder) begin(d *Dual, r Ranges) {
	s := b.ascent
	b.relax.setAll(r)
	if s.ranges { // by the one before
		clear(b.relax.split)
		clear(b.relax.edge)
	}
	s.unstable = s.unstable[:0]
	for i, l := range r.Lower {
		if l < 0 && r.Upper[i] > 0 {
			s.unstable = append(s.unstable, int32(i))
		}
	}
	b.projectUnits(d, r)
	b.projectRows(d)
}

// atLeast returns a + b, b >= 0, rounded downwards.
func atLeast(a, b float64) float64 {
	if b == 0 || math.IsInf(a, -1) {
		return a
	}
	return math.Nextafter(a+b, math.Inf(-1))
}

// keep copies the current row, with its rounding allowance, and what keep-out terms cost
// at least to form.
func (b *Bounder) keep(form *Form, kept float64) {
	if form == nil {
		return
	}
	form.C = atLeast(b.row.c-b.gammaPull*(b.row.mass+math.Abs(b.row.c)), kept)
	copy(form.A, b.row.a)
	if math.IsNaN(form.C + vec.Dot(form.A, form.A)) {
		form.C = math.Inf(-1)
		clear(form.A)
	}
}

// evaluate pulls the objective back to the actions and returns its minimum.
func (b *Bounder) evaluate(d *Dual, r Ranges, lower, upper []float64) float64 {
	for _, i := range b.ascent.unstable {
		b.relax.low[i] = d.Low[i]
	}
	if b.ascent.ranges {
		for i, l := range r.Lower {
			b.relax.setSplit(i, d.Split[i], l, r.Upper[i])
		}
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
		b.hidden(t-1, b.ascent.adjoint)
		b.inputs(t - 1)
	}
	b.start()
	return b.minimum(lower, upper)
}

// seed adds the tangent of term i to the row.
func (b *Bounder) seed(i int, mult []float64) {
	k, w, nx, nu := &b.p.Terms[i], &b.row, b.p.Nx, b.p.Nu
	switch k.Norm {
	case control.Disc, control.Polygon: // not convex: see keepOut
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
