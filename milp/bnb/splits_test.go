package bnb_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

func solveByPhases(t *testing.T, p *relu.Program, opts bnb.Options) *bnb.Result {
	t.Helper()
	r, err := bnb.SolveByPhases(context.Background(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// manyPhases returns a program whose tree splits phases many times.
func manyPhases(seed uint64) *relu.Program {
	return relutest.Random(rand.New(rand.NewPCG(seed, 91)), relutest.Shape{Nx: 3, Nu: 2, Horizon: 3, Hidden: []int{8, 6}})
}

// covers reports whether every split of s is there in r, at the same place: where r has
// gone on to split, it did so as s says.
func covers(r, s *bnb.Splits) bool {
	if r == nil || s == nil {
		return true
	}
	return r.Unit == s.Unit && covers(r.Off, s.Off) && covers(r.On, s.On)
}

// TestSplitsAreFollowed: a program that is solved again with its own splits has the same
// tree, whatever the number of workers, and its certificate holds.
func TestSplitsAreFollowed(t *testing.T) {
	splits := 0
	for seed := range uint64(8) {
		p := manyPhases(seed)
		opts := bnb.Options{RelGap: 1e-4, NodeLimit: 600}
		first := solveByPhases(t, p, opts)
		if (first.Splits == nil) != (first.NodeCount == 1) || first.Splits.Len() > first.NodeCount {
			t.Errorf("seed %d: %d splits in %d nodes", seed, first.Splits.Len(), first.NodeCount)
		}
		splits += first.Splits.Len()
		opts.First, opts.Record = first.Splits, true
		again := solveByPhases(t, p, opts)
		if !covers(again.Splits, first.Splits) {
			t.Errorf("seed %d: the tree was split otherwise", seed)
		}
		if again.Status != first.Status || first.Status == milp.Optimal && again.DualBound > first.Objective+1e-9 {
			t.Errorf("seed %d: %v, bound %g; before %v, plan %g", seed, again.Status, again.DualBound, first.Status, first.Objective)
		}
		checkCertified(t, seed, again)
		opts.Workers = 3
		if many := solveByPhases(t, p, opts); !slices.Equal(many.U, again.U) || many.DualBound != again.DualBound || many.NodeCount != again.NodeCount {
			t.Errorf("seed %d: three workers: bound %.12g in %d nodes; one: %.12g in %d",
				seed, many.DualBound, many.NodeCount, again.DualBound, again.NodeCount)
		}
	}
	if splits < 200 {
		t.Fatalf("only %d splits", splits)
	}
}

// anySplits is a partition without sense: units twice on a path, units that do not exist.
func anySplits(rng *rand.Rand, units, depth int) *bnb.Splits {
	if depth == 0 || rng.IntN(8) == 0 {
		return nil
	}
	return &bnb.Splits{Unit: rng.IntN(units+2) - 1, Off: anySplits(rng, units, depth-1), On: anySplits(rng, units, depth-1)}
}

// TestAnySplitsAreSound: whatever a program is split by first, its optimum is that of
// enumeration.
func TestAnySplitsAreSound(t *testing.T) {
	judged := 0
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 92))
		p := relutest.Random(rng, relutest.Shape{Nx: 1, Nu: 1, Horizon: 3, Hidden: []int{2}})
		want := bruteForce(p)
		r := solveByPhases(t, p, bnb.Options{RelGap: 1e-6, First: anySplits(rng, 6, 8)})
		if r.UnstableReLUs == 0 {
			continue // no phase to split
		}
		judged++
		if r.Status != milp.Optimal || r.DualBound > want+1e-9 || r.Objective > want+2e-6*(1+want) {
			t.Errorf("seed %d: %v, objective %.10g, dual bound %.10g; enumeration gives %.10g", seed, r.Status, r.Objective, r.DualBound, want)
		}
	}
	if judged < 25 {
		t.Fatalf("only %d programs had a phase to split", judged)
	}
}
