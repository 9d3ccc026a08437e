package bnb_test

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hinge/milp/bnb"
	"hinge/milp/certificate"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

// falsify changes a certificate so that it is false. Each returns what the checker
// must say, "" if there is nothing to change.
var falsify = map[string]func(rng *rand.Rand, c *certificate.Certificate) string{
	"drop a leaf": func(rng *rand.Rand, c *certificate.Certificate) string {
		if c.Cuts != nil {
			return ""
		}
		i := rng.IntN(len(c.Leaves))
		c.Leaves = slices.Delete(c.Leaves, i, i+1)
		return "leaves do not cover the box"
	},
	"shrink a box by an ulp": func(rng *rand.Rand, c *certificate.Certificate) string {
		if c.Cuts != nil {
			return ""
		}
		y := &c.Leaves[rng.IntN(len(c.Leaves))]
		k := rng.IntN(len(y.Lower))
		y.Lower[k] = math.Nextafter(y.Lower[k], 1e9)
		return "leaves do not cover the box|is above upper" // or the box is turned
	},
	"raise all bounds": func(rng *rand.Rand, c *certificate.Certificate) string {
		c.Claim.DualBound = c.Claim.Objective + .01*(1+math.Abs(c.Claim.Objective))
		for i := range c.Leaves {
			c.Leaves[i].Bound = c.Claim.DualBound
		}
		return "recomputed bound|is proven|below the claimed dual bound"
	},
	"lower the objective": func(rng *rand.Rand, c *certificate.Certificate) string {
		c.Claim.Objective = math.Nextafter(c.Claim.Objective, -1e9)
		return "objective of the incumbent is"
	},
	"change a weight": func(rng *rand.Rand, c *certificate.Certificate) string {
		w := c.Program.Network.Layers[rng.IntN(len(c.Program.Network.Layers))].Weights
		w[rng.IntN(len(w))] += 2 - 4*rng.Float64()
		return otherProgram
	},
	"change the biases": func(rng *rand.Rand, c *certificate.Certificate) string {
		for i := range c.Program.Network.Layers[0].Bias {
			c.Program.Network.Layers[0].Bias[i] += .5
		}
		return otherProgram
	},
	"claim that there is no plan": func(_ *rand.Rand, c *certificate.Certificate) string {
		c.Claim.Infeasible, c.Incumbent = true, nil
		return "not prove that there is no plan"
	},
	"sharpen a range": func(rng *rand.Rand, c *certificate.Certificate) string {
		y := anyRange(rng, c)
		if y == nil {
			return ""
		}
		y.Value += float64(y.Side) * .5
		return "is proven"
	},
	"negative share": func(rng *rand.Rand, c *certificate.Certificate) string {
		y := anyRange(rng, c)
		if y == nil {
			return ""
		}
		y.Share = -1e-9
		if y.Mult == nil {
			y.Mult = make([]float64, len(c.Leaves[0].Mult))
		}
		return "it must not be negative"
	},
	"slope of a range above 1": func(rng *rand.Rand, c *certificate.Certificate) string {
		y := anyRange(rng, c)
		if y == nil {
			return ""
		}
		y.Low[rng.IntN(len(y.Low))] = 1.0000001
		return "outside [0, 1]"
	},
	"ranges in the wrong order": func(rng *rand.Rand, c *certificate.Certificate) string {
		if len(c.Ranges) < 6 {
			return ""
		}
		slices.Reverse(c.Ranges)
		return "is proven"
	},
	"slope of a leaf below 0": func(rng *rand.Rand, c *certificate.Certificate) string {
		if c.Cuts != nil {
			return ""
		}
		y := &c.Leaves[rng.IntN(len(c.Leaves))]
		if y.Low == nil {
			return "" // it says no more than that no term is negative
		}
		y.Low[rng.IntN(len(y.Low))] = -1e-9
		return "outside [0, 1]"
	},
	"forget the ranges": func(rng *rand.Rand, c *certificate.Certificate) string {
		if len(c.Ranges) < 6 || len(c.Leaves) > 1 {
			return ""
		}
		c.Ranges = nil
		return "recomputed bound"
	},
	"raise an offset": func(rng *rand.Rand, c *certificate.Certificate) string {
		if c.Cuts == nil {
			return ""
		}
		for i := range c.Cuts.Regions[0].Cuts {
			c.Cuts.Regions[0].Cuts[i].Offset += .01
			return "its leaves prove"
		}
		return ""
	},
	"shrink a box of states": func(rng *rand.Rand, c *certificate.Certificate) string {
		if c.Cuts == nil {
			return ""
		}
		b := &c.Cuts.Regions[0].Boxes[0]
		k := rng.IntN(len(b.Lower))
		b.Lower[k] += .05 * (b.Upper[k] - b.Lower[k])
		return "is proven"
	},
}

// otherProgram is said of a certificate whose program was changed.
const otherProgram = "objective of the incumbent is|recomputed bound|is proven|its leaves prove"

