package dynamics

import (
	"fmt"
	"math"
)

// Coverage is what a data set has seen.
type Coverage struct {
	// Moved is the share of the steps that change the state: of a contact task,
	// those with contact.
	Moved float64
	// Coordinates are those of the states, then of the actions.
	Coordinates []Range
}

// Range is the values of one coordinate.
type Range struct {
	Name            string
	Unit            string
	Low, High       float64
	Mean, Deviation float64
}

// NewCoverage looks at all of d, at the states that actions were taken in.
func NewCoverage(d *Dataset) Coverage {
	c := Coverage{Coordinates: make([]Range, d.Nx+d.Nu)}
	for i := range c.Coordinates {
		c.Coordinates[i] = Range{Name: d.Meta.coordinate(i, d.Nx), Unit: d.Meta.unitOf(i, d.Nx), Low: math.Inf(1), High: math.Inf(-1)}
	}
	moved, all := newMovement(d, d.AllEpisodes()), newMoments(d.Nx+d.Nu)
	row := make([]float64, d.Nx+d.Nu)
	count := 0
	for e := range d.Episodes {
		for t := range d.Steps {
			d.row(row, e, t)
			all.add(row)
			for i, v := range row {
				r := &c.Coordinates[i]
				r.Low, r.High = min(r.Low, v), max(r.High, v)
			}
			if moved.between(d.State(e, t), d.State(e, t+1)) {
				count++
			}
		}
	}
	c.Moved = float64(count) / float64(d.Episodes*d.Steps)
	for i := range c.Coordinates {
		c.Coordinates[i].Mean, c.Coordinates[i].Deviation = all.mean[i], math.Sqrt(all.m2[i]/all.n)
	}
	return c
}

// row writes [x_t; u_t] of episode e.
func (d *Dataset) row(dst []float64, e, t int) {
	copy(dst, d.State(e, t))
	copy(dst[d.Nx:], d.Action(e, t))
}

// StateName returns the name of state coordinate i, x_i where it has none.
func (s *Signals) StateName(i int) string { return s.coordinate(i, i+1) }

// StateUnit returns the unit of state coordinate i, "" where it is not known.
func (s *Signals) StateUnit(i int) string { return s.unitOf(i, i+1) }

// coordinate returns the name of coordinate i of [x; u].
func (s *Signals) coordinate(i, nx int) string {
	switch {
	case i < nx && len(s.StateNames) > 0:
		return s.StateNames[i]
	case i >= nx && len(s.ActionNames) > 0:
		return s.ActionNames[i-nx]
	case i < nx:
		return fmt.Sprintf("x_%d", i)
	}
	return fmt.Sprintf("u_%d", i-nx)
}

// unitOf returns the unit of coordinate i of [x; u], "" where it is not known.
func (s *Signals) unitOf(i, nx int) string {
	switch {
	case i < nx && len(s.StateUnits) > 0:
		return s.StateUnits[i]
	case i >= nx && len(s.ActionUnits) > 0:
		return s.ActionUnits[i-nx]
	}
	return ""
}

// Histogram counts the rows of d by coordinates x and y of [x; u], in bins x bins
// cells over the ranges of c, row-major with y going up.
func (c Coverage) Histogram(d *Dataset, x, y, bins int) []int {
	counts := make([]int, bins*bins)
	row := make([]float64, d.Nx+d.Nu)
	cell := func(i int) int {
		r := c.Coordinates[i]
		if r.High == r.Low {
			return 0
		}
		return min(bins-1, int(float64(bins)*(row[i]-r.Low)/(r.High-r.Low)))
	}
	for e := range d.Episodes {
		for t := range d.Steps {
			d.row(row, e, t)
			counts[cell(y)*bins+cell(x)]++
		}
	}
	return counts
}
