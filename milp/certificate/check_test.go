package certificate

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func check(t testing.TB, c *Certificate) *Report {
	t.Helper()
	r, err := Check(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestHonest: certificates of an honest prover hold, and no sampled action
// sequence lies below the dual bound.
func TestHonest(t *testing.T) {
	judged, leaves, refined := 0, 0, 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		p := randomProgram(rng, shapes[int(seed)%len(shapes)])
		c := prove(rng, p, 3+int(seed)%5, seed%2 == 1)
		r := check(t, c)
		if !r.Valid {
			t.Errorf("seed %d: an honest certificate is rejected: %s", seed, r.Reason)
			continue
		}
		rng.Shuffle(len(c.Leaves), func(i, j int) { c.Leaves[i], c.Leaves[j] = c.Leaves[j], c.Leaves[i] })
		c.Leaves = append(c.Leaves, c.Leaves[rng.IntN(len(c.Leaves))])
		if r := check(t, c); !r.Valid || r.Refined > 0 {
			t.Errorf("seed %d: leaves in another order, one of them twice: %s", seed, r.Reason)
		}
		leaves += r.Leaves
		refined += r.Refined
		u := make([]float64, len(p.Lower))
		for range 2500 {
			sample(rng, u, p.Lower, p.Upper)
			v, pre := naive(p, u)
			judged++
			if v < r.DualBound-1e-12*(1+math.Abs(v)) {
				t.Fatalf("seed %d: J(%v) = %v is below the dual bound %v", seed, u, v, r.DualBound)
			}
			judgeLeaves(t, c, u, v, pre)
		}
	}
	t.Logf("%d samples, %d leaves, %d refined", judged, leaves, refined)
	if judged < 100_000 {
		t.Errorf("only %d samples were judged", judged)
	}
}

// judgeLeaves compares J(u) with the bound of every leaf that u lies in.
func judgeLeaves(t *testing.T, c *Certificate, u []float64, v float64, pre []float64) {
	t.Helper()
	found := false
	for i, y := range c.Leaves {
		inside := true
		for k := range u {
			inside = inside && y.Lower[k] <= u[k] && u[k] <= y.Upper[k]
		}
		for _, p := range y.Phases {
			inside = inside && float64(p[1])*pre[p[0]] >= 1e-12
		}
		if inside && v < y.Bound-1e-12*(1+math.Abs(v)) {
			t.Fatalf("leaf %d: J(%v) = %v is below its bound %v", i, u, v, y.Bound)
		}
		found = found || inside
	}
	if !found && len(c.Leaves[0].Phases) == 0 && !slices.ContainsFunc(c.Leaves, func(y Leaf) bool { return y.Phases != nil }) {
		t.Fatalf("no leaf holds %v", u)
	}
}

// clone copies a certificate by its file.
func clone(t testing.TB, c *Certificate) *Certificate {
	t.Helper()
	d, err := Decode("clone", encode(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// worst returns the leaf with the smallest bound.
func worst(c *Certificate) *Leaf {
	best := &c.Leaves[0]
	for i := range c.Leaves {
		if c.Leaves[i].Bound < best.Bound {
			best = &c.Leaves[i]
		}
	}
	return best
}

// mutations make a certificate false. Each returns what the reason must say, see
// [says], or "" if it cannot be applied to this certificate.
var mutations = map[string]func(rng *rand.Rand, c *Certificate) string{
	"drop a leaf": func(rng *rand.Rand, c *Certificate) string {
		i := rng.IntN(len(c.Leaves))
		c.Leaves = slices.Delete(c.Leaves, i, i+1)
		return "leaves do not cover the box: around u = ["
	},
	"drop all leaves": func(_ *rand.Rand, c *Certificate) string {
		c.Leaves = nil
		return "leaves do not cover the box: around u = ["
	},
	"shrink a box by an ulp": func(rng *rand.Rand, c *Certificate) string {
		y := &c.Leaves[rng.IntN(len(c.Leaves))]
		k := rng.IntN(len(y.Lower))
		y.Upper[k] = math.Nextafter(y.Upper[k], -10)
		return "leaves do not cover the box"
	},
	"shrink a box from below": func(rng *rand.Rand, c *Certificate) string {
		y := &c.Leaves[rng.IntN(len(c.Leaves))]
		k := rng.IntN(len(y.Lower))
		y.Lower[k] += 1e-3 * (y.Upper[k] - y.Lower[k])
		return "leaves do not cover the box"
	},
	"turn a box": func(rng *rand.Rand, c *Certificate) string {
		y := &c.Leaves[rng.IntN(len(c.Leaves))]
		y.Lower[0], y.Upper[0] = y.Upper[0], y.Lower[0]
		return "is above upper[0]"
	},
	"grow a box": func(rng *rand.Rand, c *Certificate) string {
		c.Leaves[0].Lower[0] = c.Program.Lower[0] - 1
		return "reaches outside the box"
	},
	"raise a bound": func(rng *rand.Rand, c *Certificate) string {
		worst(c).Bound += .05 * (1 + math.Abs(c.Claim.Objective))
		return "recomputed bound"
	},
	"raise the dual bound": func(rng *rand.Rand, c *Certificate) string {
		c.Claim.DualBound = math.Nextafter(c.Claim.DualBound, 1e9)
		return "is below the claimed dual bound"
	},
	"raise all bounds": func(rng *rand.Rand, c *Certificate) string {
		c.Claim.DualBound = c.Claim.Objective + .1
		for i := range c.Leaves {
			c.Leaves[i].Bound = max(c.Leaves[i].Bound, c.Claim.DualBound)
		}
		return "recomputed bound"
	},
	"lower the objective": func(rng *rand.Rand, c *Certificate) string {
		c.Claim.Objective = math.Nextafter(c.Claim.Objective, -1e9)
		return "objective of the incumbent is"
	},
	"change a weight": func(rng *rand.Rand, c *Certificate) string {
		w := c.Program.Network.Layers[rng.IntN(len(c.Program.Network.Layers))].Weights
		w[rng.IntN(len(w))] += 1 - 2*rng.Float64()
		return otherProgram
	},
	"change all biases": func(rng *rand.Rand, c *Certificate) string {
		for l := range c.Program.Network.Layers {
			for i := range c.Program.Network.Layers[l].Bias {
				c.Program.Network.Layers[l].Bias[i] += 1
			}
		}
		return otherProgram
	},
	"change the start": func(rng *rand.Rand, c *Certificate) string { c.Program.X0[0] += 1; return otherProgram },
	"change the cost":  func(rng *rand.Rand, c *Certificate) string { c.Program.Cost[0].B[0] += 1; return otherProgram },
	"claim that there is no plan": func(_ *rand.Rand, c *Certificate) string {
		c.Claim.Infeasible, c.Incumbent = true, nil
		return "it does not prove that there is no plan"
	},
	"claim that there is no plan, beside one": func(_ *rand.Rand, c *Certificate) string {
		c.Claim.Infeasible = true
		return "there is said to be no plan, but the incumbent has"
	},
	"cheapen the cost": func(rng *rand.Rand, c *Certificate) string {
		for i := range c.Program.Cost {
			c.Program.Cost[i].Factor /= 3
		}
		if c.Claim.DualBound < .1 {
			return ""
		}
		return "recomputed bound"
	},
	"slope above 1": func(rng *rand.Rand, c *Certificate) string {
		for i := range c.Leaves {
			if y := &c.Leaves[i]; y.Low != nil {
				y.Low[1] = 1.2
				return "slope 1 of leaf"
			}
		}
		return ""
	},
	"slope below 0": func(rng *rand.Rand, c *Certificate) string {
		for i := range c.Leaves {
			if y := &c.Leaves[i]; y.Low != nil {
				y.Low[0] = -1e-9
				return "outside [0, 1]"
			}
		}
		return ""
	},
	"multiplier outside its domain": func(rng *rand.Rand, c *Certificate) string {
		for i := range c.Leaves {
			y := &c.Leaves[i]
			if y.Mult == nil {
				continue
			}
			switch c.Program.Cost[0].Norm {
			case L1:
				y.Mult[0] = -1.0000001
				return "outside [-1, 1] of an l1 term"
			case LInf:
				y.Mult[0] = 1.0000001
				return "above 1 of an linf term"
			case Max:
				y.Mult[0] = 2
				return "those of a max term must have 1"
			}
			return ""
		}
		return ""
	},
	"negative multiplier": func(rng *rand.Rand, c *Certificate) string {
		for i := range c.Leaves {
			if y := &c.Leaves[i]; y.Mult != nil && c.Program.Cost[0].Norm == Max {
				y.Mult[0], y.Mult[1] = -.5, 1.5
				return "must not be negative"
			}
		}
		return ""
	},
	"flip a phase": func(rng *rand.Rand, c *Certificate) string {
		for i := range c.Leaves {
			if y := &c.Leaves[i]; y.Phases != nil {
				y.Phases[0][1] *= -1
				return "leaves do not cover|leaves overlap"
			}
		}
		return ""
	},
	"forget a phase": func(rng *rand.Rand, c *Certificate) string { // the leaf now claims more
		for i := range c.Leaves {
			if y := &c.Leaves[i]; len(y.Phases) > 0 {
				y.Phases, y.Split = nil, nil
				return "leaves do not cover|leaves overlap|recomputed bound"
			}
		}
		return ""
	},
	"incumbent out of the box": func(rng *rand.Rand, c *Certificate) string {
		c.Incumbent[0][0] = math.Nextafter(c.Program.Upper[0], 10)
		return "incumbent leaves the box: action 0, coordinate 0"
	},
	"another incumbent": func(rng *rand.Rand, c *Certificate) string {
		c.Incumbent[0][0] = c.Program.Upper[0]
		if CostAbove(&c.Program, c.Incumbent) <= c.Claim.Objective {
			return ""
		}
		return "objective of the incumbent is"
	},
}

// otherProgram is said of a certificate whose program was changed.
const otherProgram = "objective of the incumbent is|recomputed bound"

// says reports whether a reason is one of those that are wanted, which | separates.
func says(reason, want string) bool {
	return slices.ContainsFunc(strings.Split(want, "|"), func(s string) bool { return strings.Contains(reason, s) })
}

// TestMutations: whatever makes a certificate false is found, for its reason.
func TestMutations(t *testing.T) {
	judged := map[string]int{}
	for seed := range uint64(40) {
		for _, phases := range []bool{false, true} {
			rng := rand.New(rand.NewPCG(seed, 2))
			p := randomProgram(rng, shapes[int(seed)%len(shapes)])
			honest := prove(rng, p, 4, phases)
			for name, mutate := range mutations {
				c := clone(t, honest)
				want := mutate(rng, c)
				if want == "" {
					continue
				}
				r := check(t, c)
				if falsified(name, rng, c) {
					judged[name]++
					if r.Valid || !says(r.Reason, want) {
						t.Errorf("seed %d, %s: valid %v, reason %q; it must say %q", seed, name, r.Valid, r.Reason, want)
					}
				}
			}
		}
	}
	for name := range mutations {
		if judged[name] < 4 {
			t.Errorf("%s: only %d certificates were judged", name, judged[name])
		}
	}
	t.Log(judged)
}

// falsified reports whether a mutation of the program has really made a claim false:
// a changed weight may by chance leave it true.
func falsified(name string, rng *rand.Rand, c *Certificate) bool {
	if !strings.HasPrefix(name, "change") && !strings.HasPrefix(name, "cheapen") && name != "raise a bound" && name != "forget a phase" {
		return true
	}
	var u []float64
	for _, a := range c.Incumbent {
		u = append(u, a...)
	}
	if v, _ := naive(&c.Program, u); v > c.Claim.Objective {
		return true
	}
	for range 2000 {
		sample(rng, u, c.Program.Lower, c.Program.Upper)
		v, pre := naive(&c.Program, u)
		for _, y := range c.Leaves {
			inside := v < y.Bound-1e-9
			for k := range u {
				inside = inside && y.Lower[k] <= u[k] && u[k] <= y.Upper[k]
			}
			for _, q := range y.Phases {
				inside = inside && float64(q[1])*pre[q[0]] >= 1e-12
			}
			if inside {
				return true
			}
		}
	}
	return false
}

// TestSuperfluousLeaves: leaves that repeat others, or lie in them, do no harm.
func TestSuperfluousLeaves(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for _, s := range shapes {
		c := prove(rng, randomProgram(rng, s), 3, true)
		c.Leaves = append(c.Leaves, c.Leaves[2], c.Leaves[0])
		small := clone(t, c).Leaves[1]
		small.Lower[0] += .25 * (small.Upper[0] - small.Lower[0])
		small.Low, small.Mult, small.Split, small.Bound = nil, nil, nil, -1e9
		if c.Leaves[1].Bound < 1e5 {
			c.Leaves = append(c.Leaves, small)
			c.Claim.DualBound = -1e9
		}
		rng.Shuffle(len(c.Leaves), func(i, j int) { c.Leaves[i], c.Leaves[j] = c.Leaves[j], c.Leaves[i] })
		if r := check(t, c); !r.Valid {
			t.Errorf("rejected: %s", r.Reason)
		}
	}
}

// TestLongForward: over many steps intervals of states grow where their errors cancel;
// the cost of a plan is enclosed tightly all the same.
func TestLongForward(t *testing.T) {
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 12))
		p := randomProgram(rng, shape{nx: 4, nu: 1, horizon: 30, hidden: []int{8, 8}, norms: []string{L1, SquaredL2, LInf, Max}, skip: true})
		for l := range p.Network.Layers {
			for i := range p.Network.Layers[l].Weights {
				p.Network.Layers[l].Weights[i] *= .7
			}
		}
		u := make([]float64, len(p.Lower))
		sample(rng, u, p.Lower, p.Upper)
		want, _ := naive(p, u)
		m := newModel(p)
		s, plain := m.cost(u), m.sumAt(m.rollOut(u), u)
		if !(s.lo <= want+1e-9*math.Abs(want) && s.hi >= want-1e-9*math.Abs(want)) || !(s.hi-s.lo <= 1e-12*(1+math.Abs(want))) {
			t.Errorf("seed %d: J = %v is enclosed in [%v, %v]; intervals alone say [%v, %v]", seed, want, s.lo, s.hi, plain.lo, plain.hi)
		}
	}
}
