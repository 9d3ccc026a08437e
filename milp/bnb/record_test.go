package bnb_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/certificate"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

// engines are all ways to search, by name.
var engines = map[string]func(ctx context.Context, p *relu.Program, opts bnb.Options) (*bnb.Result, error){
	"actions": bnb.SolveByActions,
	"phases":  bnb.SolveByPhases,
	"all":     bnb.Solve,
	"stages":  byStages,
}

func byStages(ctx context.Context, p *relu.Program, opts bnb.Options) (*bnb.Result, error) {
	return bnb.SolveByStages(ctx, p, opts, nil)
}

var certified = []relutest.Shape{
	{Nx: 2, Nu: 1, Horizon: 3, Hidden: []int{5}},
	{Nx: 3, Nu: 2, Horizon: 2, Hidden: []int{4, 3}, Rate: true},
	{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{6}, Norm: control.LInf, Chain: true},
	{Nx: 3, Nu: 1, Horizon: 3, Hidden: []int{4}, Norm: control.Max},
	{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{6}, Norm: control.SquaredL2, Rate: true},
	{Nx: 3, Nu: 2, Horizon: 4, Hidden: []int{4, 4}},
	{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{5}, Norm: control.Hinge, Rate: true},
	{Nx: 2, Nu: 1, Horizon: 2, Hidden: []int{5}, KeepOut: true},
}

// TestCertificates: what every engine proves, with the gap closed or cut short, is
// confirmed by the checker; and to record it changes nothing.
func TestCertificates(t *testing.T) {
	for name, solve := range engines {
		judged, leaves, refined, ranges := 0, 0, 0, 0
		for seed := range uint64(60) {
			p := relutest.Random(rand.New(rand.NewPCG(seed, 81)), certified[int(seed)%len(certified)])
			if name == "stages" && !bnb.Decomposable(p) {
				continue
			}
			opts := bnb.Options{NodeLimit: []int{1, 20, 200, 2000}[int(seed/6)%4], RelGap: []float64{1e-2, 1e-4}[seed%2]}
			if name == "stages" {
				opts.NodeLimit = 2000 + 3*opts.NodeLimit // a single node takes that many
			}
			plain, err := solve(context.Background(), p, opts)
			if err != nil {
				t.Fatal(err)
			}
			opts.Record = true
			r, err := solve(context.Background(), p, opts)
			if err != nil {
				t.Fatal(err)
			}
			if plain.DualBound != r.DualBound || plain.NodeCount != r.NodeCount || !slices.Equal(plain.U, r.U) {
				t.Errorf("%s, seed %d: recording changes the outcome", name, seed)
			}
			c := r.Certificate
			if c == nil {
				continue
			}
			if c.Claim.DualBound != r.DualBound {
				t.Errorf("%s, seed %d: the certificate claims %v, the search %v", name, seed, c.Claim.DualBound, r.DualBound)
			}
			v, err := certificate.Check(context.Background(), c)
			if err != nil {
				t.Fatal(err)
			}
			judged++
			if !v.Valid {
				t.Errorf("%s, seed %d, %v: %s", name, seed, r.Status, v.Reason)
			}
			leaves += v.Leaves
			refined += v.Refined
			for _, g := range c.Ranges {
				ranges += len(g)
			}
		}
		t.Logf("%s: %d certificates, %d leaves, %d refined, %d ranges", name, judged, leaves, refined, ranges)
		if judged < 20 {
			t.Errorf("%s: only %d certificates were judged", name, judged)
		}
	}
}

// TestObviousBound: a search that has no time to bound anything still has the bound 0 and a
// certificate of it, unless a term can be negative.
func TestObviousBound(t *testing.T) {
	late, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
	defer cancel()
	obvious := 0
	for i, shape := range certified {
		p := relutest.Random(rand.New(rand.NewPCG(uint64(i), 84)), shape)
		r, err := bnb.Solve(late, p, bnb.Options{Record: true})
		if err != nil {
			t.Fatal(err)
		}
		c := r.Certificate
		if (c == nil) != math.IsInf(r.DualBound, -1) || c == nil && shape.Norm != control.Max {
			t.Errorf("shape %d: bound %v with a certificate: %v", i, r.DualBound, c != nil)
		}
		if c == nil {
			continue
		}
		if v := verify(t, c); !v.Valid || c.Claim.DualBound != r.DualBound {
			t.Errorf("shape %d: bound %v, claimed %v: %s", i, r.DualBound, c.Claim.DualBound, v.Reason)
		}
		if r.DualBound > 0 {
			continue // a root was bounded
		}
		obvious++
		c.Claim.DualBound, c.Leaves[0].Bound = r.Objective+.1, r.Objective+.1
		if v := verify(t, c); v.Valid {
			t.Errorf("shape %d: a bound above the cost of a plan is valid", i)
		}
	}
	if obvious < 4 {
		t.Errorf("only %d bounds are obvious", obvious)
	}
}

// TestLateRecord: a search that records and does not notice its deadline, since it bounds
// the root of a large program, is not waited for; what it returns is certified all the same.
func TestLateRecord(t *testing.T) {
	defer bnb.SetProofGrace(time.Millisecond)()
	p := relutest.Random(rand.New(rand.NewPCG(1, 85)), relutest.Shape{Nx: 4, Nu: 2, Horizon: 6, Hidden: []int{200, 200}})
	late, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	r, err := bnb.Solve(late, p, bnb.Options{Record: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.UnstableReLUs != 0 || r.Status != milp.TimeLimit {
		t.Fatalf("%v after %v: the root was waited for", r.Status, r.SolveTime)
	}
	if r.DualBound != 0 || r.Certificate == nil || r.Certificate.Claim.DualBound != 0 {
		t.Fatalf("bound %v, certificate %v", r.DualBound, r.Certificate != nil)
	}
	if v := verify(t, r.Certificate); !v.Valid {
		t.Error(v.Reason)
	}
}
