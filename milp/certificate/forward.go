package certificate

import "math"

// CostAbove returns a number that J(actions) does not exceed, by a forward pass in
// interval arithmetic: what an honest claim has as its objective. The program and
// the actions must have the right shapes, see [Certificate.Validate].
func CostAbove(p *Program, actions [][]float64) float64 {
	m := newModel(p)
	var u []float64
	for _, a := range actions {
		u = append(u, a...)
	}
	return m.cost(u).hi
}

// cost encloses J(u).
func (m *model) cost(u []float64) span {
	p, nx, nu := m.p, m.p.Nx, m.p.Nu
	xl, xh := make([]float64, (p.Horizon+1)*nx), make([]float64, (p.Horizon+1)*nx)
	copy(xl, p.X0)
	copy(xh, p.X0)
	width := m.in + len(m.hidden)
	lo, hi := make([]float64, width), make([]float64, width)
	for t := range p.Horizon {
		copy(lo, xl[t*nx:(t+1)*nx])
		copy(hi, xh[t*nx:(t+1)*nx])
		copy(lo[nx:], u[t*nu:(t+1)*nu])
		copy(hi[nx:], u[t*nu:(t+1)*nu])
		for h := range m.hidden {
			a := m.hidden[h].activate(m.hidden[h].interval(lo, hi))
			lo[m.in+h], hi[m.in+h] = a.lo, a.hi
		}
		for i := range m.out {
			x := m.out[i].interval(lo, hi)
			xl[(t+1)*nx+i], xh[(t+1)*nx+i] = x.lo, x.hi
		}
	}
	var sum span
	for i := range p.Cost {
		k := &p.Cost[i]
		n := m.norm(k, xl, xh, u)
		sum = sum.plus(span{down(k.Factor * n.lo), up(k.Factor * n.hi)})
	}
	return sum
}

// norm encloses the norm of a term's residual.
func (m *model) norm(k *Term, xl, xh, u []float64) span {
	var sum, largest, squares span
	top := span{math.Inf(-1), math.Inf(-1)}
	for j := range k.B {
		r := m.residual(k, j, xl, xh, u, u)
		a := span{max(0, r.lo, -r.hi), r.mag()}
		sum = sum.plus(a)
		squares = squares.plus(span{down(a.lo * a.lo), up(a.hi * a.hi)})
		largest = span{max(largest.lo, a.lo), max(largest.hi, a.hi)}
		top = span{max(top.lo, r.lo), max(top.hi, r.hi)}
	}
	switch k.Norm {
	case L1:
		return sum
	case LInf:
		return largest
	case SquaredL2:
		return squares
	case Max:
		return top
	}
	area := k.Radius * k.Radius
	return span{max(0, down(down(area)-squares.hi)), max(0, up(up(area)-squares.lo))}
}
