package bnb

import (
	"context"
	"math"
	"slices"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bound"
	"hinge/milp/certificate"
	"hinge/milp/relu"
	"hinge/nn"
)

// proof is the proof of a bound by a tree; an infinite one says that there is no plan.
type proof struct {
	bound  float64
	leaves []certificate.Leaf
	forms  []certificate.Form
	ranges [][]certificate.Range
	steps  []certificate.Sharpening
}

// certified is finish with the certificate of what proves most: a tree or the search by
// stages.
func (s *search) certified(ctx context.Context) *Result {
	r := s.finish(ctx)
	if s.rec == nil {
		return r
	}
	c := &certificate.Certificate{Program: *CertificateProgram(s.p.Program), States: s.p.follows && !s.p.Constrained()}
	switch {
	case r.Status == milp.Infeasible:
		s.rec.proveInfeasible(c)
	case s.best.u == nil || !s.proveBound(c, r.DualBound):
		return r
	}
	r.Certificate = c
	return r
}

// obvious returns the certificate of the bound 0 beside the plan u; nil if there is none.
func obvious(p *relu.Program, u []float64) *certificate.Certificate {
	if u == nil || !p.NonNegative() {
		return nil
	}
	c := &certificate.Certificate{Program: *CertificateProgram(p), Leaves: notNegative(p).leaves}
	claimPlan(c, u)
	return c
}

// notNegative is the proof that no term is negative.
func notNegative(p *relu.Program) *proof {
	return &proof{leaves: []certificate.Leaf{{Lower: p.Box.Lower, Upper: p.Box.Upper}}}
}

// claimPlan makes u the incumbent of c.
func claimPlan(c *certificate.Certificate, u []float64) {
	for nu := c.Program.Nu; len(u) > 0; u = u[nu:] {
		c.Incumbent = append(c.Incumbent, slices.Clone(u[:nu]))
	}
	c.Claim.Objective = certificate.CostAbove(&c.Program, c.Incumbent)
	c.Claim.Violation = certificate.ViolationAbove(&c.Program, c.Incumbent)
}

// proveInfeasible writes the proof that there is no plan.
func (r *recorder) proveInfeasible(c *certificate.Certificate) {
	c.Claim.Infeasible = true
	if p := r.best(math.Inf(1)); p != nil {
		c.Leaves, c.Forms, c.Ranges, c.Sharpened = p.leaves, p.forms, p.ranges, p.steps
		return
	}
	c.Leaves = []certificate.Leaf{{Lower: c.Program.Lower, Upper: c.Program.Upper, Empty: true}}
}

// proveBound writes the incumbent and the proof of a bound of at most most; false if
// there is none.
func (s *search) proveBound(c *certificate.Certificate, most float64) bool {
	p, v := s.bestProof(), min(s.rec.provenByStages(), most)
	switch {
	case p != nil && p.bound >= v:
		c.Claim.DualBound, c.Leaves, c.Forms, c.Ranges, c.Sharpened = p.bound, p.leaves, p.forms, p.ranges, p.steps
	case !math.IsInf(v, -1):
		c.Claim.DualBound, c.Cuts = v, s.rec.proofByStages()
	default:
		return false
	}
	claimPlan(c, s.best.u)
	return true
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
	p := &proof{bound: value, ranges: ranges(&best.proofs)}
	p.add(best.root, nil)
	return p
}

// proofByTrees returns the proof of a search by trees alone; nil if it proves nothing. A
// bound of 0 of a cost that may be negative is claimed less what underflows.
func (s *search) proofByTrees(most float64) *proof {
	p := s.rec.best(most)
	switch {
	case p == nil && s.p.NonNegative():
		return notNegative(s.p.Program)
	case p != nil && p.bound == 0 && !s.p.NonNegative():
		return s.rec.best(-underflow)
	}
	return p
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

// add adds the leaves and forms of a part, whose path from the root is given.
func (p *proof) add(q *record, path []byte) {
	for _, y := range q.sharpened {
		z := certificate.Sharpening{Path: string(path), Ranges: ranges(y.Proofs)}
		if y.form != nil {
			z.Form = y.form.write(path)
		}
		p.steps = append(p.steps, z)
	}
	if q.kids == nil {
		p.leaves = append(p.leaves, p.leaf(q, string(path)))
		return
	}
	if d := q.form; d != nil {
		p.forms = append(p.forms, *d.write(path))
	}
	for i, kid := range q.kids {
		p.add(kid, append(path, byte('0'+i)))
	}
}

// write returns the form of a node.
func (d *slopes) write(path []byte) *certificate.Form {
	return &certificate.Form{Path: string(path), Low: d.Low, Up: d.up, Mult: d.Mult, Split: unlessZero(d.Split), Rows: unlessZero(d.Rows)}
}

// leaf writes a leaf. It claims no more than the proof.
func (p *proof) leaf(q *record, path string) certificate.Leaf {
	y := certificate.Leaf{Lower: q.lower, Upper: q.upper, Path: path, Slab: q.slab, Redo: q.redo,
		Low: q.dual.Low, Up: q.dual.up, Split: unlessZero(q.dual.Split), Rows: unlessZero(q.dual.Rows), Empty: q.empty || math.IsInf(p.bound, 1)}
	if !y.Empty {
		y.Bound, y.Mult = min(q.bound, p.bound), q.dual.Mult
	}
	for _, f := range q.phases {
		sign := -1
		if f.on {
			sign = 1
		}
		y.Phases = append(y.Phases, [2]int{f.unit, sign})
	}
	return y
}

// unlessZero returns nil for zeros alone.
func unlessZero(v []float64) []float64 {
	if slices.ContainsFunc(v, func(x float64) bool { return x != 0 }) {
		return v
	}
	return nil
}

// ranges writes proofs of ranges.
func ranges(proofs *bound.Proofs) [][]certificate.Range {
	var groups [][]certificate.Range
	for _, g := range proofs.Groups {
		var group []certificate.Range
		for _, p := range g {
			group = append(group, certificate.Range{Of: quantities[p.Of], Unit: p.Unit, Side: p.Side, Value: p.Value * float64(p.Side),
				Share: p.Share, Low: p.Low, Mult: p.Mult})
		}
		groups = append(groups, group)
	}
	return groups
}

var quantities = map[bound.Quantity]string{bound.OfState: certificate.State, bound.OfAction: certificate.Action}

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
	for i := range p.Constraints {
		k := &p.Constraints[i]
		q.Constraints = append(q.Constraints, certificate.Constraint{T: k.T, X: k.X, U: k.U, Next: k.Next, B: k.B})
	}
	q.Integer = p.Integer
	return q
}

var certificateGates = map[nn.Gate]string{nn.ReLU: certificate.ReLU, nn.Identity: certificate.Identity, nn.Zero: certificate.Zero}

var certificateNorms = map[control.Norm]string{control.L1: certificate.L1, control.LInf: certificate.LInf,
	control.SquaredL2: certificate.SquaredL2, control.Disc: certificate.Disc, control.Max: certificate.Max,
	control.Hinge: certificate.Hinge, control.Polygon: certificate.Polygon}