// fails reports whether the reason is one of those that are wanted, which | separates.
func fails(reason, want string) bool {
	return slices.ContainsFunc(strings.Split(want, "|"), func(s string) bool { return strings.Contains(reason, s) })
}

func anyRange(rng *rand.Rand, c *certificate.Certificate) *certificate.Range {
	if len(c.Ranges) == 0 {
		return nil
	}
	g := c.Ranges[rng.IntN(len(c.Ranges))]
	return &g[rng.IntN(len(g))]
}

// isFalse reports whether a plan is below the bound of a changed certificate, or the
// incumbent above its cost: changed weights may leave the claim true by chance.
func isFalse(rng *rand.Rand, p *relu.Program, c *certificate.Certificate) bool {
	if certificate.CostAbove(&c.Program, c.Incumbent) > c.Claim.Objective {
		return true
	}
	u := make([]float64, p.Inputs())
	for range 2000 {
		relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
		var plan [][]float64
		for t := range p.Horizon {
			plan = append(plan, u[t*p.Nu:(t+1)*p.Nu])
		}
		if certificate.CostAbove(&c.Program, plan) < c.Claim.DualBound {
			return true
		}
	}
	return false
}

// TestFalseCertificates: what makes a certificate of ours false is found, for its
// reason; a file that was read and written again is accepted.
func TestFalseCertificates(t *testing.T) {
	judged := map[string]int{}
	path := filepath.Join(t.TempDir(), "c.json")
	for name, solve := range engines {
		for seed := range uint64(24) {
			rng := rand.New(rand.NewPCG(seed, 82))
			p := relutest.Random(rng, certified[int(seed)%6])
			if name == "stages" && (seed >= 9 || !bnb.Decomposable(p)) {
				continue
			}
			r, err := solve(context.Background(), p, bnb.Options{NodeLimit: 3000, RelGap: 1e-3, Record: true})
			if err != nil {
				t.Fatal(err)
			}
			if r.Certificate == nil {
				continue
			}
			honest := reread(t, path, reread(t, path, r.Certificate))
			if v := verify(t, honest); !v.Valid {
				t.Errorf("%s, seed %d: rewritten: %s", name, seed, v.Reason)
			}
			for what, change := range falsify {
				c := reread(t, path, honest)
				want := change(rng, c)
				if want == "" || strings.HasPrefix(what, "change ") && !isFalse(rng, p, c) {
					continue
				}
				judged[what]++
				if v := verify(t, c); v.Valid || !fails(v.Reason, want) {
					t.Errorf("%s, seed %d, %s: valid %v, reason %q; it must say %q", name, seed, what, v.Valid, v.Reason, want)
				}
			}
		}
	}
	t.Log(judged)
	for what := range falsify {
		if judged[what] < 3 {
			t.Errorf("%s: only %d certificates were judged", what, judged[what])
		}
	}
}

// reread writes a certificate to a file and reads it.
func reread(t *testing.T, path string, c *certificate.Certificate) *certificate.Certificate {
	t.Helper()
	if err := certificate.Write(path, c); err != nil {
		t.Fatal(err)
	}
	d, err := certificate.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func verify(t *testing.T, c *certificate.Certificate) *certificate.Report {
	t.Helper()
	v, err := certificate.Check(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestFullRecord: beyond its limit a record proves less, and what it proves is true. It
// does not depend on the number of workers.
func TestFullRecord(t *testing.T) {
	weaker := 0
	for name, solve := range engines {
		for seed := range uint64(10) {
			p := relutest.Random(rand.New(rand.NewPCG(seed, 83)), certified[5*(int(seed)%2)])
			var first *certificate.Certificate
			for _, workers := range []int{1, 3} {
				opts := bnb.Options{NodeLimit: 2000, RelGap: 1e-5, Record: true, RecordLimit: 3000, Workers: workers}
				r, err := solve(context.Background(), p, opts)
				if err != nil {
					t.Fatal(err)
				}
				c := r.Certificate
				if c == nil {
					continue
				}
				if c.Claim.DualBound > r.DualBound {
					t.Errorf("%s, seed %d: the certificate claims %v, the search %v", name, seed, c.Claim.DualBound, r.DualBound)
				}
				if v := verify(t, c); !v.Valid {
					t.Errorf("%s, seed %d: %s", name, seed, v.Reason)
				}
				if c.Claim.DualBound < r.DualBound {
					weaker++
				}
				if first == nil {
					first = c
				}
				if first.Claim != c.Claim || len(first.Leaves) != len(c.Leaves) {
					t.Errorf("%s, seed %d: with %d workers %v and %d leaves, with one %v and %d", name, seed, workers, c.Claim, len(c.Leaves), first.Claim, len(first.Leaves))
				}
			}
		}
	}
	if weaker < 10 {
		t.Errorf("only %d records were full", weaker)
	}
}
