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

// cost encloses J(u): by intervals, and where these have grown over the steps with more
// bits, see precise.go.
func (m *model) cost(u []float64) span {
	s := m.sumAt(m.rollOut(u), u)
	if s.hi-s.lo <= wide*(1+max(math.Abs(s.lo), math.Abs(s.hi))) {
		return s
	}
	z := m.sumAt(m.precise(u), u)
	return span{max(s.lo, z.lo), min(s.hi, z.hi)}
}

// wide is the relative width from which on an enclosure of J is improved.
const wide = 1e-12

// sumAt encloses J, given the states that follow from u.
func (m *model) sumAt(r *ranges, u []float64) span {
	return m.sum(func(k *Term, j int) span { return m.residual(k, j, r.xlo, r.xhi, u, u) })
}

// residual narrows s, which encloses entry j of the residual of a term, by linear forms on
// a box.
func (w *worker) residual(k *Term, j int, s span, r *ranges, lower, upper []float64) span {
	return span{max(s.lo, w.signed(k, j, 1, r, lower, upper)), min(s.hi, -w.signed(k, j, -1, r, lower, upper))}
}

// signed returns a lower bound of sign times entry j of the residual of a term on a box.
func (w *worker) signed(k *Term, j int, sign float64, r *ranges, lower, upper []float64) float64 {
	m, f := w.m, &w.f
	f.reset()
	m.row(f, k, j, sign)
	for t := k.T - 1; t >= 0; t-- {
		m.output(f, t, r)
		m.relaxed(f, t, len(m.hidden), &sides{r: r})
		m.reads(f, t)
	}
	return m.minimum(f, lower, upper)
}

// sum encloses J, given the residuals.
func (m *model) sum(residual func(k *Term, j int) span) span {
	var sum span
	for i := range m.p.Cost {
		k := &m.p.Cost[i]
		n := k.norm(residual)
		sum = sum.plus(span{down(k.Factor * n.lo), up(k.Factor * n.hi)})
	}
	return sum
}

// rollOut encloses the states that follow from u by intervals.
func (m *model) rollOut(u []float64) *ranges {
	p, nx, nu := m.p, m.p.Nx, m.p.Nu
	r := m.newRanges()
	xl, xh := r.xlo, r.xhi
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
	return r
}

// norm encloses the norm of a term's residual.
func (k *Term) norm(residual func(k *Term, j int) span) span {
	var sum, largest, squares, over span
	top := span{math.Inf(-1), math.Inf(-1)}
	for j := range k.B {
		r := residual(k, j)
		a := span{max(0, r.lo, -r.hi), r.mag()}
		sum = sum.plus(a)
		over = over.plus(span{max(0, r.lo), max(0, r.hi)})
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
	case Hinge:
		return span{max(0, over.lo), over.hi}
	case Polygon:
		return span{max(0, -top.hi), max(0, -top.lo)}
	}
	area := k.Radius * k.Radius
	return span{max(0, down(down(area)-squares.hi)), max(0, up(up(area)-squares.lo))}
}
