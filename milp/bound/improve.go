package bound

import (
	"math"

	"hinge/control"
	"hinge/internal/vec"
)

// improve takes a step on the slopes, tangents and shares of [Bounder.Refine] along
// the derivative of the last bound: the relaxed networks, with the sides that it
// chose, are run forward at its minimiser.
func (b *Bounder) improve(r Ranges, t int, lower, upper []float64, cutoff float64) {
	s, nx, nu := b.refining, b.p.Nx*vec.Lanes, b.p.Nu*vec.Lanes
	b.minimisers(lower, upper)
	broadcast(s.x, b.p.X0)
	last, priced := t, !math.IsInf(cutoff, 1)
	if priced {
		last = b.p.Horizon - 1
	}
	for k := range s.slack {
		s.slack[k] = -cutoff
	}
	next, at := 0, 0
	for step := 0; step <= last; step++ {
		copy(s.buf, s.x)
		copy(s.buf[nx:], s.u[step*nu:(step+1)*nu])
		b.forwardStep(r, step)
		for ; priced && next < len(b.p.Terms) && b.p.Terms[next].T == step+1; next++ {
			b.improveTangents(next, at)
			at += b.p.Terms[next].Rows
		}
	}
	if priced {
		s.improveShare()
	}
}

// minimisers writes the actions at which each form is least.
func (b *Bounder) minimisers(lower, upper []float64) {
	for i := range lower {
		u := column(b.refining.u, i)
		for k, a := range column(b.panel.a, i) {
			u[k] = upper[i]
			if a > 0 {
				u[k] = lower[i]
			}
		}
	}
}

// forwardStep runs one step of the relaxed networks from s.buf to s.x and improves
// its slopes.
func (b *Bounder) forwardStep(r Ranges, t int) {
	s, q := b.refining, &b.panel.unit
	for h := range b.units {
		at := t*len(b.units) + h
		y := column(s.buf, b.in+h)
		switch {
		case b.relax.up[at] == 0:
			*y = vec.Column{}
		case r.Lower[at] >= 0:
			b.affine(y, &b.units[h])
		default:
			b.affine(&s.z, &b.units[h])
			slope := column(s.slope, at)
			*q = vec.Unit{Up: b.relax.up[at], Cut: b.relax.cut[at]}
			vec.Activate(y, &s.grad, &s.z, column(s.adjoint, at), slope, q)
			vec.Adam(slope, column(s.slopeM, at), column(s.slopeV, at), &s.grad, &s.rates)
		}
	}
	for i := range b.out {
		b.affine(column(s.x, i), &b.out[i])
	}
}

// affine writes w'v + b of a unit in every relaxed network to dst.
func (b *Bounder) affine(dst *vec.Column, u *unit) {
	for k := range dst {
		dst[k] = u.b
	}
	vec.Gather(dst, b.refining.buf[u.from*vec.Lanes:], u.w)
}

// improveTangents adds term i, whose first residual is at, to the slack and
// improves its tangents if they are free of each other.
func (b *Bounder) improveTangents(i, at int) {
	k, s, nx, nu := &b.p.Terms[i], b.refining, b.p.Nx, b.p.Nu
	if k.Norm.KeepsOut() {
		return
	}
	for j := range k.Rows {
		e := &s.z
		for q := range e {
			e[q] = k.B[j]
		}
		vec.Gather(e, s.x, k.X[j*nx:(j+1)*nx])
		vec.Gather(e, s.u[(k.T-1)*nu*vec.Lanes:], k.U[j*nu:(j+1)*nu])
		if k.Prev != nil {
			vec.Gather(e, s.u[(k.T-2)*nu*vec.Lanes:], k.Prev[j*nu:(j+1)*nu])
		}
		m := column(s.mult, at+j)
		for q, v := range e {
			if k.Norm == control.SquaredL2 {
				v = 2*v - m[q]
			}
			s.slack[q] += k.Factor * m[q] * v
		}
		switch k.Norm {
		case control.L1:
			vec.Adam(m, column(s.multM, at+j), column(s.multV, at+j), e, &s.tangentRates)
		case control.Hinge: // its tangents are in [0, 1], as slopes are
			vec.Adam(m, column(s.multM, at+j), column(s.multV, at+j), e, &s.rates)
		}
	}
}

// improveShare takes the step of the objective's multipliers.
func (s *refining) improveShare() {
	r := &s.rates
	for k, g := range s.slack {
		s.shareM[k] = r.Beta1*s.shareM[k] + r.One1*g
		s.shareV[k] = r.Beta2*s.shareV[k] + r.One2*g*g
		step := r.Scale1 * s.shareM[k] / (math.Sqrt(r.Scale2*s.shareV[k]) + r.Tiny)
		s.share[k] = clamp(s.share[k]+s.shareScale[k]*step, 0, math.MaxFloat64)
	}
}
