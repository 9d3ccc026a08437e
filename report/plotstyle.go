package report

import (
	"image/color"
	"math"
	"strconv"
	"sync"

	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hinge/viz/raster"
	"hinge/viz/scene"
)

// Plots use the colours of the pictures: blue is what really is, orange what a
// plan predicts; green is what is proven.
var (
	inkColor   = color.NRGBA{R: 0x23, G: 0x28, B: 0x2F, A: 255}
	quietColor = color.NRGBA{R: 0x6A, G: 0x73, B: 0x7F, A: 255}
	gridColor  = color.NRGBA{R: 0xE4, G: 0xE8, B: 0xED, A: 255}
	axisColor  = color.NRGBA{R: 0xB4, G: 0xBC, B: 0xC6, A: 255}
	provenInk  = raster.Color(scene.Goal)
	planInk    = raster.Color(scene.Predicted)
	realInk    = raster.Color(scene.Object)
	missedInk  = color.NRGBA{R: 0xB8, G: 0x41, B: 0x0B, A: 255}
	gapFill    = color.NRGBA{R: 0xE0, G: 0xA0, B: 0x30, A: 0x38}
)

var (
	measuredLine  = draw.LineStyle{Color: realInk, Width: 2}
	predictedLine = draw.LineStyle{Color: planInk, Width: 1.5, Dashes: []vg.Length{4.5, 3}}
	predictedDot  = draw.GlyphStyle{Color: planInk, Radius: 2.6, Shape: draw.CircleGlyph{}}
	planLine      = draw.LineStyle{Color: planInk, Width: 1.5}
	boundLine     = draw.LineStyle{Color: provenInk, Width: 2.8} // shows below a plan it has met
	limitLine     = draw.LineStyle{Color: quietColor, Width: 1.2, Dashes: []vg.Length{5, 3}}
	metDot        = draw.GlyphStyle{Color: provenInk, Radius: 2.6, Shape: draw.CircleGlyph{}}
	missedDot     = draw.GlyphStyle{Color: missedInk, Radius: 3.4, Shape: draw.PyramidGlyph{}}
	unboundedDot  = draw.GlyphStyle{Color: missedInk, Radius: 4, Shape: draw.CrossGlyph{}}
)

// textHandler knows the Go fonts, so that plots and movies share their letters.
var textHandler = sync.OnceValue(func() text.Handler {
	parse := func(ttf []byte) *opentype.Font {
		f, err := opentype.Parse(ttf)
		if err != nil {
			panic("report: built-in font: " + err.Error())
		}
		return f
	}
	return text.Plain{Fonts: font.NewCache(font.Collection{
		{Font: font.Font{Typeface: "Go"}, Face: parse(goregular.TTF)},
		{Font: font.Font{Typeface: "Go", Weight: xfont.WeightBold}, Face: parse(gobold.TTF)},
	})}
})

// textStyle returns a style of the given size in points.
func textStyle(size float64, bold bool, c color.Color) text.Style {
	f := font.Font{Typeface: "Go", Size: vg.Length(size)}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return text.Style{Color: c, Font: f, Handler: textHandler()}
}

func centered(s text.Style) text.Style {
	s.XAlign, s.YAlign = text.XCenter, text.YCenter
	return s
}

// newPlot returns an empty plot in the house style.
func newPlot(xLabel, yLabel string) *plot.Plot {
	p := plot.New()
	p.TextHandler = textHandler()
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding = 0
		axis.LineStyle = draw.LineStyle{Color: axisColor, Width: 1}
		axis.Tick.LineStyle = axis.LineStyle
		axis.Tick.Length = 4
		axis.Label.Padding = 4
		axis.Tick.Marker = plot.TickerFunc(plainTicks)
		restyle(&axis.Label.TextStyle, 10, inkColor)
		restyle(&axis.Tick.Label, 9.5, quietColor)
	}
	p.X.Label.Text, p.Y.Label.Text = xLabel, yLabel
	p.Add(newGrid())
	return p
}

// restyle changes font and colour of a style and keeps its alignment.
func restyle(s *text.Style, size float64, c color.Color) {
	n := textStyle(size, false, c)
	s.Font, s.Handler, s.Color = n.Font, n.Handler, n.Color
}

// plainTicks returns about six ticks at round numbers.
func plainTicks(lo, hi float64) []plot.Tick { return ticksEvery(roundStep((hi-lo)/6), lo, hi) }

// wholeTicks returns about ten ticks at whole numbers.
func wholeTicks(lo, hi float64) []plot.Tick { return ticksEvery(max(1, roundStep((hi-lo)/10)), lo, hi) }

// decadeTicks returns a tick at every power of ten; the lowest one stands for
// all that is smaller.
func decadeTicks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Round(math.Log10(lo)); e <= math.Round(math.Log10(hi)); e++ {
		v := math.Pow(10, e)
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 3, 64)})
	}
	ticks[0].Label = "≤ " + ticks[0].Label
	return ticks
}

func ticksEvery(step, lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	if !finite(step) || step <= 0 || hi/step > 1e12 {
		return nil
	}
	for k := math.Ceil(lo/step - 1e-9); k*step <= hi+1e-9*step; k++ {
		v := k*step + 0 // no negative zero
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 6, 64)})
	}
	return ticks
}

// roundStep returns the smallest of 1, 2, 5 times a power of ten that is not
// below v.
func roundStep(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*p >= v*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}
