package certificate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// walker bounds the leaves of a tree, from the root down.
type walker struct {
	ctx     context.Context
	c       *Certificate
	m       *model
	extra   chan struct{} // a token for every goroutine beside the first
	group   sync.WaitGroup
	refined atomic.Int64

	conceding bool    // see Concede
	reach     *ranges // see worker

	mu     sync.Mutex
	failed int32 // smallest index of a leaf that failed
	reason string
}

// worker is the scratch memory of one goroutine.
type worker struct {
	m      *model
	f      form
	lo, hi []float64 // of the activation buffer
	mult   []float64

	// Where there are constraints:
	parts        []entry
	kinks        [][2]float64
	sa, slo, shi []float64 // see gain
	cut          *cut      // of the node at hand, nil for none
	cutoff       float64   // plans have J below it
	reach        *ranges   // of the whole box; only its states are read
}

func newWorker(m *model) *worker {
	width, n := m.in+len(m.hidden), max(m.in, m.inputs())
	return &worker{m: m, f: m.newForm(), lo: make([]float64, width), hi: make([]float64, width),
		mult: make([]float64, m.rows), sa: make([]float64, n), slo: make([]float64, n), shi: make([]float64, n)}
}

// newWorker returns one that knows which plans matter.
func (k *walker) newWorker() *worker {
	w := newWorker(k.m)
	w.cutoff, w.reach = k.c.Claim.DualBound, k.reach
	return w
}

// checkBounds recomputes the bounds of all leaves and writes the reason of the first
// failure to r.
func (k *walker) checkBounds(t *tree, r *Report) error {
	c, m, w := k.c, k.m, k.newWorker()
	root := place{lower: slices.Clone(c.Program.Lower), upper: slices.Clone(c.Program.Upper), pending: c.Program.Horizon}
	var some bool
	if root.r, some = w.open(root.lower, root.upper); !some {
		return nil // no plan
	}
	if m.follows {
		k.reach = root.r.clone()
		w.reach = k.reach
	}
	some, reason, err := k.sharpen(root.r, root.lower, root.upper)
	if r.Reason = reason; reason != "" || err != nil || !some {
		return err
	}
	k.walk(w, t, root)
	k.group.Wait()
	if r.Reason = k.reason; r.Reason == "" {
		r.Refined = int(k.refined.Load())
	}
	if k.conceding {
		c.lowest()
	}
	return context.Cause(k.ctx)
}

// place is where the walk is: a box and ranges that hold there.
type place struct {
	r            *ranges // not changed: children copy it
	lower, upper []float64
	pending      int // the first step that r does not account for yet
	cut          *cut
	kept         float64 // what keep-out terms cost at least, by the ranges of a node above
}

// own returns the place with ranges that may be changed; and where there are
// constraints a box that may be.
func (k *walker) own(p place) place {
	p.r = p.r.clone()
	if k.m.follows {
		p.lower, p.upper = slices.Clone(p.lower), slices.Clone(p.upper)
	}
	return p
}

// walk bounds the leaves of t. Leaves behind one that failed need no answer: the
// first failure is the reason, whoever finds it.
func (k *walker) walk(w *worker, t *tree, p place) {
	if k.ctx.Err() != nil || k.behind(t.first) {
		return
	}
	if t.leaves != nil {
		if len(t.sharpened) > 0 {
			if p = k.own(p); !k.sharpenAt(w, t, &p) {
				return
			}
		}
		for n, i := range t.leaves {
			k.leaf(w, i, p, n == 0)
		}
		return
	}
	if p.pending < k.c.Program.Horizon {
		p = k.own(p)
		if !w.tightened(p, p.pending) {
			return // there is no point here
		}
		p.pending = k.c.Program.Horizon
	}
	if len(t.sharpened) > 0 {
		if p = k.own(p); !k.sharpenAt(w, t, &p) {
			return
		}
	}
	if t.form != nil && k.m.follows && !k.c.Claim.Infeasible {
		p.cut = w.cutAt(t.form, p.r, p.lower, p.upper)
	}
	if kept := w.keepOut(p.r, p.lower, p.upper); kept > p.kept {
		p.kept = kept
	}
	for side, kid := range t.kids {
		q, ok := k.child(t, side, p)
		if !ok {
			continue
		}
		if side == 0 && k.spawn(kid, q) {
			continue
		}
		k.walk(w, kid, q)
	}
}

// sharpenAt sharpens a place by what the certificate says of its node; false if no plan is
// left, or if something is not proven.
func (k *walker) sharpenAt(w *worker, t *tree, p *place) bool {
	for _, i := range t.sharpened {
		y := &k.c.Sharpened[i]
		if y.Form != nil && k.m.follows && !k.c.Claim.Infeasible {
			p.cut = w.cutAt(y.Form, p.r, p.lower, p.upper)
		}
		rounds := &rounds{w: newWorker(k.m), r: p.r, lower: p.lower, upper: p.upper}
		if len(y.Ranges) > 0 {
			some, reason, err := k.prove(y.Ranges, rounds)
			if reason != "" {
				k.fail(t.first, fmt.Sprintf("sharpening of %q: %s", y.Path, reason))
			}
			if !some || reason != "" || err != nil {
				return false
			}
			if k.m.follows {
				copy(p.lower, rounds.boxLower)
				copy(p.upper, rounds.boxUpper)
			}
		}
		if !w.tightened(*p, 0) {
			return false
		}
	}
	return true
}

