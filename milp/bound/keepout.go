package bound

import (
	"hinge/control"
	"hinge/internal/vec"
)

// Terms of keep-out regions are not convex, so no tangent bounds them from below. They are
// not negative; and on a box whose points are all inside,
//
//	disc:     R^2 - sum r_i^2  >=  R^2 - sum max(l_i^2, u_i^2)
//	polygon:  -max r_i         >=  -max u_i
//
// for residuals l <= r <= u. As the box shrinks to a point this becomes the term itself,
// so that a search by splitting ends.

// keepOut returns what the keep-out terms of the objective cost at least on the box, given
// ranges that hold there. Only those are looked at that cost something at its centre.
func (b *Bounder) keepOut(r Ranges, lower, upper []float64) float64 {
	if !b.keepsOut {
		return 0
	}
	s, sum := b.ascent, 0.0
	for i := range s.u {
		s.u[i] = lower[i] + (upper[i]-lower[i])/2
	}
	b.p.Objective(s.u, s.center)
	for i := range b.p.Terms {
		k := &b.p.Terms[i]
		if !k.Norm.KeepsOut() {
			continue
		}
		b.p.Residual(s.residual[:k.Rows], i, s.center.States(), s.u)
		m := control.NewMeasure()
		for _, v := range s.residual[:k.Rows] {
			m = m.Add(v)
		}
		if m.Norm(k.Norm, k.Radius) > 0 {
			sum += k.Factor * b.depth(i, r, lower, upper)
		}
	}
	return sum * (1 - gamma(len(b.p.Terms)+4))
}

// depth returns a lower bound of the norm of keep-out term i on the box.
func (b *Bounder) depth(i int, r Ranges, lower, upper []float64) float64 {
	k := &b.p.Terms[i]
	m := control.NewMeasure()
	for first := 0; first < k.Rows; first += vec.Lanes / 2 {
		n := min(k.Rows-first, vec.Lanes/2)
		b.residuals(i, first, n, r, lower, upper)
		for j := range n {
			l, u := b.panel.low[2*j], -b.panel.low[2*j+1]
			if k.Norm == control.Polygon {
				m = m.Add(u)
			} else {
				m = m.Add(magnitude(l, u))
			}
		}
	}
	v := m.Norm(k.Norm, k.Radius)
	if k.Norm == control.Disc {
		v -= gamma(k.Rows+2) * 2 * k.Radius * k.Radius // the sum of squares is below that of the radius
	}
	return max(0, v)
}

// residuals bounds entries [first, first+n) of the residual of term i on both sides; the
// bounds are left in b.panel.low, those of the negated entries in odd lanes.
func (b *Bounder) residuals(i, first, n int, r Ranges, lower, upper []float64) {
	k, w, nx, nu := &b.p.Terms[i], &b.panel, b.p.Nx, b.p.Nu
	w.reset()
	for j := range n {
		row := first + j
		for side, sign := range [2]float64{1, -1} {
			lane := 2*j + side
			w.c[lane], w.mass[lane] = sign*k.B[row], 2*b.termMass[i][row]
			scatter(w.x, lane, sign, k.X[row*nx:(row+1)*nx])
			scatter(w.a[(k.T-1)*nu*vec.Lanes:], lane, sign, k.U[row*nu:(row+1)*nu])
			if k.Prev != nil {
				scatter(w.a[(k.T-2)*nu*vec.Lanes:], lane, sign, k.Prev[row*nu:(row+1)*nu])
			}
		}
	}
	b.pullOutput(k.T - 1)
	b.pullHidden(k.T-1, len(b.units))
	b.pullInputs(k.T - 1)
	b.back(r, k.T-1, 2*n, lower, upper)
}

// scatter writes sign times v to one form of a panel.
func scatter(panel []float64, lane int, sign float64, v []float64) {
	for i, x := range v {
		panel[i*vec.Lanes+lane] = sign * x
	}
}
