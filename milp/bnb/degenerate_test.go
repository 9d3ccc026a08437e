package bnb_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

// TestPointsAreBounded: where whole numbers leave a single point, its bound is what it costs,
// whatever the tangents that a node inherited, and points that break a row are no plans: the
// search ends with the best of all points.
func TestPointsAreBounded(t *testing.T) {
	shapes := []relutest.Shape{
		{Nx: 2, Nu: 1, Horizon: 3, Hidden: []int{5}, Norm: control.SquaredL2},
		{Nx: 2, Nu: 1, Horizon: 2, Hidden: []int{4}, Norm: control.Hinge, KeepOut: true},
		{Nx: 3, Nu: 1, Horizon: 2, Hidden: []int{3, 3}, Norm: control.LInf, Rate: true},
	}
	optimal, none := 0, 0
	for seed := range uint64(90) {
		rng := rand.New(rand.NewPCG(seed, 201))
		p := relutest.Random(rng, shapes[int(seed)%len(shapes)])
		whole := []int{0}
		if seed%2 == 0 {
			whole = nil
			for len(whole) == 0 {
				relutest.Constrain(rng, p, 1)
				whole = p.Integer
			}
		} else if err := p.Constrain(nil, whole); err != nil {
			t.Fatal(err)
		}
		want := enumerate(p)
		r := solve(t, p, bnb.Options{DualSteps: []int{0, -1}[seed/3%2]})
		if math.IsInf(want, 1) {
			none++
			if r.Status != milp.Infeasible {
				t.Errorf("seed %d: %v, bound %v; there is no plan", seed, r.Status, r.DualBound)
			}
			continue
		}
		optimal++
		if r.Status != milp.Optimal || r.DualBound > want+1e-9 || r.Objective < want-1e-9 {
			t.Errorf("seed %d: %v, %v, bound %v; the best point costs %v", seed, r.Status, r.Objective, r.DualBound, want)
		}
	}
	if optimal < 60 || none < 5 {
		t.Errorf("only %d optima, and %d programs without a plan", optimal, none)
	}
}

// TestNothingIsCharged: whole actions, whose linear program has no row where no unit is
// undecided and nothing is charged.
func TestNothingIsCharged(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(1, 202)), relutest.Shape{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{4}})
	cost := &control.Cost{Nx: p.Nx, Nu: p.Nu, Horizon: p.Horizon}
	p, err := relu.New(p.Step, p.X0, control.NewBox(p.Nu, -1, 1), cost, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Constrain(nil, []int{0}); err != nil {
		t.Fatal(err)
	}
	if r := solve(t, p, bnb.Options{}); r.Status != milp.Optimal || r.Objective != 0 || r.DualBound != 0 {
		t.Errorf("%v, %v, bound %v; every plan costs 0", r.Status, r.Objective, r.DualBound)
	}
}

// TestZerosAreCertified: what is exactly 0 is certified, by a checker that accounts for
// underflow: states that stay at 0, and a cost that may be negative and is not.
func TestZerosAreCertified(t *testing.T) {
	checked := 0
	for seed := range uint64(24) {
		shape := relutest.Shape{Nx: 2, Nu: 1, Horizon: 3, Hidden: []int{4}, Chain: true, Norm: []control.Norm{control.L1, control.Hinge, control.Max}[seed%3]}
		p := relutest.Random(rand.New(rand.NewPCG(seed, 203)), shape)
		last := len(p.Step.Layers) - 1
		clear(p.Step.Weight(last)[:p.Step.Layers[last].In()])
		clear(p.Step.Bias(last)[:1])
		if p.X0[0] = 0; shape.Norm == control.Max {
			for i := range p.Terms {
				clear(p.Terms[i].X)
				clear(p.Terms[i].B)
			}
		}
		for name, search := range engines {
			if name == "stages" && !bnb.Decomposable(p) {
				continue
			}
			r, err := search(context.Background(), p, bnb.Options{NodeLimit: 3000, Record: true})
			if err != nil {
				t.Fatal(err)
			}
			if r.Certificate == nil {
				continue
			}
			if checked++; r.Certificate.Claim.DualBound < r.DualBound-1e-200 {
				t.Errorf("%s, seed %d: the certificate claims %v, the search %v", name, seed, r.Certificate.Claim.DualBound, r.DualBound)
			}
			if v := verify(t, r.Certificate); !v.Valid {
				t.Errorf("%s, seed %d: %v, bound %v: %s", name, seed, r.Status, r.DualBound, v.Reason)
			}
		}
	}
	if checked < 40 {
		t.Errorf("only %d certificates", checked)
	}
}

// TestInheritedKeepOut: a part that was split off and not yet bounded has the bound of a part
// above it, also where that one was found to be inside a keep-out region with ranges that
// those below it do not repeat.
func TestInheritedKeepOut(t *testing.T) {
	shape := relutest.Shape{Nx: 2, Nu: 2, Horizon: 3, Hidden: []int{2}, Norm: control.Hinge, KeepOut: true}
	for seed := range uint64(400) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 204)), shape)
		r, err := bnb.SolveByActions(context.Background(), p, bnb.Options{NodeLimit: 60, RelGap: -1, Samples: 32, Record: true})
		if err != nil {
			t.Fatal(err)
		}
		if v := verify(t, r.Certificate); !v.Valid {
			t.Errorf("seed %d: bound %v: %s", seed, r.DualBound, v.Reason)
		}
	}
}
