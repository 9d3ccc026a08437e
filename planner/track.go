package planner

import (
	"context"
	"math"
)

// track is a covariance matrix adaptation from a start, by changes v of the actions
// under [feedback]. Now and then its mean becomes the nominal plan.
type track struct {
	*Problem
	r     *rollouts
	seed  uint64
	first shape
	dist  *adaptive
	near  *feedback
	units []float64 // H x Nu: half the width of the box

	samples population // v + nominal u, then the actions applied
	serial  uint64     // of the start
	born    uint64     // generations since
	stall   stall

	best   float64
	bestU  []float64 // H x Nu
	fresh  bool      // best is of the last generation
	before float64   // best a window ago
	done   bool
}

// Constants of tracks.
const (
	trackRenew    = 15      // generations between nominal plans
	trackPatience = 20      // generations without progress after which it narrows
	trackNarrow   = 1. / 16 // share of the first deviation below which it ends
	trackWindow   = 100     // generations
	trackOutlook  = 4       // windows
	trackStream   = 1 << 61 // where random streams of tracks begin
)

func newTrack(p *Problem, r *rollouts, samples int, first shape, units []float64, seed uint64) *track {
	return &track{Problem: p, r: r, seed: seed, first: first, dist: newAdaptive(r.size(), samples), near: newFeedback(p), units: units,
		samples: newPopulation(samples, r.size()), bestU: make([]float64, r.size()), done: true}
}

// start begins at the actions u.
func (k *track) start(u, stride []float64, serial uint64) {
	k.serial, k.born, k.done, k.fresh = serial, 0, false, false
	k.best, k.before = math.Inf(1), math.Inf(1)
	copy(k.bestU, u)
	k.near.stride = stride
	k.stall.forget()
	k.dist.reset(k.first.std, k.first.correlation, k.Cost.Nu)
	k.dist.most = k.dist.sigma
	clear(k.dist.mean)
}

// generation draws, evaluates and learns once.
func (k *track) generation(ctx context.Context, w *rolloutWorker) {
	if k.done || ctx.Err() != nil {
		return
	}
	if k.born%trackRenew == 0 {
		k.renew(w)
	}
	lambda := len(k.samples.costs)
	for i := range lambda {
		item := trackStream + k.serial<<32 + k.born*uint64(lambda) + uint64(i)
		k.dist.sample(i, w.rng.at(k.seed, item))
		k.place(k.samples.row(i), k.dist.row(i))
	}
	k.near.run(w, k.r, k.samples.costs, k.samples.u)
	k.born++
	k.learn()
}

// renew makes the mean the nominal plan.
func (k *track) renew(w *rolloutWorker) {
	u := k.samples.row(0)
	if k.born == 0 {
		copy(u, k.bestU)
	} else {
		k.place(u, k.dist.mean)
		k.near.run(w, k.r, k.samples.costs[:1], u)
	}
	clear(k.dist.mean)
	k.near.around(w, k.r.x0, u, k.near.stride)
}

// place writes v + nominal u, v in shares of half the box.
func (k *track) place(row, v []float64) {
	for j, h := range k.units {
		row[j] = k.near.u[j] + h*v[j]
	}
}

// learn moves the distribution by the samples.
func (k *track) learn() {
	k.samples.sort()
	top := k.samples.order[0]
	k.fresh = k.samples.costs[top] < k.best
	if k.fresh {
		k.best = k.samples.costs[top]
		copy(k.bestU, k.samples.row(top))
	}
	if k.samples.usable() < k.dist.parents() || !k.dist.update(k.samples.order) {
		k.done = true
		return
	}
	if k.stall.stuck(k.samples.costs[top], trackPatience) {
		k.stall.forget()
		k.dist.most /= 2
		k.dist.sigma = min(k.dist.sigma, k.dist.most)
		k.done = k.dist.most < trackNarrow*k.first.std
	}
}

// judge ends the track if it is worse than the incumbent and would still be so after
// some time at the rate of its last window.
func (k *track) judge(incumbent float64) {
	if k.born%trackWindow != 0 {
		return
	}
	if k.best > incumbent && !(k.best-trackOutlook*(k.before-k.best) < incumbent) {
		k.done = true
	}
	k.before = k.best
}
