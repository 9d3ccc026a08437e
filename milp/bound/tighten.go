package bound

// Tighten intersects r, ranges that hold on the box [lower, upper] of stacked
// actions (or on a larger one), with linear bounds on that box. Only units that
// are still unstable are bounded, and only from step first on: a box that shrank
// in the actions of step first changes nothing before it.
//
// It returns false if a range becomes empty, which proves that the box holds no
// point with the ranges it was given.
func (b *Bounder) Tighten(r Ranges, lower, upper []float64, first int) bool {
	n := len(b.units)
	for i := range first * n {
		b.relax.set(i, r.Lower[i], r.Upper[i])
	}
	for t := first; t < b.p.Horizon; t++ {
		for h := range n {
			at := t*n + h
			l, u := r.Lower[at], r.Upper[at]
			if l < 0 && u > 0 {
				l = max(l, b.preActivation(t, h, 1, lower, upper))
				if l < 0 {
					u = min(u, -b.preActivation(t, h, -1, lower, upper))
				}
				if l > u {
					return false
				}
				r.Lower[at], r.Upper[at] = l, u
			}
			b.relax.set(at, l, u)
		}
	}
	return true
}

// preActivation returns a lower bound of sign * z for unit h of step t.
func (b *Bounder) preActivation(t, h int, sign float64, lower, upper []float64) float64 {
	w, u := &b.row, &b.units[h]
	w.reset()
	axpy(sign, u.w, w.g[u.from:u.to])
	w.c, w.mass = sign*u.b, b.mass[t*len(b.units)+h]
	b.hidden(t, h, nil)
	b.inputs(t)
	for t--; t >= 0; t-- {
		b.output(t)
		b.hidden(t, len(b.units), nil)
		b.inputs(t)
	}
	b.start()
	return b.minimum(lower, upper)
}
