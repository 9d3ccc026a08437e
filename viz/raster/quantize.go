package raster

import (
	"image"
	"image/color"
	"sync"

	"hinge/viz/scene"
)

// A GIF has 256 colours. Since the renderer uses few hues, the palette is fixed:
// the colours themselves and the blends between neighbours that antialiasing and
// translucency make. Each pixel takes the nearest one, found in a table over the
// leading bits of red, green and blue; dithering is not needed and would neither
// look nor compress well.

// transparent is the palette index of "as before".
const transparent = 255

// gifPalette returns the 256 colours; the last one is transparent.
var gifPalette = sync.OnceValue(func() color.Palette {
	colors := append(baseColors(), blends()...)
	colors = distinct(colors)
	colors = colors[:min(len(colors), transparent)]
	p := make(color.Palette, 0, 256)
	for _, c := range colors {
		p = append(p, color.RGBA{R: c.R, G: c.G, B: c.B, A: 255})
	}
	for len(p) < transparent {
		p = append(p, p[0])
	}
	return append(p, color.RGBA{})
})

// baseColors returns the opaque colours of the page and of every role on it.
func baseColors() []color.NRGBA {
	colors := []color.NRGBA{pageColor, stageColor, gridColor, edgeColor, textColor, quietColor, goodColor, badColor}
	for _, st := range styles {
		colors = append(colors, over(st.fill, stageColor), over(st.line, stageColor))
	}
	return colors
}

// blends returns steps between colours that meet in pictures, the most frequent
// pairs first.
func blends() []color.NRGBA {
	line := func(r scene.Role) color.NRGBA { return over(styles[r].line, stageColor) }
	fill := func(r scene.Role) color.NRGBA { return over(styles[r].fill, stageColor) }
	object, goal, plan := fill(scene.Object), fill(scene.Goal), over(styles[scene.Predicted].line, fill(scene.Object))
	var out []color.NRGBA
	for _, pair := range []struct {
		a, b  color.NRGBA
		steps int
	}{
		{pageColor, textColor, 12},
		{stageColor, line(scene.Predicted), 10},
		{stageColor, line(scene.Robot), 8},
		{stageColor, line(scene.Object), 6},
		{stageColor, line(scene.Goal), 6},
		{stageColor, line(scene.Candidate), 6},
		{stageColor, line(scene.Path), 5},
		{object, line(scene.Object), 4},
		{object, plan, 6},
		{object, line(scene.Candidate), 5},
		{object, line(scene.Goal), 4},
		{object, stageColor, 6},
		{object, line(scene.Robot), 5},
		{goal, line(scene.Object), 5},
		{goal, line(scene.Goal), 5},
		{goal, line(scene.Predicted), 6},
		{goal, line(scene.Candidate), 4},
		{goal, line(scene.Robot), 5},
		{line(scene.Object), line(scene.Predicted), 5},
		{line(scene.Object), line(scene.Goal), 4},
		{line(scene.Goal), line(scene.Predicted), 4},
		{goodColor, pageColor, 8},
		{badColor, pageColor, 7},
		{stageColor, line(scene.Label), 6},
		{stageColor, line(scene.Obstacle), 5},
		{fill(scene.Obstacle), line(scene.Obstacle), 4},
		{fill(scene.Obstacle), line(scene.Robot), 4},
		{fill(scene.Obstacle), line(scene.Predicted), 4},
		{pageColor, quietColor, 6},
		{stageColor, goodColor, 4},
		{stageColor, badColor, 4},
		{line(scene.Path), line(scene.Robot), 4},
		{line(scene.Path), line(scene.Object), 4},
	} {
		for i := 1; i < pair.steps; i++ {
			out = append(out, over(fade(pair.b, float64(i)/float64(pair.steps)), pair.a))
		}
	}
	return out
}

// distinct drops colours the eye cannot tell from an earlier one.
func distinct(colors []color.NRGBA) []color.NRGBA {
	var kept []color.NRGBA
next:
	for i, c := range colors {
		for _, k := range kept {
			// The first ones are the base colours: flat areas, kept exactly.
			if d := distance(c, k); d == 0 || (d < 100 && i >= 8+2*len(styles)) {
				continue next
			}
		}
		kept = append(kept, c)
	}
	return kept
}

// distance returns a weighted squared distance; the eye sees green best.
func distance(a, b color.NRGBA) int {
	dr, dg, db := int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B)
	return 3*dr*dr + 6*dg*dg + 2*db*db
}

// gifTable maps the leading 5, 6 and 5 bits of a colour to the palette.
var gifTable = sync.OnceValue(func() *[1 << 16]uint8 {
	var table [1 << 16]uint8
	var colors [transparent]color.NRGBA
	for i, c := range gifPalette()[:transparent] {
		rgba := c.(color.RGBA)
		colors[i] = color.NRGBA{R: rgba.R, G: rgba.G, B: rgba.B, A: 255}
	}
	for key := range table {
		// The middle of the cell stands for all of it.
		c := color.NRGBA{R: uint8(key>>11<<3 + 4), G: uint8(key>>5&63<<2 + 2), B: uint8(key&31<<3 + 4)}
		best := 1 << 30
		for i := range colors {
			if d := distance(c, colors[i]); d < best {
				best, table[key] = d, uint8(i)
			}
		}
	}
	// The palette's own colours must come out exactly; of two in one cell the
	// earlier, more frequent one wins.
	for i := len(colors) - 1; i >= 0; i-- {
		table[tableKey(colors[i].R, colors[i].G, colors[i].B)] = uint8(i)
	}
	return &table
})

func tableKey(r, g, b uint8) uint16 {
	return uint16(r)>>3<<11 | uint16(g)>>2<<5 | uint16(b)>>3
}

// quantize writes the palette index of every pixel to dst.
func quantize(dst []uint8, img *image.RGBA) {
	table := gifTable()
	w, h := img.Rect.Dx(), img.Rect.Dy()
	for y := range h {
		row := img.Pix[y*img.Stride : y*img.Stride+4*w]
		out := dst[y*w : (y+1)*w]
		for x := range out {
			px := row[4*x : 4*x+3 : 4*x+3]
			out[x] = table[tableKey(px[0], px[1], px[2])]
		}
	}
}
