package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"hinge/control"
)

// stepColumns returns the header of steps.csv.
func stepColumns(nx, nu int) []string {
	cols := []string{"t"}
	for i := range nx {
		cols = append(cols, fmt.Sprintf("x_%d", i))
	}
	for i := range nu {
		cols = append(cols, fmt.Sprintf("u_%d", i))
	}
	return append(cols, "stage_cost", "plan_ms", "objective", "dual_bound", "status")
}

// writeSteps writes steps.csv: floats as the shortest decimals that read back
// equal, and an empty cell where there is no plan or no bound.
func (r *Run) writeSteps(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write(stepColumns(r.Nx, r.Nu)) // an error is kept for out.Error
	for t := range r.Steps {
		s := &r.Steps[t]
		row := []string{strconv.Itoa(t)}
		for _, v := range s.X {
			row = append(row, formatFloat(v))
		}
		for _, v := range s.U {
			row = append(row, formatFloat(v))
		}
		out.Write(append(row, formatFloat(s.StageCost), optional(s.PlanMS), optional(s.Objective), optional(s.DualBound), s.Status))
	}
	out.Flush()
	return out.Error()
}

func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func optional(v float64) string {
	if !finite(v) {
		return ""
	}
	return formatFloat(v)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// readSteps fills Nx, Nu and Steps from the text of steps.csv. It stops at the
// first error; the rows before it stay in r.
func (r *Run) readSteps(data []byte) error {
	file := r.path(StepsFile)
	in := csv.NewReader(bytes.NewReader(data))
	in.FieldsPerRecord = -1 // rows are counted here, with a better message
	header, err := in.Read()
	if err != nil {
		return &FileError{File: file, Line: 1, Want: "there is no header; it must name the columns t, x_0 .., u_0 .., stage_cost .."}
	}
	if err := r.readHeader(header); err != nil {
		return err
	}
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		line := len(r.Steps) + 2
		if err != nil {
			return &FileError{File: file, Line: line, Want: err.Error()}
		}
		s, bad := readStep(row, header, r.Nx, r.Nu, len(r.Steps))
		if bad != nil {
			bad.File, bad.Line = file, line
			return bad
		}
		r.Steps = append(r.Steps, s)
	}
	if !bytes.HasSuffix(data, []byte("\n")) {
		line := len(r.Steps) + 1
		r.Steps = r.Steps[:max(len(r.Steps)-1, 0)] // its last cell may be a part
		return &FileError{File: file, Line: line, Want: "the line does not end; the file is truncated"}
	}
	return nil
}

// readHeader finds Nx and Nu and compares the header with the one they ask for.
func (r *Run) readHeader(header []string) error {
	for _, name := range header {
		switch {
		case strings.HasPrefix(name, "x_"):
			r.Nx++
		case strings.HasPrefix(name, "u_"):
			r.Nu++
		}
	}
	bad := &FileError{File: r.path(StepsFile), Line: 1}
	if r.Nx == 0 || r.Nu == 0 {
		bad.Field, bad.Want = "header", fmt.Sprintf("has %d columns x_i and %d columns u_i; it needs at least one of each", r.Nx, r.Nu)
		return bad
	}
	want := stepColumns(r.Nx, r.Nu)
	for i, name := range want {
		if i >= len(header) {
			bad.Field, bad.Want = "header", fmt.Sprintf("has %d columns; %q is missing", len(header), name)
			return bad
		}
		if header[i] != name {
			bad.Field, bad.Value, bad.Want = fmt.Sprintf("column %d", i+1), header[i], fmt.Sprintf("it must be %q", name)
			return bad
		}
	}
	if len(header) > len(want) {
		bad.Field, bad.Value, bad.Want = fmt.Sprintf("column %d", len(want)+1), header[len(want)], "the last column must be \"status\""
		return bad
	}
	return nil
}

// readStep reads one row, which must be that of step t.
func readStep(row, header []string, nx, nu, t int) (Step, *FileError) {
	if len(row) != len(header) {
		return Step{}, &FileError{Want: fmt.Sprintf("%d cells; the header names %d (is the file truncated?)", len(row), len(header))}
	}
	c := cells{row: row, header: header}
	if n, err := strconv.Atoi(c.next()); err != nil || n != t {
		c.fail(fmt.Sprintf("it must be %d, one more than in the row before", t))
	}
	s := Step{X: make([]float64, nx), U: make([]float64, nu)}
	for i := range s.X {
		s.X[i] = c.number()
	}
	for i := range s.U {
		s.U[i] = c.number()
	}
	s.StageCost = c.number()
	s.PlanMS = c.optional(math.NaN())
	s.Objective = c.optional(math.Inf(1))
	s.DualBound = c.optional(math.Inf(-1))
	if s.Status = c.next(); s.Status != "" && !isStatus(s.Status) {
		c.fail("it must be empty or one of " + statusList())
	}
	return s, c.err
}

// cells reads a row from left to right and keeps the first error.
type cells struct {
	row, header []string
	at          int // the next cell
	err         *FileError
}

func (c *cells) next() string {
	c.at++
	return c.row[c.at-1]
}

// fail records an error in the cell read last.
func (c *cells) fail(want string) {
	if c.err == nil {
		c.err = &FileError{Field: c.header[c.at-1], Value: c.row[c.at-1], Want: want}
	}
}

// number reads a finite number.
func (c *cells) number() float64 {
	v, err := strconv.ParseFloat(c.next(), 64)
	if err != nil || !finite(v) {
		c.fail("it must be a finite number")
	}
	return v
}

// optional reads a finite number, or missing from an empty cell.
func (c *cells) optional(missing float64) float64 {
	if c.row[c.at] == "" {
		c.at++
		return missing
	}
	v, err := strconv.ParseFloat(c.next(), 64)
	if err != nil || !finite(v) {
		c.fail("it must be empty or a finite number")
	}
	return v
}

func isStatus(name string) bool {
	for s := control.Optimal; s <= control.NumericalFailure; s++ {
		if s.String() == name {
			return true
		}
	}
	return false
}

func statusList() string {
	var names []string
	for s := control.Optimal; s <= control.NumericalFailure; s++ {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}
