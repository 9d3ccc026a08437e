package raster

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

var (
	regularFont = sync.OnceValue(func() *opentype.Font { return mustParse(goregular.TTF) })
	boldFont    = sync.OnceValue(func() *opentype.Font { return mustParse(gobold.TTF) })
)

// mustParse parses a font that is part of the program.
func mustParse(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic("raster: built-in font: " + err.Error())
	}
	return f
}

// face writes text of one font and size and remembers the glyphs it has drawn.
type face struct {
	font   font.Face
	glyphs map[glyphKey]glyph
}

// glyphKey names a glyph at one of four horizontal positions within a pixel;
// coarser ones would set letters visibly uneven.
type glyphKey struct {
	r       rune
	quarter int
}

type glyph struct {
	mask   *image.Alpha
	offset image.Point // from the dot's pixel to the mask's first one
}

func newFace(f *opentype.Font, em float64) *face {
	ff, err := opentype.NewFace(f, &opentype.FaceOptions{Size: em, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic("raster: built-in font: " + err.Error())
	}
	return &face{font: ff, glyphs: map[glyphKey]glyph{}}
}

// width returns the length of text in pixels.
func (f *face) width(text string) float64 { return float64(font.MeasureString(f.font, text)) / 64 }

// draw writes text with its baseline starting at p, within the clip of the pen.
func (f *face) draw(p *pen, at pt, text string, c color.NRGBA) {
	r := p.bounds(1000)
	if c.A == 0 || at.x < r.lo.x || at.x > r.hi.x || at.y < r.lo.y || at.y > r.hi.y {
		return
	}
	p.ink.C = c
	prev := rune(-1)
	y := int(math.Round(at.y))
	x := fixed.Int26_6(math.Round(at.x * 64))
	for _, ch := range text {
		if prev >= 0 {
			x += f.font.Kern(prev, ch)
		}
		g := f.glyph(ch, int(x&63)/16)
		if g.mask != nil {
			corner := image.Pt(x.Floor(), y).Add(g.offset)
			target := g.mask.Rect.Add(corner)
			visible := target.Intersect(p.clip)
			draw.DrawMask(p.dst, visible, &p.ink, image.Point{}, g.mask, visible.Min.Sub(corner), draw.Over)
		}
		advance, _ := f.font.GlyphAdvance(ch)
		x += advance
		prev = ch
	}
}

// glyph returns the picture of ch; a letter the font lacks is its empty box.
func (f *face) glyph(ch rune, quarter int) glyph {
	key := glyphKey{ch, quarter}
	if g, ok := f.glyphs[key]; ok {
		return g
	}
	var g glyph
	dot := fixed.Point26_6{X: fixed.Int26_6(16 * quarter)}
	if at, mask, corner, _, ok := f.font.Glyph(dot, ch); ok && !at.Empty() {
		g.offset = at.Min
		g.mask = image.NewAlpha(image.Rect(0, 0, at.Dx(), at.Dy()))
		// The face reuses its mask for the next glyph.
		draw.Draw(g.mask, g.mask.Rect, mask, corner, draw.Src)
	}
	f.glyphs[key] = g
	return g
}

// fit returns text, shortened with an ellipsis if it is longer than limit.
func (f *face) fit(text string, limit float64) string {
	if f.width(text) <= limit {
		return text
	}
	letters := []rune(text)
	for n := len(letters) - 1; n > 0; n-- {
		if short := string(letters[:n]) + "…"; f.width(short) <= limit {
			return short
		}
	}
	return ""
}
