package raster

import (
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"hinge/viz/scene"
)

var update = flag.Bool("update", false, "rewrite the golden images")

// pushScene is a T that is pushed to a goal, with everything a scene can hold.
func pushScene(u float64) scene.Scene {
	s := scene.Scene{
		Min: scene.Point{X: -0.25, Y: -0.20}, Max: scene.Point{X: 0.25, Y: 0.20},
		Caption: "step 12 of 40 · error 38 mm · gap 0.4 mm, proven",
	}
	s.Add(scene.Shape{Kind: scene.Polygon, Role: scene.Obstacle, Points: []scene.Point{{X: 0.16, Y: -0.16}, {X: 0.23, Y: -0.16}, {X: 0.23, Y: -0.1}, {X: 0.16, Y: -0.1}}})
	s.Add(scene.Shape{Kind: scene.Polygon, Role: scene.Goal, Points: tee(0.05, 0.02, 0)})
	x, y, th := -0.12+0.17*u, -0.05+0.07*u, 0.9*(1-u)
	for i := range 24 {
		var pts []scene.Point
		for k := range 12 {
			t := float64(k) / 11
			a := float64(i-12) / 12
			pts = append(pts, scene.Point{X: x - 0.07 + 0.2*t, Y: y - 0.02 + 0.1*a*t*t + 0.05*t*math.Sin(7*t+a)})
		}
		s.Add(scene.Shape{Kind: scene.Polyline, Role: scene.Candidate, Points: pts})
	}
	s.Add(scene.Shape{Kind: scene.Polygon, Role: scene.Object, Points: tee(x, y, th)})
	for k := 1; k <= 3; k++ {
		t := min(u+0.12*float64(k), 1)
		s.Add(scene.Shape{Kind: scene.Outline, Role: scene.Predicted, Alpha: 1 - 0.2*float64(k), Points: tee(-0.12+0.17*t, -0.05+0.07*t, 0.9*(1-t))})
	}
	var path []scene.Point
	for k := range 30 {
		t := float64(k) / 29
		path = append(path, scene.Point{X: -0.22 + (x-0.09+0.22)*t, Y: -0.15 + (y-0.03+0.15)*t*t})
	}
	s.Add(scene.Shape{Kind: scene.Polyline, Role: scene.Path, Points: path})
	s.Add(scene.Shape{Kind: scene.Circle, Role: scene.Robot, Radius: 0.0125, Points: path[29:]})
	s.Add(scene.Shape{Kind: scene.Arrow, Role: scene.Label, Points: []scene.Point{{X: 0.10, Y: 0.15}, {X: 0.06, Y: 0.09}}})
	s.Add(scene.Shape{Kind: scene.Text, Role: scene.Label, Text: "goal pose", Points: []scene.Point{{X: 0.105, Y: 0.155}}})
	return s
}

// tee returns a T of 120 mm with its centre at (x, y), turned by th.
func tee(x, y, th float64) []scene.Point {
	sin, cos := math.Sincos(th)
	var out []scene.Point
	for _, p := range [][2]float64{{-60, 30}, {60, 30}, {60, 0}, {15, 0}, {15, -90}, {-15, -90}, {-15, 0}, {-60, 0}} {
		px, py := p[0]/1000, p[1]/1000+0.02
		out = append(out, scene.Point{X: x + cos*px - sin*py, Y: y + sin*px + cos*py})
	}
	return out
}

func render(t testing.TB, w, h int, set func(*Renderer), s scene.Scene) *image.RGBA {
	t.Helper()
	r := New(w, h)
	if set != nil {
		set(r)
	}
	img := r.NewImage()
	r.Render(img, s)
	return img
}

func TestGolden(t *testing.T) {
	kinds := scene.Scene{Caption: "every kind in every role"}
	for role := range scene.Label + 1 {
		x := float64(role) * 0.1
		p := func(dx, dy float64) scene.Point { return scene.Point{X: x + dx, Y: dy} }
		for kind, points := range [][]scene.Point{
			{p(0, 0), p(0.06, 0), p(0.03, 0.05)},
			{p(0, 0.1), p(0.06, 0.1), p(0.06, 0.15)},
			{p(0, 0.2), p(0.02, 0.25), p(0.04, 0.2), p(0.06, 0.25)},
			{p(0.03, 0.33)},
			{p(0, 0.4), p(0.06, 0.45)},
			{p(0, 0.52)},
		} {
			kinds.Add(scene.Shape{Kind: scene.Kind(kind), Role: role, Points: points, Radius: 0.025, Text: role.String()})
		}
	}
	for _, tc := range []struct {
		name string
		w, h int
		set  func(*Renderer)
		s    scene.Scene
	}{
		{"push", 640, 560, func(r *Renderer) { r.Title = "Push a T to its goal" }, pushScene(0.3)},
		{"success", 400, 360, func(r *Renderer) { r.Title, r.Badge = "Push a T", Badge{"reached in 31 steps", true} }, pushScene(1)},
		{"failure", 400, 360, func(r *Renderer) { r.Legend, r.Badge = []Entry{}, Badge{"not reached", false} }, pushScene(0.8)},
		{"kinds", 640, 560, nil, kinds},
		{"tiny", 72, 60, nil, pushScene(0.5)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := render(t, tc.w, tc.h, tc.set, tc.s)
			path := filepath.Join("testdata", tc.name+".png")
			if *update {
				writePNG(t, path, got)
			}
			comparePNG(t, got, path)
		})
	}
}

func writePNG(t *testing.T, path string, img image.Image) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// comparePNG allows single pixels on edges to differ a little: the last bits of
// floating point are not the same on every processor.
func comparePNG(t *testing.T, got *image.RGBA, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatalf("%v; run with -update to make it", err)
	}
	defer f.Close()
	decoded, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if decoded.Bounds() != got.Rect {
		t.Fatalf("size %v, golden image %v", got.Rect, decoded.Bounds())
	}
	want := image.NewRGBA(got.Rect)
	draw.Draw(want, want.Rect, decoded, image.Point{}, draw.Src)
	off, largest := 0, 0
	for i := range got.Pix {
		if d := max(got.Pix[i], want.Pix[i]) - min(got.Pix[i], want.Pix[i]); d > 8 {
			off++
			largest = max(largest, int(d))
		}
	}
	if off > len(got.Pix)/2000 {
		t.Errorf("%d of %d values differ from %s by up to %d", off, len(got.Pix), path, largest)
	}
}

func TestColorsStayApart(t *testing.T) {
	for a := range scene.Label {
		for b := range a {
			if d := distance(Color(a), Color(b)); d < 8000 {
				t.Errorf("%v and %v are too alike: distance %d", a, b, d)
			}
		}
	}
	if Color(scene.Role(200)) != Color(scene.Label) {
		t.Error("an unknown role must look like a label")
	}
}

func TestMapping(t *testing.T) {
	// A small dark disc marks where a point falls: y points up, one scale for both.
	s := scene.Scene{Max: scene.Point{X: 2, Y: 1}}
	s.Add(scene.Shape{Kind: scene.Circle, Role: scene.Robot, Radius: 0.05, Points: []scene.Point{{X: 0.5, Y: 0.75}}})
	img := render(t, 60, 60, nil, s)
	if got, want := img.RGBAAt(15, 22), (color.RGBA{0x2A, 0x2F, 0x38, 255}); got != want {
		t.Errorf("centre of the disc is %v, want %v", got, want)
	}
}
