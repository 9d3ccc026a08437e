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
	bars := picture(Curve{Name: "ours", Y: []float64{.01, .1, 1}, Low: []float64{.005, .05, .5}, High: []float64{.02, .2, 2}})
	if bytes.Equal(none, one) || bytes.Equal(one, gap) || bytes.Equal(one, open) || bytes.Equal(one, bars) {
		t.Error("a curve, its gap, its open value or its intervals cannot be seen")
	}
}

// TestReferenceIsDrawn: across the panel, whose axis grows to hold it.
func TestReferenceIsDrawn(t *testing.T) {
	seen := map[string]bool{}
	for _, reference := range []float64{0, 3, 30} {
		for _, linear := range []bool{false, true} {
			var b bytes.Buffer
			p := CurvesPlot{Panels: []CurvesPanel{{YLabel: "m", Linear: linear, X: []float64{1, 2}, Reference: reference,
				Curves: []Curve{{Name: "ours", Y: []float64{2, 4}}}}}}
			if err := p.Encode(&b); err != nil {
				t.Fatal(err)
			}
			seen[b.String()] = true
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d pictures of 3 references on 2 axes, want 6", len(seen))
	}
}

// TestOwnAxis: a panel with an axis of its own does not see the values of others.
func TestOwnAxis(t *testing.T) {
	picture := func(label string, linear bool) []byte {
		var b bytes.Buffer
		curve := func(y float64) []Curve { return []Curve{{Name: "ours", Y: []float64{y, 2 * y, 9 * y}}} }
		p := CurvesPlot{Panels: []CurvesPanel{
			{Title: "small", YLabel: label, Linear: linear, X: []float64{1, 2, 3}, Curves: curve(1)},
			{Title: "large", X: []float64{1, 2, 3}, Curves: curve(1e4)}}}
		if err := p.Encode(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if bytes.Equal(picture(" ", false), picture("", false)) || bytes.Equal(picture(" ", false), picture(" ", true)) {
		t.Error("an axis of its own, or a linear one, changes nothing")
	}
}

// TestCurvesHaveTheColourOfTheirKind: what is predicted looks different from what
// really was, wherever it stands.
func TestCurvesHaveTheColourOfTheirKind(t *testing.T) {
	seen := map[any]bool{}
	for _, kind := range []CurveKind{OrderedCurve, RealCurve, PredictedCurve} {
		seen[curveStyle(kind, 0).Color] = true
	}
	if len(seen) != 3 || curveStyle(PredictedCurve, 0).Color != curveStyle(PredictedCurve, 1).Color {
		t.Errorf("%d colours of 3 kinds", len(seen))
	}
}
