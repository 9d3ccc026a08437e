package bnb_test

import (
	"math/rand/v2"
	"testing"

	"hinge/milp/bnb"
	"hinge/milp/relu/relutest"
)

// A trial must not claim more than the relaxation of the half gives, and must leave
// the relaxation of the node as it was.
func TestTrials(t *testing.T) {
	shapes := []relutest.Shape{
		{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{6}},
		{Nx: 3, Nu: 2, Horizon: 3, Hidden: []int{4, 4}},
	}
	tried := 0
	for seed := range uint64(30) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 77)), shapes[seed%2])
		bnb.TryUnits(p, func(y bnb.Trial) {
			tried++
			for side, claimed := range y.Claimed {
				if claimed > y.Half[side]+1e-6 || claimed < y.Node {
					t.Errorf("seed %d: a trial claims %.9g, the half's relaxation is %.9g, the node's %.9g", seed, claimed, y.Half[side], y.Node)
				}
			}
			if d := y.After - y.Node; d > 1e-7 || d < -1e-7 {
				t.Errorf("seed %d: the relaxation was %.9g and is %.9g after the trials", seed, y.Node, y.After)
			}
		})
	}
	if tried < 100 {
		t.Fatalf("only %d trials", tried)
	}
}
