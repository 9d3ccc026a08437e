package relu_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"hinge/milp/relu/relutest"
)

// A prefix must charge what the whole charges until then.
func TestPrefix(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 93))
	p := relutest.Random(rng, relutest.Shape{Nx: 3, Nu: 2, Horizon: 4, Hidden: []int{5, 4}, Rate: true})
	ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
	for range 50 {
		p.Box.Sample(u, rng)
		last := 0.0
		for steps := 1; steps <= p.Horizon; steps++ {
			q := p.Prefix(steps)
			got := q.Objective(u[:q.Inputs()], q.NewWorkspace())
			if got < last {
				t.Fatalf("%d steps cost %g, fewer cost %g", steps, got, last)
			}
			last = got
		}
		if want := p.Objective(u, ws); math.Abs(last-want) > 1e-12*(1+want) {
			t.Fatalf("all steps cost %g, the program %g", last, want)
		}
		if got := p.Prefix(2).Objective(u[:4], p.Prefix(2).NewWorkspace()); got == last {
			t.Fatal("later steps cost nothing: the test cannot tell")
		}
	}
}
