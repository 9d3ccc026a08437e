package planner

import (
	"context"
	"fmt"

	"hinge/control"
)

// BeamOptions are the choices of [Beam]. The zero value is the documented default.
type BeamOptions struct {
	CMAOptions // of the polishing; Std is 0.2 and Correlation 0.8 by default

	// Keep is the number of states kept after every step; 0 means 3000.
	Keep int
	// Branching is the number of actions tried from each of them; 0 means 16.
	Branching int
	// Cell is the width of a cell, of which one state is kept, as a share of the
	// largest step of each coordinate; 0 means 0.8.
	Cell float64
}

func (o BeamOptions) withDefaults() BeamOptions {
	o.Std = defaultTo(o.Std, 0.2)
	o.Correlation = defaultTo(o.Correlation, 0.8)
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
// System, 1976), then [CMA] from where it ends.
//
// From every state kept, many actions are tried. Of the states they lead to, those
// are kept that promise least cost, but only one in every cell of the state space, as
// the archive of Go-Explore does (Ecoffet et al., Nature 2021): else all of them would
// soon be in one place. The promise is the cost so far and that of standing still from
// there on, where distances are measured round obstacles ([wayRound]).
//
// What looks best after few steps is not always what ends best: so CMA alone goes on
// beside it, by turns. Where the course that began at the end of a pass is stuck, it
// goes on by turns near the incumbent and at the end of another pass.
type Beam struct {
	*CMA
	opts   BeamOptions
	search *beamSearch
	other  course    // of the two, that whose turn it is not
	passes int       // beam searches of this plan
	trial  []float64 // H x Nu
}

var _ control.Planner = (*Beam)(nil)

// NewBeam returns a planner by beam search.
func NewBeam(p Problem, opts BeamOptions) (*Beam, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	c, err := NewCMA(p, opts.CMAOptions)
	if err != nil {
		return nil, err
	}
	c.name, c.first.bounded = "beam", true
	alone := CMAOptions{}.withDefaults()
	return &Beam{CMA: c, opts: opts, search: newBeamSearch(&c.Problem, c.r, opts), trial: make([]float64, c.r.size()),
		other: c.newCourse(shape{std: alone.Std, correlation: alone.Correlation})}, nil
}

// Plan searches, then adapts distributions around what it has found, Iterations
// times in all.
func (b *Beam) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	return b.plan(ctx, x0, warm, b)
}

func (b *Beam) begin() {
	b.passes = 0
	b.search.start(b.r.x0)
	b.swap()
	b.CMA.begin()
	b.swap()
	b.stall.restarts = 0
}

// swap makes the other course the one that CMA follows.
func (b *Beam) swap() { b.course, b.other = b.other, b.course }

func (b *Beam) iterate(ctx context.Context, iteration int) {
	if iteration == 0 {
		b.pass(ctx)
	}
	if iteration%2 == 1 {
		b.swap()
		b.CMA.iterate(ctx, iteration)
		b.swap()
		return
	}
	restarts := b.stall.restarts
	b.CMA.iterate(ctx, iteration)
	if now := b.stall.restarts; now != restarts && now%2 == 0 {
		b.pass(ctx)
	}
}

// pass runs a beam search and starts the distribution where it ends, near the
// incumbent if it comes to no end.
func (b *Beam) pass(ctx context.Context) {
	if b.search.run(ctx, b.trial, b.passes, b.best.cost, b.opts.Seed) {
		b.best.offer(b.r, b.trial)
		b.start(b.trial, 1)
	} else {
		b.start(b.best.tr.U, nearShare)
	}
	b.passes++
}
