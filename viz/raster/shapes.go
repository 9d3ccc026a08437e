package raster

import (
	"image/color"

	"hinge/viz/scene"
)

// drawShape draws one shape of the scene, or nothing if it has no finite place.
func (r *Renderer) drawShape(v view, sh *scene.Shape) {
	st := r.scaled(styleOf(sh.Role), opacity(sh.Alpha))
	if sh.Kind == scene.Polyline {
		// A trajectory that diverges is shown up to where it does.
		for part := range finiteParts(v, sh.Points) {
			r.drawLine(part, false, st)
		}
		return
	}
	points, ok := pixels(v, sh.Points)
	if !ok {
		return
	}
	switch sh.Kind {
	case scene.Polygon:
		r.drawArea(points, st)
	case scene.Outline:
		r.drawLine(points, true, st)
	case scene.Circle:
		r.drawCircle(points[0], v.scale*sh.Radius, st)
	case scene.Arrow:
		if len(points) > 1 {
			r.drawArrow(points[0], points[1], st)
		}
	case scene.Text:
		r.drawLabel(points[0], sh.Text, st)
	}
}

// scaled returns st with lengths in pixels and colours of the given opacity.
func (r *Renderer) scaled(st style, alpha float64) style {
	st.width = max(st.width*r.em, 1)
	st.dash *= r.em
	st.fill, st.line = fade(st.fill, alpha), fade(st.line, alpha)
	return st
}

// pixels maps points to the picture; ok is false if there are none or one is
// not finite there.
func pixels(v view, points []scene.Point) (mapped []pt, ok bool) {
	for _, p := range points {
		q := v.pixel(p)
		if !finite(q.x) || !finite(q.y) {
			return nil, false
		}
		mapped = append(mapped, q)
	}
	return mapped, len(mapped) > 0
}

// finiteParts yields the longest stretches of finite points, mapped to pixels.
func finiteParts(v view, points []scene.Point) func(yield func([]pt) bool) {
	return func(yield func([]pt) bool) {
		var part []pt
		for _, p := range points {
			if q := v.pixel(p); finite(q.x) && finite(q.y) {
				part = append(part, q)
			} else if !yield(part) {
				return
			} else {
				part = part[:0]
			}
		}
		yield(part)
	}
}

func (r *Renderer) drawArea(points []pt, st style) {
	r.drawHalo(points, true, st)
	r.pen.polygon(points)
	r.pen.fill(st.fill)
	st.halo = false // it would cover the rim of the filling
	r.drawLine(points, true, st)
}

// drawHalo draws the rim that sets a line off from what lies below.
func (r *Renderer) drawHalo(points []pt, closed bool, st style) {
	if st.halo {
		r.pen.line(points, closed, stroke{width: st.width + 0.28*r.em})
		r.pen.fill(r.haloColor(st))
	}
}

func (r *Renderer) drawLine(points []pt, closed bool, st style) {
	r.drawHalo(points, closed, st)
	r.pen.line(points, closed, stroke{width: st.width, dash: st.dash})
	r.pen.fill(st.line)
}

// haloColor returns the colour of the rim, as opaque as the shape it surrounds.
func (r *Renderer) haloColor(st style) color.NRGBA {
	return fade(stageColor, 0.85*float64(st.line.A)/255)
}

// drawCircle draws a disc; one that would be too small to see becomes a dot.
func (r *Renderer) drawCircle(c pt, radius float64, st style) {
	if !finite(radius) || radius < 0 {
		return
	}
	radius = max(radius, 0.11*r.em)
	if st.halo {
		r.pen.circle(c, radius+0.13*r.em)
		r.pen.fill(r.haloColor(st))
	}
	r.pen.circle(c, radius)
	r.pen.fill(st.fill)
	if st.line != st.fill {
		r.pen.line(circlePoints(nil, c, radius), true, stroke{width: st.width, dash: st.dash})
		r.pen.fill(st.line)
	}
}

// drawArrow draws an arrow whose tip lies at b. The head shrinks with a short
// arrow and the shaft ends inside the head.
func (r *Renderer) drawArrow(a, b pt, st style) {
	d := b.sub(a)
	length := d.len()
	if length < 1 {
		return
	}
	width := 1.5 * st.width
	head := min(5*width, 0.7*length)
	back := b.sub(d.mul(head / length))
	side := normal(a, b, 0.42*head)
	tip := []pt{b, back.add(side), back.sub(side)}
	neck := b.sub(d.mul(0.8 * head / length))
	if st.halo {
		r.pen.line([]pt{a, neck}, false, stroke{width: width + 0.28*r.em})
		r.pen.line(tip, true, stroke{width: 0.28 * r.em})
		r.pen.fill(r.haloColor(st))
	}
	r.pen.line([]pt{a, neck}, false, stroke{width: width})
	r.pen.convex(tip...)
	r.pen.fill(st.line)
}

// drawLabel writes text that starts at p, on a rim that keeps it legible.
func (r *Renderer) drawLabel(p pt, text string, st style) {
	baseline := pt{p.x, p.y + 0.35*r.em}
	for i := range 8 {
		q := polar(baseline, 0.12*r.em, float64(i)*0.785)
		r.regular.draw(&r.pen, q, text, fade(stageColor, 0.6*float64(st.line.A)/255))
	}
	r.regular.draw(&r.pen, baseline, text, st.line)
}
