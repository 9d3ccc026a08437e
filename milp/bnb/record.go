package bnb

import (
	"math"
	"slices"
	"sync/atomic"

	"hinge/control"
	"hinge/milp/bound"
)

// recorder keeps what the trees of a search have proven, for a certificate. A nil
// recorder, and nil records, record nothing.
type recorder struct {
	trees []*treeRecord
	size  atomic.Int64 // numbers kept so far
	limit int64

	stages  *regionRecord // root of the search by stages, nil if there was none
	frames  []frame
	lacking atomic.Bool // a part of its proof is not there

	prefixes []*prefixRecord
}

// treeRecord is the proof of one tree. It outlives the tree, which may be given up
// after it has proven the best bound.
type treeRecord struct {
	root   *record
	proofs bound.Proofs // of the ranges at its root
	cutoff float64      // least one that a range relies on
}

// record is a part of a tree's partition: a leaf, or two parts that make it up.
type record struct {
	r            *recorder
	lower, upper []float64
	phases       []phase
	bound        float64     // of J there
	own          float64     // bound that dual gave
	dual         *slopes     // not changed: others may hold it too
	slab, redo   bool        // see certificate.Leaf
	empty        bool        // dual proves that no plan is there
	sharpened    []sharpened // in this order; see certificate.Sharpening
	form         *slopes     // of a bound that the parts of this one lean on, nil for none
	kids         *[2]*record // nil for a leaf
}

// sharpened is what narrowed a part, and whose bound of J the plain bounds then leaned on,
// if that was found on the part itself.
type sharpened struct {
	*bound.Proofs
	form *slopes
}

// slopes is a dual with the upper slopes that the ranges gave. With both slopes the
// checker gets the same linear form, whatever its ranges.
type slopes struct {
	bound.Dual
	up []float64
}

// open starts the record of a tree whose root is n, for a program with the given box:
// constraints may leave less of it to n. What they take away without the objective is
// not recorded; whoever reads the record does the same.
func (r *recorder) open(t *tree, n *node, box control.Box) {
	if r == nil {
		return
	}
	t.rec = &treeRecord{root: r.leaf(box.Lower, box.Upper), cutoff: math.Inf(1)}
	t.rec.root.dual, t.rec.root.bound, t.rec.root.own = copyDual(n.dual, n.ranges), n.bound, n.bound
	n.rec = t.rec.root
	r.trees = append(r.trees, t.rec)
}

// full reports whether no more can be kept. It is asked between rounds only, so that
// the answer does not depend on the number of workers.
func (r *recorder) full() bool { return r != nil && r.kept() > r.limit }

// kept counts the numbers kept, those of prefixes too.
func (r *recorder) kept() int64 {
	n := r.size.Load()
	for _, p := range r.prefixes {
		n += p.rec.size.Load()
	}
	return n
}

func (r *recorder) leaf(lower, upper []float64) *record {
	r.size.Add(int64(2 * len(lower)))
	return &record{r: r, lower: slices.Clone(lower), upper: slices.Clone(upper)}
}

// proofsBelow returns where the proofs of ranges go that hold where J < cutoff.
func (t *treeRecord) proofsBelow(cutoff float64) *bound.Proofs {
	if t == nil {
		return nil
	}
	t.cutoff = min(t.cutoff, cutoff)
	return &t.proofs
}

// sharpen returns where the proofs go of what narrows the part, where J < cutoff.
func (p *record) sharpen(t *treeRecord, cutoff float64) *bound.Proofs {
	if p == nil {
		return nil
	}
	t.cutoff = min(t.cutoff, cutoff)
	y := new(bound.Proofs)
	p.sharpened = append(p.sharpened, sharpened{y, p.form})
	p.form = nil // parts lean on what comes
	return y
}

