package control

import (
	"fmt"
	"math"
)

// Constraint is a named set of linear rows that every plan must keep, as data:
//
//	Residual [x_t; u_{t-1}; u_t] <= 0   at every step t of First..Last
//
// Rows of x_t and u_t limit what may be done in a state, rows of u_{t-1} and u_t
// limit the change of action, rows at t = H are a goal. An equality is two rows.
type Constraint struct {
	Name        string
	First, Last int    // steps, 0 <= First <= Last <= H
	Residual    Affine // Nx + 2 Nu columns
}

// Validate reports a constraint that contradicts the sizes of the problem, and
// one that reads the action after the last state.
func (c *Constraint) Validate(nx, nu, horizon int) error {
	if err := c.Residual.Validate(); err != nil {
		return fmt.Errorf("constraint %q: %w", c.Name, err)
	}
	switch {
	case c.Residual.Cols != nx+2*nu:
		return fmt.Errorf("constraint %q: residual has %d columns; it needs Nx + 2 Nu = %d", c.Name, c.Residual.Cols, nx+2*nu)
	case c.First < 0 || c.First > c.Last || c.Last > horizon:
		return fmt.Errorf("constraint %q: steps are %d..%d; they must be within 0..%d", c.Name, c.First, c.Last, horizon)
	case c.Last == horizon && c.reads(nx+nu, nx+2*nu):
		return fmt.Errorf("constraint %q: reads the action after the last state; its last step must be below %d", c.Name, horizon)
	}
	return nil
}

// reads reports whether a row has a weight in columns from..to-1.
func (c *Constraint) reads(from, to int) bool {
	for i := range c.Residual.Rows {
		for _, w := range c.Residual.Row(i)[from:to] {
			if w != 0 {
				return true
			}
		}
	}
	return false
}

// Violation is a row that a plan breaks.
type Violation struct {
	Constraint string
	Row, Step  int
	Amount     float64 // by which the row exceeds 0, in its own unit; NaN if the row is
	Scale      float64 // largest magnitude among the parts the row is a sum of
}

func (v Violation) String() string {
	return fmt.Sprintf("%s at step %d is broken by %.3g", v.Constraint, v.Step, v.Amount)
}

// Violations returns the rows that tr breaks by more than tol (1 + Scale), step
// by step within a constraint. before is the action applied before the first one;
// where it is nil, rows that read it do not hold at t = 0.
func Violations(list []Constraint, tr *Trajectory, before []float64, tol float64) []Violation {
	var found []Violation
	for i := range list {
		c := &list[i]
		needsBefore := c.reads(tr.Nx, tr.Nx+tr.Nu)
		for t := c.First; t <= c.Last; t++ {
			if t == 0 && before == nil && needsBefore {
				continue
			}
			for r := range c.Residual.Rows {
				v := c.violation(r, t, tr, before)
				if !(v.Amount <= tol*(1+v.Scale)) {
					found = append(found, v)
				}
			}
		}
	}
	return found
}

// violation returns what row r amounts to at step t; not positive if it is kept.
func (c *Constraint) violation(r, t int, tr *Trajectory, before []float64) Violation {
	v := Violation{Constraint: c.Name, Row: r, Step: t, Amount: c.Residual.B[r], Scale: math.Abs(c.Residual.B[r])}
	add := func(row, values []float64) {
		for j, w := range row {
			if w != 0 {
				part := w * values[j]
				v.Amount += part
				v.Scale = max(v.Scale, math.Abs(part))
			}
		}
	}
	row := c.Residual.Row(r)
	add(row[:tr.Nx], tr.State(t))
	switch {
	case t > 0:
		add(row[tr.Nx:tr.Nx+tr.Nu], tr.Action(t-1))
	case before != nil:
		add(row[tr.Nx:tr.Nx+tr.Nu], before)
	}
	if t < tr.Len() {
		add(row[tr.Nx+tr.Nu:], tr.Action(t))
	}
	return v
}

// clipMargin times the number of parts of a row and the magnitudes summed is above
// the rounding of [Box.Clip], which widens what it leaves by as much.
const clipMargin = 0x1p-51

// Clip shrinks the box to limits that rows W v + B <= 0 imply for each coordinate
// by itself, given those of the others. Limits may be infinite before and after.
// It returns false if no point is left; the box is then as far as it came.
func (b Box) Clip(rows Affine) bool {
	for i := range rows.Rows {
		if !b.clip(rows.Row(i), rows.B[i]) {
			return false
		}
	}
	return true
}

// clip applies one row: w_j v_j <= -c - (least that the other parts can be).
func (b Box) clip(w []float64, c float64) bool {
	if j := single(w); j >= 0 {
		return b.clipOne(j, w[j], c)
	}
	least, mass := c, math.Abs(c)
	infinite, at := 0, -1
	for j, wj := range w {
		if wj == 0 {
			continue
		}
		if part := b.least(j, wj); math.IsInf(part, 0) {
			infinite, at = infinite+1, j
		} else {
			least += part
			mass += math.Abs(part)
		}
	}
	margin := clipMargin * float64(len(w)+2) * mass
	if infinite == 0 && least > margin {
		return false
	}
	for j, wj := range w {
		if wj == 0 || infinite > 1 || (infinite == 1 && j != at) {
			continue
		}
		rest := least
		if infinite == 0 {
			rest -= b.least(j, wj)
		}
		if limit := (margin - rest) / wj; wj > 0 {
			b.Upper[j] = min(b.Upper[j], limit)
		} else {
			b.Lower[j] = max(b.Lower[j], limit)
		}
		if b.Lower[j] > b.Upper[j] {
			return false
		}
	}
	return true
}

// clipOne applies w v_j + c <= 0. One division is all there is: its result moves
// outwards only if rounding took something away, so that limits are kept as written.
func (b Box) clipOne(j int, w, c float64) bool {
	limit, outwards := -c/w, math.Copysign(math.Inf(1), w)
	if math.FMA(limit, w, c) < 0 { // there is room beyond
		limit = math.Nextafter(limit, outwards)
	}
	if w > 0 {
		b.Upper[j] = min(b.Upper[j], limit)
	} else {
		b.Lower[j] = max(b.Lower[j], limit)
	}
	return !(b.Lower[j] > b.Upper[j])
}

// single returns the only entry that is not zero, -1 unless there is just one.
func single(w []float64) int {
	at := -1
	for j, v := range w {
		if v == 0 {
			continue
		}
		if at >= 0 {
			return -1
		}
		at = j
	}
	return at
}

// least returns the smallest value of w v_j in the box.
func (b Box) least(j int, w float64) float64 {
	if w > 0 {
		return w * b.Lower[j]
	}
	return w * b.Upper[j]
}
