package certificate

import (
	"cmp"
	"math"
	"slices"
)

// Where there are constraints, or where a certificate asks for it, only what plans reach
// matters. The box of x_t is met with the rows of step t, and with it the box of the
// actions there; and a form on its way back may add multiples of rows that are not positive
// for any plan, and may end at the box of any step's states. Whatever the multiples are, the
// bound holds.

// line is a row sign (w'v + b - edge) <= 0 over some entries of a vector.
type line struct {
	from          int
	w             []float64
	sign, b, edge float64
	hard          *hardRow // what it is made from: this,
	unit          *neuron  // or this
	multiplier    float64
}

// cut says that J >= c + a'u for the plans of a node.
type cut struct {
	a []float64
	c float64
}

// meet clips the boxes of x_t, u_{t-1} and u_t by the rows of step t and rounds whole
// coordinates inwards. It returns false if no plan is left.
func (w *worker) meet(r *ranges, lower, upper []float64, t int) bool {
	m, nx := w.m, w.m.p.Nx
	if !m.follows {
		return true
	}
	for range 2 {
		for i := range m.hard[t] {
			y := &m.hard[t][i]
			if !w.clipRow(y, t, r.xlo[t*nx:], r.xhi[t*nx:], lower, upper) {
				return false
			}
		}
	}
	return m.whole(lower, upper)
}

// entry is a product of a row, w v with v in [lo, hi].
type entry struct {
	w      float64
	lo, hi *float64
}

// clipRow clips boxes of x_t and of the actions by a row of step t; false if no point is left.
func (w *worker) clipRow(y *hardRow, t int, xlo, xhi, lower, upper []float64) bool {
	nu := w.m.p.Nu
	w.parts = w.parts[:0]
	w.entries(y.x, xlo, xhi)
	if y.u != nil {
		w.entries(y.u, lower[(t-1)*nu:], upper[(t-1)*nu:])
	}
	if y.next != nil {
		w.entries(y.next, lower[t*nu:], upper[t*nu:])
	}
	return clip(w.parts, y.b)
}

func (w *worker) entries(row, lo, hi []float64) {
	for j, v := range row {
		if v != 0 {
			w.parts = append(w.parts, entry{v, &lo[j], &hi[j]})
		}
	}
}

// least returns the smaller end of the entry for a coefficient.
func (e *entry) least() float64 {
	if e.w > 0 {
		return *e.lo
	}
	return *e.hi
}

// clip narrows every entry to what the others leave of sum w v + b <= 0.
func clip(parts []entry, b float64) bool {
	for i := range parts {
		e := &parts[i]
		rest, size := b, 0.0
		for j := range parts {
			if j != i {
				rest = math.FMA(parts[j].w, parts[j].least(), rest)
				size += math.Abs(rest)
			}
		}
		limit := -down(rest-allowance(size)) / e.w // NaN and infinities say nothing
		if e.w > 0 && up(limit) < *e.hi {
			*e.hi = up(limit)
		} else if e.w < 0 && down(limit) > *e.lo {
			*e.lo = down(limit)
		}
		if *e.lo > *e.hi {
			return false
		}
	}
	return len(parts) > 0 || b <= 0
}

// whole rounds whole coordinates inwards; false if there is no whole number.
func (m *model) whole(lower, upper []float64) bool {
	for _, j := range m.p.Integer {
		for k := j; k < len(lower); k += m.p.Nu {
			lower[k], upper[k] = math.Ceil(lower[k]), math.Floor(upper[k])
			if lower[k] > upper[k] {
				return false
			}
		}
	}
	return true
}

// states tightens the box of x_{t+1} by linear bounds; false if no plan is left.
func (w *worker) states(r *ranges, lower, upper []float64, t int) bool {
	m, f := w.m, &w.f
	for i := range m.p.Nx {
		at := (t+1)*m.p.Nx + i
		for _, sign := range [2]float64{1, -1} {
			f.reset()
			f.x[i] = sign
			m.output(f, t, r)
			m.relaxed(f, t, len(m.hidden), &sides{r: r})
			m.reads(f, t)
			v := w.back(f, t, r, lower, upper)
			if sign > 0 && v > r.xlo[at] {
				r.xlo[at] = v
			} else if sign < 0 && -v < r.xhi[at] {
				r.xhi[at] = -v
			}
		}
		if r.xlo[at] > r.xhi[at] {
			return false
		}
	}
	return w.meet(r, lower, upper, t+1)
}

