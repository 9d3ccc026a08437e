package report

import (
	"image"
	"io"
	"time"

	"hinge/viz/raster"
	"hinge/viz/scene"
)

// MovieOptions are the choices of a [Movie]; the zero value is a good movie.
type MovieOptions struct {
	Width, Height int           // pixels; 0 means 640 x 560
	Title         string        // above every frame; may be empty
	Speed         float64       // of playback; 0 means 1, real time
	FrameRate     float64       // most frames per second; 0 means 25
	Hold          time.Duration // how long the last frame stays; 0 means 1.5 s

	// Legend names roles from the first frame on, in the words of the task; roles
	// that come later are added under their own names.
	Legend []raster.Entry
}

func (o MovieOptions) withDefaults() MovieOptions {
	if o.Width == 0 {
		o.Width = 640
	}
	if o.Height == 0 {
		o.Height = 560
	}
	if !(o.Speed > 0) {
		o.Speed = 1
	}
	if !(o.FrameRate > 0) {
		o.FrameRate = 25
	}
	if o.Hold == 0 {
		o.Hold = 1500 * time.Millisecond
	}
	return o
}

// Movie builds the animation of a run out of scenes. Its legend grows with the
// roles the scenes bring, and never shrinks, so that nothing jumps.
type Movie struct {
	opts     MovieOptions
	renderer *raster.Renderer
	frame    *image.RGBA
	anim     *raster.Animation
	last     scene.Scene
	owed     time.Duration // playback time since the newest frame
}

// NewMovie returns a movie without frames.
func NewMovie(opts MovieOptions) *Movie {
	opts = opts.withDefaults()
	r := raster.New(opts.Width, opts.Height)
	r.Title, r.Legend = opts.Title, append([]raster.Entry{}, opts.Legend...)
	return &Movie{opts: opts, renderer: r, frame: r.NewImage(), anim: raster.NewAnimation(opts.Width, opts.Height)}
}

// AddStep appends one control step of the given length, seen at equally spaced
// moments. Where they come faster than the frame rate allows, some are skipped.
func (m *Movie) AddStep(period time.Duration, substeps ...scene.Scene) {
	for _, s := range substeps {
		m.renderer.Legend = raster.ExtendLegend(m.renderer.Legend, s)
		m.last = s
		m.owed += time.Duration(float64(period) / float64(len(substeps)) / m.opts.Speed)
		if m.owed >= time.Duration(float64(time.Second)/m.opts.FrameRate) {
			m.show(m.owed)
		}
	}
}

// Finish lays the verdict over the last scene and holds it. Without a verdict
// text the last scene is held as it is.
func (m *Movie) Finish(verdict raster.Badge) {
	m.renderer.Badge = verdict
	m.show(m.opts.Hold)
}

// Frames returns the number of frames so far.
func (m *Movie) Frames() int { return m.anim.Len() }

// Still returns the newest frame in full colour, for a picture next to the
// movie. It is overwritten by the next frame.
func (m *Movie) Still() *image.RGBA { return m.frame }

// Encode writes the GIF; a movie needs at least one frame.
func (m *Movie) Encode(w io.Writer) error { return m.anim.Encode(w) }

func (m *Movie) show(d time.Duration) {
	m.renderer.Render(m.frame, m.last)
	m.anim.Add(m.frame, d)
	m.owed = 0
}
