package certificate

import (
	"math"
	"slices"
)

// stage returns the program of step t: its inputs are [w; u_t] with w in [lower,
// upper] and x_t = center + basis w, and at t = 0 only u_0. Its network is that of p
// behind a layer of identities that makes [x_t; u_t], so that no product of weights
// is rounded.
func (p *Program) stage(t int, f *Frame, lower, upper []float64, cost []Term) *Program {
	nx, nu := p.Nx, p.Nu
	ul, uh := p.Lower[t*nu:(t+1)*nu], p.Upper[t*nu:(t+1)*nu]
	if t == 0 {
		return &Program{Network: p.Network, Nx: nx, Nu: nu, Horizon: 1, X0: p.X0, Lower: ul, Upper: uh, Cost: cost, Rounded: p.Rounded}
	}
	q := &Program{Nx: nx, Nu: nx + nu, Horizon: 1, X0: make([]float64, nx), Cost: cost,
		Lower: slices.Concat(lower, ul), Upper: slices.Concat(upper, uh)}
	in := nx + nu // of the new layer: w and u
	y := Layer{From: nx, To: nx + in, Bias: slices.Concat(f.Center, make([]float64, nu))}
	y.Weights = make([]float64, in*in)
	for i := range nx {
		copy(y.Weights[i*in:], f.Basis[i*nx:(i+1)*nx])
	}
	for j := nx; j < in; j++ {
		y.Weights[j*in+j] = 1
	}
	for range in {
		y.Gates = append(y.Gates, Identity)
	}
	q.Network.Layers = []Layer{y}
	for _, y := range p.Network.Layers {
		y.From, y.To = y.From+nx+in, y.To+nx+in
		q.Network.Layers = append(q.Network.Layers, y)
	}
	if p.Rounded != nil {
		q.Rounded = slices.Concat(make([]float64, in), p.Rounded)
	}
	return q
}

// ahead returns the number of units that stage puts before those of p.
func (p *Program) ahead(t int) int {
	if t == 0 {
		return 0
	}
	return p.Nx + p.Nu
}

// staged rewrites leaves of the program of step t, which know the units of p only.
func (p *Program) staged(t int, leaves []Leaf) []Leaf {
	n := p.ahead(t)
	if n == 0 {
		return leaves
	}
	leaves = slices.Clone(leaves)
	for i := range leaves {
		y := &leaves[i]
		if y.Low != nil {
			y.Low = slices.Concat(make([]float64, n), y.Low)
		}
		if y.Up != nil {
			y.Up = slices.Concat(make([]float64, n), y.Up)
		}
		if y.Split != nil {
			y.Split = slices.Concat(make([]float64, n), y.Split)
		}
		y.Phases = slices.Clone(y.Phases)
		for j := range y.Phases {
			y.Phases[j][0] += n
		}
	}
	return leaves
}

// stagedRanges does so for ranges.
func (p *Program) stagedRanges(t int, groups [][]Range) [][]Range {
	n := p.ahead(t)
	if n == 0 {
		return groups
	}
	groups = slices.Clone(groups)
	for g := range groups {
		groups[g] = slices.Clone(groups[g])
		for i := range groups[g] {
			y := &groups[g][i]
			y.Unit += n
			if y.Low != nil {
				y.Low = slices.Concat(make([]float64, n), y.Low)
			}
		}
	}
	return groups
}

// stageCost returns the terms of the cost at step t+1 for the program of step t.
func (p *Program) stageCost(t int) []Term {
	var terms []Term
	for _, k := range p.Cost {
		if k.T == t+1 {
			k.T, k.U = 1, p.wide(t, k.U, len(k.B))
			terms = append(terms, k)
		}
	}
	return terms
}

// wide puts zeros for w before each row of u.
func (p *Program) wide(t int, u []float64, rows int) []float64 {
	if t == 0 {
		return u
	}
	var v []float64
	for i := range rows {
		v = append(v, make([]float64, p.Nx)...)
		v = append(v, u[i*p.Nu:(i+1)*p.Nu]...)
	}
	return v
}

// linear returns the term x'x_{t+1} of the program of step t.
func (p *Program) linear(t int, x []float64) Term {
	return Term{T: 1, Norm: Max, Factor: 1, X: x, U: p.wide(t, make([]float64, p.Nu), 1), B: []float64{0}}
}

// toGo returns the largest of the given cuts of x_{t+1} as a term of the program of step t.
func (p *Program) toGo(t int, cuts []*Cut) Term {
	k := Term{T: 1, Norm: Max, Factor: 1, U: p.wide(t, make([]float64, len(cuts)*p.Nu), len(cuts))}
	for _, c := range cuts {
		k.X = append(k.X, c.Slope...)
		k.B = append(k.B, c.Offset)
	}
	return k
}

// minus returns -slope'x_t as a term of the program of step t, t > 0, up to an error
// that it bounds for w in [lower, upper].
func (p *Program) minus(f *Frame, slope, lower, upper []float64) (Term, float64) {
	nx := p.Nx
	k := Term{T: 1, Norm: Max, Factor: 1, X: make([]float64, nx), U: make([]float64, nx+p.Nu)}
	b := affine(slope, f.Center, f.Center, 0)
	k.B = []float64{-b.lo}
	off := up(b.hi - b.lo)
	for j := range nx {
		column := f.column(j)
		s := affine(slope, column, column, 0)
		k.U[j] = -s.lo
		off = up(off + up(up(s.hi-s.lo)*span{lower[j], upper[j]}.mag()))
	}
	return k, off
}

// column returns column j of the basis.
func (f *Frame) column(j int) []float64 {
	n := len(f.Center)
	d := make([]float64, n)
	for i := range d {
		d[i] = f.Basis[i*n+j]
	}
	return d
}

// skew bounds n max |basis'basis - I|: d_j'(basis w) differs from w_j by at most
// skew max |w|.
func (f *Frame) skew() float64 {
	n, worst := len(f.Center), 0.0
	for i := range n {
		for j := range n {
			a, b := f.column(i), f.column(j)
			target := 0.0
			if i == j {
				target = -1
			}
			worst = max(worst, affine(a, b, b, target).mag())
		}
	}
	return up(float64(n) * worst)
}

// largest returns the largest magnitude of the entries of lo and hi.
func largest(lo, hi []float64) float64 {
	var top float64
	for j := range lo {
		top = max(top, math.Abs(lo[j]), math.Abs(hi[j]))
	}
	return top
}
