package raster

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"testing"
	"time"

	"hinge/viz/scene"
)

// movie renders n frames of the push scene into an animation.
func movie(tb testing.TB, n int) *Animation {
	tb.Helper()
	r := New(640, 560)
	r.Title = "Push a T to its goal"
	img := r.NewImage()
	a := NewAnimation(640, 560)
	for i := range n {
		r.Render(img, pushScene(float64(i)/float64(max(n-1, 1))))
		a.Add(img, 50*time.Millisecond)
	}
	return a
}

func TestAnimationPlaysBack(t *testing.T) {
	const n = 8
	var buf bytes.Buffer
	if err := movie(t, n).Encode(&buf); err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Image) != n || g.Delay[0] != 5 || g.LoopCount != 0 {
		t.Fatalf("%d frames, delay %d, loop count %d; want %d, 5, 0", len(g.Image), g.Delay[0], g.LoopCount, n)
	}
	r := New(640, 560)
	r.Title = "Push a T to its goal"
	want := r.NewImage()
	screen := image.NewRGBA(want.Rect)
	for i, f := range g.Image {
		draw.Draw(screen, f.Rect, f, f.Rect.Min, draw.Over)
		r.Render(want, pushScene(float64(i)/(n-1)))
		if mean, far := difference(screen, want); mean > 0.5 || far > 0.003 {
			t.Errorf("frame %d: mean error %.2f of 255, %.4f %% of pixels off by more than 24", i, mean, 100*far)
		}
	}
}

// difference returns the mean difference of the colour values and the fraction
// of pixels with a difference one can see.
func difference(a, b *image.RGBA) (mean, far float64) {
	for i := 0; i < len(a.Pix); i += 4 {
		worst := 0
		for k := range 3 {
			d := int(a.Pix[i+k]) - int(b.Pix[i+k])
			mean += float64(max(d, -d))
			worst = max(worst, d, -d)
		}
		if worst > 24 {
			far++
		}
	}
	n := float64(len(a.Pix) / 4)
	return mean / (3 * n), far / n
}

func TestFlatColorsAreExact(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 1, 1))
	index := make([]uint8, 1)
	colors := []color.NRGBA{pageColor, stageColor, gridColor, edgeColor, textColor, goodColor, badColor}
	for role := range scene.Label + 1 {
		colors = append(colors, over(styles[role].fill, stageColor))
	}
	for _, c := range colors {
		img.Set(0, 0, c)
		quantize(index, img)
		if got := gifPalette()[index[0]]; got != (color.RGBA{c.R, c.G, c.B, 255}) {
			t.Errorf("%v becomes %v", c, got)
		}
	}
}

func TestDelays(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 4, 4))
	a := NewAnimation(4, 4)
	for range 6 {
		a.Add(img, time.Second/30)
	}
	total := 0
	for _, d := range a.delays {
		total += d
	}
	if total != 20 {
		t.Errorf("6 frames of 1/30 s take %d hundredths, want 20: %v", total, a.delays)
	}
	a.Add(img, 0)
	if d := a.delays[6]; d != 2 {
		t.Errorf("a delay of 0 becomes %d, want 2", d)
	}
}

func TestStillFramesCostNothing(t *testing.T) {
	r := New(640, 560)
	img := r.NewImage()
	r.Render(img, pushScene(0.5))
	a := NewAnimation(640, 560)
	for range 10 {
		a.Add(img, time.Second)
	}
	for i, f := range a.frames[1:] {
		if f.Rect.Dx()*f.Rect.Dy() != 1 {
			t.Errorf("frame %d keeps %v", i+1, f.Rect)
		}
	}
}

func TestEncodeWithoutFrames(t *testing.T) {
	if err := NewAnimation(4, 4).Encode(&bytes.Buffer{}); err == nil {
		t.Error("no error")
	}
}

func BenchmarkRender(b *testing.B) {
	r := New(640, 560)
	r.Title = "Push a T to its goal"
	img, s := r.NewImage(), pushScene(0.3)
	for b.Loop() {
		r.Render(img, s)
	}
}

// BenchmarkMovie is a whole movie of 100 frames of 640 x 560: render, map to the
// palette, compress.
func BenchmarkMovie(b *testing.B) {
	var size int
	for b.Loop() {
		var buf bytes.Buffer
		if err := movie(b, 100).Encode(&buf); err != nil {
			b.Fatal(err)
		}
		size = buf.Len()
	}
	b.ReportMetric(float64(size)/1024, "KiB/file")
}
