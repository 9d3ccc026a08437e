package bnb

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"hinge/milp/relu/relutest"
)

// TestMultistartWorkers: the descents end where they end, whoever makes them, and what
// was found before a stop half way is kept.
func TestMultistartWorkers(t *testing.T) {
	p := newProblem(relutest.Random(rand.New(rand.NewPCG(5, 21)), relutest.Shape{Nx: 3, Nu: 2, Horizon: 4, Hidden: []int{12, 12}}))
	run := func(workers int, stop func() bool) incumbent {
		c := incumbent{value: math.Inf(1)}
		multistart(p, &c, Options{Seed: 3, Samples: samples, Descents: 8, Workers: workers}, newCrew(workers), stop)
		return c
	}
	after := func(calls int32) func() bool {
		var n atomic.Int32
		return func() bool { return n.Add(1) > calls }
	}
	whole, sampled := run(1, after(math.MaxInt32-1)), run(1, after(samples))
	for workers := 1; workers <= 3; workers++ {
		if c := run(workers, after(math.MaxInt32-1)); c.value != whole.value || !slices.Equal(c.u, whole.u) {
			t.Errorf("%d workers find %g at %v, one finds %g at %v", workers, c.value, c.u, whole.value, whole.u)
		}
		half := run(workers, after(samples+4))
		if !(half.value < sampled.value) || half.value != p.Objective(half.u, p.NewWorkspace()) {
			t.Errorf("%d workers, stopped after 4 descents: the best is %g, that of the samples %g", workers, half.value, sampled.value)
		}
	}
}

const samples = 16
