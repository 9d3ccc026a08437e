package planner

import (
	"context"
	"math"
	"testing"

	"hinge/control"
)

// plain hides the batch of a system.
type plain struct{ control.System }

func (p plain) Clone() control.System { return plain{p.System.Clone()} }

func TestRolloutsAgreeWithSimulateAndTotal(t *testing.T) {
	const nx, nu, horizon, n = 3, 2, 6, 3*batchRows - 5
	step := testStep(nx, nu, []int{8, 8}, 5)
	x0 := []float64{0.1, -0.2, 0.4}
	u := randomBatch(n, horizon*nu, 9)
	double := NewNetSystem(step, nx, nu)
	checked := 0
	for name, c := range map[string]struct {
		sys control.System
		tol float64
	}{"float32": {double, 1e-4}, "one by one": {plain{double}, 1e-12}} {
		for _, before := range [][]float64{nil, {0.3, -0.1}} {
			p, err := Problem{System: c.sys, Action: control.NewBox(nu, -1, 1), Cost: testCost(nx, nu, horizon)}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			want := make([]float64, n)
			for _, workers := range []int{1, 2, 8} {
				r := newRollouts(&p, workers)
				r.start(x0, before)
				got := make([]float64, n)
				r.evaluate(context.Background(), got, u, nil)
				for i := range n {
					if workers > 1 && got[i] != want[i] {
						t.Fatalf("%s: sample %d costs %g with %d workers, %g with one", name, i, got[i], workers, want[i])
					}
					tr := control.NewTrajectory(nx, nu, horizon)
					copy(tr.U, u[i*horizon*nu:])
					tr.Simulate(&formula{step, nx, nu}, x0)
					if exact := p.Cost.Total(tr, before); math.Abs(got[i]-exact) > c.tol*(1+math.Abs(exact)) {
						t.Fatalf("%s: sample %d costs %g, want %g", name, i, got[i], exact)
					}
					checked++
				}
				copy(want, got)
			}
		}
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

func TestRolloutsAfterTheDeadlineAreInfinite(t *testing.T) {
	p, x0 := testProblem(3)
	p, err := p.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := newRollouts(&p, 2)
	r.start(x0, nil)
	costs := make([]float64, 2*batchRows)
	r.evaluate(ctx, costs, make([]float64, len(costs)*r.size()), nil)
	for _, c := range costs {
		if !math.IsInf(c, 1) {
			t.Fatalf("a sample costs %g after the deadline, want +Inf", c)
		}
	}
}

func TestStageCostIsTheCost(t *testing.T) {
	const nx, nu, horizon = 3, 2, 5
	c := testCost(nx, nu, horizon)
	s := newStageCost(c)
	checked := 0
	for i := range 200 {
		v := randomBatch(1, nx+2*nu, i)
		x, u, prev := v[:nx], v[nx:nx+nu], v[nx+nu:]
		if i%3 == 0 {
			prev = nil
		}
		for step := 1; step <= horizon; step++ {
			want := c.Stage(step, x, u, prev)
			if got := s.at(step, x, u, prev); math.Abs(got-want) > 1e-12*(1+want) {
				t.Fatalf("step %d: %g, want %g", step, got, want)
			}
			checked++
		}
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}