// confine clips a box of actions by what the rows say of them alone, the states being
// anywhere in the whole program's boxes. It returns false if no plan is left.
func (w *worker) confine(lower, upper []float64) bool {
	m, nx := w.m, w.m.p.Nx
	if !m.follows || w.reach == nil {
		return true
	}
	for t := range m.hard {
		for i := range m.hard[t] {
			y := &m.hard[t][i]
			if y.u == nil && y.next == nil {
				continue
			}
			copy(w.slo, w.reach.xlo[t*nx:(t+1)*nx])
			copy(w.shi, w.reach.xhi[t*nx:(t+1)*nx])
			if !w.clipRow(y, t, w.slo, w.shi, lower, upper) {
				return false
			}
		}
	}
	return m.whole(lower, upper)
}

// back takes a form from x_t to the actions and returns the best of the lower bounds on
// the way.
func (w *worker) back(f *form, t int, r *ranges, lower, upper []float64) float64 {
	m, best := w.m, math.Inf(-1)
	y := sides{r: r}
	for ; ; t-- {
		if m.follows {
			w.lean(f, t, r, lower, upper)
			best = max(best, w.endsAt(f, t, r, lower, upper))
		}
		if t == 0 {
			break
		}
		m.output(f, t-1, r)
		m.relaxed(f, t-1, len(m.hidden), &y)
		m.reads(f, t-1)
	}
	w.leanOnCut(f, lower, upper)
	return max(best, m.minimum(f, lower, upper))
}

// endsAt returns the least of a form with x_t in its box; the form stays as it is.
func (w *worker) endsAt(f *form, t int, r *ranges, lower, upper []float64) float64 {
	c, ce, debt, nx := f.c, f.ce, f.debt, w.m.p.Nx
	for i, v := range f.x {
		f.least(v, f.xe[i], r.xlo[t*nx+i], r.xhi[t*nx+i])
	}
	for k, v := range f.a {
		f.least(v, f.ae[k], lower[k], upper[k])
	}
	v := f.total()
	f.c, f.ce, f.debt = c, ce, debt
	return v
}

// leans is how many rows a form may add at one step.
const leans = 3

// lean adds the rows of [x_t; u_t] to the form that raise its least most.
func (w *worker) lean(f *form, t int, r *ranges, lower, upper []float64) {
	m, nx, nu := w.m, w.m.p.Nx, w.m.p.Nu
	copy(w.slo, r.xlo[t*nx:(t+1)*nx])
	copy(w.shi, r.xhi[t*nx:(t+1)*nx])
	copy(w.slo[nx:], lower[t*nu:(t+1)*nu])
	copy(w.shi[nx:], upper[t*nu:(t+1)*nu])
	for range leans {
		copy(w.sa, f.x)
		copy(w.sa[nx:], f.a[t*nu:(t+1)*nu])
		best, gain := line{}, 0.0
		w.lines(t, r, func(y line) {
			g := w.gain(&y)
			if g > gain {
				best, gain = y, g
			}
		})
		if gain <= 0 {
			return
		}
		m.addLine(f, &best, t)
	}
}

// lines lists what is not positive at step t: rows of the constraints that read no
// earlier action, and units whose phase was cut, with the end of their range.
func (w *worker) lines(t int, r *ranges, each func(y line)) {
	m, nx := w.m, w.m.p.Nx
	for i := range m.hard[t] {
		y := &m.hard[t][i]
		if y.u != nil {
			continue
		}
		switch {
		case y.x == nil:
			each(line{from: nx, w: y.next, sign: 1, b: y.b, hard: y})
		case y.next == nil:
			each(line{w: y.x, sign: 1, b: y.b, hard: y})
		default:
			each(line{w: slices.Concat(y.x, y.next), sign: 1, b: y.b, hard: y})
		}
	}
	for h := range m.hidden {
		u, at := &m.hidden[h], t*len(m.hidden)+h
		if u.gate != ReLU || u.to > m.in {
			continue
		}
		switch {
		case r.phase[at] > 0:
			each(line{from: u.from, w: u.w, sign: -1, b: u.b, edge: r.lo[at], unit: u})
		case r.phase[at] < 0:
			each(line{from: u.from, w: u.w, sign: 1, b: u.b, edge: r.hi[at], unit: u})
		}
	}
}

