package relu_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/milp/relu/relutest"
)

// TestWhole compares roundings with a count of all whole numbers.
func TestWhole(t *testing.T) {
	without, judged := 0, 0
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 7))
		p := relutest.Random(rng, relutest.Shape{Nx: 1, Nu: 2, Horizon: 2, Hidden: []int{2}})
		if err := p.Constrain(nil, []int{1}); err != nil {
			t.Fatal(err)
		}
		relutest.Fractional(rng, p)
		u, box, exists := make([]float64, 4), p.Box.Clone(), true
		relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
		want, inside := slices.Clone(u), p.Box.Clone()
		for _, k := range []int{1, 3} {
			var whole []float64
			for v := -10.0; v <= 10; v++ {
				if p.Box.Lower[k] <= v && v <= p.Box.Upper[k] {
					whole = append(whole, v)
				}
			}
			if exists = exists && len(whole) > 0; !exists {
				break
			}
			inside.Lower[k], inside.Upper[k] = whole[0], whole[len(whole)-1]
			want[k] = slices.MinFunc(whole, func(a, b float64) int { return cmp.Compare(math.Abs(a-u[k]), math.Abs(b-u[k])) })
		}
		if got := p.Inwards(box); got != exists || p.Round(u) != exists {
			t.Fatalf("seed %d: a whole number in %v: %v, counted %v", seed, p.Box, got, exists)
		}
		if !exists {
			without++
			continue
		}
		judged++
		if !slices.Equal(u, want) || !slices.Equal(box.Lower, inside.Lower) || !slices.Equal(box.Upper, inside.Upper) {
			t.Fatalf("seed %d: %v and %v, counted %v and %v", seed, u, box, want, inside)
		}
	}
	if without < 200 || judged < 200 {
		t.Errorf("%d boxes without a whole number and %d with some were judged", without, judged)
	}
}
