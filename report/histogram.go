package report

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// HistogramPlot is a picture of panels side by side, each telling how often pairs
// of values occur: the darker the more often, on a logarithmic scale.
type HistogramPlot struct {
	Title    string
	Subtitle string
	Panels   []HistogramPanel // up to four can be read
}

// HistogramPanel is one panel: counts of bins x bins cells over a rectangle,
// row-major with y going up.
type HistogramPanel struct {
	Title, XLabel, YLabel  string
	XMin, XMax, YMin, YMax float64
	Bins                   int
	Counts                 []int
}

// Encode writes the picture as PNG.
func (p HistogramPlot) Encode(w io.Writer) error {
	var row []*panel
	for _, q := range p.Panels {
		row = append(row, q.panel())
	}
	px := vg.Inch / planPlotDPI
	size := vgimg.UseWH(planPlotWidth*px, vg.Length(curvesHead+curvesRow)*px)
	img := vgimg.NewWith(size, vgimg.UseDPI(planPlotDPI), vgimg.UseBackgroundColor(color.White))
	c := draw.Crop(draw.New(img), 16, -20, 12, -16)
	c.FillText(textStyle(15, true, inkColor), vg.Point{X: c.Min.X, Y: c.Max.Y - 14}, p.Title)
	c.FillText(textStyle(10.5, false, quietColor), vg.Point{X: c.Min.X, Y: c.Max.Y - 31}, p.Subtitle)
	if len(row) > 0 {
		drawPanels(draw.Crop(c, 0, 0, 0, -46), [][]*panel{row})
	}
	_, err := vgimg.PngCanvas{Canvas: img}.WriteTo(w)
	return err
}

func (q HistogramPanel) panel() *panel {
	if len(q.Counts) != q.Bins*q.Bins {
		panic("report: HistogramPlot: a panel needs a count for every cell")
	}
	n := newPanel(q.Title, q.XLabel, q.YLabel)
	most := slices.Max(q.Counts)
	if most == 0 || q.XMax <= q.XMin || q.YMax <= q.YMin {
		n.empty = "no spread"
		return n
	}
	n.plot.X.Min, n.plot.X.Max, n.plot.Y.Min, n.plot.Y.Max = q.XMin, q.XMax, q.YMin, q.YMax
	n.plot.Add(plotterFunc(func(c draw.Canvas, _ *plot.Plot) {
		for i, count := range q.Counts {
			if count > 0 {
				c.FillPolygon(countColor(count, most), n.place(c, q.cell(i)))
			}
		}
	}))
	n.key(fmt.Sprintf("1 to %d rows a cell", most), fillSwatch(countColor(most, most)))
	return n
}

// cell returns the corners of cell i.
func (q HistogramPanel) cell(i int) []point {
	dx, dy := (q.XMax-q.XMin)/float64(q.Bins), (q.YMax-q.YMin)/float64(q.Bins)
	x, y := q.XMin+dx*float64(i%q.Bins), q.YMin+dy*float64(i/q.Bins)
	return []point{{x, y}, {x + dx, y}, {x + dx, y + dy}, {x, y + dy}}
}

// countColor goes from a pale blue for one to a dark one for most.
func countColor(count, most int) color.Color {
	f := math.Log1p(float64(count)) / math.Log1p(float64(most))
	between := func(pale, dark float64) uint8 { return uint8(pale + f*(dark-pale)) }
	return color.NRGBA{R: between(0xE6, 0x12), G: between(0xEE, 0x3A), B: between(0xF8, 0x78), A: 255}
}
