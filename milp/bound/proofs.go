package bound

import "hinge/internal/vec"

const lanes = vec.Lanes

// Proofs collects how [Bounder.Refine] sharpened ranges. The proofs of a group rely on
// the ranges as all groups before it have left them.
type Proofs struct {
	Groups [][]RangeProof

	fresh       bool // the next proof opens a group
	step, layer int  // of the last group
}

// RangeProof says that Side * z >= Value for a hidden unit, or a coordinate z of a state
// or an action, at all points with J < cutoff, since that is a bound of Side * z + Share
// (J - cutoff) with these slopes and tangents.
type RangeProof struct {
	Of    Quantity
	Unit  int // t*units + h; of states t*Nx + i, of actions t*Nu + j
	Side  int // 1 or -1
	Value float64
	Share float64
	Low   []float64 // see [Dual]
	Mult  []float64 // nil if Share is 0
}

// Quantity is what a [RangeProof] is about.
type Quantity int8

// The quantities.
const (
	OfUnit Quantity = iota
	OfState
	OfAction
)

// trial keeps the multipliers that gave the best bound of each target so far.
type trial struct {
	better [lanes]bool
	proofs [lanes]RangeProof
}

// keep notes the multipliers of form k, whose bound of a target was the best so far.
func (b *Bounder) keepProof(y *trial, k int, r Ranges) {
	s, p := b.refining, &y.proofs[k]
	y.better[k] = true
	p.Value, p.Share = s.best[k], s.share[k]
	n := len(r.Lower)
	if p.Low == nil {
		p.Low = make([]float64, n)
	}
	for i := range p.Low {
		switch {
		case b.relax.up[i] == 0:
			p.Low[i] = 0
		case r.Lower[i] >= 0:
			p.Low[i] = 1
		default:
			p.Low[i] = column(s.slope, i)[k]
		}
	}
	if p.Mult = nil; p.Share > 0 {
		p.Mult = make([]float64, len(s.mult)/lanes)
		for i := range p.Mult {
			p.Mult[i] = column(s.mult, i)[k]
		}
	}
}

// addProofs appends the proofs of targets of step t that got better.
func (b *Bounder) addProofs(all *Proofs, y *trial, targets []target, t int) {
	layer, boxes := 0, !b.isHidden(targets[0].unit)
	for !boxes && targets[0].unit >= b.blocks[layer].last {
		layer++
	}
	all.fresh = all.fresh || boxes // ranges of units count once their layer is through, boxes at once
	for k, x := range targets {
		if !y.better[k] {
			continue
		}
		if all.fresh || all.step != t || all.layer != layer {
			all.Groups = append(all.Groups, nil)
			all.fresh, all.step, all.layer = false, t, layer
		}
		p := y.proofs[k]
		p.Of, p.Unit, p.Side = b.quantity(x.unit), t*len(b.units)+x.unit, int(x.sign)
		switch p.Of {
		case OfState:
			p.Unit = (t+1)*b.p.Nx + x.unit - len(b.units)
		case OfAction:
			p.Unit = t*b.p.Nu - 1 - x.unit
		}
		last := &all.Groups[len(all.Groups)-1]
		*last = append(*last, p)
	}
	all.fresh = all.fresh || boxes // for what comes next
}

// quantity returns what target i is, see [Bounder.aimed].
func (b *Bounder) quantity(i int) Quantity {
	switch {
	case i < 0:
		return OfAction
	case b.isHidden(i):
		return OfUnit
	}
	return OfState
}
