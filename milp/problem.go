package milp

import (
	"fmt"
	"math"
)

// Var is the index of a column.
type Var int

// Row is the index of a row.
type Row int

// Problem is a mixed-integer linear program, built column by column and row by
// row. The zero value is the empty problem.
type Problem struct {
	// Columns.
	Cost         []float64
	Lower, Upper []float64
	Integer      []bool
	// Rows in compressed form: the entries of row i are Index[Start[i]:Start[i+1]]
	// and Value of the same range.
	RowLower, RowUpper []float64
	Start              []int // rows + 1 entries, or none for no rows
	Index              []Var
	Value              []float64

	Offset float64 // constant of the objective
}

// Vars returns the number of columns.
func (p *Problem) Vars() int { return len(p.Cost) }

// Rows returns the number of rows.
func (p *Problem) Rows() int { return len(p.RowLower) }

// AddVar appends a continuous column.
func (p *Problem) AddVar(cost, lower, upper float64) Var {
	p.Cost = append(p.Cost, cost)
	p.Lower = append(p.Lower, lower)
	p.Upper = append(p.Upper, upper)
	p.Integer = append(p.Integer, false)
	return Var(len(p.Cost) - 1)
}

// AddBinary appends a column of value 0 or 1.
func (p *Problem) AddBinary(cost float64) Var {
	v := p.AddVar(cost, 0, 1)
	p.Integer[v] = true
	return v
}

// AddRow appends lower <= sum value[i] x[index[i]] <= upper. The slices are copied.
func (p *Problem) AddRow(lower, upper float64, index []Var, value []float64) Row {
	if len(index) != len(value) {
		panic("milp: AddRow: index and value differ in length")
	}
	if len(p.Start) == 0 {
		p.Start = append(p.Start, 0)
	}
	p.RowLower = append(p.RowLower, lower)
	p.RowUpper = append(p.RowUpper, upper)
	p.Index = append(p.Index, index...)
	p.Value = append(p.Value, value...)
	p.Start = append(p.Start, len(p.Index))
	return Row(len(p.RowLower) - 1)
}

// Objective returns c'x + offset.
func (p *Problem) Objective(x []float64) float64 {
	s := p.Offset
	for j, c := range p.Cost {
		s += c * x[j]
	}
	return s
}

// Violation returns the largest violation of a bound, a row or integrality by x.
func (p *Problem) Violation(x []float64) float64 {
	var worst float64
	for j, v := range x {
		worst = max(worst, p.Lower[j]-v, v-p.Upper[j])
		if p.Integer[j] {
			worst = max(worst, math.Abs(v-math.Round(v)))
		}
	}
	for i := range p.Rows() {
		var s float64
		for k := p.Start[i]; k < p.Start[i+1]; k++ {
			s += p.Value[k] * x[p.Index[k]]
		}
		worst = max(worst, p.RowLower[i]-s, s-p.RowUpper[i])
	}
	return worst
}

// Validate reports the first entry that makes the problem meaningless: NaN, an
// infinite coefficient, an empty range, an index out of range.
func (p *Problem) Validate() error {
	p.checkShapes()
	if notFinite(p.Offset) {
		return fmt.Errorf("milp: offset is %g; it must be finite", p.Offset)
	}
	for j := range p.Cost {
		if notFinite(p.Cost[j]) {
			return fmt.Errorf("milp: column %d: cost is %g; it must be finite", j, p.Cost[j])
		}
		if emptyRange(p.Lower[j], p.Upper[j]) {
			return fmt.Errorf("milp: column %d: range is [%g, %g]; it must hold a number", j, p.Lower[j], p.Upper[j])
		}
	}
	for i := range p.Rows() {
		if emptyRange(p.RowLower[i], p.RowUpper[i]) {
			return fmt.Errorf("milp: row %d: range is [%g, %g]; it must hold a number", i, p.RowLower[i], p.RowUpper[i])
		}
		for k := p.Start[i]; k < p.Start[i+1]; k++ {
			if notFinite(p.Value[k]) || p.Index[k] < 0 || int(p.Index[k]) >= p.Vars() {
				return fmt.Errorf("milp: row %d: entry %g of column %d; it must be finite and its column in 0..%d",
					i, p.Value[k], p.Index[k], p.Vars()-1)
			}
		}
	}
	return nil
}

// checkShapes panics if slices that belong together differ in length.
func (p *Problem) checkShapes() {
	n, m := len(p.Cost), len(p.RowLower)
	if len(p.Lower) != n || len(p.Upper) != n || len(p.Integer) != n {
		panic("milp: Problem: Cost, Lower, Upper and Integer differ in length")
	}
	if len(p.RowUpper) != m || len(p.Index) != len(p.Value) || m > 0 && len(p.Start) != m+1 {
		panic("milp: Problem: the slices of the rows do not fit together")
	}
	for i := range m {
		if p.Start[i] < 0 || p.Start[i] > p.Start[i+1] || p.Start[i+1] > len(p.Index) {
			panic("milp: Problem: Start does not partition Index")
		}
	}
}

// emptyRange also holds for NaN and for infinities on the wrong side.
func emptyRange(lower, upper float64) bool {
	return !(lower <= upper) || math.IsInf(lower, 1) || math.IsInf(upper, -1)
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }
