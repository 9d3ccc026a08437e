package bound

import (
	"math"
	"slices"

	"hinge/control"
	"hinge/milp/relu"
)

// Intervals returns the ranges on the whole box by interval arithmetic alone, and
// without the constraints: what an encoder knows that has no better bounds.
func Intervals(p *relu.Program) Ranges {
	b := newBounder(p, false)
	r := b.NewRanges()
	for i := range r.Lower {
		r.Lower[i], r.Upper[i] = math.Inf(-1), math.Inf(1)
	}
	b.propagate(r)
	return r
}

// propagate intersects r with the ranges of one interval pass over the whole box
// and sets the masses they imply. A second pass with tighter r gives smaller
// masses, and so a smaller rounding allowance.
func (b *Bounder) propagate(r Ranges) {
	p, nx, nu := b.p, b.p.Nx, b.p.Nu
	width := b.in + len(b.units)
	lo, hi, mag := make([]float64, width), make([]float64, width), make([]float64, width)
	xl, xu := slices.Clone(p.X0), slices.Clone(p.X0)
	box := b.Box()
	b.met(r, box, 0, xl, xu)
	b.setState(0, xl, xu)
	for t := range p.Horizon {
		copy(lo, xl)
		copy(hi, xu)
		copy(lo[nx:], box.Lower[t*nu:(t+1)*nu])
		copy(hi[nx:], box.Upper[t*nu:(t+1)*nu])
		for i := range b.in {
			mag[i] = magnitude(lo[i], hi[i])
		}
		for h := range b.units {
			at := t*len(b.units) + h
			l, u, mass := b.units[h].interval(lo, hi, mag, b.rounded(h))
			b.mass[at] = mass
			r.Lower[at], r.Upper[at] = max(r.Lower[at], l), min(r.Upper[at], u)
			lo[b.in+h], hi[b.in+h] = max(0, r.Lower[at]), max(0, r.Upper[at])
			mag[b.in+h] = hi[b.in+h]
		}
		for i := range b.out {
			xl[i], xu[i], b.outMass[t*nx+i] = b.out[i].interval(lo, hi, mag, b.rounded(len(b.units)+i))
		}
		b.met(r, box, t+1, xl, xu)
		b.setState(t+1, xl, xu)
	}
	b.setTermMass()
	b.setRowMass()
	if b.side != nil {
		b.side.setHard(b)
	}
}

// met is meet at the root.
func (b *Bounder) met(r Ranges, box control.Box, t int, xl, xu []float64) {
	if !b.meet(r, box, t, xl, xu) {
		b.limits.empty = true
	}
}

// rounded returns the mass to add for weights that were themselves computed.
func (b *Bounder) rounded(unit int) float64 {
	if b.p.Rounded == nil {
		return 0
	}
	return b.p.Rounded[unit]
}

func (b *Bounder) setState(t int, xl, xu []float64) {
	for i := range xl {
		b.stateMag[t*b.p.Nx+i] = magnitude(xl[i], xu[i])
	}
}

// interval returns the range of w'v + b for v in [lo, hi], rounded outwards, and
// its mass, at least extra.
func (u *unit) interval(lo, hi, mag []float64, extra float64) (l, v, mass float64) {
	l, v = u.b, u.b
	for k, w := range u.w {
		if a := u.from + k; w > 0 {
			l += w * lo[a]
			v += w * hi[a]
		} else {
			l += w * hi[a]
			v += w * lo[a]
		}
	}
	mass = dotMass(u.w, mag[u.from:u.to], u.b) + extra
	slack := gamma(len(mag)+2) * mass
	return l - slack, v + slack, mass
}

// setTermMass sets the mass of every residual of the objective.
func (b *Bounder) setTermMass() {
	p := b.p
	b.termMass = make([][]float64, len(p.Terms))
	for i := range p.Terms {
		k := &p.Terms[i]
		m := make([]float64, k.Rows)
		for j := range m {
			m[j] = dotMass(k.X[j*p.Nx:(j+1)*p.Nx], b.stateMag[k.T*p.Nx:(k.T+1)*p.Nx], k.B[j]) +
				dotMass(k.U[j*p.Nu:(j+1)*p.Nu], b.inputMag[(k.T-1)*p.Nu:k.T*p.Nu], 0)
			if k.Prev != nil {
				m[j] += dotMass(k.Prev[j*p.Nu:(j+1)*p.Nu], b.inputMag[(k.T-2)*p.Nu:(k.T-1)*p.Nu], 0)
			}
		}
		b.termMass[i] = m
	}
}
