package report

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// point is a place in the coordinates of a plot.
type point struct{ x, y float64 }

// panel is a plot with a title and a legend above it, where neither can cover
// the data.
type panel struct {
	title string
	keys  []legendKey
	plot  *plot.Plot
	empty string // shown instead of data
	fit   bool   // the y axis grows with the data
}

// legendKey is an entry of the legend.
type legendKey struct {
	text   string
	swatch swatch
}

// swatch draws a sample within r.
type swatch func(c draw.Canvas, r vg.Rectangle)

func newPanel(title, xLabel, yLabel string) *panel {
	n := &panel{title: title, plot: newPlot(xLabel, yLabel)}
	n.plot.X.Min, n.plot.X.Max, n.plot.Y.Min, n.plot.Y.Max = 0, 1, 0, 1
	return n
}

// wholeX makes the x axis count from 0 to last.
func (n *panel) wholeX(last float64) {
	n.plot.X.Min, n.plot.X.Max = 0, last
	n.plot.X.Tick.Marker = plot.TickerFunc(wholeTicks)
}

// fitY lets the y axis grow from base to hold what is drawn later.
func (n *panel) fitY(base float64) {
	n.plot.Y.Min, n.plot.Y.Max = base, base
	n.fit = true
}

func (n *panel) grow(points []point) {
	if !n.fit {
		return
	}
	for _, p := range points {
		if finite(p.y) {
			n.plot.Y.Min, n.plot.Y.Max = min(n.plot.Y.Min, p.y), max(n.plot.Y.Max, p.y)
		}
	}
}

// logY gives the y axis a logarithmic scale for the positive values among groups
// of points. It spans seven decades at most; smaller values are shown at the foot.
func (n *panel) logY(groups ...[]point) {
	lo, hi := math.Inf(1), 0.0
	for _, g := range groups {
		for _, p := range g {
			if finite(p.y) && p.y > 0 {
				lo, hi = min(lo, p.y), max(hi, p.y)
			}
		}
	}
	if hi == 0 {
		lo, hi = 0.1, 1
	}
	top := math.Ceil(math.Log10(1.2 * hi))
	foot := max(math.Floor(math.Log10(0.8*lo)), top-7)
	n.plot.Y.Min, n.plot.Y.Max = math.Pow(10, foot), math.Pow(10, top)
	n.plot.Y.Scale = plot.LogScale{}
	n.plot.Y.Tick.Marker = plot.TickerFunc(decadeTicks)
}

// line draws a line, broken where a value is not finite. A value between two
// breaks becomes a dot.
func (n *panel) line(points []point, style draw.LineStyle) {
	n.grow(points)
	n.plot.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) {
		for _, part := range finiteParts(points) {
			at := n.place(c, part)
			if len(at) == 1 {
				c.DrawGlyph(draw.GlyphStyle{Color: style.Color, Radius: 1.2 * style.Width, Shape: draw.CircleGlyph{}}, at[0])
			}
			c.StrokeLines(style, at)
		}
	}))
}

// dots draws a mark at each point; one beyond the axis stands at its end.
func (n *panel) dots(points []point, style draw.GlyphStyle) {
	n.grow(points)
	n.plot.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) {
		for _, at := range n.place(c, points) {
			c.DrawGlyph(style, at)
		}
	}))
}

// band fills the area between two lines over the same x, wherever both exist.
func (n *panel) band(lower, upper []point, fill color.Color) {
	n.grow(lower)
	n.grow(upper)
	n.plot.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) {
		for start := 0; start < len(lower); {
			end := start
			for end < len(lower) && finite(lower[end].y) && finite(upper[end].y) {
				end++
			}
			area := n.place(c, lower[start:end])
			back := n.place(c, upper[start:end])
			for i := range back {
				area = append(area, back[len(back)-1-i])
			}
			if len(area) > 3 {
				c.FillPolygon(fill, area)
			}
			start = end + 1
		}
	}))
}

// place maps points to the canvas; values beyond the axes go to their ends.
func (n *panel) place(c draw.Canvas, points []point) []vg.Point {
	x, y := n.plot.Transforms(&c)
	placed := make([]vg.Point, len(points))
	for i, p := range points {
		placed[i] = vg.Point{
			X: x(min(max(p.x, n.plot.X.Min), n.plot.X.Max)),
			Y: y(min(max(p.y, n.plot.Y.Min), n.plot.Y.Max)),
		}
	}
	return placed
}

