package dynamics

import (
	"math"
	"slices"
	"testing"
)

func TestCoverage(t *testing.T) {
	d := NewDataset(2, 2, 1, 1)
	d.Meta.StateNames, d.Meta.StateUnits = []string{"position"}, []string{"m"}
	copy(d.X, []float64{0, 0, 1, 4, 4, 4}) // 1 of 4 steps moves
	copy(d.U, []float64{-1, -1, 1, 1})
	c := NewCoverage(d)
	if c.Moved != 0.25 {
		t.Errorf("%g of the steps move, want 0.25", c.Moved)
	}
	x, u := c.Coordinates[0], c.Coordinates[1]
	if x.Name != "position" || x.Unit != "m" || u.Name != "u_0" || u.Unit != "" {
		t.Errorf("coordinates %+v and %+v", x, u)
	}
	if x.Low != 0 || x.High != 4 || x.Mean != 2 || x.Deviation != 2 || u.Low != -1 || math.Abs(u.Mean) > 1e-15 {
		t.Errorf("ranges %+v and %+v", x, u)
	}
	if got := c.Histogram(d, 0, 1, 2); !slices.Equal(got, []int{2, 0, 0, 2}) {
		t.Errorf("histogram %v", got)
	}
	if got := c.Histogram(d, 0, 0, 3); !slices.Equal(got, []int{2, 0, 0, 0, 0, 0, 0, 0, 2}) {
		t.Errorf("histogram %v", got)
	}
}
