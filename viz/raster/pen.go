package raster

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// pt is a place in the picture, pixels.
type pt struct{ x, y float64 }

func (a pt) add(b pt) pt              { return pt{a.x + b.x, a.y + b.y} }
func (a pt) sub(b pt) pt              { return pt{a.x - b.x, a.y - b.y} }
func (a pt) mul(s float64) pt         { return pt{a.x * s, a.y * s} }
func (a pt) len() float64             { return math.Hypot(a.x, a.y) }
func (a pt) lerp(b pt, t float64) pt  { return pt{a.x + t*(b.x-a.x), a.y + t*(b.y-a.y)} }
func cross(a, b pt) float64           { return a.x*b.y - a.y*b.x }
func polar(c pt, r, angle float64) pt { return pt{c.x + r*math.Cos(angle), c.y + r*math.Sin(angle)} }

// pen collects contours and fills them in one colour. A point is covered where
// the contours' windings do not cancel; pieces that overlap must therefore turn
// the same way, which convex takes care of.
type pen struct {
	dst    *image.RGBA
	clip   image.Rectangle
	ras    vector.Rasterizer
	mask   image.Alpha
	ink    image.Uniform // of text
	points []pt
	ends   []int // where each contour ends in points

	// Scratch of the clipping and stroking functions.
	bufA, bufB []pt
	run        []pt
}

// begin directs the pen to the part clip of dst.
func (p *pen) begin(dst *image.RGBA, clip image.Rectangle) {
	p.dst, p.clip = dst, clip.Intersect(dst.Rect)
	p.points, p.ends = p.points[:0], p.ends[:0]
}

// close ends the contour of the points appended since the last call.
func (p *pen) close() {
	start := 0
	if n := len(p.ends); n > 0 {
		start = p.ends[n-1]
	}
	if len(p.points)-start < 3 {
		p.points = p.points[:start]
		return
	}
	p.ends = append(p.ends, len(p.points))
}

// polygon adds a closed contour, cut to the neighbourhood of the clip: the
// rasteriser's work grows with the length of an edge, seen or not.
func (p *pen) polygon(points []pt) {
	p.points = append(p.points, p.clipPolygon(points, p.bounds(2))...)
	p.close()
}

// convex adds a convex contour that lies near the clip, turned so that it adds
// to the others and never cancels them.
func (p *pen) convex(points ...pt) {
	var area float64
	for i, a := range points {
		area += cross(a, points[(i+1)%len(points)])
	}
	for i := range points {
		if area < 0 {
			i = len(points) - 1 - i
		}
		p.points = append(p.points, points[i])
	}
	p.close()
}

// fill paints the contours and forgets them.
func (p *pen) fill(c color.NRGBA) {
	defer func() { p.points, p.ends = p.points[:0], p.ends[:0] }()
	box := p.box()
	if box.Empty() || c.A == 0 {
		return
	}
	p.ras.Reset(box.Dx(), box.Dy())
	p.ras.DrawOp = draw.Src
	start := 0
	for _, end := range p.ends {
		for i, q := range p.points[start:end] {
			x, y := float32(q.x-float64(box.Min.X)), float32(q.y-float64(box.Min.Y))
			if i == 0 {
				p.ras.MoveTo(x, y)
			} else {
				p.ras.LineTo(x, y)
			}
		}
		p.ras.ClosePath()
		start = end
	}
	if n := box.Dx() * box.Dy(); cap(p.mask.Pix) < n {
		p.mask.Pix = make([]uint8, n)
	}
	p.mask.Pix = p.mask.Pix[:box.Dx()*box.Dy()]
	p.mask.Stride, p.mask.Rect = box.Dx(), image.Rect(0, 0, box.Dx(), box.Dy())
	p.ras.Draw(&p.mask, p.mask.Rect, image.Opaque, image.Point{})
	p.blend(box, c)
}

