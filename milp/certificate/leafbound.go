package certificate

import (
	"math"
	"slices"
)

// The limits of the checker's own refinement of a leaf.
const (
	refineBoxes = 64   // boxes that are bounded, per leaf
	refineShare = 1e-3 // of max(|claimed bound|, |objective|)
)

// bound returns the lower bound of J on the box of p, given by the multipliers of y. If
// y claims that there is no plan, it is infinite: positive if that is proven.
func (w *worker) bound(y *Leaf, p place) float64 {
	s := sides{r: p.r, low: y.Low, up: y.Up, split: y.Split, rows: y.Rows}
	if y.Empty {
		if w.m.refutes(&w.f, &s, p.lower, p.upper) {
			return math.Inf(1)
		}
		return math.Inf(-1)
	}
	mult := y.Mult
	if mult == nil {
		mult = w.tangents(p.lower, p.upper)
	}
	v := w.m.objective(&w.f, &s, mult, p.lower, p.upper)
	kept := w.keepOut(p.r, p.lower, p.upper)
	if !(kept > p.kept) { // linear bounds are not monotone
		kept = p.kept
	}
	if kept > 0 {
		v = down(v + kept)
	}
	return v
}

// refine cuts the box of p until the bound of y holds on every part; false if budget
// boxes do not suffice. Parts are bounded with the multipliers of y and with none.
func (w *worker) refine(y *Leaf, p place, budget *int) bool {
	k := w.widest(p)
	if k < 0 {
		return false
	}
	mid := p.lower[k] + (p.upper[k]-p.lower[k])/2
	for side := range 2 {
		if *budget--; *budget < 0 {
			return false
		}
		q := p
		q.r, q.lower, q.upper = p.r.clone(), slices.Clone(p.lower), slices.Clone(p.upper)
		if side == 0 {
			q.upper[k] = mid
		} else {
			q.lower[k] = mid
		}
		if !w.tightened(q, k/w.m.p.Nu) {
			continue
		}
		if !y.Empty && w.bound(&Leaf{}, q) >= y.Bound || w.bound(y, q) >= y.Bound {
			continue
		}
		if !w.refine(y, q, budget) {
			return false
		}
	}
	return true
}

// widest returns the coordinate in which the last form varies most on the box, or
// the widest one if it varies nowhere; -1 if the box is a point.
func (w *worker) widest(p place) int {
	best, most, edge := -1, 0.0, 0.0
	for k, a := range w.f.a {
		width := p.upper[k] - p.lower[k]
		v := math.Abs(a) * width
		if v > most || most == 0 && width > edge {
			best, most, edge = k, v, width
		}
	}
	return best
}

// tangents returns the multipliers of the residuals at the centre of the box.
func (w *worker) tangents(lower, upper []float64) []float64 {
	m, u := w.m, center(lower, upper)
	x := m.path(u)
	dst := w.mult[:0]
	for i := range m.p.Cost {
		k := &m.p.Cost[i]
		at := len(dst)
		for j := range k.B {
			dst = append(dst, m.residual(k, j, x, x, u, u).lo)
		}
		k.tangent(dst[at:])
	}
	return dst
}

// path returns the states that follow from u, about.
func (m *model) path(u []float64) []float64 {
	nx, nu := m.p.Nx, m.p.Nu
	x := make([]float64, (m.p.Horizon+1)*nx)
	copy(x, m.p.X0)
	for t := range m.p.Horizon {
		v := slices.Concat(x[t*nx:(t+1)*nx], u[t*nu:(t+1)*nu])
		for h := range m.hidden {
			z := m.hidden[h].interval(v, v)
			v = append(v, m.hidden[h].activate(z).hi)
		}
		for i := range m.out {
			x[(t+1)*nx+i] = m.out[i].interval(v, v).lo
		}
	}
	return x
}

// tangent replaces a residual by the multipliers of the norm's tangent there.
func (k *Term) tangent(r []float64) {
	top, far := 0, 0
	for i, v := range r {
		if v > r[top] {
			top = i
		}
		if math.Abs(v) > math.Abs(r[far]) {
			far = i
		}
	}
	switch k.Norm {
	case L1:
		for i, v := range r {
			r[i] = math.Copysign(1, v)
		}
	case Hinge:
		for i, v := range r {
			r[i] = max(0, math.Copysign(1, v))
		}
	case LInf:
		s := math.Copysign(1, r[far])
		clear(r)
		r[far] = s
	case Max:
		clear(r)
		r[top] = 1
	}
}
