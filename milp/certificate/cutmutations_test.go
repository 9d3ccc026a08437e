package certificate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// cutMutations falsify a proof by cuts, and return what the checker must say; "" for
// nothing to falsify.
var cutMutations = map[string]func(rng *rand.Rand, c *Certificate) string{
	"drop a leaf of a cut": func(rng *rand.Rand, c *Certificate) string {
		k := anyCut(rng, c, false)
		k.Leaves = k.Leaves[1:]
		return "leaves do not cover the box"
	},
	"drop all leaves of a cut": func(rng *rand.Rand, c *Certificate) string {
		anyCut(rng, c, false).Leaves = nil
		return "leaves do not cover the box"
	},
	"claim that there is no plan": func(_ *rand.Rand, c *Certificate) string {
		c.Claim.Infeasible, c.Incumbent = true, nil
		return "they do not prove that there is no plan"
	},
	"drop a leaf of a side": func(rng *rand.Rand, c *Certificate) string {
		s := &c.Cuts.Regions[0].Boxes[0].Sides[1]
		s.Leaves = s.Leaves[:len(s.Leaves)-1]
		return "region 0: box of step 1: side 1: leaves do not cover the box"
	},
	"drop a leaf of a bound": func(rng *rand.Rand, c *Certificate) string {
		b := c.Cuts.Regions[2].Bound
		b.Leaves = b.Leaves[1:]
		return "region 2: bound: leaves do not cover the box"
	},
	"raise an offset": func(rng *rand.Rand, c *Certificate) string {
		k := anyCut(rng, c, false)
		k.Offset += 1e-3
		return "its leaves prove"
	},
	"raise a tilted offset": func(rng *rand.Rand, c *Certificate) string {
		anyCut(rng, c, true).Offset += 1e-6
		return "offset is too large by"
	},
	"turn a tilted slope": func(rng *rand.Rand, c *Certificate) string {
		anyCut(rng, c, true).Slope[0] += 1e-3
		return "offset is too large by"
	},
	"tilt the wrong way": func(rng *rand.Rand, c *Certificate) string {
		anyCut(rng, c, true).Tilt.Amount *= -1
		return "must not be negative"
	},
	"raise a bound": func(rng *rand.Rand, c *Certificate) string {
		c.Cuts.Regions[1].Bound.Value += 1e-6
		return "region 1: bound: its leaves prove"
	},
	"raise the dual bound": func(rng *rand.Rand, c *Certificate) string {
		c.Claim.DualBound += 1e-9
		return "below the claimed dual bound"
	},
	"raise leaves": func(rng *rand.Rand, c *Certificate) string {
		b := c.Cuts.Regions[1].Bound
		for i := range b.Leaves { // one alone may hold no point
			b.Leaves[i].Bound += 1e4
		}
		return "recomputed bound"
	},
	"shrink a box": func(rng *rand.Rand, c *Certificate) string {
		b := &c.Cuts.Regions[0].Boxes[0]
		b.Upper[0] -= 1e-6
		return "region 0: box of step 1: upper[0] is"
	},
	"forget a half": func(rng *rand.Rand, c *Certificate) string {
		c.Cuts.Regions[0].Bound = nil
		c.Cuts.Regions = c.Cuts.Regions[:2]
		return "below the claimed dual bound"
	},
	"a gap between halves": func(rng *rand.Rand, c *Certificate) string {
		c.Cuts.Regions[0].Bound = nil
		s := c.Cuts.Regions[1].Split
		s.Point = math.Nextafter(s.Point, -1e9)
		return " " // the tilted cut or the union fails
	},
	"use a cut of the same step": func(rng *rand.Rand, c *Certificate) string {
		for i := range c.Cuts.Regions[0].Cuts {
			if k := &c.Cuts.Regions[0].Cuts[i]; len(k.Uses) > 0 {
				k.Uses[0] = i
				return fmt.Sprintf("it uses cut %d, which is not proven at step", i)
			}
		}
		return ""
	},
	"use a cut of the other half": func(rng *rand.Rand, c *Certificate) string {
		n := len(c.Cuts.Regions[0].Cuts)
		b := c.Cuts.Regions[2].Bound
		for i, k := range c.Cuts.Regions[1].Cuts {
			if k.Step == 1 {
				b.Uses[0] = n + i
				return "which is not proven at step 1 in this region or one above"
			}
		}
		return ""
	},
	"skew a frame": func(rng *rand.Rand, c *Certificate) string {
		c.Cuts.Frames[0].Basis[0] += 1e-4
		return "region 0: box of step 1:"
	},
}

// anyCut returns a random cut, tilted or not.
func anyCut(rng *rand.Rand, c *Certificate, tilted bool) *Cut {
	for {
		y := &c.Cuts.Regions[rng.IntN(len(c.Cuts.Regions))]
		if k := &y.Cuts[rng.IntN(len(y.Cuts))]; (k.Tilt != nil) == tilted {
			return k
		}
	}
}

func TestCutMutations(t *testing.T) {
	judged := map[string]int{}
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 11))
		honest := proveByCuts(rng, randomProgram(rng, stageShapes[int(seed)%len(stageShapes)]))
		for name, mutate := range cutMutations {
			c := clone(t, honest)
			want := mutate(rng, c)
			if want == "" {
				continue
			}
			judged[name]++
			if r := check(t, c); r.Valid || !says(r.Reason, want) {
				t.Errorf("seed %d, %s: valid %v, reason %q; it must say %q", seed, name, r.Valid, r.Reason, want)
			}
		}
	}
	for name := range cutMutations {
		if judged[name] < 6 {
			t.Errorf("%s: only %d certificates were judged", name, judged[name])
		}
	}
}
