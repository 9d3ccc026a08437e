package bnb

import (
	"slices"

	"hinge/control"
	"hinge/milp/bound"
	"hinge/milp/lp"
	"hinge/milp/relu"
)

// rows writes expressions as rows of a linear program.
type rows struct {
	lp    *lp.Solver
	index []int
	value []float64

	entries int // of all rows that were added
}

// take collects s times the expression e as the entries of a row.
func (r *rows) take(e []float64, s float64) {
	r.index, r.value = r.index[:0], r.value[:0]
	for j, w := range e[:len(e)-1] {
		if w != 0 {
			r.index, r.value = append(r.index, j), append(r.value, s*w)
		}
	}
}

// with adds one more column to the entries.
func (r *rows) with(column int, v float64) {
	r.index, r.value = append(r.index, column), append(r.value, v)
}

// add appends the row that was collected.
func (r *rows) add(lower, upper float64) int {
	r.entries += len(r.index)
	return r.lp.AddRow(r.index, r.value, lower, upper)
}

// normColumns returns the number of columns the objective needs.
func normColumns(p *relu.Program) int {
	cols := 0
	for i := range p.Terms {
		switch k := &p.Terms[i]; k.Norm {
		case control.L1: // folded rows
		case control.Hinge:
			cols += k.Rows
		default:
			cols++
		}
	}
	return cols
}

// isLinear reports whether the objective is one of a linear program.
func isLinear(p *relu.Program) bool {
	return !slices.ContainsFunc(p.Terms, func(k relu.Term) bool {
		return k.Norm == control.SquaredL2 || k.Norm.KeepsOut()
	})
}

// objective adds the rows and columns of all terms, columns from col on, and
// returns the row of the first residual of each; LInf has two rows a residual. No
// column or row is left unbounded, so that every basis can be made dual feasible by
// changing sides.
func (r *rows) objective(lin *linearisation, b *bound.Bounder, col int) []int {
	var first []int
	e := make([]float64, lin.cols+1)
	for i := range lin.p.Terms {
		k, size := &lin.p.Terms[i], r.sizes(b, i)
		first = append(first, r.lp.Rows())
		switch k.Norm {
		case control.L1:
			for j := range k.Rows {
				lin.residual(e, k, j)
				r.absolute(e, size[j], k.Factor)
			}
			continue
		case control.Hinge:
			for j := range k.Rows {
				lin.residual(e, k, j)
				r.lp.SetCost(col, k.Factor)
				r.lp.SetColumn(col, 0, size[j])
				r.epigraph(e, size[j], false, col)
				col++
			}
			continue
		}
		top := slices.Max(size)
		r.lp.SetCost(col, k.Factor)
		r.lp.SetColumn(col, -top, top)
		for j := range k.Rows {
			lin.residual(e, k, j)
			r.epigraph(e, top, k.Norm == control.LInf, col)
		}
		col++
	}
	return first
}

// sizes returns what residuals of term i are limited to. With constraints the sizes
// that plans have would say something about plans which no multiplier of a
// [bound.Dual] can repeat.
func (r *rows) sizes(b *bound.Bounder, i int) []float64 {
	size := b.Residuals(i)
	if b.Program().Constrained() {
		size = slices.Clone(size)
		for j := range size {
			size[j] = 100*size[j] + 100
		}
	}
	return size
}

// absolute adds factor |e|.
func (r *rows) absolute(e []float64, size, factor float64) {
	c := e[len(e)-1]
	r.take(e, 1)
	r.lp.SetFold(r.add(-c-size, -c+size), -c, factor)
}

// epigraph makes column col at least e, and at least -e on both sides.
func (r *rows) epigraph(e []float64, top float64, both bool, col int) {
	c := e[len(e)-1]
	r.take(e, -1)
	r.with(col, 1)
	r.add(c, c+2*top)
	if both {
		r.take(e, 1)
		r.with(col, 1)
		r.add(-c, -c+2*top)
	}
}
