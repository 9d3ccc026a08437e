package certificate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
)

// Report is the outcome of [Check].
type Report struct {
	Valid     bool
	DualBound float64 // as claimed; proven if Valid
	Objective float64 // as claimed; the incumbent costs no more if Valid
	Leaves    int     // of all proofs
	// Infeasible is claimed, and proven if Valid: there is no plan, and the numbers say nothing.
	Infeasible bool
	// Refined is the number of leaves whose bound was reached only after the checker
	// had cut them further, see [Check]; 0 if not Valid.
	Refined int
	Reason  string // why it is not valid; empty if it is
}

// Check verifies a certificate:
//
//  1. the incumbent lies in the box and costs, rounded upwards, no more than claimed; it
//     breaks no row of the constraints by more than claimed, nor by [MaxViolation];
//  2. the multipliers are in their domains, every leaf claims at least the dual bound,
//     and the leaves cover the box exactly;
//  3. the ranges that are claimed first, and those that are claimed on a node of the tree,
//     hold for every plan below the dual bound;
//  4. every leaf's bound, recomputed and rounded downwards, is at least the claimed one.
//
// A leaf's bound is recomputed first with the ranges of the node above it, then with
// ranges tightened on the leaf. The ranges depend on the order of cuts, which the
// checker reconstructs and which need not be the solver's (see [Leaf.Path]), and
// on rounding. So where a leaf misses its claim by no more than [refineShare] of the scale of J, the checker cuts the leaf by
// itself, into at most [refineBoxes] boxes.
//
// Where there are constraints, ranges are those of the plans that keep them: see follow.go.
//
// With [Cuts] steps 2 to 4 are taken for every proof in them.
//
// The report is the same for any number of processors. An error means that the
// certificate has the wrong shape (see [Certificate.Validate]) or that ctx ended.
func Check(ctx context.Context, c *Certificate) (*Report, error) { return inspect(ctx, c, false) }

// inspect is Check, or what [Concede] does first.
func inspect(ctx context.Context, c *Certificate, conceding bool) (*Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	r := &Report{DualBound: c.Claim.DualBound, Objective: c.Claim.Objective, Infeasible: c.Claim.Infeasible, Leaves: len(c.Leaves)}
	m := newModel(&c.Program)
	m.follows = m.follows || c.States
	reason := incumbentReason
	if c.Claim.Infeasible {
		reason = noPlanReason
	}
	if r.Reason = reason(c, m); r.Reason != "" {
		return r, nil
	}
	var err error
	if c.Cuts != nil {
		err = checkCuts(ctx, c, m, r)
	} else {
		err = checkLeaves(ctx, c, m, r, conceding)
	}
	if err != nil {
		return nil, err
	}
	if r.Valid = r.Reason == ""; !r.Valid {
		r.Refined = 0
	}
	return r, nil
}

// checkLeaves writes the outcome of a proof by leaves to r.
func checkLeaves(ctx context.Context, c *Certificate, m *model, r *Report, conceding bool) error {
	if r.Reason = leavesReason(c, m); r.Reason != "" {
		return nil
	}
	t, g, err := newTree(ctx, c, c.Program.Lower, c.Program.Upper)
	switch {
	case err != nil:
		return err
	case g != nil:
		r.Reason = g.String()
		return nil
	}
	if m.obvious(c) {
		return nil
	}
	k := &walker{ctx: ctx, c: c, m: m, conceding: conceding, extra: make(chan struct{}, max(0, runtime.GOMAXPROCS(0)-1)), failed: math.MaxInt32}
	return k.checkBounds(t, r)
}

// obvious reports whether the leaves claim no more than that no term of the cost is
// negative. What the network does then says nothing, and it may be too large to be bounded.
func (m *model) obvious(c *Certificate) bool {
	more := func(y Leaf) bool { return y.Empty || y.Bound > 0 }
	return !m.signed && len(c.Ranges) == 0 && len(c.Sharpened) == 0 && !slices.ContainsFunc(c.Leaves, more)
}

// leavesReason returns what is wrong with the leaves and forms that is cheap to find.
func leavesReason(c *Certificate, m *model) string {
	for i := range c.Forms {
		if s := c.Forms[i].reason(m, fmt.Sprintf("form %d", i)); s != "" {
			return s
		}
	}
	for i := range c.Sharpened {
		if f := c.Sharpened[i].Form; f != nil {
			if s := f.reason(m, fmt.Sprintf("the form of sharpening %d", i)); s != "" {
				return s
			}
		}
	}
	for i := range c.Leaves {
		y := &c.Leaves[i]
		if s := y.reason(m, i); s != "" {
			return s
		}
		if !y.Empty && y.Bound < c.Claim.DualBound {
			return fmt.Sprintf("leaf %d: bound %v is below the claimed dual bound %v", i, y.Bound, c.Claim.DualBound)
		}
	}
	return ""
}

