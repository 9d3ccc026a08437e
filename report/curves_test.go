package report

import (
	"bytes"
	"image/png"
	"math"
	"testing"
)

// TestCurvesAreDrawn: a curve changes the picture, and one with a gap or an open value
// does it differently.
func TestCurvesAreDrawn(t *testing.T) {
	picture := func(curves ...Curve) []byte {
		var b bytes.Buffer
		p := CurvesPlot{Title: "time", YLabel: "CPU s", Limit: 10, LimitKey: "limit",
			Panels: []CurvesPanel{{Title: "a", XLabel: "x", X: []float64{1, 2, 3}, Curves: curves}, {Title: "empty"}}}
		if err := p.Encode(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(bytes.NewReader(b.Bytes())); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	none := picture()
	one := picture(Curve{Name: "ours", Y: []float64{.01, .1, 1}})
	gap := picture(Curve{Name: "ours", Y: []float64{.01, math.NaN(), 1}})
	open := picture(Curve{Name: "ours", Y: []float64{.01, .1, 1}, Open: []bool{false, true, false}})
	if bytes.Equal(none, one) || bytes.Equal(one, gap) || bytes.Equal(one, open) {
		t.Error("a curve, its gap or its open value cannot be seen")
	}
}
