package report

import (
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// PartitionPlot is a picture of panels side by side, each of a part of the plane
// cut into pieces on which a function is affine.
type PartitionPlot struct {
	Title    string
	Subtitle string
	Panels   []PartitionPanel
}

// PartitionPanel is one panel.
type PartitionPanel struct {
	Title    string
	Min, Max float64 // of both axes
	Pieces   []Piece
}

// Piece is a polygon and the slope of the function on it, which gives the colour:
// equal slopes look equal in all panels.
type Piece struct {
	X, Y   []float64 // corners
	SlopeX float64
	SlopeY float64
}

const (
	partitionHeight = 470
	// outlined is the number of pieces up to which their edges are drawn; more of
	// them would be nothing but edges.
	outlined = 400
)

var pieceLine = draw.LineStyle{Color: inkColor, Width: 1.4}

// Encode writes the picture as PNG.
func (p PartitionPlot) Encode(w io.Writer) error {
	px := vg.Inch / planPlotDPI
	img := vgimg.NewWith(vgimg.UseWH(planPlotWidth*px, partitionHeight*px), vgimg.UseDPI(planPlotDPI), vgimg.UseBackgroundColor(color.White))
	c := draw.Crop(draw.New(img), 16, -20, 12, -16)
	c.FillText(textStyle(15, true, inkColor), vg.Point{X: c.Min.X, Y: c.Max.Y - 14}, p.Title)
	c.FillText(textStyle(10.5, false, quietColor), vg.Point{X: c.Min.X, Y: c.Max.Y - 31}, p.Subtitle)
	steepest := p.steepest()
	var row []*panel
	for _, q := range p.Panels {
		row = append(row, q.panel(steepest))
	}
	if len(row) > 0 {
		drawPanels(draw.Crop(c, 0, 0, 0, -46), [][]*panel{row})
	}
	_, err := vgimg.PngCanvas{Canvas: img}.WriteTo(w)
	return err
}

// steepest returns the length of the longest slope of the panel with the fewest
// pieces, whose colours are to be the clearest.
func (p PartitionPlot) steepest() float64 {
	var fewest []Piece
	for _, q := range p.Panels {
		if n := len(q.Pieces); len(fewest) == 0 || n > 0 && n < len(fewest) {
			fewest = q.Pieces
		}
	}
	length := 0.0
	for _, q := range fewest {
		length = max(length, math.Hypot(q.SlopeX, q.SlopeY))
	}
	return length
}

func (q PartitionPanel) panel(steepest float64) *panel {
	n := newPanel(q.Title, "x1", "x2")
	n.plot.X.Min, n.plot.X.Max, n.plot.Y.Min, n.plot.Y.Max = q.Min, q.Max, q.Min, q.Max
	n.plot.Add(plotterFunc(func(c draw.Canvas, _ *plot.Plot) {
		for _, piece := range q.Pieces {
			at := n.place(c, piece.corners())
			c.FillPolygon(slopeColor(piece.SlopeX, piece.SlopeY, steepest), at)
			if len(q.Pieces) <= outlined {
				c.StrokeLines(pieceLine, append(at, at[0]))
			}
		}
	}))
	return n
}

func (p Piece) corners() []point {
	if len(p.X) != len(p.Y) || len(p.X) == 0 {
		panic("report: PartitionPlot: a piece needs corners, each with an x and a y")
	}
	points := make([]point, len(p.X))
	for i := range points {
		points[i] = point{p.X[i], p.Y[i]}
	}
	return points
}

// slopeColor makes the direction of a slope a hue and its length a saturation.
func slopeColor(x, y, steepest float64) color.Color {
	hue := (math.Atan2(y, x)/math.Pi + 1) * 3 // 0..6 round the circle
	saturation := 0.0
	if steepest > 0 {
		saturation = 0.6 * min(math.Hypot(x, y)/steepest, 1)
	}
	channel := func(offset float64) uint8 {
		k := math.Mod(offset+hue, 6)
		return uint8(255 * 0.94 * (1 - saturation*max(0, min(k, 4-k, 1))))
	}
	return color.NRGBA{R: channel(5), G: channel(3), B: channel(1), A: 255}
}
