package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Table is text in columns for a terminal: numbers to the right, words to the
// left.
type Table struct {
	header []string
	rows   [][]string
	words  []bool // per column: it holds something that is no number
}

// missing stands for a number that is not there.
const missing = "-"

// NewTable returns a table with the given column names.
func NewTable(header ...string) *Table {
	return &Table{header: header, words: make([]bool, len(header))}
}

// Add appends a row with one cell per column. Floats are rounded to four digits,
// or shown as "-" if they are not finite; give text for anything finer.
func (t *Table) Add(cells ...any) {
	if len(cells) != len(t.header) {
		panic(fmt.Sprintf("report: Table.Add: %d cells for %d columns", len(cells), len(t.header)))
	}
	row := make([]string, len(cells))
	for i, c := range cells {
		var number bool
		row[i], number = cellText(c)
		t.words[i] = t.words[i] || !number
	}
	t.rows = append(t.rows, row)
}

// cellText returns the text of a cell and whether it is a number.
func cellText(cell any) (text string, number bool) {
	switch v := cell.(type) {
	case nil:
		return missing, true
	case float64:
		return floatText(v), true
	case Number:
		return floatText(float64(v)), true
	case int, int64, uint64:
		return fmt.Sprint(v), true
	case time.Duration:
		return durationText(v), true
	case bool:
		if v {
			return "yes", false
		}
		return "no", false
	}
	// A line break would tear the table apart.
	return strings.Join(strings.Fields(fmt.Sprint(cell)), " "), false
}

// floatText writes four digits, without an exponent where people read better
// without one.
func floatText(v float64) string {
	switch a := math.Abs(v); {
	case !finite(v):
		return missing
	case a >= 1000 && a < 1e7:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// durationText writes a duration with about three digits.
func durationText(d time.Duration) string {
	unit := time.Duration(1)
	for unit*1000 <= d.Abs() {
		unit *= 10
	}
	return d.Round(unit).String()
}

// WriteTo writes the table, each line ended. It implements [io.WriterTo].
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, t.String())
	return int64(n), err
}

// String returns the table as WriteTo writes it.
func (t *Table) String() string {
	widths := make([]int, len(t.header))
	for _, row := range append([][]string{t.header}, t.rows...) {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	rule := make([]string, len(widths))
	for i, w := range widths {
		rule[i] = strings.Repeat("─", w)
	}
	var b strings.Builder
	t.writeLine(&b, t.header, widths)
	t.writeLine(&b, rule, widths)
	for _, row := range t.rows {
		t.writeLine(&b, row, widths)
	}
	return b.String()
}

func (t *Table) writeLine(b *strings.Builder, row []string, widths []int) {
	var line strings.Builder
	for i, c := range row {
		if i > 0 {
			line.WriteString("  ")
		}
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
		if t.words[i] {
			line.WriteString(c + pad)
		} else {
			line.WriteString(pad + c)
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " "))
	b.WriteByte('\n')
}
