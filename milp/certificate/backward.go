package certificate

import "math"

// form is a linear lower bound on its way back through the network,
//
//	c + a'u + x'x_t + g'(buffer of step t),
//
// with, for each coefficient, the sum of magnitudes of the fused multiply-adds that
// made it, see allowance, and a debt: what is still to be taken off c.
type form struct {
	g, ge []float64 // of [x_t; u_t; hidden units] of the current step
	x, xe []float64 // of the state the form has reached
	a, ae []float64 // of the stacked actions
	c, ce float64
	debt  float64
}

func (m *model) newForm() form {
	width := m.in + len(m.hidden)
	return form{g: make([]float64, width), ge: make([]float64, width),
		x: make([]float64, m.p.Nx), xe: make([]float64, m.p.Nx),
		a: make([]float64, m.inputs()), ae: make([]float64, m.inputs())}
}

func (f *form) reset() {
	for _, v := range [][]float64{f.g, f.ge, f.x, f.xe, f.a, f.ae} {
		clear(v)
	}
	f.c, f.ce, f.debt = 0, 0, 0
}

// add adds s w to the coefficients g.
func add(s float64, w, g, e []float64) {
	g, e = g[:len(w)], e[:len(w)]
	for k, v := range w {
		n := math.FMA(s, v, g[k])
		g[k] = n
		e[k] += math.Abs(n)
	}
}

// constant adds s v to c.
func (f *form) constant(s, v float64) {
	f.c = math.FMA(s, v, f.c)
	f.ce += math.Abs(f.c)
}

// charge adds to the debt an amount >= 0, which its caller may have rounded. total
// makes up for that.
func (f *form) charge(amount float64) { f.debt += amount }

// total returns a lower bound of what c and the debt stand for. The debt is a sum of
// n amounts >= 0, each a few roundings old: too small by a factor of less than 1 - (n
// + 8) 2^-53, which 2^-20 covers; amounts that underflow are covered by tiny.
func (f *form) total() float64 {
	v := down(f.c - up(allowance(f.ce)+up(f.debt*(1+0x1p-20)+tiny)))
	if math.IsNaN(v) { // an overflow on the way: nothing is known
		return math.Inf(-1)
	}
	return v
}

// sides says how units are relaxed.
type sides struct {
	r     *ranges
	low   []float64 // lower slopes in [0, 1]; nil for the plain rule
	up    []float64 // upper slopes; nil for those of the ranges
	split []float64 // multipliers of the ranges; nil for none
	rows  []float64 // multipliers of the constraints; nil for none
}

// relaxed replaces the hidden units below top of step t by what they read, last unit
// first, so that the form stays a lower bound.
//
// Let g be the coefficient of a = max(0, z), l <= z <= h. For g > 0 every slope v
// with 0 <= v <= g has v z <= g a; fl(g low) is such a v. For g < 0, g a is concave in
// z, so the line v z + c lies below it on [l, h] if it does at both ends: v may be
// any number if c <= min(-v l, (g - v) h). A multiplier b > 0 of z >= l subtracts
// b (z - l) >= 0, and b < 0 of z <= h subtracts b (z - h) >= 0. Rounding v - b changes
// b, but not its sign; the constant that goes with it is charged the change.
func (m *model) relaxed(f *form, t, top int, y *sides) {
	base := t * len(m.hidden)
	for h := top - 1; h >= 0; h-- {
		g, at := f.g[m.in+h], base+h
		if g == 0 && f.ge[m.in+h] == 0 && (y.split == nil || y.split[at] == 0) {
			continue
		}
		u := &m.hidden[h]
		l, hi := y.r.lo[at], y.r.hi[at]
		f.charge(allowance(f.ge[m.in+h]) * u.activate(span{l, hi}).mag())
		var v float64
		if y.up != nil && u.gate == ReLU {
			v = f.pullFixed(g, l, hi, y.low[at], y.up[at])
		} else {
			v = f.pull(u, g, l, hi, y.low, at)
		}
		if y.split != nil && y.split[at] != 0 {
			v = f.bind(v, y.split[at], l, hi)
		}
		if v == 0 {
			continue
		}
		f.constant(v, u.b)
		f.charge(math.Abs(v) * u.slack)
		add(v, u.w, f.g[u.from:u.to], f.ge[u.from:u.to])
	}
}

