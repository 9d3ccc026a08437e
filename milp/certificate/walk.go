package certificate

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// The limits of the checker's own refinement of a leaf.
const (
	refineBoxes = 64   // boxes that are bounded, per leaf
	refineShare = 1e-3 // of max(|claimed bound|, |objective|)
)

// walker bounds the leaves of a tree, from the root down.
type walker struct {
	ctx     context.Context
	c       *Certificate
	m       *model
	extra   chan struct{} // a token for every goroutine beside the first
	group   sync.WaitGroup
	refined atomic.Int64

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
}

func newWorker(m *model) *worker {
	width := m.in + len(m.hidden)
	return &worker{m: m, f: m.newForm(), lo: make([]float64, width), hi: make([]float64, width),
		mult: make([]float64, m.rows)}
}

// checkBounds recomputes the bounds of all leaves and writes the reason of the first
// failure to r.
func checkBounds(ctx context.Context, m *model, c *Certificate, t *tree, r *Report) error {
	k := &walker{ctx: ctx, c: c, m: m, extra: make(chan struct{}, max(0, runtime.GOMAXPROCS(0)-1)), failed: math.MaxInt32}
	w := newWorker(m)
	root := place{lower: c.Program.Lower, upper: c.Program.Upper, pending: c.Program.Horizon}
	root.r = w.open(root.lower, root.upper)
	some, reason, err := k.sharpen(root.r, root.lower, root.upper)
	if r.Reason = reason; reason != "" || err != nil || !some {
		return err
	}
	k.walk(w, t, root)
	k.group.Wait()
	if r.Reason = k.reason; r.Reason == "" {
		r.Refined = int(k.refined.Load())
	}
	return context.Cause(ctx)
}

// place is where the walk is: a box and ranges that hold there.
type place struct {
	r            *ranges // not changed: children copy it
	lower, upper []float64
	pending      int // the first step that r does not account for yet
}

// walk bounds the leaves of t. Leaves behind one that failed need no answer: the
// first failure is the reason, whoever finds it.
func (k *walker) walk(w *worker, t *tree, p place) {
	if k.ctx.Err() != nil || k.behind(t.first) {
		return
	}
	if t.leaves != nil {
		for n, i := range t.leaves {
			k.leaf(w, i, p, n == 0)
		}
		return
	}
	if p.pending < k.c.Program.Horizon {
		p.r = p.r.clone()
		if !w.tighten(p.r, p.lower, p.upper, p.pending) {
			return // there is no point here
		}
		p.pending = k.c.Program.Horizon
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
		k.walk(newWorker(k.m), t, p)
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
		p.upper[at] = t.point
	} else {
		p.lower = slices.Clone(p.lower)
		p.lower[at] = t.point
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
	p.r, p.lower, p.upper = p.r.clone(), y.Lower, y.Upper
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
	value := w.bound(y, p)
	if value < y.Bound {
		value = k.tightened(w, y, p, value)
	}
	if value < y.Bound {
		k.fail(i, fmt.Sprintf("leaf %d: recomputed bound %v is below the claimed %v", i, value, y.Bound))
	}
}

// tightened bounds a leaf with ranges of its own, and cuts it if only little is missing.
func (k *walker) tightened(w *worker, y *Leaf, p place, value float64) float64 {
	if !w.tighten(p.r, p.lower, p.upper, p.pending) {
		return math.Inf(1)
	}
	value = max(value, w.bound(y, p))
	if value < y.Bound {
		if !w.intervals(p.r, p.lower, p.upper) || !w.tighten(p.r, p.lower, p.upper, 0) {
			return math.Inf(1)
		}
		value = max(value, w.bound(y, p))
	}
	scale := max(math.Abs(y.Bound), math.Abs(k.c.Claim.Objective))
	if value >= y.Bound || y.Bound-value > refineShare*scale {
		return value
	}
	k.refined.Add(1)
	budget := refineBoxes
	if w.refine(y, p, &budget) {
		return y.Bound
	}
	return value
}

func (k *walker) fail(leaf int32, reason string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if leaf < k.failed {
		k.failed, k.reason = leaf, reason
	}
}

// bound returns the lower bound of J on the box of p, given by the multipliers of y.
func (w *worker) bound(y *Leaf, p place) float64 {
	s := sides{r: p.r, low: y.Low, split: y.Split}
	mult := y.Mult
	if mult == nil {
		mult = w.tangents(p.lower, p.upper)
	}
	return w.m.objective(&w.f, &s, mult, p.lower, p.upper)
}

// refine cuts the box of p until the bound of y holds on every part; false if budget
// boxes do not suffice. Parts are bounded with the multipliers of y and with none.
func (w *worker) refine(y *Leaf, p place, budget *int) bool {
	k := w.widest(p)
	if k < 0 {
		return false
	}
	mid := p.lower[k] + (p.upper[k]-p.lower[k])/2
	for side := range 2 {
		if *budget--; *budget < 0 {
			return false
		}
		q := p
		q.r, q.lower, q.upper = p.r.clone(), slices.Clone(p.lower), slices.Clone(p.upper)
		if side == 0 {
			q.upper[k] = mid
		} else {
			q.lower[k] = mid
		}
		if !w.tighten(q.r, q.lower, q.upper, k/w.m.p.Nu) {
			continue
		}
		if w.bound(&Leaf{}, q) >= y.Bound || w.bound(y, q) >= y.Bound {
			continue
		}
		if !w.refine(y, q, budget) {
			return false
		}
	}
	return true
}

// widest returns the coordinate in which the last form varies most on the box, or
// the widest one if it varies nowhere; -1 if the box is a point.
func (w *worker) widest(p place) int {
	best, most, edge := -1, 0.0, 0.0
	for k, a := range w.f.a {
		width := p.upper[k] - p.lower[k]
		v := math.Abs(a) * width
		if v > most || most == 0 && width > edge {
			best, most, edge = k, v, width
		}
	}
	return best
}

// tangents returns the multipliers of the residuals at the centre of the box.
func (w *worker) tangents(lower, upper []float64) []float64 {
	m, nx, nu := w.m, w.m.p.Nx, w.m.p.Nu
	u := center(lower, upper)
	x := make([]float64, (m.p.Horizon+1)*nx)
	copy(x, m.p.X0)
	for t := range m.p.Horizon {
		v := slices.Concat(x[t*nx:(t+1)*nx], u[t*nu:(t+1)*nu])
		for h := range m.hidden {
			z := m.hidden[h].interval(v, v)
			v = append(v, m.hidden[h].activate(z).hi)
		}
		for i := range m.out {
			x[(t+1)*nx+i] = m.out[i].interval(v, v).lo
		}
	}
	dst := w.mult[:0]
	for i := range m.p.Cost {
		k := &m.p.Cost[i]
		at := len(dst)
		for j := range k.B {
			dst = append(dst, m.residual(k, j, x, x, u, u).lo)
		}
		k.tangent(dst[at:])
	}
	return dst
}

// tangent replaces a residual by the multipliers of the norm's tangent there.
func (k *Term) tangent(r []float64) {
	top, far := 0, 0
	for i, v := range r {
		if v > r[top] {
			top = i
		}
		if math.Abs(v) > math.Abs(r[far]) {
			far = i
		}
	}
	switch k.Norm {
	case L1:
		for i, v := range r {
			r[i] = math.Copysign(1, v)
		}
	case LInf:
		s := math.Copysign(1, r[far])
		clear(r)
		r[far] = s
	case Max:
		clear(r)
		r[top] = 1
	}
}
