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
	ranges     bool      // ranges are used: see Dual.Split
	costless   bool      // see Refutes
	residual   []float64 // of one term

	index   []int32   // of units of a layer that may be on
	outputs []int32   // 0, 1, 2, ...
	z       []float64 // of a layer
}

func (b *Bounder) newAscent() *dualAscent {
	n := b.p.Horizon * len(b.units)
	outputs := make([]int32, b.p.Nx)
	for i := range outputs {
		outputs[i] = int32(i)
	}
	return &dualAscent{
		adjoint: make([]float64, n), grad: *b.NewDual(), m: *b.NewDual(), v: *b.NewDual(),
		best: *b.NewDual(), work: *b.NewDual(),
		buf: make([]float64, b.in+len(b.units)), x: make([]float64, b.p.Nx),
		u: make([]float64, b.p.Inputs()), center: b.p.NewWorkspace(), residual: make([]float64, b.largestTerm()),
		index: make([]int32, 0, len(b.units)), outputs: outputs, z: make([]float64, len(b.units)),
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
	for _, l := range b.layers() {
		index := s.index[:0]
		for h := l.first; h < l.last; h++ {
			if b.relax.up[base+h] == 0 && !s.ranges { // always off
				s.buf[b.in+h] = 0
				continue
			}
			index = append(index, int32(h-l.first))
		}
		vec.Dots(s.z, l.w, l.width(), index, s.buf[l.from:l.to])
		for k, j := range index {
			h := l.first + int(j)
			s.buf[b.in+h] = b.relaxedUnit(d, r, base+h, b.units[h].b+s.z[k])
		}
	}
	l := &b.blocks[len(b.blocks)-1]
	vec.Dots(s.x, l.w, l.width(), s.outputs, s.buf[l.from:l.to])
	for i := range b.out {
		s.x[i] += b.out[i].b
	}
}

// relaxedUnit returns what the relaxed unit makes of z, and writes the derivatives with
// respect to its lower slope and its multiplier.
func (b *Bounder) relaxedUnit(d *Dual, r Ranges, at int, z float64) float64 {
	s := b.ascent
	s.grad.Split[at] = splitGradient(d.Split[at], z, r.Lower[at], r.Upper[at])
	if !(s.adjoint[at] > 0) {
		return b.relax.up[at]*z + b.relax.cut[at]
	}
	if r.Lower[at] < 0 && r.Upper[at] > 0 {
		s.grad.Low[at] = s.adjoint[at] * z
	}
	return b.relax.low[at] * z
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
