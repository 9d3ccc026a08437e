package raster

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"io"
	"time"
)

// Animation collects pictures into an animated GIF. It keeps of each frame only
// the rectangle that changed, as palette indices.
type Animation struct {
	width, height int
	frames        []*image.Paletted
	delays        []int // hundredths of a second
	carry         time.Duration
	last, next    []uint8 // palette indices of the newest frame and scratch
}

// NewAnimation returns an animation without frames, of pictures of the given size.
func NewAnimation(width, height int) *Animation {
	if width < 1 || height < 1 {
		panic(fmt.Sprintf("raster: NewAnimation: size is %d x %d; it must be positive", width, height))
	}
	return &Animation{width: width, height: height, last: make([]uint8, width*height), next: make([]uint8, width*height)}
}

// Len returns the number of frames.
func (a *Animation) Len() int { return len(a.frames) }

// Add appends a picture that is shown for delay. A GIF counts in hundredths of a
// second; what rounding takes from one frame is given to the next.
func (a *Animation) Add(img *image.RGBA, delay time.Duration) {
	if img.Rect.Dx() != a.width || img.Rect.Dy() != a.height {
		panic(fmt.Sprintf("raster: Add: picture is %v; the animation was made for %d x %d", img.Rect, a.width, a.height))
	}
	quantize(a.next, img)
	if len(a.frames) == 0 {
		a.push(image.Rect(0, 0, a.width, a.height), false)
	} else {
		a.push(a.changed(), true)
	}
	a.last, a.next = a.next, a.last
	a.delays = append(a.delays, a.centiseconds(delay))
}

// centiseconds rounds a delay. Players take less than 2 for a mistake and slow
// the frame down to 10.
func (a *Animation) centiseconds(delay time.Duration) int {
	const unit = 10 * time.Millisecond
	delay += a.carry
	n := max(int((delay+unit/2)/unit), 2)
	a.carry = delay - time.Duration(n)*unit
	return n
}

// changed returns the rectangle in which next differs from last: at least one
// pixel, since a frame cannot be empty.
func (a *Animation) changed() image.Rectangle {
	w := a.width
	r := image.Rectangle{Min: image.Pt(w, a.height)}
	for y := range a.height {
		row, old := a.next[y*w:(y+1)*w], a.last[y*w:(y+1)*w]
		if bytes.Equal(row, old) {
			continue
		}
		x0, x1 := 0, w
		for row[x0] == old[x0] {
			x0++
		}
		for row[x1-1] == old[x1-1] {
			x1--
		}
		r = image.Rect(min(r.Min.X, x0), min(r.Min.Y, y), max(r.Max.X, x1), y+1)
	}
	if r.Max.Y == 0 {
		return image.Rect(0, 0, 1, 1)
	}
	return r
}

// push appends the part r of next. In a delta, pixels that stay are left
// transparent: they compress to almost nothing.
func (a *Animation) push(r image.Rectangle, delta bool) {
	f := image.NewPaletted(r, gifPalette())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		from, to := y*a.width+r.Min.X, y*a.width+r.Max.X
		dst := f.Pix[(y-r.Min.Y)*f.Stride:]
		copy(dst, a.next[from:to])
		if !delta {
			continue
		}
		for i, c := range a.next[from:to] {
			if c == a.last[from+i] {
				dst[i] = transparent
			}
		}
	}
	a.frames = append(a.frames, f)
}

// Encode writes the GIF, which repeats for ever. It returns an error if there
// are no frames.
func (a *Animation) Encode(w io.Writer) error {
	if len(a.frames) == 0 {
		return fmt.Errorf("animation has no frames; it needs at least one")
	}
	disposal := make([]byte, len(a.frames))
	for i := range disposal {
		disposal[i] = gif.DisposalNone
	}
	return gif.EncodeAll(w, &gif.GIF{
		Image: a.frames, Delay: a.delays, Disposal: disposal,
		Config: image.Config{ColorModel: color.Palette(gifPalette()), Width: a.width, Height: a.height},
	})
}
