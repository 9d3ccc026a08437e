package raster

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"

	"hinge/viz/scene"
)

// Entry is one line of the legend.
type Entry struct {
	Role scene.Role
	Kind scene.Kind // how the swatch looks: a line, a disc or an area
	Name string
}

// LegendOf returns an entry for each role in s that has to be explained, in the
// order of the roles.
func LegendOf(s scene.Scene) []Entry { return ExtendLegend(nil, s) }

// ExtendLegend returns legend with entries added for the roles of s it lacks, in
// the order of the roles: a legend for several scenes.
func ExtendLegend(legend []Entry, s scene.Scene) []Entry {
	merged := append([]Entry{}, legend...)
	for _, sh := range s.Shapes {
		known := slices.ContainsFunc(merged, func(e Entry) bool { return e.Role == sh.Role })
		if !known && sh.Role < scene.Label && sh.Kind != scene.Text {
			merged = append(merged, Entry{Role: sh.Role, Kind: sh.Kind, Name: sh.Role.String()})
		}
	}
	slices.SortStableFunc(merged, func(a, b Entry) int { return cmp.Compare(a.Role, b.Role) })
	return merged
}

// frame is where the parts of a picture lie.
type frame struct {
	stage          image.Rectangle // the scene itself
	title, caption pt              // start of the baselines
	legend         pt
	entries        []Entry
	bare           bool // too small for text
}

// layout places the parts. The legend shares the line of the title unless both
// do not fit, then it takes the next one.
func (r *Renderer) layout(s scene.Scene) frame {
	em, w := r.em, float64(r.width)
	if w < 12*em || float64(r.height) < 12*em {
		return frame{stage: image.Rect(0, 0, r.width, r.height), bare: true}
	}
	f := frame{entries: r.Legend}
	if f.entries == nil {
		f.entries = LegendOf(s)
	}
	margin := 0.9 * em
	top, legend := 0.5*em, r.legendWidth(f.entries)
	f.title = pt{margin, 1.65 * em}
	f.legend = pt{w - margin - legend, f.title.y}
	if r.Title != "" || len(f.entries) > 0 {
		top = 2.5 * em
	}
	if r.Title != "" && len(f.entries) > 0 && margin+r.bold.width(r.Title)+1.5*em > f.legend.x {
		f.legend = pt{margin, f.title.y + 1.75*em}
		top += 1.75 * em
	} else if r.Title == "" {
		f.legend.x = margin
	}
	bottom := float64(r.height) - 2.6*em
	f.caption = pt{margin, float64(r.height) - 0.95*em}
	f.stage = image.Rect(int(0.6*em), int(top), r.width-int(0.6*em), int(bottom))
	return f
}

// drawGrid lays the scene's ground: squares as wide as the scale bar.
func (r *Renderer) drawGrid(v view) {
	p := &r.pen
	b := p.bounds(0)
	p.convex(b.lo, pt{b.hi.x, b.lo.y}, b.hi, pt{b.lo.x, b.hi.y})
	p.fill(stageColor)

	step := r.gridStep(v)
	lo, hi := v.plane(pt{b.lo.x, b.hi.y}), v.plane(pt{b.hi.x, b.lo.y})
	// The lines stand on whole pixels: thin, and equally thin everywhere.
	for x := math.Ceil(lo.X / step); x <= hi.X/step; x++ {
		at := math.Floor(v.pixel(scene.Point{X: x * step}).x)
		p.convex(pt{at, b.lo.y}, pt{at + 1, b.lo.y}, pt{at + 1, b.hi.y}, pt{at, b.hi.y})
		p.fill(gridColor)
	}
	for y := math.Ceil(lo.Y / step); y <= hi.Y/step; y++ {
		at := math.Floor(v.pixel(scene.Point{Y: y * step}).y)
		p.convex(pt{b.lo.x, at}, pt{b.hi.x, at}, pt{b.hi.x, at + 1}, pt{b.lo.x, at + 1})
		p.fill(gridColor)
	}
}

// gridStep returns the length of the scale bar in metres.
func (r *Renderer) gridStep(v view) float64 { return niceLength(7.5 * r.em / v.scale) }

// drawFrame draws everything around the scene.
func (r *Renderer) drawFrame(f frame, v view, s scene.Scene) {
	p := &r.pen
	p.line(rectPoints(f.stage), true, stroke{width: 1})
	p.fill(edgeColor)
	if f.bare {
		return
	}
	right := float64(r.width) - f.title.x
	r.bold.draw(p, f.title, r.bold.fit(r.Title, right-f.title.x), textColor)
	r.drawLegend(f.legend, f.entries)
	bar := r.drawScaleBar(pt{right, f.caption.y}, v)
	r.regular.draw(p, f.caption, r.regular.fit(s.Caption, bar-r.em-f.caption.x), textColor)
}

// rectPoints returns the centres of the pixels in the corners of b.
func rectPoints(b image.Rectangle) []pt {
	x0, y0 := float64(b.Min.X)+0.5, float64(b.Min.Y)+0.5
	x1, y1 := float64(b.Max.X)-0.5, float64(b.Max.Y)-0.5
	return []pt{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}
}

