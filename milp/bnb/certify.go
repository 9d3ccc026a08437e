package bnb

import (
	"context"
	"math"
	"slices"

	"hinge/control"
	"hinge/milp/certificate"
	"hinge/milp/relu"
	"hinge/nn"
)

// proof is the proof of a bound by a tree.
type proof struct {
	bound  float64
	leaves []certificate.Leaf
	ranges [][]certificate.Range
}

// certified is finish with the certificate of what proves most: a tree or the search by
// stages.
func (s *search) certified(ctx context.Context) *Result {
	r := s.finish(ctx)
	if s.rec == nil || s.best.u == nil {
		return r
	}
	c := &certificate.Certificate{Program: *CertificateProgram(s.p.Program)}
	p, v := s.rec.best(s.best.value), min(s.rec.provenByStages(), r.DualBound)
	switch {
	case p != nil && p.bound >= v:
		c.Claim.DualBound, c.Leaves, c.Ranges = p.bound, p.leaves, p.ranges
	case !math.IsInf(v, -1):
		c.Claim.DualBound, c.Cuts = v, s.rec.proofByStages()
	default:
		return r
	}
	for t := range s.p.Horizon {
		c.Incumbent = append(c.Incumbent, slices.Clone(s.best.u[t*s.p.Nu:(t+1)*s.p.Nu]))
	}
	c.Claim.Objective = certificate.CostAbove(&c.Program, c.Incumbent)
	r.Certificate = c
	return r
}

// best returns the proof of the tree that proves most, of a bound of at most most; nil
// if none proves a finite one.
func (r *recorder) best(most float64) *proof {
	var best *treeRecord
	value := math.Inf(-1)
	for _, t := range r.trees {
		if v := t.lower(); v > value {
			best, value = t, v
		}
	}
	if best == nil {
		return nil
	}
	value = min(value, most)
	return &proof{bound: value, leaves: best.root.leaves(nil, value, nil), ranges: best.ranges()}
}

// lower is what the record proves. No range relies on a cutoff below it: what is said
// of points with J < cutoff holds for those below the bound.
func (t *treeRecord) lower() float64 { return min(t.cutoff, t.root.least()) }

// least is the smallest bound of a leaf.
func (p *record) least() float64 {
	if p.kids == nil {
		return p.bound
	}
	return min(p.kids[0].least(), p.kids[1].least())
}

// leaves appends the leaves of the part, whose path from the root is given. None
// claims more than most.
func (p *record) leaves(dst []certificate.Leaf, most float64, path []byte) []certificate.Leaf {
	if p.kids != nil {
		for i, q := range p.kids {
			dst = q.leaves(dst, most, append(path, byte('0'+i)))
		}
		return dst
	}
	y := certificate.Leaf{Lower: p.lower, Upper: p.upper, Bound: min(p.bound, most), Path: string(path), Slab: p.slab, Redo: p.redo,
		Low: p.dual.Low, Mult: p.dual.Mult}
	if slices.ContainsFunc(p.dual.Split, func(v float64) bool { return v != 0 }) {
		y.Split = p.dual.Split
	}
	for _, f := range p.phases {
		sign := -1
		if f.on {
			sign = 1
		}
		y.Phases = append(y.Phases, [2]int{f.unit, sign})
	}
	return append(dst, y)
}

// ranges writes the proofs of the ranges of the root.
func (t *treeRecord) ranges() [][]certificate.Range {
	var groups [][]certificate.Range
	for _, g := range t.proofs.Groups {
		var group []certificate.Range
		for _, p := range g {
			group = append(group, certificate.Range{Unit: p.Unit, Side: p.Side, Value: p.Value * float64(p.Side),
				Share: p.Share, Low: p.Low, Mult: p.Mult})
		}
		groups = append(groups, group)
	}
	return groups
}

// CertificateProgram writes a program as certificates do; it shares p's memory.
func CertificateProgram(p *relu.Program) *certificate.Program {
	q := &certificate.Program{Nx: p.Nx, Nu: p.Nu, Horizon: p.Horizon, X0: p.X0,
		Lower: p.Box.Lower, Upper: p.Box.Upper, Before: p.Before(), Rounded: p.Rounded}
	for l := range p.Step.Layers {
		y := &p.Step.Layers[l]
		layer := certificate.Layer{From: y.From, To: y.To, Weights: p.Step.Weight(l), Bias: p.Step.Bias(l)}
		for i := range y.Out {
			layer.Gates = append(layer.Gates, certificateGates[y.Gate(i)])
		}
		q.Network.Layers = append(q.Network.Layers, layer)
	}
	for i := range p.Terms {
		k := &p.Terms[i]
		term := certificate.Term{T: k.T, Norm: certificateNorms[k.Norm], Factor: k.Factor, X: k.X, U: k.U, Prev: k.Prev, B: k.B}
		if k.Norm == control.Disc {
			term.Radius = k.Radius
		}
		q.Cost = append(q.Cost, term)
	}
	return q
}

var certificateGates = map[nn.Gate]string{nn.ReLU: certificate.ReLU, nn.Identity: certificate.Identity, nn.Zero: certificate.Zero}

var certificateNorms = map[control.Norm]string{control.L1: certificate.L1, control.LInf: certificate.LInf,
	control.SquaredL2: certificate.SquaredL2, control.Disc: certificate.Disc, control.Max: certificate.Max}
