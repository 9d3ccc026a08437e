package bench

import (
	"bytes"
	"image/png"
	"testing"
	"time"
)

// TestScalingSmall measures two small points and draws them.
func TestScalingSmall(t *testing.T) {
	s := newSession(Options{Seed: 1, Time: 10 * time.Second})
	curves := []scalingCurve{{"unstable", "unstable units, %", []scalingPoint{{6, 2, 2, 4}, {6, 2, 2, 0}}, nil}}
	if err := scaling(t.Context(), s, curves); err != nil {
		t.Fatal(err)
	}
	conforms(t, s.report)
	proven := 0
	for _, row := range s.report.Rows {
		if row.Metric == "count" && row.Unit != "count" {
			proven += int(row.Ours)
		}
	}
	if proven != 2*scalingNetworks {
		t.Errorf("%d proven, want all: %+v", proven, s.report.Rows)
	}
	var b bytes.Buffer
	if err := s.report.Picture(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(&b); err != nil {
		t.Error(err)
	}
}

// TestBiasesMakeUnitsStable: that is what the last curve varies.
func TestBiasesMakeUnitsStable(t *testing.T) {
	last, points := 0.0, scalingCurves[3].points
	for _, p := range points {
		share := 0.0
		for seed := range uint64(scalingNetworks) {
			program, err := p.program(1 + seed)
			if err != nil {
				t.Fatal(err)
			}
			share += unstableShare(program) / scalingNetworks
		}
		t.Logf("bias %g: %.0f %%", p.bias, share)
		if share <= last {
			t.Errorf("bias %g: %g %% unstable, not above %g", p.bias, share, last)
		}
		last = share
	}
}
