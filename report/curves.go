package report

import (
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// CurvesPlot is a picture of panels side by side, in each of them how values of
// several kinds depend on something.
type CurvesPlot struct {
	Title    string
	Subtitle string
	YLabel   string  // of every panel; the axes are logarithmic
	Limit    float64 // drawn across, such as a time limit; 0 for none
	LimitKey string  // what it is
	Panels   []CurvesPanel
}

// CurvesPanel is one panel.
type CurvesPanel struct {
	Title, XLabel string
	X             []float64 // increasing
	Curves        []Curve
}

// Curve is a value for each X of its panel; NaN leaves a gap.
type Curve struct {
	Name string
	Y    []float64
}

const curvesHeight = 440

// curveInks are the colours of the curves, in their order.
var curveInks = []color.Color{provenInk, planInk, realInk, missedInk}

// Encode writes the picture as PNG.
func (p CurvesPlot) Encode(w io.Writer) error {
	px := vg.Inch / planPlotDPI
	img := vgimg.NewWith(vgimg.UseWH(planPlotWidth*px, curvesHeight*px), vgimg.UseDPI(planPlotDPI), vgimg.UseBackgroundColor(color.White))
	c := draw.Crop(draw.New(img), 16, -20, 12, -16)
	c.FillText(textStyle(15, true, inkColor), vg.Point{X: c.Min.X, Y: c.Max.Y - 14}, p.Title)
	c.FillText(textStyle(10.5, false, quietColor), vg.Point{X: c.Min.X, Y: c.Max.Y - 31}, p.Subtitle)
	var row []*panel
	for _, q := range p.Panels {
		row = append(row, p.panel(q))
	}
	if len(row) > 0 {
		drawPanels(draw.Crop(c, 0, 0, 0, -46), [][]*panel{row})
	}
	_, err := vgimg.PngCanvas{Canvas: img}.WriteTo(w)
	return err
}

// panel draws the curves of q. All panels have the same y axis.
func (p CurvesPlot) panel(q CurvesPanel) *panel {
	n := newPanel(q.Title, q.XLabel, p.YLabel)
	if len(q.X) == 0 {
		n.empty = "nothing was measured"
		return n
	}
	pad := .04 * (q.X[len(q.X)-1] - q.X[0])
	n.plot.X.Min, n.plot.X.Max = q.X[0]-pad, q.X[len(q.X)-1]+pad
	if pad == 0 {
		n.plot.X.Min, n.plot.X.Max = q.X[0]-1, q.X[0]+1
	}
	n.plot.X.Tick.Marker = plot.TickerFunc(plainTicks)
	n.logY(p.all()...)
	if p.Limit > 0 {
		n.line([]point{{n.plot.X.Min, p.Limit}, {n.plot.X.Max, p.Limit}}, limitLine)
	}
	for i, curve := range q.Curves {
		ink := curveInks[i%len(curveInks)]
		style := draw.LineStyle{Color: ink, Width: 2}
		points := curvePoints(q.X, curve.Y)
		n.line(points, style)
		n.dots(withoutGaps(points), draw.GlyphStyle{Color: ink, Radius: 2.6, Shape: draw.CircleGlyph{}})
		n.key(curve.Name, lineSwatch(style))
	}
	if p.Limit > 0 && p.LimitKey != "" {
		n.key(p.LimitKey, lineSwatch(limitLine))
	}
	return n
}

// all returns the points of all panels and the limit.
func (p CurvesPlot) all() [][]point {
	groups := [][]point{{{0, p.Limit}}}
	for _, q := range p.Panels {
		for _, curve := range q.Curves {
			groups = append(groups, curvePoints(q.X, curve.Y))
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

func withoutGaps(points []point) []point {
	var there []point
	for _, part := range finiteParts(points) {
		there = append(there, part...)
	}
	return there
}
