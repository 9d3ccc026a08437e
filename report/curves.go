package report

import (
	"image/color"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// CurvesPlot is a picture of panels, two in a row, in each of them how values of
// several kinds depend on something.
type CurvesPlot struct {
	Title    string
	Subtitle string
	YLabel   string  // of the panels that have none of their own; the axes are logarithmic
	Limit    float64 // drawn across, such as a time limit; 0 for none
	LimitKey string  // what it is
	Panels   []CurvesPanel
}

// CurvesPanel is one panel.
type CurvesPanel struct {
	Title, XLabel string
	YLabel        string    // gives the panel a y axis of its own; panels without share one
	Linear        bool      // that axis of its own is linear
	X             []float64 // increasing
	LogX          bool      // X is positive, and its axis logarithmic with a tick at every X
	Reference     float64   // drawn across, dashed; 0 for none
	Curves        []Curve
}

// Curve is a value for each X of its panel; NaN leaves a gap. The dot of an open one
// is hollow.
type Curve struct {
	Name string
	Kind CurveKind
	Y    []float64
	Open []bool // nil for none
	// Low and High are an interval around each Y, drawn as a bar; nil for none.
	Low, High []float64
}

// CurveKind is what a curve means, which gives its colour.
type CurveKind uint8

// The kinds.
const (
	OrderedCurve   CurveKind = iota // nothing of the others: coloured by its place
	RealCurve                       // what really was
	PredictedCurve                  // what a model said
)

// Add appends a value.
func (c *Curve) Add(y float64, open bool) {
	c.Y, c.Open = append(c.Y, y), append(c.Open, open)
}

// Sizes of the picture, in pixels: of its head and of a row of panels.
const (
	curvesHead = 74
	curvesRow  = 330
)

// curveInks are the colours of the curves, in their order; the first curve is thick.
var curveInks = []color.Color{provenInk, realInk, missedInk, planInk, color.NRGBA{R: 0x7A, G: 0x4F, B: 0xB5, A: 255}}

// Encode writes the picture as PNG.
func (p CurvesPlot) Encode(w io.Writer) error {
	grid := p.grid()
	px := vg.Inch / planPlotDPI
	size := vgimg.UseWH(planPlotWidth*px, vg.Length(curvesHead+curvesRow*len(grid))*px)
	img := vgimg.NewWith(size, vgimg.UseDPI(planPlotDPI), vgimg.UseBackgroundColor(color.White))
	c := draw.Crop(draw.New(img), 16, -20, 12, -16)
	c.FillText(textStyle(15, true, inkColor), vg.Point{X: c.Min.X, Y: c.Max.Y - 14}, p.Title)
	c.FillText(textStyle(10.5, false, quietColor), vg.Point{X: c.Min.X, Y: c.Max.Y - 31}, p.Subtitle)
	if len(grid) > 0 {
		drawPanels(draw.Crop(c, 0, 0, 0, -46), grid)
	}
	_, err := vgimg.PngCanvas{Canvas: img}.WriteTo(w)
	return err
}

// grid returns the panels in rows of two, an odd number of them in one row.
func (p CurvesPlot) grid() [][]*panel {
	var panels []*panel
	for _, q := range p.Panels {
		panels = append(panels, p.panel(q))
	}
	columns := max(1, len(panels))
	if columns%2 == 0 {
		columns = 2
	}
	return slices.Collect(slices.Chunk(panels, columns))
}

// panel draws the curves of q.
func (p CurvesPlot) panel(q CurvesPanel) *panel {
	n := newPanel(q.Title, q.XLabel, p.YLabel)
	if len(q.X) == 0 {
		n.empty = "nothing was measured"
		return n
	}
	n.curvesX(q)
	switch {
	case q.YLabel == "":
		n.logY(p.shared()...)
	case q.Linear:
		n.plot.Y.Label.Text = q.YLabel
		n.linearY(q.points()...)
	default:
		n.plot.Y.Label.Text = q.YLabel
		n.logY(q.points()...)
	}
	if p.Limit > 0 {
		n.line([]point{{n.plot.X.Min, p.Limit}, {n.plot.X.Max, p.Limit}}, limitLine)
	}
	if q.Reference != 0 {
		n.line([]point{{n.plot.X.Min, q.Reference}, {n.plot.X.Max, q.Reference}}, limitLine)
	}
	for i := len(q.Curves) - 1; i >= 0; i-- { // the first one on top
		n.curve(q.X, q.Curves[i], curveStyle(q.Curves[i].Kind, i))
	}
	for i, curve := range q.Curves {
		n.key(curve.Name, lineSwatch(curveStyle(curve.Kind, i)))
	}
	if p.Limit > 0 && p.LimitKey != "" {
		n.key(p.LimitKey, lineSwatch(limitLine))
	}
	return n
}

func curveStyle(kind CurveKind, i int) draw.LineStyle {
	style := draw.LineStyle{Color: curveInks[i%len(curveInks)], Width: 1.4}
	switch kind {
	case RealCurve:
		style.Color = realInk
	case PredictedCurve:
		style.Color = planInk
	}
	if i == 0 {
		style.Width = 2.6
	}
	return style
}

// curvesX sets the x axis: with some room at both ends.
func (n *panel) curvesX(q CurvesPanel) {
	axis, first, last := &n.plot.X, q.X[0], q.X[len(q.X)-1]
	if q.LogX {
		room := max(1.05, math.Pow(last/first, .04))
		axis.Min, axis.Max, axis.Scale = first/room, last*room, plot.LogScale{}
		var ticks []plot.Tick
		for _, x := range q.X {
			ticks = append(ticks, plot.Tick{Value: x, Label: strconv.FormatFloat(x, 'g', 4, 64)})
		}
		axis.Tick.Marker = plot.ConstantTicks(ticks)
		return
	}
	room := .04 * (last - first)
	if room == 0 {
		room = 1
	}
	axis.Min, axis.Max = first-room, last+room
}

// linearY sets the y axis to the values of groups of points, with some room.
func (n *panel) linearY(groups ...[]point) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, g := range groups {
		for _, p := range g {
			if finite(p.y) {
				lo, hi = min(lo, p.y), max(hi, p.y)
			}
		}
	}
	if lo > hi {
		return // nothing to show
	}
	room := .06 * (hi - lo)
	if room == 0 {
		room = max(1e-12, .06*math.Abs(hi))
	}
	n.plot.Y.Min, n.plot.Y.Max = lo-room, hi+room
}

