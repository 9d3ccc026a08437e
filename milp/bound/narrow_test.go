package bound_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"hinge/milp/bound"
	"hinge/milp/relu/relutest"
)

// Boxes that were narrowed hold every plan below the cutoff, its actions and its states.
func TestNarrowedBoxesHold(t *testing.T) {
	judged, actions, states, empty := 0, 0, 0, 0
	for seed := range uint64(240) {
		rng := rand.New(rand.NewPCG(seed, 73))
		p := relutest.Random(rng, constrained[int(seed)%len(constrained)])
		if seed%4 == 0 {
			relutest.Constrain(rng, p, 1+int(seed)%3)
		}
		b := bound.Following(p)
		if b.Infeasible() {
			continue
		}
		n, nx := p.Inputs(), p.Nx
		lower, upper, u := make([]float64, n), make([]float64, n), make([]float64, n)
		ws := p.NewWorkspace()
		relutest.SubBox(rng, p, lower, upper)
		r, d := b.NewRanges(), b.NewDual()
		b.Root().Copy(r)
		if !b.Tighten(r, lower, upper, 0) {
			continue
		}
		b.PlainDual(d, r, lower, upper)
		v := b.Objective(d, nil, r, lower, upper, bound.Ascent{Steps: 20, Rate: .1, Cutoff: math.Inf(1)})
		relutest.Point(rng, u, lower, upper)
		cutoff := v + (rng.Float64()-.05)*(p.Objective(u, ws)-v)
		how := &bound.Refinement{Steps: 1 + rng.IntN(30), Rate: .1, Cutoff: cutoff, Bound: v, Mult: d.Mult, Boxes: true}
		before := b.NewRanges()
		r.Copy(before)
		left, right := append([]float64(nil), lower...), append([]float64(nil), upper...)
		nonempty := b.Refine(r, left, right, rng.IntN(p.Horizon), how)
		xl, xu := r.States()
		oldLower, oldUpper := before.States()
		for k := range n {
			if left[k] > lower[k]+1e-9 || right[k] < upper[k]-1e-9 {
				actions++
			}
		}
		for i := range xl {
			if xl[i] > oldLower[i]+1e-9 || xu[i] < oldUpper[i]-1e-9 {
				states++
			}
		}
		if !nonempty {
			empty++
		}
		for range 300 {
			if !draw(rng, p, u, lower, upper) || p.Violation(u, ws) > 0 || p.Objective(u, ws) >= cutoff {
				continue
			}
			judged++
			if !nonempty {
				t.Fatalf("seed %d: a box with a plan below the cutoff is called empty", seed)
			}
			inside(t, b, p, r, u, ws)
			for k, v := range u {
				if v < left[k]-1e-12 || v > right[k]+1e-12 {
					t.Fatalf("seed %d: action %d of a plan below the cutoff is %g, outside [%g, %g]", seed, k, v, left[k], right[k])
				}
			}
			for i, x := range ws.States()[:(p.Horizon+1)*nx] {
				if x < xl[i]-1e-12 || x > xu[i]+1e-12 {
					t.Fatalf("seed %d: state %d of a plan below the cutoff is %g, outside [%g, %g]", seed, i, x, xl[i], xu[i])
				}
			}
		}
	}
	if judged < 5_000 || actions < 100 || states < 300 || empty < 3 {
		t.Errorf("%d plans judged, %d actions and %d states narrowed, %d boxes empty; each must occur", judged, actions, states, empty)
	}
}
