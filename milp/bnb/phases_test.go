package bnb_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/highs"
	"hinge/milp/relu/relutest"
)

// The tree that splits phases must find what enumeration finds.
func TestPhasesAgainstBruteForce(t *testing.T) {
	shapes := []relutest.Shape{
		{Nx: 2, Nu: 1, Horizon: 1, Hidden: []int{5}},
		{Nx: 1, Nu: 1, Horizon: 3, Hidden: []int{2}, Rate: true},
		{Nx: 2, Nu: 2, Horizon: 1, Hidden: []int{6}},
		{Nx: 2, Nu: 1, Horizon: 1, Hidden: []int{3, 3}},
	}
	judged := 0
	for seed := range uint64(24) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 61)), shapes[int(seed)%len(shapes)])
		want := bruteForce(p)
		r, err := bnb.SolveByPhases(context.Background(), p, bnb.Options{RelGap: 1e-6})
		if err != nil {
			t.Fatal(err)
		}
		if r.UnstableReLUs == 0 {
			continue // no phase to split
		}
		judged++
		if r.Status != milp.Optimal || r.DualBound > want+1e-9 || r.Objective > want+2e-6*(1+want) {
			t.Errorf("seed %d: %v, objective %.10g, dual bound %.10g; enumeration gives %.10g",
				seed, r.Status, r.Objective, r.DualBound, want)
		}
	}
	if judged < 18 {
		t.Fatalf("only %d programs had a phase to split", judged)
	}
}

// On programs of every linear norm the two trees, and a generic solver where it is
// installed, must agree.
func TestPhasesAgreeWithActions(t *testing.T) {
	solver, err := highs.Open()
	if err != nil && !errors.Is(err, milp.ErrUnavailable) {
		t.Fatal(err)
	}
	shapes := []relutest.Shape{
		{Nx: 2, Nu: 1, Horizon: 2, Hidden: []int{6}},
		{Nx: 3, Nu: 2, Horizon: 2, Hidden: []int{3, 3}, Rate: true},
		{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{5}, Norm: control.LInf},
		{Nx: 3, Nu: 1, Horizon: 3, Hidden: []int{4}, Norm: control.Max},
		{Nx: 3, Nu: 2, Horizon: 4, Hidden: []int{4, 4}},
	}
	closed := 0
	for seed := range uint64(60) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 62)), shapes[int(seed)%len(shapes)])
		r, err := bnb.SolveByPhases(context.Background(), p, bnb.Options{RelGap: 1e-5, NodeLimit: 20_000})
		if err != nil {
			t.Fatal(err)
		}
		if r.Status == milp.Optimal {
			closed++
		}
		if s := solve(t, p, bnb.Options{NodeLimit: 100_000}); s.DualBound > r.Objective+1e-9 || r.DualBound > s.Objective+1e-9 {
			t.Errorf("seed %d: phases say [%.10g, %.10g], all methods [%.10g, %.10g]",
				seed, r.DualBound, r.Objective, s.DualBound, s.Objective)
		}
		if solver != nil && seed < 20 {
			compare(t, solver, p, seed)
		}
	}
	if closed < 50 {
		t.Errorf("only %d of 60 programs were closed", closed)
	}
}

// No sampled point may lie below the bound of a search that was cut short.
func TestPhasesBoundHolds(t *testing.T) {
	judged := 0
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 63))
		p := relutest.Random(rng, relutest.Shape{Nx: 4, Nu: 2, Horizon: 3, Hidden: []int{6, 6}})
		r, err := bnb.SolveByPhases(context.Background(), p, bnb.Options{NodeLimit: 1 + rng.IntN(60), RelGap: 1e-9})
		if err != nil {
			t.Fatal(err)
		}
		ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
		for range 400 {
			relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
			judged++
			if j := p.Objective(u, ws); j < r.DualBound-1e-12 {
				t.Fatalf("seed %d: a point has J = %g below the dual bound %g", seed, j, r.DualBound)
			}
		}
	}
	if judged < 10_000 {
		t.Fatalf("only %d points were judged", judged)
	}
}

// What a worker's simplex did before must not show in the tree.
func TestPhasesDeterministic(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(7, 64)), relutest.Shape{Nx: 4, Nu: 3, Horizon: 3, Hidden: []int{12, 12}})
	opts := bnb.Options{NodeLimit: 200, RelGap: 1e-9, Workers: 1}
	one, err := bnb.SolveByPhases(context.Background(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	if one.NodeCount < 50 {
		t.Fatalf("the search ended after %d nodes: nothing to compare", one.NodeCount)
	}
	for _, workers := range []int{2, 5} {
		opts.Workers = workers
		many, err := bnb.SolveByPhases(context.Background(), p, opts)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one.U, many.U) || one.DualBound != many.DualBound || one.NodeCount != many.NodeCount {
			t.Errorf("%d workers: bound %.12g in %d nodes; one worker: %.12g in %d",
				workers, many.DualBound, many.NodeCount, one.DualBound, one.NodeCount)
		}
	}
}

// A walk never makes a plan worse, stays in the box, and from the best of a few
// samples often ends at the optimum of a small program.
func TestWalkThroughCells(t *testing.T) {
	reached := 0
	for seed := range uint64(24) {
		rng := rand.New(rand.NewPCG(seed, 65))
		p := relutest.Random(rng, relutest.Shape{Nx: 2, Nu: 2, Horizon: 1, Hidden: []int{6}})
		ws, u, best := p.NewWorkspace(), make([]float64, p.Inputs()), math.Inf(1)
		var start []float64
		for range 20 {
			relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
			if j := p.Objective(u, ws); j < best {
				best, start = j, slices.Clone(u)
			}
		}
		end, value := bnb.Walk(p, start)
		if !p.Box.Contains(end, 0) || value > best || p.Objective(end, ws) != value {
			t.Errorf("seed %d: from J = %g the walk ends at %g", seed, best, value)
		}
		if want := bruteForce(p); value < want-1e-9 {
			t.Errorf("seed %d: the walk found %.10g, below the optimum %.10g", seed, value, want)
		} else if value < want+1e-9*(1+want) {
			reached++
		}
	}
	if reached < 16 {
		t.Errorf("only %d of 24 walks reached the optimum", reached)
	}
}
