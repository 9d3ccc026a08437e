package bnb

import (
	"math"
	"slices"

	"hinge/milp/certificate"
)

// regionRecord is what the search by stages has proven of a node: the proof of each box
// of states, each cut and its bound. Methods of nil do nothing.
type regionRecord struct {
	r     *recorder
	split *certificate.Split // nil at the root
	boxes []certificate.StateBox
	bound *boundRecord
	kids  [2]*regionRecord
	cuts  []*cutRecord
}

// cutRecord is a cut with the cuts that its proof relies on.
type cutRecord struct {
	certificate.Cut
	uses   []*cutRecord
	tilted *cutRecord // nil unless the cut was made from this one
	number int        // in the file, from 1; 0 if it is not there
}

// boundRecord is the proof of a bound of J.
type boundRecord struct {
	value float64
	uses  []*cutRecord
	proof *proof
}

// region starts the record of the root of a search by stages.
func (r *recorder) region(fs []frame) *regionRecord {
	if r == nil {
		return nil
	}
	r.frames, r.stages = fs, &regionRecord{r: r}
	return r.stages
}

// proven counts the memory of a proof and reports whether it proves v.
func (r *recorder) proven(p *proof, v float64) bool {
	if p == nil || !(p.bound >= v) {
		r.lacking.Store(true)
		return false
	}
	for i := range p.leaves {
		y := &p.leaves[i]
		r.size.Add(int64(len(y.Lower) + len(y.Upper) + len(y.Low) + len(y.Mult) + len(y.Split)))
	}
	for _, g := range p.ranges {
		for i := range g {
			r.size.Add(int64(len(g[i].Low) + len(g[i].Mult)))
		}
	}
	return true
}

// box records the box of the states of step t, bounded in both directions of every
// axis.
func (q *regionRecord) box(t int, sides []*side, b stateBox) {
	if q == nil {
		return
	}
	y := certificate.StateBox{Step: t, Lower: slices.Clone(b.lower), Upper: slices.Clone(b.upper)}
	for i, s := range sides {
		if q.r.proven(s.proof, s.dual) {
			y.Sides = append(y.Sides, certificate.Side{Direction: i / 2, Sign: 1 - 2*(i%2), Leaves: s.proof.leaves, Ranges: s.proof.ranges})
		}
	}
	q.boxes = append(q.boxes, y)
}

// cut records a cut of V_t that was made from those of V_{t+1}.
func (q *regionRecord) cut(t int, c *cut, from []cut, res *Result) {
	if q == nil || !q.r.proven(res.proof, res.DualBound) {
		return
	}
	c.rec = &cutRecord{Cut: certificate.Cut{Step: t, Slope: slices.Clone(c.slope), Offset: c.offset,
		Leaves: res.proof.leaves, Ranges: res.proof.ranges}, uses: used(from)}
	q.cuts = append(q.cuts, c.rec)
}

func used(cuts []cut) []*cutRecord {
	var uses []*cutRecord
	for i := range cuts {
		if cuts[i].rec != nil {
			uses = append(uses, cuts[i].rec)
		}
	}
	return uses
}

// prove records a bound of J that is better than those before.
func (q *regionRecord) prove(from []cut, res *Result) {
	if q != nil && q.r.proven(res.proof, res.DualBound) {
		q.bound = &boundRecord{value: res.DualBound, uses: used(from), proof: res.proof}
	}
}

// half records one side of a split, with its box.
func (q *regionRecord) half(sp stateSplit, side int, b stateBox) *regionRecord {
	if q == nil {
		return nil
	}
	h := &regionRecord{r: q.r, split: &certificate.Split{Step: sp.step, Direction: sp.direction, Side: 1 - 2*side, Point: sp.point}}
	h.boxes = []certificate.StateBox{{Step: sp.step, Lower: slices.Clone(b.lower), Upper: slices.Clone(b.upper)}}
	q.kids[side] = h
	return h
}

