package report

import (
	"bytes"
	"image/png"
	"testing"
)

// TestHistogramsAreDrawn: every cell counts, and every panel.
func TestHistogramsAreDrawn(t *testing.T) {
	picture := func(panels ...HistogramPanel) []byte {
		var b bytes.Buffer
		if err := (HistogramPlot{Title: "coverage", Panels: panels}).Encode(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(bytes.NewReader(b.Bytes())); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	panel := func(counts ...int) HistogramPanel {
		return HistogramPanel{XLabel: "a", YLabel: "b", XMax: 1, YMax: 2, Bins: 2, Counts: counts}
	}
	none, one, other := picture(panel(0, 0, 0, 0)), picture(panel(5, 0, 0, 0)), picture(panel(5, 0, 1, 0))
	if bytes.Equal(none, one) || bytes.Equal(one, other) {
		t.Error("a cell cannot be seen")
	}
	p := panel(1, 2, 3, 4)
	if four := picture(p, p, p, p); bytes.Equal(four, picture(p, p, p)) {
		t.Error("the fourth panel cannot be seen")
	}
	picture()
}
