package bnb_test

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

// penalise charges every coordinate of every state steeply beyond a limit.
func penalise(rng *rand.Rand, p *relu.Program) {
	for t := 1; t <= p.Horizon; t++ {
		for i := range p.Nx {
			k := relu.Term{T: t, Norm: control.Max, Factor: 1000, Rows: 2,
				X: make([]float64, 2*p.Nx), U: make([]float64, 2*p.Nu), B: []float64{-.5 * rng.Float64(), 0}}
			k.X[i] = 1 - 2*float64(rng.IntN(2))
			p.Terms = append(p.Terms, k)
		}
	}
	slices.SortStableFunc(p.Terms, func(a, b relu.Term) int { return cmp.Compare(a.T, b.T) })
}

// Where some terms are a thousand times larger than others, roots are narrowed: a generic
// solver must find the same optimum, and more workers the same plan and bound.
func TestSteepPenaltiesAgainstHiGHS(t *testing.T) {
	solver := genericSolver(t)
	compared, split := 0, 0
	for seed := range uint64(penalised) {
		rng := rand.New(rand.NewPCG(seed, 83))
		p := relutest.Random(rng, relutest.Shape{Nx: 2, Nu: 2, Horizon: 4, Hidden: []int{6}, Norm: control.L1})
		penalise(rng, p)
		opts := bnb.Options{RelGap: 1e-8, AbsGap: 1e-7, NodeLimit: 20_000}
		r, err := bnb.Solve(context.Background(), p, opts)
		if err != nil {
			t.Fatal(err)
		}
		opts.Workers = 2
		if w, err := bnb.Solve(context.Background(), p, opts); err != nil || w.DualBound != r.DualBound || !slices.Equal(w.U, r.U) || w.NodeCount != r.NodeCount {
			t.Fatalf("seed %d: two workers find %g after %d nodes, one %g after %d; %v", seed, w.DualBound, w.NodeCount, r.DualBound, r.NodeCount, err)
		}
		if r.NodeCount > 3 {
			split++
		}
		want := solveRows(t, solver, p)
		if want.Status != milp.Optimal {
			t.Fatalf("seed %d: HiGHS says %v", seed, want.Status)
		}
		compared++
		if tolerance := 1e-5 * (1 + math.Abs(want.Objective)); r.Status != milp.Optimal || math.Abs(r.Objective-want.Objective) > tolerance || r.DualBound > want.Objective+tolerance {
			t.Errorf("seed %d: %v, %.9g, bound %.9g; HiGHS says %.9g", seed, r.Status, r.Objective, r.DualBound, want.Objective)
		}
	}
	if compared < penalised || split < penalised/6 {
		t.Errorf("%d optima compared, %d roots split; each must occur", compared, split)
	}
}
