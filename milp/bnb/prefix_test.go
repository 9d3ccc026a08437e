package bnb_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
	"hinge/milp/bnb"
	"hinge/milp/certificate"
	"hinge/milp/relu/relutest"
)

// What is proven of prefixes must be below the optimum of the whole, and be the optimum
// of the longest prefix.
func TestPrefixesAgainstBruteForce(t *testing.T) {
	shapes := []relutest.Shape{
		{Nx: 1, Nu: 1, Horizon: 3, Hidden: []int{2}, Rate: true},
		{Nx: 2, Nu: 1, Horizon: 3, Hidden: []int{3}},
		{Nx: 2, Nu: 1, Horizon: 2, Hidden: []int{2, 2}},
	}
	judged, positive := 0, 0
	for seed := range uint64(24) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 91)), shapes[int(seed)%len(shapes)])
		r, ok := bnb.SolveByPrefixes(context.Background(), p, bnb.Options{RelGap: 1e-6})
		if !ok {
			continue
		}
		got := r.DualBound
		judged++
		whole, prefix := bruteForce(p), bruteForce(p.Prefix(p.Horizon-1))
		if got > whole+1e-9 {
			t.Errorf("seed %d: prefixes prove %.10g, enumeration gives %.10g", seed, got, whole)
		}
		if math.Abs(got-prefix) > 1e-5*(1+whole) && got < whole-1e-5*(1+whole) {
			t.Errorf("seed %d: prefixes prove %.10g, the optimum of all but the last step is %.10g", seed, got, prefix)
		}
		if prefix > 1e-3 {
			positive++
		}
	}
	if judged < 18 || positive < 10 {
		t.Fatalf("only %d programs, %d of them with early costs", judged, positive)
	}
}

// Rows whose largest counts may be negative: a prefix bounds nothing there.
func TestPrefixesNeedCostsAboveZero(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(1, 92)), relutest.Shape{Nx: 2, Nu: 1, Horizon: 3, Hidden: []int{3}, Norm: control.Max})
	if r, ok := bnb.SolveByPrefixes(context.Background(), p, bnb.Options{}); ok {
		t.Errorf("prefixes prove %g of costs that may be negative", r.DualBound)
	}
}

// A certificate of what prefixes prove must hold for the whole program.
func TestPrefixCertificates(t *testing.T) {
	judged := 0
	for seed := range uint64(30) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 94)), certified[int(seed)%len(certified)])
		r, ok := bnb.SolveByPrefixes(context.Background(), p, bnb.Options{RelGap: 1e-4, Record: true})
		if !ok || r.Certificate == nil {
			continue
		}
		checkCertified(t, seed, r)
		if r.DualBound > 1e-3 {
			judged++
		}
	}
	if judged < 8 {
		t.Fatalf("only %d certificates of bounds above 0", judged)
	}
}

// checkCertified wants a certificate that holds and claims just what the search proved.
func checkCertified(t *testing.T, seed uint64, r *bnb.Result) {
	t.Helper()
	v, err := certificate.Check(context.Background(), r.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if !v.Valid || r.Certificate.Claim.DualBound != r.DualBound {
		t.Errorf("seed %d: the search proves %v, the certificate claims %v: %s", seed, r.DualBound, r.Certificate.Claim.DualBound, v.Reason)
	}
}

// Once the result is made a search that is in the middle of a prefix does nothing more:
// it would only be late, and plans it still finds are not those of the result.
func TestStoppedPrefixesStop(t *testing.T) {
	stopped := 0
	for seed := range uint64(12) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 95)), relutest.Shape{Nx: 3, Nu: 2, Horizon: 4, Hidden: []int{8, 8}})
		r, before, after, ok := bnb.StopPrefixes(context.Background(), p, bnb.Options{RelGap: 1e-9, AbsGap: -1, NodeLimit: 2})
		if !ok {
			continue
		}
		stopped++
		if after != before {
			t.Errorf("seed %d: %d was spent before the result, %d after it", seed, before, after)
		}
		if j := p.Objective(r.U, p.NewWorkspace()); j != r.Objective {
			t.Errorf("seed %d: the plan costs %.17g, the result says %.17g", seed, j, r.Objective)
		}
	}
	if stopped < 6 {
		t.Fatalf("only %d searches were stopped", stopped)
	}
}
