package bnb

import (
	"math"
	"slices"

	"hinge/control"
	"hinge/milp/bound"
)

// expander bounds the halves of nodes. It holds scratch memory: one per
// worker.
type expander struct {
	p     *problem
	b     *bound.Bounder
	steps int
	form  bound.Form
	dual  *bound.Dual
	gain  []float64 // see plainGains
	// reach is what Tighten fills; at each node it starts as rootReach, so that
	// units whose ranges are inherited do not depend on the node before.
	reach, rootReach *bound.Reach
	before           control.Box // of a node before it is clipped
	d                *descent
	relax            *relaxed    // nil until phases are split
	phases           bool        // the current tree splits phases
	gains            []unitGains // of the current tree; not changed in a round
	tries            bool        // units may be tried in this round
	ahead            bool        // nodes look ahead in this round
	few              bool        // units, nearly all undecided: the tree on phases goes first
	stop             func() bool // the context has ended: what is at hand will not count
}

func newExpander(p *problem, b *bound.Bounder, steps int) *expander {
	n := p.Inputs()
	e := &expander{p: p, b: b, steps: steps, dual: b.NewDual(), d: newDescent(p),
		gain: make([]float64, n), form: bound.Form{A: make([]float64, n)},
		reach: b.NewReach(), rootReach: b.NewReach(), before: p.Box.Clone()}
	r := b.NewRanges()
	b.Root().Copy(r)
	b.Trace(e.rootReach)
	b.Tighten(r, p.Box.Lower, p.Box.Upper, 0)
	b.Trace(e.reach)
	return e
}

// half is one side of a node that is split.
type half struct {
	*node
	first  int  // step whose ranges the split may change, the ones before stand
	leaned bool // the ranges lean on the bound of the node that is split, see node.form
}

// expansion is the outcome of one half.
type expansion struct {
	child *node // nil where pruned
	// dropped is the smallest bound of what was pruned or clipped, +Inf if nothing.
	dropped float64
	found   incumbent
	guess   []float64 // solution of a relaxation
	work    int       // see bound.Bounder.Work
	share   float64   // of the search space that was pruned
	trials  []trial   // see reliability.go
	insight insight
}

// untouched is the outcome of a half that nobody bounds.
func untouched(c *node) expansion {
	return expansion{child: c, dropped: math.Inf(1), found: incumbent{value: math.Inf(1)}}
}

// split returns a half of n.
func (e *expander) split(n *node, side int) half {
	c := e.child(n, side)
	if n.branch.onUnit && n.first != nil && n.first.Unit == n.branch.unit {
		c.first = n.first.side(side == 1)
	}
	c.sketch = n.sketch.split(n.branch, side)
	c.rec = n.rec.child(c, n.branch, !n.branch.onUnit && e.p.isWhole(n.branch.input), side)
	return half{c, e.firstStep(n.branch), n.form != nil}
}

// expand bounds a half against the cutoff.
func (e *expander) expand(h half, cutoff float64) expansion {
	c, out, start := h.node, untouched(nil), e.b.Work()
	e.process(c, h.first, cutoff, &out)
	if h.leaned { // the ranges hold where J is less
		c.rec.settle(min(c.bound, cutoff))
	} else {
		c.rec.settle(c.bound)
	}
	if c.bound < cutoff && !c.branch.none {
		out.child = c
	} else {
		out.dropped = min(out.dropped, c.bound)
		out.share = math.Pow(.5, float64(c.depth))
	}
	out.work += e.b.Work() - start
	return out
}

// firstStep returns the first step whose ranges a branch may change.
func (e *expander) firstStep(b branch) int {
	if b.onUnit {
		return b.unit / e.b.Units()
	}
	return b.input / e.p.Nu
}

