package milp

import (
	"bufio"
	"fmt"
	"io"
	"math"
)

// WriteMPS writes p in the free MPS format, which every solver reads. Columns are
// named C0, C1, .. and rows R0, R1, .. by their index; the constant of the
// objective stands, negated as HiGHS, SCIP, CBC and Gurobi expect it, on the
// right of OBJ (GLPK would add it with that sign).
//
// Numbers have 17 significant digits, so that they are read back bit for bit:
// with six, the rows of one ReLU contradict each other. Two things are not
// literal: entries of one column in one row are summed, and rows without a
// finite bound are left out. The upper bound of a row that has two different ones
// is written as a distance from the lower bound and may be read an ulp off.
func WriteMPS(w io.Writer, p *Problem) error {
	if err := p.Validate(); err != nil {
		return err
	}
	m := mpsWriter{w: bufio.NewWriter(w), p: p}
	m.rows()
	m.columns()
	m.rightHandSides()
	m.bounds()
	m.line("ENDATA")
	return m.w.Flush() // reports the first failed write as well
}

type mpsWriter struct {
	w *bufio.Writer
	p *Problem
}

func (m *mpsWriter) line(format string, args ...any) {
	fmt.Fprintf(m.w, format+"\n", args...)
}

// kind returns the type of row i, or 0 if the row bounds nothing.
func (m *mpsWriter) kind(i int) byte {
	lower, upper := m.p.RowLower[i], m.p.RowUpper[i]
	switch {
	case lower == upper:
		return 'E'
	case !math.IsInf(lower, 0):
		return 'G' // with a range if there is an upper bound, too
	case !math.IsInf(upper, 0):
		return 'L'
	}
	return 0
}

func (m *mpsWriter) rows() {
	m.line("NAME hinge FREE") // CBC would guess the format from the look of the first column
	m.line("ROWS")
	m.line(" N OBJ")
	for i := range m.p.Rows() {
		if k := m.kind(i); k != 0 {
			m.line(" %c R%d", k, i)
		}
	}
}

// mpsEntry is a coefficient of a column.
type mpsEntry struct {
	row   int
	value float64
}

// byColumn returns the entries of each column, from top to bottom.
func (m *mpsWriter) byColumn() [][]mpsEntry {
	cols := make([][]mpsEntry, m.p.Vars())
	for i := range m.p.Rows() {
		if m.kind(i) == 0 {
			continue
		}
		for k := m.p.Start[i]; k < m.p.Start[i+1]; k++ {
			j, v := m.p.Index[k], m.p.Value[k]
			if n := len(cols[j]); n > 0 && cols[j][n-1].row == i {
				cols[j][n-1].value += v
				continue
			}
			cols[j] = append(cols[j], mpsEntry{i, v})
		}
	}
	return cols
}

// columns writes every cost, zeros too: a column exists by being named here.
func (m *mpsWriter) columns() {
	m.line("COLUMNS")
	integer := false
	for j, entries := range m.byColumn() {
		if m.p.Integer[j] != integer {
			integer = !integer
			m.marker(integer)
		}
		m.line("    C%d OBJ %.17g", j, m.p.Cost[j])
		for _, e := range entries {
			m.line("    C%d R%d %.17g", j, e.row, e.value)
		}
	}
	if integer {
		m.marker(false)
	}
}

// marker begins or ends a run of integer columns.
func (m *mpsWriter) marker(begin bool) {
	if begin {
		m.line("    MARKER 'MARKER' 'INTORG'")
		return
	}
	m.line("    MARKER 'MARKER' 'INTEND'")
}

func (m *mpsWriter) rightHandSides() {
	m.line("RHS")
	if m.p.Offset != 0 {
		m.line("    RHS OBJ %.17g", -m.p.Offset)
	}
	for i := range m.p.Rows() {
		switch m.kind(i) {
		case 'E', 'G':
			m.line("    RHS R%d %.17g", i, m.p.RowLower[i])
		case 'L':
			m.line("    RHS R%d %.17g", i, m.p.RowUpper[i])
		}
	}
	m.line("RANGES")
	for i := range m.p.Rows() {
		if m.kind(i) == 'G' && !math.IsInf(m.p.RowUpper[i], 0) {
			m.line("    RNG R%d %.17g", i, m.p.RowUpper[i]-m.p.RowLower[i])
		}
	}
}

// bounds writes both bounds of every column: the defaults of the format differ
// between solvers, for integer columns above all. The lower bound comes first,
// because a negative upper bound alone moves the lower one in some readers.
func (m *mpsWriter) bounds() {
	m.line("BOUNDS")
	for j := range m.p.Vars() {
		lower, upper := m.p.Lower[j], m.p.Upper[j]
		if lower == upper {
			m.line(" FX BND C%d %.17g", j, lower)
			continue
		}
		if math.IsInf(lower, 0) {
			m.line(" MI BND C%d", j)
		} else {
			m.line(" LO BND C%d %.17g", j, lower)
		}
		if math.IsInf(upper, 0) {
			m.line(" PL BND C%d", j)
		} else {
			m.line(" UP BND C%d %.17g", j, upper)
		}
	}
}
