package bnb_test

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"hinge/control"
	"hinge/milp/bnb"
	"hinge/milp/certificate"
	"hinge/milp/relu/relutest"
)

// anySharpened returns a range of a sharpening, nil if there is none.
func anySharpened(rng *rand.Rand, c *certificate.Certificate) *certificate.Range {
	var all []*certificate.Range
	for i := range c.Sharpened {
		for _, g := range c.Sharpened[i].Ranges {
			for j := range g {
				all = append(all, &g[j])
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[rng.IntN(len(all))]
}

// falsifySharpened is [falsify] for what certificates of narrowed roots have. "harmless" is
// for changes that need not be found, for the claim stays true.
var falsifySharpened = map[string]func(rng *rand.Rand, c *certificate.Certificate) string{
	"sharpen a range": func(rng *rand.Rand, c *certificate.Certificate) string {
		y := anySharpened(rng, c)
		y.Value += float64(y.Side) * .5
		return "is proven"
	},
	"negative share": func(rng *rand.Rand, c *certificate.Certificate) string {
		y := anySharpened(rng, c)
		y.Share = -1e-9
		if y.Mult == nil {
			y.Mult = make([]float64, len(c.Leaves[0].Mult))
		}
		return "it must not be negative"
	},
	"slope above 1": func(rng *rand.Rand, c *certificate.Certificate) string {
		y := anySharpened(rng, c)
		y.Low[rng.IntN(len(y.Low))] = 1.0000001
		return "outside [0, 1]"
	},
	"do not follow states": func(_ *rand.Rand, c *certificate.Certificate) string {
		c.States = false
		return "states are not followed"
	},
	"drop a group": func(rng *rand.Rand, c *certificate.Certificate) string {
		y := &c.Sharpened[rng.IntN(len(c.Sharpened))]
		if len(y.Ranges) > 0 {
			i := rng.IntN(len(y.Ranges))
			y.Ranges = slices.Delete(slices.Clone(y.Ranges), i, i+1)
		}
		return "harmless"
	},
	"drop all": func(_ *rand.Rand, c *certificate.Certificate) string {
		c.Sharpened = nil
		return "harmless"
	},
	"reverse the groups": func(_ *rand.Rand, c *certificate.Certificate) string {
		for i := range c.Sharpened {
			slices.Reverse(c.Sharpened[i].Ranges)
		}
		return "harmless"
	},
	"move to another node": func(rng *rand.Rand, c *certificate.Certificate) string {
		for i := range c.Sharpened {
			c.Sharpened[i].Path = c.Leaves[rng.IntN(len(c.Leaves))].Path
		}
		return "harmless"
	},
	"another quantity": func(rng *rand.Rand, c *certificate.Certificate) string {
		y := anySharpened(rng, c)
		y.Of, y.Unit = certificate.Action, y.Unit%len(c.Program.Lower)
		return "harmless"
	},
	"lower the cutoff": func(_ *rand.Rand, c *certificate.Certificate) string {
		c.Claim.DualBound -= .1 * (1 + math.Abs(c.Claim.DualBound)) // ranges then hold for fewer plans
		return "harmless"
	},
	"raise the cutoff a little": func(_ *rand.Rand, c *certificate.Certificate) string {
		raise(c, c.Claim.Objective+1e-4*(1+math.Abs(c.Claim.Objective)))
		return "recomputed bound|is proven"
	},
	"raise the cutoff and the ranges": func(rng *rand.Rand, c *certificate.Certificate) string {
		raise(c, c.Claim.Objective+.05*(1+math.Abs(c.Claim.Objective)))
		for range 20 {
			y := anySharpened(rng, c)
			y.Value -= float64(y.Side) * rng.Float64()
		}
		return "recomputed bound|is proven"
	},
}

// raise claims a bound, and leaves that say so.
func raise(c *certificate.Certificate, bound float64) {
	c.Claim.DualBound = bound
	for i := range c.Leaves {
		c.Leaves[i].Bound = bound
	}
}

// TestNarrowedCertificates: where a root was narrowed the certificate proves what the search
// proved, recording changes nothing, and what makes it false is found. A change that need
// not be found is made many times: what is accepted says nothing that is not true.
func TestNarrowedCertificates(t *testing.T) {
	judged, found := map[string]int{}, map[string]int{}
	path := filepath.Join(t.TempDir(), "c.json")
	narrowed, boxes := 0, map[string]int{}
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 83))
		p := relutest.Random(rng, relutest.Shape{Nx: 2, Nu: 2, Horizon: 4, Hidden: []int{6}, Norm: control.L1})
		penalise(rng, p)
		opts := bnb.Options{RelGap: 1e-6, AbsGap: 1e-9, NodeLimit: 400}
		plain, err := bnb.Solve(context.Background(), p, opts)
		if err != nil {
			t.Fatal(err)
		}
		opts.Record = true
		r, err := bnb.Solve(context.Background(), p, opts)
		if err != nil {
			t.Fatal(err)
		}
		if plain.DualBound != r.DualBound || plain.NodeCount != r.NodeCount {
			t.Errorf("seed %d: recording changes the outcome: %v after %d nodes, %v after %d", seed, plain.DualBound, plain.NodeCount, r.DualBound, r.NodeCount)
		}
		recorded := r.Certificate.Claim.DualBound
		if v := verify(t, r.Certificate); !v.Valid {
			t.Errorf("seed %d: %s", seed, v.Reason)
			continue
		}
		if recorded < r.DualBound-2e-6*(1+math.Abs(r.DualBound)) {
			t.Errorf("seed %d: the certificate claims %v, the search %v", seed, recorded, r.DualBound)
		}
		honest := reread(t, path, reread(t, path, r.Certificate))
		if v := verify(t, honest); !v.Valid {
			t.Errorf("seed %d: rewritten: %s", seed, v.Reason)
		}
		for i := range honest.Sharpened {
			for _, g := range honest.Sharpened[i].Ranges {
				boxes[g[0].Of] += len(g)
			}
		}
		if anySharpened(rng, honest) == nil {
			continue
		}
		narrowed++
		for what, change := range falsifySharpened {
			c := reread(t, path, honest)
			want := change(rand.New(rand.NewPCG(seed, uint64(len(what)))), c) // the order of a map is random
			judged[what]++
			v := verify(t, c)
			if !v.Valid {
				found[what]++
			}
			switch {
			case want == "harmless" && v.Valid && c.Claim.DualBound > recorded:
				t.Errorf("seed %d, %s: accepted %v, above %v", seed, what, c.Claim.DualBound, recorded)
			case want != "harmless" && (v.Valid || !fails(v.Reason, want)):
				t.Errorf("seed %d, %s: valid %v, reason %q; it must say %q", seed, what, v.Valid, v.Reason, want)
			}
		}
	}
	t.Logf("%d roots narrowed, ranges of %v; judged %v, found %v", narrowed, boxes, judged, found)
	if narrowed < 8 || boxes[certificate.State] < 20 || boxes[certificate.Action] < 20 || boxes[""] < 20 {
		t.Errorf("only %d roots narrowed, ranges of %v", narrowed, boxes)
	}
	for what := range falsifySharpened {
		if judged[what] < 5 {
			t.Errorf("%s: judged %d times", what, judged[what])
		}
	}
	if found["drop all"] == 0 {
		t.Error("sharpening is never needed")
	}
}