// bind subtracts what the multiplier b says of a range [l, h] from v z.
func (f *form) bind(v, b, l, h float64) float64 {
	edge := l
	if b < 0 {
		edge = h
	}
	v -= b
	f.constant(b, edge)
	f.charge(unit * math.Abs(v) * math.Abs(edge))
	return v
}

// pull returns the coefficient of the pre-activation that stands for g times the
// activation, and adds the constant that goes with it.
func (f *form) pull(u *neuron, g, l, h float64, low []float64, at int) float64 {
	switch {
	case u.gate == Identity || (u.gate == ReLU && l >= 0):
		return g
	case u.gate == Zero || h <= 0:
		return 0
	case g > 0 && low != nil:
		return g * low[at]
	case g > 0:
		if h > -l {
			return g
		}
		return 0
	case g < 0:
		v := g * (h / (h - l))
		a, b := -v*l, (g-v)*h
		f.constant(1, min(a, b))
		f.charge(4 * unit * (math.Abs(a) + math.Abs(b)))
		return v
	}
	return g // 0 or NaN
}

// pullFixed is pull with both slopes given, whatever the range. v z + c lies below g
// max(0, z) on [l, h] if it does at both ends and, where that has a kink upwards, at 0.
func (f *form) pullFixed(g, l, h, low, up float64) float64 {
	v := g * low
	if g < 0 {
		v = g * up
	}
	a, b := excess(g, v, l), excess(g, v, h)
	c := min(a, b)
	if g > 0 && l < 0 && h > 0 {
		c = min(c, 0)
	}
	f.constant(1, c)
	f.charge(4 * unit * (math.Abs(a) + math.Abs(b)))
	return v
}

// excess returns g max(0, z) - v z.
func excess(g, v, z float64) float64 {
	if z > 0 {
		return (g - v) * z
	}
	return -v * z
}

// reads moves the coefficients of step t's inputs to the state and the actions.
func (m *model) reads(f *form, t int) {
	nx, nu := m.p.Nx, m.p.Nu
	copy(f.x, f.g[:nx])
	copy(f.xe, f.ge[:nx])
	for j := range nu {
		k := t*nu + j
		n := f.a[k] + f.g[nx+j]
		f.a[k] = n
		f.ae[k] += f.ge[nx+j] + math.Abs(n)
	}
}

// output replaces the state x_{t+1} by the outputs of step t.
func (m *model) output(f *form, t int, r *ranges) {
	clear(f.g)
	clear(f.ge)
	nx := m.p.Nx
	for i, v := range f.x {
		if v == 0 && f.xe[i] == 0 {
			continue
		}
		u := &m.out[i]
		f.charge(allowance(f.xe[i]) * r.state((t+1)*nx+i).mag())
		f.constant(v, u.b)
		f.charge(math.Abs(v) * u.slack)
		add(v, u.w, f.g[u.from:u.to], f.ge[u.from:u.to])
	}
	clear(f.x)
	clear(f.xe)
}

// minimum replaces x_0 by its value and returns a lower bound of the form on a box.
func (m *model) minimum(f *form, lower, upper []float64) float64 {
	for i, v := range f.x {
		f.constant(v, m.p.X0[i])
		f.charge(allowance(f.xe[i]) * math.Abs(m.p.X0[i]))
	}
	for k, v := range f.a {
		if v > 0 {
			f.constant(v, lower[k])
		} else {
			f.constant(v, upper[k])
		}
		f.charge(allowance(f.ae[k]) * span{lower[k], upper[k]}.mag())
	}
	return f.total()
}

// preActivation returns a lower bound of sign * z for hidden unit h of step t.
func (w *worker) preActivation(t, h int, sign float64, r *ranges, lower, upper []float64) float64 {
	m, f := w.m, &w.f
	f.reset()
	u := &m.hidden[h]
	for k, c := range u.w {
		f.g[u.from+k] = sign * c
	}
	f.c = sign * u.b
	f.charge(u.slack)
	m.relaxed(f, t, h, &sides{r: r})
	m.reads(f, t)
	return w.back(f, t, r, lower, upper)
}