// finiteParts splits points where one is not finite.
func finiteParts(points []point) [][]point {
	var parts [][]point
	start := 0
	for i := range len(points) + 1 {
		if i < len(points) && finite(points[i].y) {
			continue
		}
		if i > start {
			parts = append(parts, points[start:i])
		}
		start = i + 1
	}
	return parts
}

// stairs returns the course of a value that stays until it changes.
func stairs(points []point) []point {
	var out []point
	for i, p := range points {
		if i > 0 {
			out = append(out, point{p.x, points[i-1].y})
		}
		out = append(out, p)
	}
	return out
}

// plotterFunc makes a function a [plot.Plotter].
type plotterFunc func(draw.Canvas, *plot.Plot)

// Plot implements [plot.Plotter].
func (f plotterFunc) Plot(c draw.Canvas, p *plot.Plot) { f(c, p) }

func (n *panel) key(text string, s swatch) { n.keys = append(n.keys, legendKey{text, s}) }

// count adds a key that tells how many points there are, if there are any.
func (n *panel) count(text string, points []point, s swatch) {
	if len(points) > 0 {
		n.key(fmt.Sprintf("%s: %d", text, len(points)), s)
	}
}

// drawPanels draws a grid of panels whose axes are aligned.
func drawPanels(c draw.Canvas, panels [][]*panel) {
	const titleHeight = 42
	plots := make([][]*plot.Plot, len(panels))
	for i, row := range panels {
		for _, n := range row {
			plots[i] = append(plots[i], n.finish())
		}
	}
	tiles := draw.Tiles{
		Rows: len(panels), Cols: len(panels[0]),
		PadX: 26, PadY: titleHeight + 18, PadTop: titleHeight,
	}
	for i, row := range plot.Align(plots, tiles, c) {
		for j, at := range row {
			n := panels[i][j]
			n.plot.Draw(at)
			tile := tiles.At(c, j, i)
			n.drawHead(c, vg.Point{X: tile.Min.X, Y: tile.Max.Y + titleHeight})
			if n.empty != "" {
				area := n.plot.DataCanvas(at)
				c.FillText(centered(textStyle(10.5, false, quietColor)), area.Center(), n.empty)
			}
		}
	}
}

// finish settles the axes once all data are known.
func (n *panel) finish() *plot.Plot {
	p := n.plot
	if n.fit {
		p.Y.Max += 0.06 * (p.Y.Max - p.Y.Min)
	}
	if p.Y.Max <= p.Y.Min {
		p.Y.Max = p.Y.Min + 1
	}
	if n.empty != "" {
		p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(nil), plot.ConstantTicks(nil)
	}
	return p
}

// drawHead writes title and legend from the top left corner on.
func (n *panel) drawHead(c draw.Canvas, corner vg.Point) {
	c.FillText(textStyle(12, true, inkColor), vg.Point{X: corner.X, Y: corner.Y - 14}, n.title)
	style := textStyle(9.5, false, inkColor)
	at := vg.Point{X: corner.X, Y: corner.Y - 31}
	for _, k := range n.keys {
		k.swatch(c, vg.Rectangle{Min: vg.Point{X: at.X, Y: at.Y - 1}, Max: vg.Point{X: at.X + 20, Y: at.Y + 8}})
		c.FillText(style, vg.Point{X: at.X + 25, Y: at.Y}, k.text)
		at.X += 25 + style.Width(k.text) + 14
	}
}

func lineSwatch(style draw.LineStyle) swatch {
	return func(c draw.Canvas, r vg.Rectangle) {
		y := (r.Min.Y + r.Max.Y) / 2
		c.StrokeLine2(style, r.Min.X, y, r.Max.X, y)
	}
}

func fillSwatch(fill color.Color) swatch {
	return func(c draw.Canvas, r vg.Rectangle) {
		c.FillPolygon(fill, []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}})
	}
}

func dotSwatch(style draw.GlyphStyle) swatch {
	return func(c draw.Canvas, r vg.Rectangle) {
		c.DrawGlyph(style, vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: (r.Min.Y + r.Max.Y) / 2})
	}
}

// newGrid returns faint lines at the ticks.
func newGrid() *plotter.Grid {
	line := draw.LineStyle{Color: gridColor, Width: 0.75}
	return &plotter.Grid{Vertical: line, Horizontal: line}
}
