package bound

import (
	"math"
	"slices"

	"hinge/control"
	"hinge/internal/vec"
	"hinge/milp/relu"
)

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
	unstable   []int32   // units whose lower slope is free
	ranges     bool      // ranges are used: see Dual.Split
	costless   bool      // see Refutes
	residual   []float64 // of one term

	rates  vec.Rates // of the current step
	index  []int32   // of units of a layer that may be on
	all    []int32   // 0, 1, 2, ...
	z, zOn []float64 // of a layer, of those units
}

func (b *Bounder) newAscent() *dualAscent {
	n := b.p.Horizon * len(b.units)
	all := make([]int32, max(b.p.Nx, len(b.units)))
	for i := range all {
		all[i] = int32(i)
	}
	return &dualAscent{
		adjoint: make([]float64, n), grad: *b.NewDual(), m: *b.NewDual(), v: *b.NewDual(),
		best: *b.NewDual(), work: *b.NewDual(),
		buf: make([]float64, b.in+len(b.units)), x: make([]float64, b.p.Nx),
		u: make([]float64, b.p.Inputs()), center: b.p.NewWorkspace(), residual: make([]float64, b.largestTerm()),
		unstable: make([]int32, 0, n), index: make([]int32, len(b.units)), all: all,
		z: make([]float64, len(b.units)), zOn: make([]float64, len(b.units)),
	}
}

// largestTerm returns the most residuals that a term has.
func (b *Bounder) largestTerm() int {
	rows := 0
	for i := range b.p.Terms {
		rows = max(rows, b.p.Terms[i].Rows)
	}
	return rows
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
	clear(s.grad.Mult)
	clear(s.grad.Rows)
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
// the derivatives with respect to its lower slopes and the multipliers of its ranges.
func (b *Bounder) relaxedStep(d *Dual, t int, r Ranges) {
	s, base := b.ascent, t*len(b.units)
	for _, l := range b.layers() {
		from, to := base+l.first, base+l.last
		z, sides := s.z[:to-from], b.sidesOf(base, l)
		b.preActivate(z, l, sides.Up)
		vec.ActivateUnits(s.buf[b.in+l.first:b.in+l.last], s.grad.Low[from:to], z, s.adjoint[from:to], &sides)
		if s.ranges {
			for i, v := range z {
				at := from + i
				s.grad.Split[at] = splitGradient(d.Split[at], v, r.Lower[at], r.Upper[at])
			}
		}
	}
	l := &b.blocks[len(b.blocks)-1]
	vec.Dots(s.x, l.w, l.width(), s.all[:b.p.Nx], s.buf[l.from:l.to])
	for i := range b.out {
		s.x[i] += b.out[i].b
	}
}

// preActivate writes w'x for the units of a layer, 0 for those that are always off, as their
// upper slopes say, unless their ranges are used.
func (b *Bounder) preActivate(z []float64, l block, up []float64) {
	s := b.ascent
	x, index := s.buf[l.from:l.to], s.all[:len(z)]
	if !s.ranges {
		index = on(s.index, up)
	}
	if len(index) == len(z) {
		vec.Dots(z, l.w, l.width(), index, x)
		return
	}
	vec.Dots(s.zOn, l.w, l.width(), index, x)
	clear(z)
	for k, j := range index {
		z[j] = s.zOn[k]
	}
}

// on lists the units that are not always off, as their upper slopes say, in dst. A slope
// that is none counts: what is made of it must not look like a bound.
func on(dst []int32, up []float64) []int32 {
	dst, n := dst[:len(up)], 0
	for j, slope := range up {
		dst[n] = int32(j)
		if slope != 0 {
			n++
		}
	}
	return dst[:n]
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
	if k.Norm.KeepsOut() {
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

// step takes the i-th step of Adam, uphill. Slopes and multipliers of ranges stay in their
// domain; those of residuals and constraints have to be projected.
func (b *Bounder) step(i int, rate float64) {
	s := b.ascent
	s.rates = vec.Rates{Beta1: beta1, One1: 1 - beta1, Beta2: beta2, One2: 1 - beta2,
		Scale1: rate / (1 - math.Pow(beta1, float64(i))), Scale2: 1 / (1 - math.Pow(beta2, float64(i))), Tiny: 1e-12, Lo: 0, Hi: 1}
	vec.Ascend(s.work.Low, s.m.Low, s.v.Low, s.grad.Low, &s.rates)
	s.rates.Lo, s.rates.Hi = -math.MaxFloat64, math.MaxFloat64
	if s.ranges {
		vec.Ascend(s.work.Split, s.m.Split, s.v.Split, s.grad.Split, &s.rates)
	}
	b.stepRows()
	at := 0
	for k := range b.p.Terms {
		end := at + b.p.Terms[k].Rows
		x, m, v, g := s.work.Mult[at:end], s.m.Mult[at:end], s.v.Mult[at:end], s.grad.Mult[at:end]
		if n := b.p.Terms[k].Norm; n == control.LInf || n == control.Max {
			ascendShared(x, m, v, g, &s.rates)
		} else {
			vec.Ascend(x, m, v, g, &s.rates)
		}
		at = end
	}
}

// beta1 and beta2 are the decays of the moments.
const beta1, beta2 = .7, .9

// ascendShared is [vec.Ascend] with one scale for all, as the rows of an LInf or Max term
// have it: their multipliers live in a simplex, where only differences of their derivatives
// matter.
func ascendShared(x, m, v, g []float64, q *vec.Rates) {
	var largest float64
	for j, gj := range g {
		m[j] = q.Beta1*m[j] + q.One1*gj
		v[j] = q.Beta2*v[j] + q.One2*gj*gj
		largest = max(largest, v[j])
	}
	for j := range x {
		x[j] += q.Scale1 * m[j] / (math.Sqrt(largest*q.Scale2) + q.Tiny)
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