// child returns the record of c, one side of the branch b of p. Between two whole
// numbers the cut is half-way.
func (p *record) child(c *node, b branch, whole bool, side int) *record {
	if p == nil {
		return nil
	}
	q := p.r.leaf(p.lower, p.upper)
	if !b.onUnit {
		point := b.point
		if whole {
			point = math.Floor(point) + .5
		}
		[2][]float64{q.upper, q.lower}[side][b.input] = point
	}
	q.phases, q.bound, q.own, q.dual = c.phases, c.bound, p.own, p.dual
	if p.kids == nil {
		p.kids = new([2]*record)
	}
	p.kids[side] = q
	if side == 1 {
		p.forget()
	}
	return q
}

// forget drops what only leaves need.
func (p *record) forget() { p.lower, p.upper, p.phases, p.dual = nil, nil, nil, nil }

// prove notes that d bounds J by v, given the ranges of n. A bound of the parent that
// is better stays, with the dual that gave it.
func (p *record) prove(n *node, d *bound.Dual, v float64) {
	if p == nil || v < p.own {
		return
	}
	p.own, p.dual = v, p.copyDual(n, d)
}

// refute notes that d proves that there is no plan.
func (p *record) refute(n *node, d *bound.Dual) {
	if p != nil {
		p.empty, p.dual = true, p.copyDual(n, d)
	}
}

// leanOn notes whose bound of J the ranges of the parts lean on.
func (p *record) leanOn(d *slopes) {
	if p != nil {
		p.form = d
	}
}

// copyDual returns a copy for the record.
func (p *record) copyDual(n *node, d *bound.Dual) *slopes {
	if p == nil {
		return nil
	}
	p.r.size.Add(int64(2*len(d.Low) + len(d.Mult) + len(d.Split) + len(d.Rows)))
	return copyDual(d, n.ranges)
}

// copyDual copies a dual. Slopes that it does not read become those of the phase.
func copyDual(d *bound.Dual, ranges bound.Ranges) *slopes {
	c := &slopes{Dual: bound.Dual{Low: slices.Clone(d.Low), Mult: slices.Clone(d.Mult), Split: slices.Clone(d.Split), Rows: slices.Clone(d.Rows)},
		up: make([]float64, len(d.Low))}
	for i, u := range ranges.Upper {
		l := ranges.Lower[i]
		switch {
		case l >= 0:
			c.Low[i], c.up[i] = 1, 1
		case u <= 0:
			c.Low[i] = 0
		default:
			c.up[i] = slope(l, u)
		}
	}
	return c
}

// clip splits the part into the slabs that were cut off the box before, with the dual d
// whose form says that J >= cutoff there, and what is left, which it returns. Ranges are not
// tightened behind a slab but, if the solver did so at all, the last.
func (p *record) clip(n *node, before control.Box, d *slopes, cutoff float64, tightened bool) *record {
	if p == nil {
		return nil
	}
	rest, last := p, p
	cut := func(slab func(s *record), keep func(q *record)) {
		s, q := p.r.leaf(rest.lower, rest.upper), p.r.leaf(rest.lower, rest.upper)
		slab(s)
		s.phases, s.bound, s.own, s.dual, s.slab = p.phases, cutoff, cutoff, d, true
		keep(q)
		q.phases, q.bound, q.own, q.dual = p.phases, rest.bound, rest.own, rest.dual
		rest.kids = &[2]*record{s, q}
		if rest != p {
			rest.forget()
		}
		rest, last = q, s
	}
	for k := len(n.lower) - 1; k >= 0; k-- {
		if v := n.upper[k]; v < before.Upper[k] {
			cut(func(s *record) { s.lower[k] = v }, func(q *record) { q.upper[k] = v })
		}
		if v := n.lower[k]; v > before.Lower[k] {
			cut(func(s *record) { s.upper[k] = v }, func(q *record) { q.lower[k] = v })
		}
	}
	if rest == p {
		return p
	}
	if tightened {
		last.slab, last.redo = false, true
	}
	p.forget()
	return rest
}

// settle notes the bound with which a part is left.
func (p *record) settle(bound float64) {
	if p != nil {
		p.bound = bound
	}
}
