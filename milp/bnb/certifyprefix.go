package bnb

import (
	"slices"

	"hinge/milp/certificate"
)

// limitPrefix makes a search over a prefix keep its proof, if this one does, in what is
// left of the memory.
func (r *recorder) limitPrefix(opts *Options) {
	if r != nil {
		opts.Record, opts.RecordLimit = true, int(max(1, r.limit-r.kept()))
	}
}

// prefixRecord is the proof of a search over a prefix, and the cost of its best plan. The
// search itself is kept only until it has ended.
type prefixRecord struct {
	rec    *recorder
	search *search
	value  float64
}

// addPrefix notes a search over a prefix.
func (r *recorder) addPrefix(s *search) {
	if r != nil {
		r.prefixes = append(r.prefixes, &prefixRecord{rec: s.rec, search: s})
	}
}

// endPrefix notes that the last search over a prefix has ended.
func (r *recorder) endPrefix() {
	if r != nil {
		p := r.prefixes[len(r.prefixes)-1]
		p.value, p.search = p.search.best.value, nil
	}
}

func (p *prefixRecord) best() float64 {
	if p.search != nil {
		return p.search.best.value
	}
	return p.value
}

// bestProof returns the proof of the tree that proves most, be it of a prefix; nil if
// none proves a finite bound.
func (s *search) bestProof() *proof {
	best := s.proofByTrees(s.best.value)
	for _, q := range s.rec.prefixes {
		if p := q.rec.best(min(q.best(), s.best.value)); p != nil && (best == nil || p.bound > best.bound) {
			best = p.padded(s)
		}
	}
	return best
}

// padded makes the proof of a prefix one of the whole: later actions are anywhere in
// their box, and what is charged then has the multipliers 0, which bound it by 0.
func (p *proof) padded(s *search) *proof {
	box, root := s.p.Box, s.bounder.NewDual()
	pad := func(v, whole []float64) []float64 {
		if v == nil {
			return nil
		}
		return slices.Concat(v, whole[len(v):])
	}
	q := &proof{bound: p.bound}
	for _, y := range p.leaves {
		y.Lower, y.Upper = pad(y.Lower, box.Lower), pad(y.Upper, box.Upper)
		y.Low, y.Up = pad(y.Low, root.Low), pad(y.Up, root.Low)
		y.Mult, y.Split = pad(y.Mult, root.Mult), pad(y.Split, root.Split)
		q.leaves = append(q.leaves, y)
	}
	for _, g := range p.ranges {
		var group []certificate.Range
		for _, y := range g {
			y.Low, y.Mult = pad(y.Low, root.Low), pad(y.Mult, root.Mult)
			group = append(group, y)
		}
		q.ranges = append(q.ranges, group)
	}
	return q
}