// curve draws a line with a dot at every value.
func (n *panel) curve(x []float64, c Curve, style draw.LineStyle) {
	points := curvePoints(x, c.Y)
	for i := range c.Low {
		n.line([]point{{x[i], c.Low[i]}, {x[i], c.High[i]}}, draw.LineStyle{Color: style.Color, Width: 1})
	}
	n.line(points, style)
	var closed, open []point
	for i, p := range points {
		switch {
		case !finite(p.y):
		case c.Open != nil && c.Open[i]:
			open = append(open, p)
		default:
			closed = append(closed, p)
		}
	}
	dot := draw.GlyphStyle{Color: style.Color, Radius: style.Width + 1.8, Shape: draw.CircleGlyph{}}
	hole := draw.GlyphStyle{Color: color.White, Radius: dot.Radius - 1.3, Shape: draw.CircleGlyph{}}
	n.dots(closed, dot)
	n.dots(open, dot)
	n.dots(open, hole)
}

// shared returns the points of the panels without an axis of their own, and the
// limit.
func (p CurvesPlot) shared() [][]point {
	groups := [][]point{{{0, p.Limit}}}
	for _, q := range p.Panels {
		if q.YLabel == "" {
			groups = append(groups, q.points()...)
		}
	}
	return groups
}

func (q *CurvesPanel) points() [][]point {
	var groups [][]point
	if q.Reference != 0 {
		groups = append(groups, []point{{q.X[0], q.Reference}})
	}
	for _, curve := range q.Curves {
		groups = append(groups, curvePoints(q.X, curve.Y))
		if curve.Low != nil {
			groups = append(groups, curvePoints(q.X, curve.Low), curvePoints(q.X, curve.High))
		}
	}
	return groups
}

func curvePoints(x, y []float64) []point {
	if len(x) != len(y) {
		panic("report: CurvesPlot: a curve needs a value for each x")
	}
	points := make([]point, len(x))
	for i := range x {
		points[i] = point{x[i], y[i]}
	}
	return points
}
