package bound

import (
	"math"
	"slices"

	"hinge/internal/vec"
)

// A form on its way back is at least what it is plus y row for any row that is <= 0
// there, y >= 0. Rows of [x_t; u_t] are the constraints of step t that read no
// earlier action, and the units of the first layer that were split: their range ends
// at 0. A box alone forgets how its coordinates depend on each other; where units are
// alike, one that is split narrows the ranges of the others.

// sideRow says sign (w'v + b) <= 0 of the entries [from, from+len(w)) of [x_t; u_t].
type sideRow struct {
	from          int
	w             []float64
	sign, b, mass float64
}

// leans is how many rows are added to a form at one step.
const leans = 3

// sides is scratch memory with the rows of each step.
type sides struct {
	hard, all          [][]sideRow // by step; all has the split units too
	a, lo, hi          []float64   // form and box of [x_t; u_t]
	kinks              []kink
	cut                sideRow   // of all actions; without entries if there is none
	lower, upper       []float64 // see clipStep
	boxLower, boxUpper []float64 // see sweep
	xl, xu             []float64 // see tightenState
}

// kink is where the minimiser of a form changes an entry, as y grows.
type kink struct{ y, drop float64 }

func (b *Bounder) newSides() *sides {
	p := b.p
	n := max(b.in, p.Inputs())
	return &sides{hard: make([][]sideRow, p.Horizon), all: make([][]sideRow, p.Horizon), kinks: make([]kink, 0, n),
		a: make([]float64, n), lo: make([]float64, n), hi: make([]float64, n), xl: make([]float64, p.Nx), xu: make([]float64, p.Nx),
		boxLower: make([]float64, p.Inputs()), boxUpper: make([]float64, p.Inputs())}
}

// setHard collects the rows of the constraints.
func (s *sides) setHard(b *Bounder) {
	p := b.p
	for t := range s.hard {
		s.hard[t] = s.hard[t][:0]
	}
	for i := range p.Constraints {
		k := &p.Constraints[i]
		if k.U != nil || k.T == p.Horizon {
			continue
		}
		for r := range k.Rows {
			w := make([]float64, b.in)
			put(w, k.X, r, p.Nx)
			put(w[p.Nx:], k.Next, r, p.Nu)
			s.hard[k.T] = append(s.hard[k.T], sideRow{w: w, sign: 1, b: k.B[r], mass: b.rowMass[i][r]})
		}
	}
}

// gather collects the rows for the given ranges.
func (s *sides) gather(b *Bounder, r Ranges) {
	for t := range s.all {
		s.all[t] = append(s.all[t][:0], s.hard[t]...)
		for h := range b.firstLayer() {
			at := t*len(b.units) + h
			u := &b.units[h]
			row := sideRow{from: u.from, w: u.w, b: u.b, mass: b.mass[at]}
			switch {
			case r.Lower[at] == 0:
				row.sign = -1
			case r.Upper[at] == 0:
				row.sign = 1
			default:
				continue
			}
			s.all[t] = append(s.all[t], row)
		}
	}
}

// lean adds rows of step t to the forms of the panel, which are at x_t, where that
// raises their least on the box.
func (s *sides) lean(b *Bounder, t, count int, xl, xu, lower, upper []float64) {
	rows := s.all[t]
	if len(rows) == 0 {
		return
	}
	nx, nu := b.p.Nx, b.p.Nu
	copy(s.lo, xl)
	copy(s.hi, xu)
	copy(s.lo[nx:], lower[t*nu:(t+1)*nu])
	copy(s.hi[nx:], upper[t*nu:(t+1)*nu])
	w := &b.panel
	for k := range count {
		for i := range nx {
			s.a[i] = w.x[i*vec.Lanes+k]
		}
		for j := range nu {
			s.a[nx+j] = w.a[(t*nu+j)*vec.Lanes+k]
		}
		for range leans {
			best, y := s.steepest(rows)
			if best == nil {
				break
			}
			f := y * best.sign
			for i, v := range best.w {
				s.a[best.from+i] += f * v
			}
			w.c[k] += f * best.b
			w.mass[k] += 2 * y * best.mass
		}
		for i := range nx {
			w.x[i*vec.Lanes+k] = s.a[i]
		}
		for j := range nu {
			w.a[(t*nu+j)*vec.Lanes+k] = s.a[nx+j]
		}
	}
}

// Below makes ranges hold where J < cutoff only, from now on: points there lie below
// form, a bound of J. A nil form ends that. It is for Bounders that follow the boxes
// of states.
func (b *Bounder) Below(form *Form, cutoff float64) {
	cut := &b.side.cut
	if cut.w = cut.w[:0]; form == nil || math.IsInf(form.C, 0) || math.IsInf(cutoff, 0) {
		return
	}
	cut.w = append(cut.w, form.A...)
	cut.sign, cut.b = 1, form.C-cutoff
	cut.mass = dotMass(form.A, b.inputMag, math.Abs(form.C)+math.Abs(cutoff))
}

// leanOnCut adds the cut to the forms, which are at the actions.
func (s *sides) leanOnCut(b *Bounder, count int, lower, upper []float64) {
	if len(s.cut.w) == 0 {
		return
	}
	w := &b.panel
	copy(s.lo, lower)
	copy(s.hi, upper)
	for k := range count {
		for i := range lower {
			s.a[i] = w.a[i*vec.Lanes+k]
		}
		gain, y := s.gain(&s.cut)
		if gain <= 1e-9*y*s.cut.mass {
			continue
		}
		for i, v := range s.cut.w {
			w.a[i*vec.Lanes+k] += y * v
		}
		w.c[k] += y * s.cut.b
		w.mass[k] += 2 * y * s.cut.mass
	}
}

// steepest returns the row that raises the least of the form most and its
// multiplier, nil if none does.
func (s *sides) steepest(rows []sideRow) (best *sideRow, at float64) {
	gain := 0.0
	for i := range rows {
		if g, y := s.gain(&rows[i]); g > gain {
			best, at, gain = &rows[i], y, g
		}
	}
	if best != nil && gain <= 1e-9*math.Abs(at)*best.mass {
		return nil, 0
	}
	return best, at
}

// gain maximises the least of the form plus y times a row over y >= 0. The
// derivative is the row's value at the minimiser; it falls as entries of the
// minimiser change sides, until it is no longer positive: a knapsack.
func (s *sides) gain(r *sideRow) (gain, y float64) {
	slope := r.sign * r.b
	for i, v := range r.w {
		if k := r.from + i; s.a[k] > 0 || s.a[k] == 0 && r.sign*v > 0 {
			slope += r.sign * v * s.lo[k]
		} else {
			slope += r.sign * v * s.hi[k]
		}
	}
	if !(slope > 0) {
		return 0, 0
	}
	s.kinks = s.kinks[:0]
	for i, v := range r.w {
		if k := r.from + i; s.a[k]*r.sign*v < 0 {
			s.kinks = append(s.kinks, kink{-s.a[k] / (r.sign * v), math.Abs(v) * (s.hi[k] - s.lo[k])})
		}
	}
	slices.SortFunc(s.kinks, func(a, b kink) int {
		switch {
		case a.y < b.y:
			return -1
		case a.y > b.y:
			return 1
		}
		return 0
	})
	for _, k := range s.kinks {
		gain += slope * (k.y - y)
		y = k.y
		if slope -= k.drop; slope <= 0 {
			return gain, y
		}
	}
	return gain, y // the row is positive on the whole box: there is no plan in it
}