// spawn walks a subtree on another goroutine if one is free.
func (k *walker) spawn(t *tree, p place) bool {
	select {
	case k.extra <- struct{}{}:
	default:
		return false
	}
	k.group.Add(1)
	go func() {
		defer k.group.Done()
		k.walk(k.newWorker(), t, p)
		<-k.extra
	}()
	return true
}

// child returns the place of one side of a cut; false if there is no point.
func (k *walker) child(t *tree, side int, p place) (place, bool) {
	if t.unit >= 0 {
		p.r = p.r.clone()
		p.pending = min(p.pending, t.unit/len(k.m.hidden))
		return p, p.r.fix(t.unit, 2*side-1)
	}
	at := t.coordinate
	if side == 0 {
		p.upper = slices.Clone(p.upper)
		p.upper[at] = min(p.upper[at], t.point) // constraints may have clipped it
	} else {
		p.lower = slices.Clone(p.lower)
		p.lower[at] = max(p.lower[at], t.point)
	}
	if p.lower[at] > p.upper[at] {
		return p, false
	}
	switch y := k.sibling(t.kids[1-side]); {
	case y != nil && y.Slab:
	case y != nil && y.Redo:
		p.pending = 0
	default:
		p.pending = min(p.pending, at/k.c.Program.Nu)
	}
	return p, true
}

// sibling returns the leaf that a subtree is, nil if it is none.
func (k *walker) sibling(t *tree) *Leaf {
	if t.leaves == nil {
		return nil
	}
	return &k.c.Leaves[t.leaves[0]]
}

func (k *walker) behind(leaf int32) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return leaf > k.failed
}

// leaf verifies the bound of leaf i, whose box is that of the place (same) or lies
// in it.
func (k *walker) leaf(w *worker, i int32, p place, same bool) {
	if k.behind(i) {
		return
	}
	y := &k.c.Leaves[i]
	p = k.own(p)
	if !k.m.follows {
		p.lower, p.upper = y.Lower, y.Upper
	} else if !intersect(p.lower, p.upper, y.Lower, y.Upper) {
		return // no plan
	}
	if !same {
		p.pending = 0
	}
	for _, phase := range y.Phases {
		before := span{p.r.lo[phase[0]], p.r.hi[phase[0]]}
		if !p.r.fix(phase[0], phase[1]) {
			return // there is no such point
		}
		if before != (span{p.r.lo[phase[0]], p.r.hi[phase[0]]}) {
			p.pending = min(p.pending, phase[0]/len(k.m.hidden))
		}
	}
	if !w.confine(p.lower, p.upper) {
		return // no plan
	}
	value := w.bound(y, p)
	if value < y.Bound {
		value = k.rebound(w, y, p, value)
	}
	switch {
	case value >= y.Bound || k.concede(y, value):
	case y.Empty:
		k.fail(i, fmt.Sprintf("leaf %d: it is not proven that no plan is in it", i))
	default:
		k.fail(i, fmt.Sprintf("leaf %d: recomputed bound %v is below the claimed %v", i, value, y.Bound))
	}
}

// intersect makes [lower, upper] its intersection with [l, u]; false if it is empty.
func intersect(lower, upper, l, u []float64) bool {
	for k := range lower {
		lower[k], upper[k] = max(lower[k], l[k]), min(upper[k], u[k])
		if lower[k] > upper[k] {
			return false
		}
	}
	return true
}

// tightened is tighten for a place. It clips its box only by what the rows say of the
// actions alone: what is bounded next may start from a larger part of the box, and an end
// that rows have clipped says nothing about where it comes from.
func (w *worker) tightened(p place, first int) bool {
	if !w.confine(p.lower, p.upper) {
		return false
	}
	w.cut = p.cut
	lower, upper := p.lower, p.upper
	if w.m.follows {
		lower, upper = slices.Clone(lower), slices.Clone(upper)
	}
	some := w.tighten(p.r, lower, upper, first)
	w.cut = nil
	return some
}

// rebound bounds a leaf with ranges of its own, and cuts it if only little is missing.
func (k *walker) rebound(w *worker, y *Leaf, p place, value float64) float64 {
	if !w.tightened(p, p.pending) {
		return math.Inf(1)
	}
	value = max(value, w.bound(y, p))
	for pass := 0; value < y.Bound && pass < k.passes(); pass++ {
		if !w.intervals(p.r, p.lower, p.upper) || !w.tightened(p, 0) {
			return math.Inf(1)
		}
		value = max(value, w.bound(y, p))
	}
	scale := max(math.Abs(y.Bound), math.Abs(k.c.Claim.Objective))
	if value >= y.Bound || !y.Empty && y.Bound-value > refineShare*scale {
		return value
	}
	k.refined.Add(1)
	budget := refineBoxes
	if w.refine(y, p, &budget) {
		return y.Bound
	}
	return value
}

// passes is how often the ranges of a leaf are tightened on its own: where states are
// followed, ranges of late steps narrow the boxes of states of earlier ones.
func (k *walker) passes() int {
	if k.m.follows {
		return 3
	}
	return 1
}

func (k *walker) fail(leaf int32, reason string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if leaf < k.failed {
		k.failed, k.reason = leaf, reason
	}
}
