package planner

import (
	"context"
	"math"
	"testing"
	"time"

	"hinge/control"
	"hinge/milp/bnb"
	"hinge/nn"
)

// largePocket is the pocket with a network that moves the point as the integrator does,
// but for little, with so many ReLUs a step.
func largePocket(relus int) Problem {
	p, rng := pocket(), newRand(9)
	net := nn.NewMLP(4, []int{relus}, 2, false)
	for i := range net.Params {
		net.Params[i] = rng.NormFloat64()
	}
	for i := range net.Weight(1) {
		net.Weight(1)[i] *= 1e-6
	}
	clear(net.Bias(1))
	s := nn.Shell{In: 4, Weight: make([]float64, 16), Residual: make([]float64, 8)}
	for i := range 4 {
		s.Weight[i*4+i] = 1
	}
	for i := range 2 {
		s.Residual[i*4+i], s.Residual[i*4+2+i] = 1, 1
	}
	p.Step, p.System = net.Wrap(s), nil
	return p
}

// Where a program is beyond proof, bnb first looks for a plan all over, and leaves time.
func TestBranchAndBoundExplores(t *testing.T) {
	x0 := make([]float64, 2)
	explore := func(p Problem, limit time.Duration) (*control.Plan, error) {
		b, err := NewBranchAndBound(p, bnb.Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		prog, err := b.program(x0)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		found, err := b.explore(ctx, prog, x0, nil)
		if found != nil && ctx.Err() != nil {
			t.Error("explore took all the time")
		}
		return found, err
	}
	large := largePocket(exploreFrom/28 + 1)
	found, err := explore(large, 12*time.Second)
	if err != nil || found == nil || !found.Verified {
		t.Fatalf("found %+v, %v", found, err)
	}
	if found.Objective > 1 {
		t.Errorf("the plan ends at %g: it is caught in the pocket", found.Objective)
	}
	if found, err := explore(largePocket(exploreFrom/28-1), time.Minute); found != nil || err != nil {
		t.Errorf("a small program was explored: %v, %v", found, err)
	}
	large.Integer = []int{0}
	if found, err := explore(large, time.Minute); found != nil || err != nil {
		t.Errorf("a program with whole actions was explored: %v, %v", found, err)
	}
}

// No plan costs less than 0 unless a term can be negative.
func TestCostsAreNotNegative(t *testing.T) {
	const nx, nu, horizon = 3, 2, 4
	all := testCost(nx, nu, horizon)
	negative := 0
	for k := range all.Terms {
		c := &control.Cost{Nx: nx, Nu: nu, Horizon: horizon, Terms: all.Terms[k : k+1]}
		floor := math.Inf(-1)
		if c.Terms[0].Norm.NonNegative() {
			floor = 0
		}
		tr, rng := control.NewTrajectory(nx, nu, horizon), newRand(k)
		for range 200 {
			for i := range tr.X {
				tr.X[i] = rng.NormFloat64()
			}
			for i := range tr.U {
				tr.U[i] = rng.NormFloat64()
			}
			j := c.Total(tr, nil)
			if j < floor {
				t.Errorf("term %s costs %g, less than its floor %g", c.Terms[0].Name, j, floor)
			}
			if j < 0 {
				negative++
			}
		}
	}
	if negative == 0 {
		t.Error("no term was ever negative: the test shows nothing")
	}
}
