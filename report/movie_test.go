package report

import (
	"bytes"
	"fmt"
	"image/gif"
	"math"
	"strings"
	"testing"
	"time"

	"hinge/viz/raster"
	"hinge/viz/scene"
)

// sampleMovie is a disc that pushes a box for n control steps of 100 ms, seen
// four times a step.
func sampleMovie(n int, opts MovieOptions) *Movie {
	m := NewMovie(opts)
	box := func(x, y float64) []scene.Point {
		return []scene.Point{{X: x - 0.04, Y: y - 0.03}, {X: x + 0.04, Y: y - 0.03}, {X: x + 0.04, Y: y + 0.03}, {X: x - 0.04, Y: y + 0.03}}
	}
	at := func(t float64) scene.Point { return scene.Point{X: -0.12 + 0.2*t, Y: 0.03 * math.Sin(4*t)} }
	for step := range n {
		var substeps []scene.Scene
		for k := range 4 {
			t := (float64(step) + float64(k+1)/4) / float64(n)
			p := at(t)
			s := scene.Scene{Min: scene.Point{X: -0.25, Y: -0.2}, Max: scene.Point{X: 0.25, Y: 0.2}}
			s.Caption = fmt.Sprintf("step %d · error %.0f mm", step, 200*(1-t))
			s.Add(scene.Shape{Kind: scene.Polygon, Role: scene.Goal, Points: box(at(1).X, at(1).Y)})
			s.Add(scene.Shape{Kind: scene.Polygon, Role: scene.Object, Points: box(p.X, p.Y)})
			for i := 1; i <= 3 && step > 0; i++ {
				q := at((float64(step) + 1.5*float64(i)) / float64(n))
				s.Add(scene.Shape{Kind: scene.Outline, Role: scene.Predicted, Points: box(q.X, q.Y), Alpha: 1 - 0.2*float64(i)})
			}
			s.Add(scene.Shape{Kind: scene.Circle, Role: scene.Robot, Radius: 0.0125, Points: []scene.Point{{X: p.X - 0.0525, Y: p.Y}}})
			substeps = append(substeps, s)
		}
		m.AddStep(100*time.Millisecond, substeps...)
	}
	m.Finish(raster.Badge{Text: fmt.Sprintf("reached in %d steps", n), Good: true})
	return m
}

func decodeMovie(t *testing.T, m *Movie) *gif.GIF {
	t.Helper()
	var buf bytes.Buffer
	if err := m.Encode(&buf); err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(&buf)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestMovieTiming(t *testing.T) {
	for _, tc := range []struct {
		opts   MovieOptions
		frames int // without the last one
		play   int // hundredths of a second of these
	}{
		{MovieOptions{Width: 160, Height: 140}, 10, 50},                // 25 ms a substep, at most 25 frames a second: every other one
		{MovieOptions{Width: 160, Height: 140, FrameRate: 40}, 20, 50}, // all of them
		{MovieOptions{Width: 160, Height: 140, Speed: 0.5}, 20, 100},   // slow motion shows all, too
		{MovieOptions{Width: 160, Height: 140, Speed: 4}, 2, 12},       // 500 ms in 125
	} {
		g := decodeMovie(t, sampleMovie(5, tc.opts))
		play := 0
		for _, d := range g.Delay[:len(g.Delay)-1] {
			play += d
		}
		if len(g.Image) != tc.frames+1 || play < tc.play-3 || play > tc.play {
			t.Errorf("%+v: %d frames in %d/100 s, want %d in %d", tc.opts, len(g.Image)-1, play, tc.frames, tc.play)
		}
		if last := g.Delay[len(g.Delay)-1]; last < 149 || last > 151 {
			t.Errorf("the last frame stays %d/100 s, want 150", last)
		}
	}
}

func TestMovieLegend(t *testing.T) {
	box := raster.Entry{Role: scene.Object, Kind: scene.Polygon, Name: "box"}
	m := sampleMovie(2, MovieOptions{Width: 160, Height: 140, Legend: []raster.Entry{box}})
	var names []string
	for _, e := range m.renderer.Legend {
		names = append(names, e.Name)
	}
	if got := strings.Join(names, " "); got != "goal box robot plan" {
		t.Errorf("legend is %q, want the given name and the missing roles in order", got)
	}
}

func TestMovieSize(t *testing.T) {
	if testing.Short() {
		t.Skip("renders 100 frames")
	}
	m := sampleMovie(50, MovieOptions{Title: "Push a box to its goal"})
	var buf bytes.Buffer
	if err := m.Encode(&buf); err != nil {
		t.Fatal(err)
	}
	if kib := buf.Len() >> 10; m.Frames() != 101 || kib > 400 {
		t.Errorf("%d frames take %d KiB, want 101 in at most 400", m.Frames(), kib)
	}
}
