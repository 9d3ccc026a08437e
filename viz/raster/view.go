package raster

import (
	"image"
	"math"

	"hinge/viz/scene"
)

// view maps the plane, metres with y up, to pixels with y down. One scale serves
// both axes; the part shown is grown to fill the picture, never stretched.
type view struct {
	scale  float64 // pixels per metre
	x0, y0 float64 // pixel of the origin of the plane
}

func newView(s scene.Scene, r image.Rectangle) view {
	lo, hi := s.Min, s.Max
	if !hasArea(lo, hi) {
		lo, hi = extent(s)
	}
	w, h := hi.X-lo.X, hi.Y-lo.Y
	scale := min(float64(r.Dx())/w, float64(r.Dy())/h)
	return view{
		scale: scale,
		x0:    float64(r.Min.X+r.Max.X)/2 - scale*(lo.X+w/2),
		y0:    float64(r.Min.Y+r.Max.Y)/2 + scale*(lo.Y+h/2),
	}
}

// hasArea reports whether the rectangle can be magnified to a picture without
// overflow or loss of all digits.
func hasArea(lo, hi scene.Point) bool {
	const tiny, huge = 1e-9, 1e12
	w, h := hi.X-lo.X, hi.Y-lo.Y
	far := max(math.Abs(lo.X), math.Abs(lo.Y), math.Abs(hi.X), math.Abs(hi.Y))
	return w > tiny && h > tiny && far < huge && max(w, h) > 1e-9*far // false for NaN
}

// extent returns a rectangle around all finite points of s with some margin; a
// square of one metre if that has no area.
func extent(s scene.Scene) (lo, hi scene.Point) {
	lo = scene.Point{X: math.Inf(1), Y: math.Inf(1)}
	hi = scene.Point{X: math.Inf(-1), Y: math.Inf(-1)}
	for _, sh := range s.Shapes {
		pad := 0.0
		if sh.Kind == scene.Circle && finite(sh.Radius) {
			pad = sh.Radius
		}
		for _, p := range sh.Points {
			if finite(p.X) && finite(p.Y) {
				lo = scene.Point{X: min(lo.X, p.X-pad), Y: min(lo.Y, p.Y-pad)}
				hi = scene.Point{X: max(hi.X, p.X+pad), Y: max(hi.Y, p.Y+pad)}
			}
		}
	}
	pad := 0.08 * max(hi.X-lo.X, hi.Y-lo.Y)
	lo, hi = scene.Point{X: lo.X - pad, Y: lo.Y - pad}, scene.Point{X: hi.X + pad, Y: hi.Y + pad}
	if !hasArea(lo, hi) {
		return scene.Point{X: -0.5, Y: -0.5}, scene.Point{X: 0.5, Y: 0.5}
	}
	return lo, hi
}

// pixel returns where p falls in the picture.
func (v view) pixel(p scene.Point) pt { return pt{v.x0 + v.scale*p.X, v.y0 - v.scale*p.Y} }

// plane returns the point of the plane at a pixel.
func (v view) plane(p pt) scene.Point {
	return scene.Point{X: (p.x - v.x0) / v.scale, Y: (v.y0 - p.y) / v.scale}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// niceLength returns the largest of 1, 2, 5 times a power of ten up to limit.
func niceLength(limit float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(limit)))
	for _, m := range []float64{5, 2} {
		if m*p <= limit {
			return m * p
		}
	}
	return p
}
