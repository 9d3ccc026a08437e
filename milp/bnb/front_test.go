package bnb_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
	"hinge/milp/bnb"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

// fading returns a random program whose steps count less and less.
func fading(seed uint64) *relu.Program {
	shapes := []relutest.Shape{
		{Nx: 2, Nu: 1, Horizon: 3, Hidden: []int{3}},
		{Nx: 1, Nu: 1, Horizon: 3, Hidden: []int{2}},
		{Nx: 2, Nu: 1, Horizon: 2, Hidden: []int{2, 2}},
	}
	p := relutest.Random(rand.New(rand.NewPCG(seed, 96)), shapes[int(seed)%len(shapes)])
	for i := range p.Terms {
		p.Terms[i].Factor *= math.Pow(.15, float64(p.Terms[i].T))
	}
	return p
}

// What prefixes answer must be below the optimum of the whole, and where they close the gap
// the plan must be as good as the gap says.
func TestFrontsAgainstBruteForce(t *testing.T) {
	judged, closed := 0, 0
	for seed := range uint64(30) {
		p := fading(seed)
		r, proven := bnb.SolveByFronts(context.Background(), p, bnb.Options{RelGap: .05})
		if math.IsInf(proven, -1) {
			continue
		}
		judged++
		opt := bruteForce(p)
		if max(proven, r.DualBound) > opt+1e-9 {
			t.Errorf("seed %d: prefixes prove %.10g, enumeration gives %.10g", seed, proven, opt)
		}
		if r.DualBound >= .949*r.Objective {
			closed++
		}
	}
	if judged < 12 || closed < 10 {
		t.Fatalf("only %d programs with a prefix to ask, %d of them closed", judged, closed)
	}
}

// Fronts must not depend on the number of workers, keep to limits of nodes, and leave a
// certificate of just what they prove.
func TestFrontsRepeatAndCertify(t *testing.T) {
	judged := 0
	for seed := range uint64(60) {
		p := fading(seed)
		opts := bnb.Options{RelGap: .05, Record: true, Workers: 1}
		r, proven := bnb.SolveByFronts(context.Background(), p, opts)
		opts.Workers = 3
		s, _ := bnb.SolveByFronts(context.Background(), p, opts)
		if r.DualBound != s.DualBound || r.Objective != s.Objective || r.NodeCount != s.NodeCount {
			t.Errorf("seed %d: %v, %v in %d nodes with one worker, %v, %v in %d with three", seed,
				r.DualBound, r.Objective, r.NodeCount, s.DualBound, s.Objective, s.NodeCount)
		}
		if math.IsInf(proven, -1) || r.Certificate == nil {
			continue
		}
		checkCertified(t, seed, r)
		if r.DualBound > 1e-3 {
			judged++
		}
	}
	if judged < 15 {
		t.Fatalf("only %d certificates of bounds above 0", judged)
	}
}

// Rows whose largest counts may be negative: a prefix bounds nothing there.
func TestFrontsNeedCostsAboveZero(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(1, 97)), relutest.Shape{Nx: 2, Nu: 1, Horizon: 3, Hidden: []int{3}, Norm: control.Max})
	if _, proven := bnb.SolveByFronts(context.Background(), p, bnb.Options{}); !math.IsInf(proven, -1) {
		t.Errorf("prefixes prove %g of costs that may be negative", proven)
	}
}