// objective returns a lower bound of J on a box, given ranges that hold there and
// the multipliers of the residuals.
func (m *model) objective(f *form, y *sides, mult, lower, upper []float64) float64 {
	m.pullCost(f, y, mult, lower, upper)
	v := m.minimum(f, lower, upper)
	if !m.signed {
		v = max(v, 0)
	}
	return v
}

// refutes reports whether the multipliers of ranges and rows prove that no plan is in a
// box: without the cost they bound 0 from below by a positive number.
func (m *model) refutes(f *form, y *sides, lower, upper []float64) bool {
	m.pullCost(f, y, nil, lower, upper)
	return m.minimum(f, lower, upper) > 0
}

// pullCost takes the bound of J that multipliers give, or of 0 if mult is nil, back to
// the actions and x_0.
func (m *model) pullCost(f *form, y *sides, mult, lower, upper []float64) {
	f.reset()
	next, at := len(m.p.Cost)-1, len(mult)
	for t := m.p.Horizon; t >= 1; t-- {
		m.addRows(f, t, y.rows)
		for ; mult != nil && next >= 0 && m.p.Cost[next].T == t; next-- {
			at -= len(m.p.Cost[next].B)
			m.seed(f, &m.p.Cost[next], mult[at:], y.r, lower, upper)
		}
		m.output(f, t-1, y.r)
		m.relaxed(f, t-1, len(m.hidden), y)
		m.reads(f, t-1)
	}
	m.addRows(f, 0, y.rows)
}

// seed adds the tangent of a term, with the multipliers mult, to the form.
//
//	l1:         factor |r_j| >= m_j r_j if |m_j| <= factor
//	hinge:      factor max(0, r_j) >= m_j r_j if 0 <= m_j <= factor
//	linf:       factor max |r| >= sum m_j r_j if sum |m_j| <= factor
//	max:        factor max r   >= sum m_j r_j if m >= 0 and sum m_j = factor
//	squared_l2: factor r_j^2   >= m_j r_j - m_j^2/(4 factor)
//
// Rounding may make the sum of linf or max miss the factor: the difference is
// charged times the largest residual.
func (m *model) seed(f *form, k *Term, mult []float64, r *ranges, lower, upper []float64) {
	if k.keepsOut() || k.Factor == 0 {
		return
	}
	var total, exact float64 // sum |m_j|, and the magnitudes met on the way
	for j := range k.B {
		v := k.Factor * mult[j]
		if k.Norm == SquaredL2 {
			v *= 2
			half := v / 4 / k.Factor // the product of the two may overflow, and their ratio vanish
			f.constant(-v, half)
			f.charge(2 * unit * v * half)
		}
		total += math.Abs(v)
		exact += total
		if v != 0 {
			m.row(f, k, j, v)
		}
	}
	miss := 0.0
	switch k.Norm {
	case LInf:
		miss = max(0, total-k.Factor)
	case Max:
		miss = math.Abs(total - k.Factor)
	default:
		return
	}
	if len(k.B) > 1 {
		miss = up(miss) + allowance(exact)
	}
	if miss > 0 {
		f.charge(up(miss) * m.largest(k, r, lower, upper))
	}
}

// row adds v times entry j of the residual to the form.
func (m *model) row(f *form, k *Term, j int, v float64) {
	nx, nu, at := m.p.Nx, m.p.Nu, (k.T-1)*m.p.Nu
	f.constant(v, k.B[j])
	add(v, k.X[j*nx:(j+1)*nx], f.x, f.xe)
	add(v, k.U[j*nu:(j+1)*nu], f.a[at:], f.ae[at:])
	if k.Prev == nil {
		return
	}
	w := k.Prev[j*nu : (j+1)*nu]
	if k.T > 1 {
		add(v, w, f.a[at-nu:], f.ae[at-nu:])
		return
	}
	for i, c := range w {
		f.constant(v*c, m.p.Before[i])
		f.charge(unit * math.Abs(v*c*m.p.Before[i]))
	}
}

// largest returns the largest magnitude of a term's residuals.
func (m *model) largest(k *Term, r *ranges, lower, upper []float64) float64 {
	var top float64
	for j := range k.B {
		top = max(top, m.residual(k, j, r.xlo, r.xhi, lower, upper).mag())
	}
	return top
}
