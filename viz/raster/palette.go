package raster

import (
	"image/color"
	"math"

	"hinge/viz/scene"
)

// The colours of the page around the scene.
var (
	pageColor  = rgb(0xFFFFFF)
	stageColor = rgb(0xF7F8FA) // behind the scene
	gridColor  = rgb(0xE6E9EE)
	edgeColor  = rgb(0xD5DAE1)
	textColor  = rgb(0x23282F)
	quietColor = rgb(0x6A737F) // secondary text
	goodColor  = rgb(0x00795A)
	badColor   = rgb(0xB8410B)
)

// style is how shapes of one role look. Lengths are in units of the text size,
// so that small and large pictures have the same proportions.
type style struct {
	fill  color.NRGBA // of polygons and circles
	line  color.NRGBA
	width float64
	dash  float64
	halo  bool // a light rim sets the shape off from what lies below
}

// The hues follow Okabe and Ito: blue, green and orange stay apart for every
// common form of colour blindness, and no two roles differ by hue alone: the
// goal is dashed, the plan is hollow, the robot is dark.
var styles = [...]style{
	scene.Goal:      {fill: rgba(0x009E73, 0.13), line: rgb(0x00906A), width: 0.14, dash: 0.52},
	scene.Object:    {fill: rgb(0x3B7FC4), line: rgb(0x1F5A99), width: 0.12},
	scene.Robot:     {fill: rgb(0x2A2F38), line: rgb(0x2A2F38), width: 0.14, halo: true},
	scene.Predicted: {fill: rgba(0xE07B00, 0.06), line: rgba(0xE07B00, 0.90), width: 0.13},
	scene.Candidate: {fill: rgba(0x7B8494, 0.05), line: rgba(0x7B8494, 0.50), width: 0.06},
	scene.Path:      {fill: rgb(0x8FA3BC), line: rgb(0x8FA3BC), width: 0.10},
	scene.Obstacle:  {fill: rgb(0xC9BCC6), line: rgb(0x8C7486), width: 0.10},
	scene.Label:     {fill: rgb(0x4A525E), line: rgb(0x4A525E), width: 0.08, halo: true},
}

// styleOf returns the style of a role; an unknown one looks like annotation.
func styleOf(r scene.Role) style {
	if int(r) >= len(styles) {
		r = scene.Label
	}
	return styles[r]
}

// Color returns the colour that stands for a role, for plots and legends that
// speak the language of the pictures.
func Color(r scene.Role) color.NRGBA {
	st := styleOf(r)
	c := st.line
	if st.fill.A == 255 {
		c = st.fill
	}
	c.A = 255
	return c
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

func rgba(hex uint32, alpha float64) color.NRGBA { return fade(rgb(hex), alpha) }

// fade multiplies the opacity of c by alpha.
func fade(c color.NRGBA, alpha float64) color.NRGBA {
	c.A = uint8(math.Round(float64(c.A) * alpha))
	return c
}

// opacity reads the Alpha of a shape: 0 and what makes no sense mean 1.
func opacity(alpha float64) float64 {
	if !(alpha > 0 && alpha <= 1) {
		return 1
	}
	return alpha
}

// over returns the opaque colour of top laid over bottom.
func over(top, bottom color.NRGBA) color.NRGBA {
	a := uint32(top.A)
	return color.NRGBA{R: mix(bottom.R, top.R, a), G: mix(bottom.G, top.G, a), B: mix(bottom.B, top.B, a), A: 255}
}
