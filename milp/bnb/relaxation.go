package bnb

import (
	"hinge/control"
	"hinge/milp/bound"
	"hinge/milp/lp"
)

// relaxation is the linear relaxation of a program: every hidden unit whose phase
// is not known lies in the triangle of its range,
//
//	a >= 0,   a >= z,   a <= s (z - l),   s = u/(u-l),
//
// and every norm of the objective is written out. Columns are the actions, the
// activations of the units that are unstable on the whole box, and those of the
// norms; everything else is eliminated. A solution's row multipliers are turned
// into a [bound.Dual], whose bound is computed anew: the simplex is not trusted.
type relaxation struct {
	rows
	p      *problem
	units  []triangle   // those with a column
	norms  []int        // see rows.objective
	hard   int          // first row of the constraints
	size   int          // work of one iteration of the simplex
	ranges bound.Ranges // that the rows are made for
}

// triangle is where a unit stands in the program.
type triangle struct {
	unit, column int
	above, below int       // rows a - z and s z - a
	slope        float64   // s of the second
	root         float64   // its slope on the whole box
	z            []float64 // expression of the pre-activation
}

// maxTriangles is the number of unstable units up to which the relaxation is set
// up: its basis is dense.
const maxTriangles = 400

// newRelaxation sets the relaxation up with the ranges of the whole box.
func newRelaxation(p *problem, b *bound.Bounder) *relaxation {
	root := b.Root()
	r := &relaxation{p: p, ranges: b.NewRanges()}
	root.Copy(r.ranges)
	cols := p.Inputs() + root.Unstable()
	lin := newLinearisation(p.Program, cols)
	lin.run(func(unit int, z []float64) { r.activate(unit, z, root) })
	r.lp = lp.New(cols + normColumns(p.Program))
	box := b.Box()
	for k := range p.Inputs() {
		r.lp.SetColumn(k, box.Lower[k], box.Upper[k])
	}
	for i := range r.units {
		r.addTriangle(&r.units[i])
	}
	r.norms = r.objective(lin, b, cols)
	r.hard = r.constraints(lin, b, -1, 0)
	r.size = 2*r.entries + r.lp.Cols()*r.lp.Cols() // rows, and a kernel of half the columns
	return r
}

// activate replaces the expression of a pre-activation by that of the activation:
// a new column where the unit is unstable.
func (r *relaxation) activate(unit int, z []float64, root bound.Ranges) {
	switch {
	case root.Lower[unit] >= 0:
	case !root.Undecided(unit): // it is off, or nobody reads it
		clear(z)
	default:
		col := r.p.Inputs() + len(r.units)
		r.units = append(r.units, triangle{unit: unit, column: col, z: append([]float64(nil), z...)})
		clear(z)
		z[col] = 1
	}
}

func (r *relaxation) addTriangle(t *triangle) {
	l, u := r.ranges.Lower[t.unit], r.ranges.Upper[t.unit]
	r.lp.SetColumn(t.column, 0, u)
	z0 := t.z[len(t.z)-1]
	r.take(t.z, -1)
	r.with(t.column, 1)
	t.above = r.add(z0, z0-l)
	t.root = slope(l, u)
	r.facet(t, t.root)
	t.below = r.add(t.slope*(l-z0), -t.slope*z0)
}

// facet collects the entries of the row s z - a.
func (r *relaxation) facet(t *triangle, s float64) {
	t.slope = s
	r.take(t.z, t.slope)
	r.with(t.column, -1)
}

func slope(l, u float64) float64 { return u / (u - l) }

// load makes the rows and columns those of the given ranges and box.
func (r *relaxation) load(ranges bound.Ranges, lower, upper []float64) {
	for k := range lower {
		r.lp.SetColumn(k, lower[k], upper[k])
	}
	for i := range r.units {
		t := &r.units[i]
		l, u := ranges.Lower[t.unit], ranges.Upper[t.unit]
		if l != r.ranges.Lower[t.unit] || u != r.ranges.Upper[t.unit] {
			r.ranges.Lower[t.unit], r.ranges.Upper[t.unit] = l, u
			r.setTriangle(t, l, u)
		}
	}
}

