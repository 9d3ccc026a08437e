package certificate

// keepsOut reports whether the term is the penalty of a region that is to be avoided. Such
// a term is not convex: no tangent bounds it, but it is not negative, and where its
// residuals are enclosed so is it.
func (k *Term) keepsOut() bool { return k.Norm == Disc || k.Norm == Polygon }

// keepOut returns what such terms cost at least on a box. A term that costs nothing at the
// centre costs nothing at least. It leaves the form of the worker as it is.
func (w *worker) keepOut(r *ranges, lower, upper []float64) float64 {
	m, sum := w.m, 0.0
	var x, u []float64
	for i := range m.p.Cost {
		k := &m.p.Cost[i]
		if !k.keepsOut() {
			continue
		}
		if x == nil {
			u = center(lower, upper)
			x = m.path(u)
		}
		if k.norm(func(k *Term, j int) span { return m.residual(k, j, x, x, u, u) }).hi <= 0 {
			continue
		}
		form := w.f
		w.f = m.newForm()
		n := k.norm(func(k *Term, j int) span {
			return w.residual(k, j, m.residual(k, j, r.xlo, r.xhi, lower, upper), r, lower, upper)
		})
		w.f = form
		sum = max(0, down(sum+down(k.Factor*n.lo)))
	}
	return sum
}