// tilted records cuts that were made from others by a tilt about the split.
func (q *regionRecord) tilted(cuts, from []cut, tilt float64) {
	if q == nil {
		return
	}
	for i := range cuts {
		c := &cuts[i]
		c.rec = &cutRecord{Cut: certificate.Cut{Step: q.split.Step, Slope: slices.Clone(c.slope), Offset: c.offset,
			Tilt: &certificate.Tilt{Amount: tilt}}, tilted: from[i].rec}
		q.cuts = append(q.cuts, c.rec)
	}
}

// refuted records a half that is done with: its tilted cuts and a bound of J that the
// proof of res gives with them. That one was made with cuts tilted about another point,
// and proves as much more as they are higher.
func (q *regionRecord) refuted(cuts, from []cut, tilt, value float64, res *Result) {
	if q == nil || !q.r.proven(res.proof, res.DualBound) {
		return
	}
	q.tilted(cuts, from, tilt)
	lower := *res.proof
	lower.leaves = slices.Clone(lower.leaves)
	for i := range lower.leaves {
		lower.leaves[i].Bound = value
	}
	q.bound = &boundRecord{value: value, uses: used(cuts), proof: &lower}
}

// value is the bound of J that the record proves in the region: that of its halves
// where it is better than its own.
func (q *regionRecord) value() float64 {
	own := math.Inf(-1)
	if q.bound != nil {
		own = q.bound.value
	}
	if q.kids[0] != nil && q.kids[1] != nil {
		own = max(own, min(q.kids[0].value(), q.kids[1].value()))
	}
	return own
}

// provenByStages is the bound that the record of the search by stages proves.
func (r *recorder) provenByStages() float64 {
	if r.stages == nil || r.lacking.Load() {
		return math.Inf(-1)
	}
	return r.stages.value()
}

// proofByStages writes the record without what the bound does not rely on.
func (r *recorder) proofByStages() *certificate.Cuts {
	c := &certificate.Cuts{}
	for t := range r.frames[1:] {
		f := &r.frames[t+1]
		c.Frames = append(c.Frames, certificate.Frame{Center: f.center, Basis: f.basis})
	}
	w := &stageWriter{c: c}
	r.stages.mark()
	w.region(r.stages, -1)
	return c
}

// halved reports whether the halves prove more than the region by itself.
func (q *regionRecord) halved() bool { return q.bound == nil || q.value() > q.bound.value }

// mark marks the cuts that the bounds rely on.
func (q *regionRecord) mark() {
	if !q.halved() {
		markAll(q.bound.uses)
		return
	}
	for _, h := range q.kids {
		h.mark()
	}
}

func markAll(cuts []*cutRecord) {
	for _, c := range cuts {
		if c.number != 0 {
			continue
		}
		c.number = -1
		markAll(c.uses)
		if c.tilted != nil {
			markAll([]*cutRecord{c.tilted})
		}
	}
}

// stageWriter numbers regions and cuts.
type stageWriter struct {
	c    *certificate.Cuts
	cuts int
}

// region writes a region and those below it.
func (w *stageWriter) region(q *regionRecord, parent int) {
	y := certificate.Region{Parent: parent, Split: q.split, Boxes: q.boxes}
	var kept []*cutRecord
	for _, c := range q.cuts {
		if c.number != 0 {
			w.cuts++
			c.number = w.cuts
			kept = append(kept, c)
		}
	}
	for _, c := range kept {
		k := c.Cut
		k.Uses = numbers(c.uses)
		if c.tilted != nil {
			k.Tilt = &certificate.Tilt{Cut: c.tilted.number - 1, Amount: c.Tilt.Amount}
		}
		y.Cuts = append(y.Cuts, k)
	}
	halved := q.halved()
	if !halved {
		y.Bound = &certificate.RegionBound{Value: q.bound.value, Uses: numbers(q.bound.uses),
			Leaves: q.bound.proof.leaves, Ranges: q.bound.proof.ranges}
	}
	at := len(w.c.Regions)
	w.c.Regions = append(w.c.Regions, y)
	if halved {
		for _, h := range q.kids {
			w.region(h, at)
		}
	}
}

func numbers(cuts []*cutRecord) []int {
	var n []int
	for _, c := range cuts {
		n = append(n, c.number-1)
	}
	return n
}
