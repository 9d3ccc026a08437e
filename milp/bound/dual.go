package bound

import (
	"math"

	"hinge/control"
)

// Dual is what a lower bound of the objective depends on. Any value gives a
// valid bound: [Bounder.Objective] clamps it to its domain.
type Dual struct {
	Low  []float64 // lower slope of every hidden unit, in [0, 1]; read where unstable
	Mult []float64 // tangent of every residual of the objective, term by term
	// Split is the multiplier of what a unit's range says of its pre-activation: of
	// z >= lower where positive, of z <= upper where negative. Ranges say more than
	// the box where phases of units are split (beta of Wang et al., NeurIPS 2021)
	// or the objective was used, see [Bounder.Refine].
	Split []float64
	Rows  []float64 // multiplier of every row of the constraints, at least 0
}

// NewDual returns memory for the multipliers of the program.
func (b *Bounder) NewDual() *Dual {
	rows := 0
	for i := range b.p.Terms {
		rows += b.p.Terms[i].Rows
	}
	constraints := 0
	for i := range b.p.Constraints {
		constraints += b.p.Constraints[i].Rows
	}
	n := b.p.Horizon * len(b.units)
	return &Dual{Low: make([]float64, n), Mult: make([]float64, rows), Split: make([]float64, n), Rows: make([]float64, constraints)}
}

// Copy makes dst equal to d.
func (d *Dual) Copy(dst *Dual) {
	copy(dst.Low, d.Low)
	copy(dst.Mult, d.Mult)
	copy(dst.Split, d.Split)
	copy(dst.Rows, d.Rows)
}

// PlainDual writes the dual that needs no search: the slopes of the smaller
// triangles and the tangents at the centre of the box.
func (b *Bounder) PlainDual(d *Dual, r Ranges, lower, upper []float64) {
	for i, l := range r.Lower {
		d.Low[i] = 0
		if r.Upper[i] > -l {
			d.Low[i] = 1
		}
	}
	clear(d.Split)
	clear(d.Rows)
	s := b.ascent
	for i := range s.u {
		s.u[i] = lower[i] + (upper[i]-lower[i])/2
	}
	b.p.Objective(s.u, s.center)
	at := 0
	for i := range b.p.Terms {
		k := &b.p.Terms[i]
		b.p.Residual(d.Mult[at:at+k.Rows], i, s.center.States(), s.u)
		tangent(k.Norm, d.Mult[at:at+k.Rows])
		at += k.Rows
	}
}

// tangent replaces a residual by the multipliers of the norm's tangent there.
func tangent(n control.Norm, r []float64) {
	switch n {
	case control.L1:
		for i, v := range r {
			r[i] = clamp(math.Copysign(1, v), -1, 1)
		}
	case control.Hinge:
		for i, v := range r {
			r[i] = clamp(math.Copysign(1, v), 0, 1)
		}
	case control.LInf:
		at := 0
		for i, v := range r {
			if math.Abs(v) > math.Abs(r[at]) {
				at = i
			}
		}
		s := math.Copysign(1, r[at])
		clear(r)
		r[at] = s
	case control.Max:
		at := 0
		for i, v := range r {
			if v > r[at] {
				at = i
			}
		}
		clear(r)
		r[at] = 1
	}
}

func (d *Dual) clear() {
	clear(d.Low)
	clear(d.Mult)
	clear(d.Split)
	clear(d.Rows)
}

// projectUnits clamps what d says of units to the domain in which every value gives a valid
// bound, and finds out whether ranges are used.
func (b *Bounder) projectUnits(d *Dual, r Ranges) {
	b.ascent.ranges = false
	for i := range d.Low {
		d.Low[i] = clamp(d.Low[i], 0, 1)
		if v := d.Split[i]; v != 0 {
			d.Split[i] = clamp(v, -math.MaxFloat64, math.MaxFloat64)
			b.ascent.ranges = true
		} else if r.Lower[i] == 0 || r.Upper[i] == 0 {
			b.ascent.ranges = true
		}
	}
}

// projectRows does so for the multipliers of constraints and residuals.
func (b *Bounder) projectRows(d *Dual) {
	for i, v := range d.Rows {
		d.Rows[i] = clamp(v, 0, math.MaxFloat64)
	}
	at := 0
	for i := range b.p.Terms {
		k := &b.p.Terms[i]
		m := d.Mult[at : at+k.Rows]
		at += k.Rows
		switch k.Norm {
		case control.L1:
			for j := range m {
				m[j] = clamp(m[j], -1, 1)
			}
		case control.Hinge:
			for j := range m {
				m[j] = clamp(m[j], 0, 1)
			}
		case control.LInf:
			projectL1(m)
		case control.Max:
			projectSimplex(m)
		}
	}
}

func clamp(v, lo, hi float64) float64 {
	if !(v > lo) { // also NaN
		return lo
	}
	return min(v, hi)
}