// child returns a copy of n restricted to one side of its branch.
func (e *expander) child(n *node, side int) *node {
	c := &node{bound: n.bound, depth: n.depth + 1, lower: slices.Clone(n.lower), upper: slices.Clone(n.upper),
		phases: n.phases, form: n.form, ranges: e.b.NewRanges(), dual: e.b.NewDual(), basis: n.basis}
	n.ranges.Copy(c.ranges)
	n.dual.Copy(c.dual)
	if b := n.branch; b.onUnit {
		c.phases = append(slices.Clip(n.phases), phase{b.unit, side == 1})
		if side == 0 {
			c.ranges.Upper[b.unit] = 0
		} else {
			c.ranges.Lower[b.unit] = 0
		}
		return c
	}
	below, above := n.branch.point, n.branch.point
	if e.p.isWhole(n.branch.input) {
		below = math.Floor(below)
		above = below + 1
	}
	if side == 0 {
		c.upper[n.branch.input] = below
	} else {
		c.lower[n.branch.input] = above
	}
	return c
}

// reclip is the share of an edge that must be cut off before bounds are redone.
const reclip = .2

// deepening is the depth at which a node is worth twice the dual steps of the
// root: far down the relaxation is nearly exact, and what is left of the gap is
// a dual that is not optimal. Without it, flat optima are split for ever.
const deepening = 12

// ascent returns the dual steps of c: none where its relaxation is solved anyway,
// but for a root that is solved but once: with its dual all others start.
func (e *expander) ascent(c *node) int {
	if e.phases && (e.p.follows || c.depth > 0) {
		return 0
	}
	return e.steps * (1 + c.depth/deepening)
}

// process bounds c, clips it, looks for an incumbent and chooses its branch.
// Its box differs from the one its ranges were made for from step first on.
func (e *expander) process(c *node, first int, cutoff float64, out *expansion) {
	e.rootReach.Copy(e.reach)
	if e.p.follows {
		if e.b.Below(c.form, cutoff); c.form != nil && !math.IsInf(cutoff, 1) {
			out.dropped = min(out.dropped, cutoff) // the ranges hold where J is less
		}
	}
	for pass := range 3 {
		if !e.p.confine(c.lower, c.upper) {
			c.bound = math.Inf(1)
			return
		}
		if !e.b.Tighten(c.ranges, c.lower, c.upper, first) {
			c.bound = math.Inf(1)
			return
		}
		v := e.b.Objective(c.dual, &e.form, c.ranges, c.lower, c.upper,
			bound.Ascent{Steps: e.ascent(c), Rate: .1, Cutoff: cutoff})
		c.rec.prove(c, c.dual, v)
		c.bound = max(c.bound, v)
		if c.bound >= cutoff {
			return
		}
		e.probe(c, out)
		e.keepBox(c)
		share := clip(&e.form, c.lower, c.upper, cutoff)
		if share > 0 {
			out.dropped = min(out.dropped, cutoff)
			c.rec = c.rec.clip(c, e.before, c.rec.copyDual(c, c.dual), cutoff, share >= reclip && pass < 2)
		}
		if share < reclip {
			break
		}
		first = 0
	}
	if e.phases && e.relax.process(e, c, cutoff, out) {
		return
	}
	plainGains(e.gain, e.b, e.dual, c.ranges, c.lower, c.upper)
	if c.branch = choose(e.p, e.gain, c.lower, c.upper); c.branch.none {
		e.boundPoint(c)
	}
}

// boundPoint bounds a node that cannot be split: where whole numbers leave a point, ranges of
// its own and a dual that starts there bound what it costs up to rounding, or say that it is
// no plan, and nobody else will.
func (e *expander) boundPoint(c *node) {
	if !e.p.confine(c.lower, c.upper) || !e.b.Tighten(c.ranges, c.lower, c.upper, 0) {
		c.bound = math.Inf(1)
		return
	}
	e.b.PlainDual(e.dual, c.ranges, c.lower, c.upper)
	v := e.b.Objective(e.dual, nil, c.ranges, c.lower, c.upper, bound.Ascent{})
	c.rec.prove(c, e.dual, v)
	c.bound = max(c.bound, v)
}

// keepBox keeps the box of c, which is about to be clipped.
func (e *expander) keepBox(c *node) {
	copy(e.before.Lower, c.lower)
	copy(e.before.Upper, c.upper)
}

// probe tries the minimiser of the node's linear bound as an incumbent.
func (e *expander) probe(c *node, out *expansion) {
	u := e.d.u
	for k, a := range e.form.A {
		u[k] = c.upper[k]
		if a > 0 {
			u[k] = c.lower[k]
		}
	}
	out.found.offer(u, e.p.value(u, e.d.ws))
}
