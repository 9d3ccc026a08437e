package report

import (
	"bytes"
	"image"
	"image/png"
	"testing"
)

// TestPartitionIsDrawn: pieces of equal slope look alike in all panels, others do
// not, and edges are drawn.
func TestPartitionIsDrawn(t *testing.T) {
	left := Piece{X: []float64{-1, 0, 0, -1}, Y: []float64{-1, -1, 1, 1}, SlopeX: -1}
	right := Piece{X: []float64{0, 1, 1, 0}, Y: []float64{-1, -1, 1, 1}, SlopeX: 1}
	var b bytes.Buffer
	p := PartitionPlot{Title: "pieces", Panels: []PartitionPanel{
		{Title: "both", Min: -1, Max: 1, Pieces: []Piece{left, right}},
		{Title: "swapped", Min: -1, Max: 1, Pieces: []Piece{right, left}},
		{Title: "none", Min: -1, Max: 1},
	}}
	if err := p.Encode(&b); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for x := range img.Bounds().Dx() {
		counts[colourAt(img, x, 300)]++
	}
	broad := 0 // colours of half a panel: two in each of two panels, and white
	for _, n := range counts {
		if n > 80 {
			broad++
		}
	}
	if broad != 3 {
		t.Errorf("a line through the picture crosses %d broad colours, want 2 and the page", broad)
	}
}

func colourAt(img image.Image, x, y int) string {
	r, g, b, _ := img.At(x, y).RGBA()
	return string([]byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)})
}