// setTriangle fits the rows of a unit to its range. Where its phase is known the
// facet has the slope it started with, whatever came before: what a node's program
// is must not depend on the nodes that were solved earlier.
func (r *relaxation) setTriangle(t *triangle, l, u float64) {
	if l >= 0 || u <= 0 {
		r.setPhase(t, l, u, t.root)
		return
	}
	z0, s := t.z[len(t.z)-1], slope(l, u)
	r.lp.SetColumn(t.column, 0, u)
	r.lp.SetRow(t.above, z0, z0-l)
	r.setFacet(t, s, s*l, 0)
}

// setPhase fits the rows of a unit to a range where its phase is known. The facet may
// have any slope s.
func (r *relaxation) setPhase(t *triangle, l, u, s float64) {
	z0 := t.z[len(t.z)-1]
	if l >= 0 { // a = z
		r.lp.SetColumn(t.column, l, u)
		r.lp.SetRow(t.above, z0, z0)
		r.setFacet(t, s, (s-1)*u, (s-1)*l)
		return
	}
	r.lp.SetColumn(t.column, 0, 0) // a = 0
	r.lp.SetRow(t.above, z0-u, z0-l)
	r.setFacet(t, s, s*l, s*u)
}

// setFacet makes the facet's row say lower <= s z - a <= upper.
func (r *relaxation) setFacet(t *triangle, s, lower, upper float64) {
	z0 := t.z[len(t.z)-1]
	if s == t.slope {
		r.lp.SetRow(t.below, lower-s*z0, upper-s*z0)
		return
	}
	r.facet(t, s)
	r.lp.ReplaceRow(t.below, r.index, r.value, lower-s*z0, upper-s*z0)
}

// dual writes the multipliers y of the rows to d, for ranges that the relaxation is
// loaded with; reduced is c - A'y. Whatever they are, d gives a valid bound.
func (r *relaxation) dual(d *bound.Dual, y, reduced []float64) {
	clear(d.Split)
	for i := range r.units {
		r.unitDual(d, &r.units[i], y, reduced)
	}
	for i := range d.Rows {
		d.Rows[i] = max(0, -y[r.hard+i])
	}
	at := 0
	for i, row := range r.norms {
		k := &r.p.Terms[i]
		for j := range k.Rows {
			switch k.Norm {
			case control.L1:
				d.Mult[at+j] = -y[row+j] / k.Factor
			case control.LInf:
				d.Mult[at+j] = (y[row+2*j] - y[row+2*j+1]) / k.Factor
			case control.Max, control.Hinge:
				d.Mult[at+j] = y[row+j] / k.Factor
			}
		}
		at += k.Rows
	}
}

// unitDual writes the multipliers of one unit's rows and column. Those of a side
// that the pull-back does not know are moved to one that it does, which loses
// nothing: a <= u is a <= s (z - l) with z <= u, and so on.
func (r *relaxation) unitDual(d *bound.Dual, t *triangle, y, reduced []float64) {
	l, u := r.ranges.Lower[t.unit], r.ranges.Upper[t.unit]
	above, below, column := y[t.above], y[t.below], reduced[t.column]
	switch {
	case l >= 0: // a = z
		d.Split[t.unit] = column - (1-t.slope)*below
	case u <= 0: // a = 0
		d.Split[t.unit] = t.slope*below - above
	default:
		d.Low[t.unit], d.Split[t.unit] = t.dual(above, below, column)
	}
}

// dual returns the lower slope and the multiplier of the range of an unstable unit.
// The sides a >= z, a >= 0, a >= s z act as one of the slope low; where sides from
// below and from above act at once, the pull-back sees their difference alone, and
// what they share, s (z - l) - low z >= 0, goes to the range.
func (t *triangle) dual(above, below, column float64) (low, split float64) {
	s := t.slope
	onZ, onZero, between := max(above, 0), max(column, 0), max(-below, 0)
	up := onZ + onZero + between
	down := max(below, 0) + max(-column, 0) + max(-above, 0)
	if up > 0 {
		low = (onZ + s*between) / up
	}
	return low, s*min(column, 0) - (1-s)*min(above, 0) + min(up, down)*(s-low)
}
