package planner

import (
	"context"
	"fmt"

	"hinge/control"
)

// BeamOptions are the choices of [Beam]. The zero value is the documented default.
type BeamOptions struct {
	CMAOptions // of the polishing; Std is 0.05 and Correlation 0.7 by default

	// Keep is the number of states kept after every step; 0 means 3000.
	Keep int
	// Branching is the number of actions tried from each of them; 0 means 16.
	Branching int
	// Cell is the width of a cell, of which one state is kept, as a share of the
	// largest step of each coordinate; 0 means 0.8.
	Cell float64
}

func (o BeamOptions) withDefaults() BeamOptions {
	o.Std = defaultTo(o.Std, 0.05)
	o.Correlation = defaultTo(o.Correlation, 0.7)
	o.CMAOptions = o.CMAOptions.withDefaults()
	o.Keep = defaultTo(o.Keep, 3000)
	o.Branching = defaultTo(o.Branching, 16)
	o.Cell = defaultTo(o.Cell, 0.8)
	return o
}

func (o *BeamOptions) validate() error {
	if o.Keep < 1 || o.Branching < 1 {
		return fmt.Errorf("planner: beam: keep is %d, branching %d; both must be at least 1", o.Keep, o.Branching)
	}
	if !(o.Cell > 0) {
		return fmt.Errorf("planner: beam: cell is %g; it must be positive", o.Cell)
	}
	return nil
}

// Beam is a global search, for plans that must first move away from the goal: a beam
// search through the states of the horizon (Lowerre, The Harpy Speech Recognition
// System, 1976), then covariance adaptation from where it ends.
//
// From every state kept, many actions are tried. Of the states they lead to, those
// are kept that promise least cost, but only one in every cell of the state space, as
// the archive of Go-Explore does (Ecoffet et al., Nature 2021): else all of them would
// soon be in one place. The promise is the cost so far and that of standing still from
// there on, where distances are measured round obstacles ([wayRound]).
//
// What ends best is not what promised most, so several of its ends are polished side
// by side, each by a [track]: an adaptation under feedback, without which it would
// lose a plan that keeps contact. A track that falls behind makes room for the next
// end, and after the last of a pass comes where CMA alone is, which goes on beside
// them by turns, and then another pass.
type Beam struct {
	*CMA
	opts   BeamOptions
	search *beamSearch
	tracks []*track
	passes int         // beam searches of this plan
	starts [][]float64 // of tracks, nil for where CMA alone is
	serial uint64      // of the next start
}

var _ control.Planner = (*Beam)(nil)

// Constants of Beam.
const (
	beamTracks = 4 // side by side; they share the samples of an iteration
	beamEnds   = 8 // of a pass that are polished
)

// NewBeam returns a planner by beam search.
func NewBeam(p Problem, opts BeamOptions) (*Beam, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	alone := opts.CMAOptions
	defaults := CMAOptions{}.withDefaults()
	alone.Std, alone.Correlation = defaults.Std, defaults.Correlation
	c, err := NewCMA(p, alone)
	if err != nil {
		return nil, err
	}
	if err := opts.CMAOptions.validate(); err != nil {
		return nil, err
	}
	c.name = "beam"
	b := &Beam{CMA: c, opts: opts, search: newBeamSearch(&c.Problem, c.r, opts)}
	first := shape{opts.Std, opts.Correlation}
	for range beamTracks {
		b.tracks = append(b.tracks, newTrack(&c.Problem, c.r, max(8, opts.Samples/beamTracks), first, c.half, opts.Seed))
	}
	return b, nil
}

// Plan searches, then adapts distributions around what it has found, Iterations
// times in all.
func (b *Beam) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	return b.plan(ctx, x0, warm, b)
}

func (b *Beam) begin() {
	b.passes, b.serial, b.starts = 0, 0, nil
	for _, k := range b.tracks {
		k.done = true
	}
	b.search.start(b.r.x0)
	b.CMA.begin()
}

func (b *Beam) iterate(ctx context.Context, iteration int) {
	if iteration%2 == 0 {
		b.CMA.iterate(ctx, iteration)
		return
	}
	for _, k := range b.tracks {
		if k.done {
			b.restartTrack(ctx, k)
		}
	}
	b.r.each(len(b.tracks), func(w *rolloutWorker, i int) { b.tracks[i].generation(ctx, w) })
	for _, k := range b.tracks {
		if k.fresh && k.best < b.best.cost {
			b.best.offer(b.r, k.bestU)
		}
		k.judge(b.best.cost)
	}
}

// restartTrack starts a track at the next of the starts.
func (b *Beam) restartTrack(ctx context.Context, k *track) {
	if len(b.starts) == 0 && !b.pass(ctx) {
		return
	}
	u := b.starts[0]
	if u == nil {
		u = b.alone()
	}
	k.start(u, b.search.stride, b.serial)
	b.starts = b.starts[1:]
	b.serial++
}

// pass runs a beam search and queues where it ends, and where CMA alone is. It
// reports whether there was time for it.
func (b *Beam) pass(ctx context.Context) bool {
	if !b.search.run(ctx, b.passes, b.opts.Seed) {
		return false
	}
	for i, end := range b.search.ends(beamEnds) {
		u := make([]float64, b.r.size())
		b.search.trace(u, end)
		if i == 0 {
			b.best.offer(b.r, u)
		}
		b.starts = append(b.starts, u)
	}
	b.starts = append(b.starts, nil)
	b.passes++
	return true
}

// alone returns the mean of CMA alone as a sequence.
func (b *Beam) alone() []float64 {
	u := make([]float64, b.r.size())
	for k, v := range b.dist.mean {
		u[k] = b.actions.Lower[k] + b.half[k]*(1+v)
	}
	b.actions.Clamp(u, u)
	return u
}
