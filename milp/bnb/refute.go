package bnb

import (
	"math"
	"slices"

	"hinge/milp/bound"
)

// region is an open part of the box of a question.
type region struct {
	q            *question
	lower, upper []float64
	ranges       bound.Ranges
	parts        []part // programs that may still reach 0 here
	input        int    // to be split
}

// part is what is known about one program in a region.
type part struct {
	at    int // in the question's programs
	bound float64
	dual  *bound.Dual
}

// value is the sum of the bounds: 0 once all programs are refuted.
func (r *region) value() float64 {
	var v float64
	for i := range r.parts {
		v += r.parts[i].bound
	}
	return v
}

// refuter bounds and splits the regions of one question. It holds scratch
// memory: one per worker.
type refuter struct {
	q    *question
	b    []*bound.Bounder // of the question's programs; all see the ranges the first one makes
	d    []*descent
	form bound.Form
	gain []float64 // guess for every input
	keep slabs

	found   incumbent // best point since reset
	foundAt int       // program it is a point of
	bounded int       // regions since reset
}

func newRefuter(q *question) *refuter {
	n := q.problems[0].Inputs()
	w := &refuter{q: q, form: bound.Form{A: make([]float64, n)}, gain: make([]float64, n), keep: newSlabs(n)}
	reach := q.bounders[0].NewReach()
	for i, p := range q.problems {
		b := q.bounders[i].Clone()
		b.Trace(reach)
		w.b, w.d = append(w.b, b), append(w.d, newDescent(p))
	}
	return w
}

func (w *refuter) reset() {
	w.found, w.bounded = incumbent{value: math.Inf(1)}, 0
}

// root is the region of the whole box, not yet bounded.
func (w *refuter) root() *region {
	p, b := w.q.problems[0], w.b[0]
	r := &region{q: w.q, lower: slices.Clone(p.Box.Lower), upper: slices.Clone(p.Box.Upper), ranges: b.NewRanges()}
	b.Root().Copy(r.ranges)
	for at, b := range w.b {
		d := b.NewDual()
		b.PlainDual(d, r.ranges, r.lower, r.upper)
		r.parts = append(r.parts, part{at: at, bound: math.Inf(-1), dual: d})
	}
	return r
}

// refuteSteps is the number of ascent steps on the dual of a region. Splitting
// is cheap against them.
const refuteSteps = 1

// bound bounds r, cuts off the slabs where no program reaches 0 and chooses the
// input to split. It returns false if no program can reach 0 in r.
func (w *refuter) bound(r *region) bool {
	w.bounded++
	for range 3 {
		if !w.b[0].Tighten(r.ranges, r.lower, r.upper, 0) {
			return false
		}
		w.keep.reset()
		clear(w.gain)
		if w.refuteParts(r); len(r.parts) == 0 {
			return false
		}
		if w.keep.cut(r.lower, r.upper) < reclip {
			break
		}
	}
	r.input = w.choose(r)
	return true
}

// refuteParts drops the programs of r that are refuted.
func (w *refuter) refuteParts(r *region) {
	left := r.parts[:0]
	for _, p := range r.parts {
		if !w.refute(r, &p) {
			left = append(left, p)
		}
	}
	r.parts = left
}

// refute reports whether J > 0 in r for the program of p.
func (w *refuter) refute(r *region, p *part) bool {
	b := w.b[p.at]
	v := b.Objective(p.dual, &w.form, r.ranges, r.lower, r.upper, bound.Ascent{Steps: refuteSteps, Rate: .1, Cutoff: above})
	if p.bound = max(p.bound, v); p.bound >= above {
		return true
	}
	w.probe(r, p.at)
	w.keep.add(&w.form, r.lower, r.upper)
	b.Gains(w.gain, r.ranges, r.lower, r.upper)
	return false
}

// probe tries the minimiser of the last linear bound.
func (w *refuter) probe(r *region, at int) {
	d := w.d[at]
	for k, a := range w.form.A {
		d.u[k] = r.upper[k]
		if a > 0 {
			d.u[k] = r.lower[k]
		}
	}
	if w.found.offer(d.u, d.p.Objective(d.u, d.ws)) {
		w.foundAt = at
	}
}

// tiny is the share of an edge of the whole box below which splitting is given
// up: what is left there is rounding.
const tiny = 1e-12

// choose returns the input that promises the highest bounds, see
// [bound.Bounder.Gains]; -1 if all edges are tiny.
func (w *refuter) choose(r *region) int {
	at := -1
	for k, g := range w.gain {
		m := middle(r, k)
		if m > r.lower[k] && m < r.upper[k] && r.upper[k]-r.lower[k] > tiny*w.q.problems[0].width[k] &&
			(at < 0 || g > w.gain[at]) {
			at = k
		}
	}
	return at
}

func middle(r *region, k int) float64 { return r.lower[k] + (r.upper[k]-r.lower[k])/2 }

// splitting is the outcome of one region.
type splitting struct {
	children []*region // still open, the less promising one first
	stuck    bool      // it was too small to be split
	bounded  int       // regions
	found    incumbent
	foundAt  int
}

// split cuts r in two and bounds the halves.
func (w *refuter) split(r *region) splitting {
	w.reset()
	if r.input < 0 {
		return splitting{stuck: true}
	}
	var s splitting
	for side := range 2 {
		if c := w.half(r, side); w.bound(c) {
			s.children = append(s.children, c)
		}
	}
	slices.SortStableFunc(s.children, func(a, b *region) int {
		if a.value() > b.value() {
			return -1
		}
		return 1
	})
	s.bounded, s.found, s.foundAt = w.bounded, w.found, w.foundAt
	return s
}

// half returns one half of r, not yet bounded.
func (w *refuter) half(r *region, side int) *region {
	c := &region{q: r.q, lower: slices.Clone(r.lower), upper: slices.Clone(r.upper), ranges: w.b[0].NewRanges()}
	r.ranges.Copy(c.ranges)
	for _, p := range r.parts {
		d := w.b[p.at].NewDual()
		p.dual.Copy(d)
		c.parts = append(c.parts, part{at: p.at, bound: p.bound, dual: d})
	}
	if point := middle(r, r.input); side == 0 {
		c.upper[r.input] = point
	} else {
		c.lower[r.input] = point
	}
	return c
}

// slabs is what clipping leaves of a box: the hull of what it leaves for every
// program.
type slabs struct {
	lower, upper []float64
	box          [2][]float64 // of one program
}

func newSlabs(n int) slabs {
	return slabs{lower: make([]float64, n), upper: make([]float64, n), box: [2][]float64{make([]float64, n), make([]float64, n)}}
}

func (s *slabs) reset() {
	for k := range s.lower {
		s.lower[k], s.upper[k] = math.Inf(1), math.Inf(-1)
	}
}

// add takes in what form leaves of [lower, upper].
func (s *slabs) add(form *bound.Form, lower, upper []float64) {
	copy(s.box[0], lower)
	copy(s.box[1], upper)
	clip(form, s.box[0], s.box[1], above)
	for k := range s.lower {
		s.lower[k], s.upper[k] = min(s.lower[k], s.box[0][k]), max(s.upper[k], s.box[1][k])
	}
}

// cut shrinks [lower, upper] to the hull and returns the largest share of an
// edge that fell away.
func (s *slabs) cut(lower, upper []float64) float64 {
	var share float64
	for k := range lower {
		if width := upper[k] - lower[k]; width > 0 {
			share = max(share, 1-(s.upper[k]-s.lower[k])/width)
		}
	}
	copy(lower, s.lower)
	copy(upper, s.upper)
	return share
}
