package planner

import "hinge/control"

// stageCost is a [control.Cost] with the zeros of its residuals left out: what
// sampling planners evaluate millions of times.
type stageCost struct {
	nx    int
	terms []sparseTerm
}

type sparseTerm struct {
	norm   control.Norm
	radius float64
	rate   bool
	factor []float64 // H
	rest   []float64 // H+1: the sum of the factors after step t
	rows   []sparseRow
}

// sparseRow is one entry of a residual: offset(t) + sum of value_i [x; u]_index_i.
type sparseRow struct {
	offset []float64 // H
	index  []int
	value  []float64
	way    *wayRound // of the point whose first coordinate this is, if it has obstacles
	passed bool      // the second coordinate of such a point
}

func newStageCost(c *control.Cost) *stageCost {
	s := &stageCost{nx: c.Nx}
	for i := range c.Terms {
		k := &c.Terms[i]
		term := sparseTerm{norm: k.Norm, radius: k.Radius, rate: k.Rate}
		for t := 1; t <= c.Horizon; t++ {
			term.factor = append(term.factor, k.Factor(t, c.Horizon))
		}
		term.rest = make([]float64, c.Horizon+1)
		for t := c.Horizon; t > 0; t-- {
			term.rest[t-1] = term.rest[t] + term.factor[t-1]
		}
		for r := range k.Residual.Rows {
			term.rows = append(term.rows, newSparseRow(k, r, c.Nx, c.Horizon))
		}
		s.terms = append(s.terms, term)
	}
	return s
}

func newSparseRow(k *control.Term, r, nx, horizon int) sparseRow {
	var row sparseRow
	for t := 1; t <= horizon; t++ {
		row.offset = append(row.offset, k.Residual.B[r]-k.ReferenceAt(t, r))
	}
	for j, w := range k.Residual.Row(r) {
		if w != 0 && (j >= nx || !k.Rate) { // a rate term does not read the state
			row.index = append(row.index, j)
			row.value = append(row.value, w)
		}
	}
	return row
}

// at returns the cost of step t in 1..H, as [control.Cost.Stage].
func (s *stageCost) at(t int, x, u, prev []float64) float64 {
	var sum float64
	for i := range s.terms {
		k := &s.terms[i]
		f := k.factor[t-1]
		if f == 0 || (k.rate && prev == nil) {
			continue
		}
		sum += f * k.value(t, s.nx, x, u, prev)
	}
	return sum
}

// standing returns what the steps after t would cost if the state stayed x under
// the action u, where obstacles are in the way measured round them. References
// stand still as well, at the next step that counts.
func (s *stageCost) standing(t int, x, u []float64) float64 {
	var sum float64
	for i := range s.terms {
		k := &s.terms[i]
		if k.rate || k.rest[t] == 0 {
			continue
		}
		next := t
		for k.factor[next] == 0 {
			next++
		}
		sum += k.rest[t] * k.around(next+1, s.nx, x, u)
	}
	return sum
}

// around is value, where the residuals of a point that has obstacles are one: the
// length of its way.
func (k *sparseTerm) around(t, nx int, x, u []float64) float64 {
	m := control.NewMeasure()
	for i := range k.rows {
		row := &k.rows[i]
		switch {
		case row.way != nil:
			m = m.Add(row.way.length(x))
		case !row.passed:
			m = m.Add(k.residual(row, t, nx, x, u, nil))
		}
	}
	return m.Norm(k.norm, k.radius)
}

func (k *sparseTerm) value(t, nx int, x, u, prev []float64) float64 {
	m := control.NewMeasure()
	for i := range k.rows {
		m = m.Add(k.residual(&k.rows[i], t, nx, x, u, prev))
	}
	return m.Norm(k.norm, k.radius)
}

func (k *sparseTerm) residual(row *sparseRow, t, nx int, x, u, prev []float64) float64 {
	r := row.offset[t-1]
	for i, j := range row.index {
		switch {
		case j < nx:
			r += row.value[i] * x[j]
		case k.rate:
			r += row.value[i] * (u[j-nx] - prev[j-nx])
		default:
			r += row.value[i] * u[j-nx]
		}
	}
	return r
}