// blend lays c over the box of dst, which is opaque, as much as the mask says.
// Most of the mask of a line is empty, which is why this is faster than the
// rasteriser's own blending.
func (p *pen) blend(box image.Rectangle, c color.NRGBA) {
	w := box.Dx()
	for y := range box.Dy() {
		row := p.dst.Pix[p.dst.PixOffset(box.Min.X, box.Min.Y+y):]
		for x, m := range p.mask.Pix[y*w : (y+1)*w] {
			if m == 0 {
				continue
			}
			px := row[4*x : 4*x+4 : 4*x+4]
			a := (uint32(m)*uint32(c.A) + 127) / 255
			if a == 255 {
				px[0], px[1], px[2] = c.R, c.G, c.B
				continue
			}
			px[0] = mix(px[0], c.R, a)
			px[1] = mix(px[1], c.G, a)
			px[2] = mix(px[2], c.B, a)
		}
	}
}

// mix returns the value a/255 of the way from v to to.
func mix(v, to uint8, a uint32) uint8 {
	return uint8((uint32(v)*(255-a) + uint32(to)*a + 127) / 255)
}

// box returns the pixels the contours touch. Rasterising only these makes the
// price of a shape its size, not the picture's.
func (p *pen) box() image.Rectangle {
	lo, hi := pt{math.Inf(1), math.Inf(1)}, pt{math.Inf(-1), math.Inf(-1)}
	for _, q := range p.points {
		lo = pt{min(lo.x, q.x), min(lo.y, q.y)}
		hi = pt{max(hi.x, q.x), max(hi.y, q.y)}
	}
	if len(p.ends) == 0 {
		return image.Rectangle{}
	}
	r := image.Rect(int(math.Floor(lo.x)), int(math.Floor(lo.y)), int(math.Ceil(hi.x)), int(math.Ceil(hi.y)))
	return r.Intersect(p.clip)
}

// rect is a rectangle of pixels with fractions.
type rect struct{ lo, hi pt }

// bounds returns the clip grown by margin.
func (p *pen) bounds(margin float64) rect {
	return rect{
		pt{float64(p.clip.Min.X) - margin, float64(p.clip.Min.Y) - margin},
		pt{float64(p.clip.Max.X) + margin, float64(p.clip.Max.Y) + margin},
	}
}

// clipPolygon cuts a polygon to r, one side after the other (Sutherland and
// Hodgman). The result is valid until the next call.
func (p *pen) clipPolygon(points []pt, r rect) []pt {
	// A side is the half-plane where its function is not negative.
	sides := [4]func(pt) float64{
		func(q pt) float64 { return q.x - r.lo.x },
		func(q pt) float64 { return r.hi.x - q.x },
		func(q pt) float64 { return q.y - r.lo.y },
		func(q pt) float64 { return r.hi.y - q.y },
	}
	in, out := append(p.bufA[:0], points...), p.bufB[:0]
	for _, side := range sides {
		out = out[:0]
		for i, q := range in {
			prev := in[(i+len(in)-1)%len(in)]
			dPrev, d := side(prev), side(q)
			if (dPrev < 0) != (d < 0) {
				out = append(out, prev.lerp(q, dPrev/(dPrev-d)))
			}
			if d >= 0 {
				out = append(out, q)
			}
		}
		in, out = out, in
	}
	p.bufA, p.bufB = in, out
	return in
}

// circle adds a disc.
func (p *pen) circle(c pt, radius float64) {
	p.polygon(circlePoints(nil, c, radius))
}

// circlePoints appends a polygon so fine that its corners stay within a twentieth
// of a pixel of the circle.
func circlePoints(dst []pt, c pt, radius float64) []pt {
	n := int(min(max(math.Pi/math.Acos(1-min(0.05/radius, 1)), 8), 720))
	for i := range n {
		dst = append(dst, polar(c, radius, 2*math.Pi*float64(i)/float64(n)))
	}
	return dst
}

// roundRect adds a rectangle with rounded corners.
func (p *pen) roundRect(r rect, radius float64) {
	radius = min(radius, (r.hi.x-r.lo.x)/2, (r.hi.y-r.lo.y)/2)
	corners := [4]pt{ // centres of the arcs, in the order of their angles
		{r.hi.x - radius, r.hi.y - radius}, {r.lo.x + radius, r.hi.y - radius},
		{r.lo.x + radius, r.lo.y + radius}, {r.hi.x - radius, r.lo.y + radius},
	}
	var points []pt
	for i, c := range corners {
		for k := range 9 {
			points = append(points, polar(c, radius, (float64(i)+float64(k)/8)*math.Pi/2))
		}
	}
	p.polygon(points)
}