// noPlanReason returns what is there that cannot prove that there is no plan.
func noPlanReason(c *Certificate, _ *model) string {
	switch i := slices.IndexFunc(c.Leaves, func(y Leaf) bool { return !y.Empty }); {
	case len(c.Incumbent) > 0:
		return fmt.Sprintf("there is said to be no plan, but the incumbent has %d actions", len(c.Incumbent))
	case c.Cuts != nil:
		return "cuts bound J; they do not prove that there is no plan"
	case i >= 0:
		return fmt.Sprintf("leaf %d bounds J; it does not prove that there is no plan", i)
	}
	return ""
}

func incumbentReason(c *Certificate, m *model) string {
	p := &c.Program
	u := slices.Concat(c.Incumbent...)
	for k, v := range u {
		if v < p.Lower[k] || v > p.Upper[k] {
			return fmt.Sprintf("incumbent leaves the box: action %d, coordinate %d is %v, outside [%v, %v]",
				k/p.Nu, k%p.Nu, v, p.Lower[k], p.Upper[k])
		}
	}
	if v := m.cost(u); !(v.hi <= c.Claim.Objective) {
		return fmt.Sprintf("objective of the incumbent is %v, claimed %v", v.hi, c.Claim.Objective)
	}
	return m.planReason(u, c.Claim.Violation)
}

// sumError is how far from 1 a sum of multipliers may be: what is missing is charged.
const sumError = 1e-9

// reason returns what is wrong with leaf i apart from its bound.
func (y *Leaf) reason(m *model, i int) string {
	p := m.p
	for k, l := range y.Lower {
		switch {
		case l > y.Upper[k]:
			return fmt.Sprintf("leaf %d: lower[%d] = %v is above upper[%d] = %v", i, k, l, k, y.Upper[k])
		case l < p.Lower[k]:
			return fmt.Sprintf("leaf %d reaches outside the box: lower[%d] is %v, below %v", i, k, l, p.Lower[k])
		case y.Upper[k] > p.Upper[k]:
			return fmt.Sprintf("leaf %d reaches outside the box: upper[%d] is %v, above %v", i, k, y.Upper[k], p.Upper[k])
		}
	}
	if s := cmp.Or(slopesReason(y.Low, fmt.Sprintf("leaf %d", i)), slopesReason(y.Up, fmt.Sprintf("leaf %d", i)), rowsReason(y.Rows, fmt.Sprintf("leaf %d", i))); s != "" {
		return s
	}
	if y.Mult != nil {
		return m.multReason(y.Mult, fmt.Sprintf("leaf %d", i))
	}
	return ""
}

// multReason checks the domains of the multipliers of the residuals.
func (m *model) multReason(mult []float64, name string) string {
	at := 0
	for i := range m.p.Cost {
		k := &m.p.Cost[i]
		v := mult[at : at+len(k.B)]
		var sum, size float64
		for j, x := range v {
			sum += x
			size += math.Abs(x)
			if k.Norm == L1 && math.Abs(x) > 1 {
				return fmt.Sprintf("multiplier %d of %s is %v, outside [-1, 1] of an l1 term", at+j, name, x)
			}
			if k.Norm == Hinge && !(x >= 0 && x <= 1) {
				return fmt.Sprintf("multiplier %d of %s is %v, outside [0, 1] of a hinge term", at+j, name, x)
			}
			if k.Norm == Max && x < 0 {
				return fmt.Sprintf("multiplier %d of %s is %v; those of a max term must not be negative", at+j, name, x)
			}
		}
		if k.Norm == LInf && size > 1+sumError {
			return fmt.Sprintf("multipliers %d..%d of %s have magnitudes of sum %v, above 1 of an linf term", at, at+len(v)-1, name, size)
		}
		if k.Norm == Max && math.Abs(sum-1) > sumError {
			return fmt.Sprintf("multipliers %d..%d of %s have the sum %v; those of a max term must have 1", at, at+len(v)-1, name, sum)
		}
		at += len(v)
	}
	return ""
}
