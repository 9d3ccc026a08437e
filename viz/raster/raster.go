// Package raster is a software renderer: it turns a [scene.Scene] into an
// antialiased picture, and many pictures into an animated GIF, on any machine
// and without a graphics card.
//
// A scene says what is shown and what it means; this package owns how it looks.
// One palette (palette.go) gives every role its colour and line, so that a
// reader who has understood one picture of Hinge has understood all. Around the
// scene stand a title, a legend of the roles in it, a caption and a scale bar.
//
// Whatever a scene holds, Render returns: shapes with coordinates that are not
// finite are left out, and a view without area is replaced by one that fits.
//
// Read first: [Renderer], [Animation], [Color].
package raster

import (
	"fmt"
	"image"
	"image/draw"

	"hinge/viz/scene"
)

// Renderer draws scenes of one size. It reuses its buffers, so one Renderer
// serves one goroutine.
type Renderer struct {
	// Title stands above the scene; empty for none.
	Title string
	// Legend names the roles of the scene: nil for those that occur in it (see
	// [LegendOf]), empty for no legend.
	Legend []Entry
	// Badge is a verdict laid over the scene; without a text there is none.
	Badge Badge

	width, height int
	em            float64 // size of the text, pixels; lines scale with it
	pen           pen
	regular, bold *face
}

// Badge is a verdict in a coloured pill: a tick for Good, a cross otherwise.
type Badge struct {
	Text string
	Good bool
}

// New returns a renderer of pictures of the given size in pixels.
func New(width, height int) *Renderer {
	if width < 1 || height < 1 {
		panic(fmt.Sprintf("raster: New: size is %d x %d; it must be positive", width, height))
	}
	em := min(max(float64(min(width, height))/37, 9), 40)
	return &Renderer{
		width: width, height: height, em: em,
		regular: newFace(regularFont(), em),
		bold:    newFace(boldFont(), em),
	}
}

// NewImage returns an image of the size Render needs.
func (r *Renderer) NewImage() *image.RGBA { return image.NewRGBA(image.Rect(0, 0, r.width, r.height)) }

// Render draws s to dst, overwriting all of it. It panics if dst is not of the
// renderer's size.
func (r *Renderer) Render(dst *image.RGBA, s scene.Scene) {
	if dst.Rect.Dx() != r.width || dst.Rect.Dy() != r.height || dst.Rect.Min != (image.Point{}) {
		panic(fmt.Sprintf("raster: Render: image is %v; the renderer was made for %d x %d", dst.Rect, r.width, r.height))
	}
	draw.Draw(dst, dst.Rect, image.NewUniform(pageColor), image.Point{}, draw.Src)
	f := r.layout(s)
	v := newView(s, f.stage)

	r.pen.begin(dst, f.stage)
	r.drawGrid(v)
	for i := range s.Shapes {
		r.drawShape(v, &s.Shapes[i])
	}
	r.drawBadge(f.stage)
	r.pen.begin(dst, dst.Rect)
	r.drawFrame(f, v, s)
}
