package certificate

import (
	"math"
	"slices"
)

// ranges encloses all pre-activations (unit h of step t at t*n + h) and states on a
// part of the box.
type ranges struct {
	lo, hi   []float64 // Horizon x hidden units
	xlo, xhi []float64 // (Horizon+1) x Nx
	phase    []int8    // 1 and -1 for units whose phase was cut, else 0
}

// newRanges returns ranges that say nothing but the start state.
func (m *model) newRanges() *ranges {
	n, x := m.units(), (m.p.Horizon+1)*m.p.Nx
	r := &ranges{lo: make([]float64, n), hi: make([]float64, n), xlo: make([]float64, x), xhi: make([]float64, x), phase: make([]int8, n)}
	for _, v := range [][]float64{r.lo, r.xlo} {
		for i := range v {
			v[i] = math.Inf(-1)
		}
	}
	for _, v := range [][]float64{r.hi, r.xhi} {
		for i := range v {
			v[i] = math.Inf(1)
		}
	}
	copy(r.xlo, m.p.X0)
	copy(r.xhi, m.p.X0)
	return r
}

func (r *ranges) clone() *ranges {
	return &ranges{slices.Clone(r.lo), slices.Clone(r.hi), slices.Clone(r.xlo), slices.Clone(r.xhi), slices.Clone(r.phase)}
}

func (r *ranges) state(i int) span { return span{r.xlo[i], r.xhi[i]} }

// fix intersects the range of a unit with a phase; false if nothing is left.
func (r *ranges) fix(unit, sign int) bool {
	r.phase[unit] = int8(sign)
	if sign > 0 {
		r.lo[unit] = max(r.lo[unit], 0)
	} else {
		r.hi[unit] = min(r.hi[unit], 0)
	}
	return r.lo[unit] <= r.hi[unit]
}

// Two kinds of bounds tighten ranges, intervals and linear bounds; neither is always
// better. Linear bounds are not monotone either: with tighter ranges of some units
// they may become looser for others. So that the checker misses no claim of a solver
// whose ranges differ from its own, it passes over them as a solver would: [worker.open]
// at the root, [worker.tighten] at every node.

// open returns ranges on the whole box: intervals, linear bounds, intervals again. It
// returns false if there is no plan. Where there are constraints it clips the box.
func (w *worker) open(lower, upper []float64) (*ranges, bool) {
	r := w.m.newRanges()
	some := w.intervals(r, lower, upper) && w.tighten(r, lower, upper, 0) && w.intervals(r, lower, upper)
	return r, some
}

// tighten intersects r, which holds on a part of the box that contains [lower,
// upper], with linear bounds there, for undecided units from step first on. It
// returns false if a range becomes empty: there is no such point. Where there are
// constraints it clips the box.
func (w *worker) tighten(r *ranges, lower, upper []float64, first int) bool {
	m := w.m
	for t := first; t < m.p.Horizon; t++ {
		for h := range m.hidden {
			at := t*len(m.hidden) + h
			if m.hidden[h].gate != ReLU || !r.undecided(at) {
				continue
			}
			// Both ends, also where the first decides: intervals start from them.
			r.meet(at, span{w.preActivation(t, h, 1, r, lower, upper), -w.preActivation(t, h, -1, r, lower, upper)})
			if r.lo[at] > r.hi[at] {
				return false
			}
		}
		if m.follows && !w.states(r, lower, upper, t) {
			return false
		}
	}
	return true
}

func (r *ranges) undecided(at int) bool { return r.lo[at] < 0 && r.hi[at] > 0 }

// intervals intersects r, which holds on a part of the box that contains [lower,
// upper], with one pass of interval arithmetic. It returns false if a range becomes
// empty.
func (w *worker) intervals(r *ranges, lower, upper []float64) bool {
	m, nx, nu := w.m, w.m.p.Nx, w.m.p.Nu
	for t := range m.p.Horizon {
		if !w.meet(r, lower, upper, t) {
			return false
		}
		copy(w.lo, r.xlo[t*nx:(t+1)*nx])
		copy(w.hi, r.xhi[t*nx:(t+1)*nx])
		copy(w.lo[nx:], lower[t*nu:(t+1)*nu])
		copy(w.hi[nx:], upper[t*nu:(t+1)*nu])
		for h := range m.hidden {
			u, at := &m.hidden[h], t*len(m.hidden)+h
			r.meet(at, u.interval(w.lo, w.hi))
			if u.composed {
				r.meet(at, span{w.composedInterval(t, h, 1, r), -w.composedInterval(t, h, -1, r)})
			}
			if r.lo[at] > r.hi[at] {
				return false
			}
			a := u.activate(span{r.lo[at], r.hi[at]})
			w.lo[m.in+h], w.hi[m.in+h] = a.lo, a.hi
		}
		for i := range m.out {
			x, at := m.out[i].interval(w.lo, w.hi), (t+1)*nx+i
			if x.lo > r.xlo[at] {
				r.xlo[at] = x.lo
			}
			if x.hi < r.xhi[at] {
				r.xhi[at] = x.hi
			}
			if r.xlo[at] > r.xhi[at] {
				return false
			}
		}
	}
	return w.meet(r, lower, upper, m.p.Horizon)
}

// composedInterval returns a lower bound of sign * z for hidden unit h of step t by
// intervals of what is no identity, in w.lo and w.hi: identities are replaced by what
// they read. Intervals of several identities of the same inputs would overrate them.
func (w *worker) composedInterval(t, h int, sign float64, r *ranges) float64 {
	m, f := w.m, &w.f
	f.reset()
	u := &m.hidden[h]
	add(sign, u.w, f.g[u.from:u.to], f.ge[u.from:u.to])
	f.constant(sign, u.b)
	f.charge(u.slack)
	for j := h - 1; j >= 0; j-- {
		g, at := f.g[m.in+j], t*len(m.hidden)+j
		v := &m.hidden[j]
		if v.gate != Identity {
			f.least(g, f.ge[m.in+j], w.lo[m.in+j], w.hi[m.in+j])
			continue
		}
		f.charge(allowance(f.ge[m.in+j]) * span{r.lo[at], r.hi[at]}.mag())
		f.constant(g, v.b)
		f.charge(math.Abs(g) * v.slack)
		add(g, v.w, f.g[v.from:v.to], f.ge[v.from:v.to])
	}
	for k := range m.in {
		f.least(f.g[k], f.ge[k], w.lo[k], w.hi[k])
	}
	return f.total()
}

// least adds the least value of g v, v in [lo, hi], where g has the error e.
func (f *form) least(g, e, lo, hi float64) {
	switch {
	case g > 0:
		f.constant(g, lo)
	case g < 0:
		f.constant(g, hi)
	}
	if !(e <= 0) { // also NaN, which must not be lost
		f.charge(allowance(e) * span{lo, hi}.mag())
	}
}

// meet intersects the range of a unit with z; NaN changes nothing.
func (r *ranges) meet(at int, z span) {
	if z.lo > r.lo[at] {
		r.lo[at] = z.lo
	}
	if z.hi < r.hi[at] {
		r.hi[at] = z.hi
	}
}