// addLine adds a line, with its multiplier, to a form at x_t.
func (m *model) addLine(f *form, y *line, t int) {
	if y.hard != nil {
		m.addHard(f, y.multiplier, y.hard, t)
		return
	}
	nx, at, v := m.p.Nx, t*m.p.Nu, y.multiplier*y.sign
	f.constant(v, y.b)
	f.constant(-v, y.edge)
	f.charge(math.Abs(v) * y.unit.slack)
	n := max(0, min(nx-y.from, len(y.w)))
	add(v, y.w[:n], f.x[min(y.from, nx):], f.xe[min(y.from, nx):])
	at += max(0, y.from-nx)
	add(v, y.w[n:], f.a[at:], f.ae[at:])
}

// flat is the slope, as a share of what it is made of, that counts as none.
const flat = 1e-11

// gain finds the multiplier of a line that raises the least of the form w.sa on the box
// [w.slo, w.shi] most, and returns by how much, in floating point.
//
// The least is concave and piecewise linear in the multiplier; its slope is the line at
// the minimiser, which falls where a coefficient changes its sign. A gain that is as
// small as rounding is none: it would change the form for nothing. But where there is a
// gain, it goes on as long as that costs no more than rounding: of an action that is
// bounded by a state, and whose box ends where that of the state does, it is better to know
// where the state comes from.
func (w *worker) gain(y *line) float64 {
	slope, size := y.sign*(y.b-y.edge), math.Abs(y.b)+math.Abs(y.edge)
	w.kinks = w.kinks[:0]
	for i, c := range y.w {
		k := y.from + i
		if c *= y.sign; c == 0 {
			continue
		}
		a, lo, hi := w.sa[k], w.slo[k], w.shi[k]
		size += math.Abs(c) * span{lo, hi}.mag()
		switch {
		case a > 0 || a == 0 && c > 0:
			slope += c * lo
		default:
			slope += c * hi
		}
		if a*c < 0 {
			w.kinks = append(w.kinks, [2]float64{-a / c, math.Abs(c) * (hi - lo)})
		}
	}
	if !(slope > 0) {
		return 0
	}
	slices.SortFunc(w.kinks, func(a, b [2]float64) int { return cmp.Compare(a[0], b[0]) })
	var total, at float64
	for _, k := range w.kinks {
		total += slope * (k[0] - at)
		at = k[0]
		if slope -= k[1]; slope <= -flat*size {
			break
		}
	}
	if total <= 1e-9*at*size {
		return 0
	}
	y.multiplier = at
	return total
}

// leanOnCut adds to a form, which is at the actions, that J is below the dual bound.
func (w *worker) leanOnCut(f *form, lower, upper []float64) {
	if w.cut == nil {
		return
	}
	copy(w.sa, f.a)
	copy(w.slo, lower)
	copy(w.shi, upper)
	y := line{w: w.cut.a, sign: 1, b: w.cut.c, edge: w.cutoff}
	if w.gain(&y) <= 0 {
		return
	}
	add(y.multiplier, w.cut.a, f.a, f.ae)
	f.constant(y.multiplier, w.cut.c)
	f.constant(-y.multiplier, w.cutoff)
}

// cutAt returns the bound of J on a node that a form of the certificate gives.
func (w *worker) cutAt(y *Form, r *ranges, lower, upper []float64) *cut {
	m, f := w.m, &w.f
	m.pullCost(f, &sides{r: r, low: y.Low, up: y.Up, split: y.Split, rows: y.Rows}, y.Mult, lower, upper)
	for i, v := range f.x {
		f.constant(v, m.p.X0[i])
		f.charge(allowance(f.xe[i]) * math.Abs(m.p.X0[i]))
	}
	for k := range f.a {
		f.charge(allowance(f.ae[k]) * span{lower[k], upper[k]}.mag())
	}
	c := &cut{a: slices.Clone(f.a), c: f.total()}
	if math.IsInf(c.c, 0) || slices.ContainsFunc(c.a, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
		return nil
	}
	return c
}