// drawScaleBar draws the bar and its length, ending at the right point, and
// returns where it starts.
func (r *Renderer) drawScaleBar(right pt, v view) (left float64) {
	step := r.gridStep(v)
	text := lengthText(step)
	x1 := right.x - r.regular.width(text) - 0.5*r.em
	x0 := x1 - step*v.scale
	y := right.y - 0.35*r.em
	tick := 0.3 * r.em
	r.pen.line([]pt{{x0, y}, {x1, y}}, false, stroke{width: 0.12 * r.em})
	r.pen.line([]pt{{x0, y - tick}, {x0, y + tick}}, false, stroke{width: 0.12 * r.em})
	r.pen.line([]pt{{x1, y - tick}, {x1, y + tick}}, false, stroke{width: 0.12 * r.em})
	r.pen.fill(quietColor)
	r.regular.draw(&r.pen, pt{x1 + 0.5*r.em, right.y}, text, quietColor)
	return x0
}

// lengthText writes a length in the unit people would use.
func lengthText(m float64) string {
	if m >= 1 {
		return strconv.FormatFloat(m, 'g', -1, 64) + " m"
	}
	// The product is off by a rounding error; the text must not show it.
	return fmt.Sprintf("%.6g mm", m*1000)
}

const swatchWidth = 1.35 // of a legend entry, in units of the text size

func (r *Renderer) legendWidth(entries []Entry) float64 {
	var w float64
	for _, e := range entries {
		w += (swatchWidth+0.4+1.1)*r.em + r.regular.width(e.Name)
	}
	return max(w-1.1*r.em, 0)
}

func (r *Renderer) drawLegend(at pt, entries []Entry) {
	for _, e := range entries {
		r.drawSwatch(pt{at.x, at.y - 0.35*r.em}, e)
		at.x += (swatchWidth + 0.4) * r.em
		r.regular.draw(&r.pen, at, e.Name, textColor)
		at.x += r.regular.width(e.Name) + 1.1*r.em
	}
}

// drawSwatch draws the sample of an entry, centred vertically at p.
func (r *Renderer) drawSwatch(p pt, e Entry) {
	st := r.scaled(styleOf(e.Role), 1)
	w, h := swatchWidth*r.em, 0.5*r.em
	switch e.Kind {
	case scene.Polyline:
		st.halo = false
		r.drawLine([]pt{{p.x, p.y + h/2}, {p.x + 0.35*w, p.y - h/2}, {p.x + 0.65*w, p.y + h/2}, {p.x + w, p.y - h/2}}, false, st)
	case scene.Arrow:
		r.drawArrow(p, pt{p.x + w, p.y}, st)
	case scene.Circle:
		r.drawCircle(pt{p.x + w/2, p.y}, h, st)
	case scene.Outline:
		r.drawLine([]pt{{p.x, p.y - h}, {p.x + w, p.y - h}, {p.x + w, p.y + h}, {p.x, p.y + h}}, true, st)
	default:
		r.drawArea([]pt{{p.x, p.y - h}, {p.x + w, p.y - h}, {p.x + w, p.y + h}, {p.x, p.y + h}}, st)
	}
}

// drawBadge lays the verdict over the top of the scene.
func (r *Renderer) drawBadge(stage image.Rectangle) {
	if r.Badge.Text == "" {
		return
	}
	em, p := r.em, &r.pen
	ink := badColor
	if r.Badge.Good {
		ink = goodColor
	}
	text := r.bold.fit(r.Badge.Text, float64(stage.Dx())-4*em)
	w := r.bold.width(text) + 3.2*em
	x := float64(stage.Min.X+stage.Max.X)/2 - w/2
	y := float64(stage.Min.Y) + 2*em
	p.roundRect(rect{pt{x, y - em}, pt{x + w, y + em}}, em)
	p.fill(ink)
	r.drawMark(pt{x + 1.3*em, y}, r.Badge.Good)
	r.bold.draw(p, pt{x + 2.2*em, y + 0.36*em}, text, pageColor)
}

// drawMark draws a tick or a cross at c.
func (r *Renderer) drawMark(c pt, good bool) {
	s, p := 0.36*r.em, &r.pen
	if good {
		p.line([]pt{{c.x - s, c.y + 0.1*s}, {c.x - 0.25*s, c.y + 0.8*s}, {c.x + s, c.y - 0.8*s}}, false, stroke{width: 0.17 * r.em})
	} else {
		p.line([]pt{{c.x - 0.8*s, c.y - 0.8*s}, {c.x + 0.8*s, c.y + 0.8*s}}, false, stroke{width: 0.17 * r.em})
		p.line([]pt{{c.x - 0.8*s, c.y + 0.8*s}, {c.x + 0.8*s, c.y - 0.8*s}}, false, stroke{width: 0.17 * r.em})
	}
	p.fill(pageColor)
}
