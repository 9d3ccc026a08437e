package raster

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"hinge/viz/scene"
)

var nan, inf = math.NaN(), math.Inf(1)

// oddPoints are places a diverged simulation may hand over.
var oddPoints = []scene.Point{
	{X: nan, Y: 0}, {X: 0, Y: inf}, {X: -inf, Y: nan}, {X: 1e300, Y: -1e300}, {X: 1e9, Y: 1e9}, {X: -1e15, Y: 0.01},
	{X: 5e-324, Y: 0}, {}, {X: 0.01, Y: 0.01}, {X: 0.02, Y: 0.01},
}

func TestDegenerateViews(t *testing.T) {
	for _, corner := range []scene.Point{{}, {X: nan, Y: 1}, {X: inf, Y: inf}, {X: -1, Y: -1}, {X: 1e-300, Y: 1e-300}, {X: 1e300, Y: 1e300}, {X: 1, Y: 0}} {
		s := pushScene(0.5)
		s.Min, s.Max = scene.Point{}, corner
		render(t, 120, 100, nil, s)
		s.Shapes = nil
		render(t, 120, 100, nil, s)
	}
}

func TestViewFitsShapes(t *testing.T) {
	var s scene.Scene
	s.Add(scene.Shape{Kind: scene.Circle, Role: scene.Robot, Radius: 1, Points: []scene.Point{{X: 50, Y: -20}}})
	v := newView(s, image.Rect(0, 0, 100, 100))
	for _, p := range []scene.Point{{X: 49, Y: -21}, {X: 51, Y: -19}} {
		if q := v.pixel(p); q.x < 0 || q.x > 100 || q.y < 0 || q.y > 100 {
			t.Errorf("%v falls outside the picture, on %v", p, q)
		}
	}
}

func TestOddPoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	r := New(160, 150)
	img := r.NewImage()
	for range 300 {
		s := scene.Scene{Min: scene.Point{X: -0.1, Y: -0.1}, Max: scene.Point{X: 0.1, Y: 0.1}, Caption: "odd \x80 \u2603"}
		for range 4 {
			sh := scene.Shape{Kind: scene.Kind(rng.IntN(8)), Role: scene.Role(rng.IntN(10)), Text: "odd"}
			sh.Radius = []float64{0.01, 0, -1, nan, inf, 1e9, 1e-9}[rng.IntN(7)]
			sh.Alpha = []float64{0, 0.5, -1, nan, 7}[rng.IntN(5)]
			for range rng.IntN(7) {
				sh.Points = append(sh.Points, oddPoints[rng.IntN(len(oddPoints))])
			}
			s.Add(sh)
		}
		r.Render(img, s)
	}
}

func TestDivergedTrajectoryIsShownUpToThere(t *testing.T) {
	line := func(points ...scene.Point) scene.Scene {
		s := scene.Scene{Max: scene.Point{X: 1, Y: 1}}
		s.Add(scene.Shape{Kind: scene.Polyline, Role: scene.Robot, Points: points})
		return s
	}
	a, b := scene.Point{X: 0.1, Y: 0.1}, scene.Point{X: 0.8, Y: 0.6}
	got := render(t, 80, 80, nil, line(a, b, scene.Point{X: nan, Y: inf}))
	want := render(t, 80, 80, nil, line(a, b))
	if mean, far := difference(got, want); mean > 0 || far > 0 {
		t.Error("the finite part is not drawn as it is alone")
	}
}

// A line that leaves the picture by far must look as if cut at the edge, and
// take no longer.
func TestFarLines(t *testing.T) {
	for _, role := range []scene.Role{scene.Robot, scene.Goal} {
		for _, far := range []float64{3, 1e9} {
			s := scene.Scene{Max: scene.Point{X: 1, Y: 1}}
			s.Add(scene.Shape{Kind: scene.Polyline, Role: role, Points: []scene.Point{{X: 0.5, Y: 0.5}, {X: far, Y: 0.5}}})
			img := render(t, 100, 100, nil, s)
			if got := img.RGBAAt(97, 50); role == scene.Robot && got.R > 150 {
				t.Errorf("line to x = %g: pixel at the edge is %v, want dark", far, got)
			}
		}
	}
}

// Joints of a line must be neither knots nor gaps: with half the opacity, no
// pixel may be darker than half.
func TestStrokeCoversOnce(t *testing.T) {
	s := scene.Scene{Max: scene.Point{X: 1, Y: 1}}
	var points []scene.Point
	for i := range 200 {
		a := float64(i) / 199 * 2 * math.Pi
		points = append(points, scene.Point{X: 0.5 + 0.4*math.Cos(a), Y: 0.5 + 0.3*math.Sin(2*a)})
	}
	s.Add(scene.Shape{Kind: scene.Polyline, Role: scene.Object, Alpha: 0.5, Points: points})
	img := render(t, 100, 100, nil, s) // too small for text, which is darker
	limit := over(fade(styles[scene.Object].line, 0.5), gridColor).R
	for i := 0; i < len(img.Pix); i += 4 {
		if img.Pix[i] < limit-1 {
			t.Fatalf("red is %d, want at least %d", img.Pix[i], limit-1)
		}
	}
}

func TestWrongCallsPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"size":      func() { New(0, 10) },
		"image":     func() { New(10, 10).Render(image.NewRGBA(image.Rect(0, 0, 9, 10)), scene.Scene{}) },
		"animation": func() { NewAnimation(3, -1) },
		"frame":     func() { NewAnimation(3, 3).Add(image.NewRGBA(image.Rect(0, 0, 4, 3)), 0) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}
