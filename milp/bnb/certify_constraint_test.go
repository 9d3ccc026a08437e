package bnb_test

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/certificate"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

// constrainedProgram returns a random program with constraints, and about every second time
// with whole actions, from seed 1000 on in a box whose limits are not whole.
func constrainedProgram(seed uint64) *relu.Program {
	rng := rand.New(rand.NewPCG(seed, 91))
	p := relutest.Random(rng, constrained[int(seed)%len(constrained)])
	relutest.Constrain(rng, p, 1+int(seed)%3)
	if seed >= 1000 {
		relutest.Fractional(rng, p)
	}
	return p
}

// TestConstrainedCertificates: what the search proves of programs with constraints, of
// plans and that there are none, is confirmed by the checker; and to record it changes
// nothing.
func TestConstrainedCertificates(t *testing.T) {
	plans, empty, leaves, refined, skipped, lost := 0, 0, 0, 0, 0, 0
	for seed := range uint64(280) {
		if seed >= 240 {
			seed += 1000
		}
		p := constrainedProgram(seed)
		opts := bnb.Options{NodeLimit: []int{1, 20, 2000}[int(seed/6)%3], RelGap: 1e-4}
		plain, err := bnb.Solve(context.Background(), p, opts)
		if err != nil {
			t.Fatal(err)
		}
		opts.Record = true
		r, err := bnb.Solve(context.Background(), p, opts)
		if err != nil {
			t.Fatal(err)
		}
		if plain.DualBound != r.DualBound || plain.NodeCount != r.NodeCount || plain.Status != r.Status {
			t.Errorf("seed %d: recording changes the outcome", seed)
		}
		recorded := math.Inf(-1)
		if r.Certificate != nil {
			recorded = r.Certificate.Claim.DualBound
		}
		c := conceded(t, r)
		if c == nil {
			skipped++
			if r.Status == milp.Optimal || r.Status == milp.Infeasible {
				t.Errorf("seed %d: %v without a certificate", seed, r.Status)
			}
			continue
		}
		if r.Status == milp.Infeasible {
			empty++
		} else if plans++; c.Claim.DualBound > r.DualBound {
			t.Errorf("seed %d: the certificate claims %v, the search %v", seed, c.Claim.DualBound, r.DualBound)
		}
		if r.Status != milp.Infeasible && c.Claim.DualBound < recorded-1e-9*max(1, math.Abs(recorded)) {
			lost++
		}
		v := verify(t, c)
		if !v.Valid || v.Infeasible != (r.Status == milp.Infeasible) {
			t.Errorf("seed %d, %v, %v after %d nodes: %s", seed, p.Terms[0].Norm == control.Max, r.Status, r.NodeCount, v.Reason)
		}
		leaves += v.Leaves
		refined += v.Refined
	}
	t.Logf("%d plans, %d of them with less than was recorded, and %d proofs that there is none, %d leaves, %d refined; %d without a bound", plans, lost, empty, leaves, refined, skipped)
	if lost > 1 { // the checker goes the way of the search
		t.Errorf("of %d bounds the checker repeats less", lost)
	}
	if plans < 100 || empty < 20 {
		t.Errorf("only %d plans and %d proofs that there is none", plans, empty)
	}
}

// conceded returns the certificate of r as far as the checker can repeat it, nil if there is
// none.
func conceded(t *testing.T, r *bnb.Result) *certificate.Certificate {
	t.Helper()
	if r.Certificate == nil {
		return nil
	}
	holds, err := certificate.Concede(context.Background(), r.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if !holds {
		return nil
	}
	return r.Certificate
}

// eitherReason is that of a leaf or that of a range.
const eitherReason = "leaf |is proven"

// falsifyConstrained changes what only certificates of constrained programs have; see
// [falsify].
var falsifyConstrained = map[string]func(rng *rand.Rand, c *certificate.Certificate) string{
	"remove the constraints": func(_ *rand.Rand, c *certificate.Certificate) string {
		c.Program.Constraints, c.Program.Integer = nil, nil
		for i := range c.Leaves {
			c.Leaves[i].Rows = nil
		}
		for i := range c.Forms {
			c.Forms[i].Rows = nil
		}
		return eitherReason
	},
	"loosen the constraints": func(_ *rand.Rand, c *certificate.Certificate) string {
		for i := range c.Program.Constraints {
			for j := range c.Program.Constraints[i].B {
				c.Program.Constraints[i].B[j] -= 3
			}
		}
		return eitherReason
	},
	"turn a multiplier": func(_ *rand.Rand, c *certificate.Certificate) string {
		for i := range c.Leaves {
			for j, v := range c.Leaves[i].Rows {
				if v > 0 {
					c.Leaves[i].Rows[j] = -v
					return "it must not be negative"
				}
			}
		}
		return ""
	},
	"slope of a form below 0": func(_ *rand.Rand, c *certificate.Certificate) string {
		if len(c.Forms) == 0 {
			return ""
		}
		c.Forms[0].Up[0] = -1
		return "outside [0, 1]"
	},
	"an incumbent that is no plan": func(rng *rand.Rand, c *certificate.Certificate) string {
		if len(c.Incumbent) == 0 {
			return ""
		}
		for range 100 {
			for t := range c.Incumbent {
				for j := range c.Incumbent[t] {
					k := t*c.Program.Nu + j
					c.Incumbent[t][j] = c.Program.Lower[k] + rng.Float64()*(c.Program.Upper[k]-c.Program.Lower[k])
				}
			}
			if certificate.ViolationAbove(&c.Program, c.Incumbent) > .1 {
				c.Claim.Objective = certificate.CostAbove(&c.Program, c.Incumbent)
				return "incumbent "
			}
		}
		return ""
	},
	"an action that is not whole": func(_ *rand.Rand, c *certificate.Certificate) string {
		if len(c.Incumbent) == 0 || len(c.Program.Integer) == 0 {
			return ""
		}
		v := &c.Incumbent[0][c.Program.Integer[0]] // in a box around 0
		if *v -= .5; *v < c.Program.Lower[c.Program.Integer[0]] {
			*v++
		}
		c.Claim.Objective = certificate.CostAbove(&c.Program, c.Incumbent)
		c.Claim.Violation = certificate.ViolationAbove(&c.Program, c.Incumbent)
		return "it must be a whole number"
	},
	"allow a violation": func(_ *rand.Rand, c *certificate.Certificate) string {
		if c.Claim.Infeasible {
			return ""
		}
		c.Claim.Violation = .1
		return "a plan may break one by"
	},
	"an empty leaf that is none": func(rng *rand.Rand, c *certificate.Certificate) string {
		if len(c.Leaves) != 1 || c.Claim.Infeasible {
			return ""
		}
		c.Leaves[0].Empty, c.Ranges, c.Forms = true, nil, nil
		return "it is not proven that no plan is in it"
	},
}

// falseWithout reports whether a certificate whose constraints were changed is false: a
// plan of the changed program is below its bound, or there is one at all.
func falseWithout(t *testing.T, p *relu.Program, c *certificate.Certificate) bool {
	t.Helper()
	q := *p
	q.Constraints, q.Integer = nil, c.Program.Integer
	for i, k := range p.Constraints {
		if i < len(c.Program.Constraints) {
			k.B = c.Program.Constraints[i].B
			q.Constraints = append(q.Constraints, k)
		}
	}
	r, err := bnb.Solve(context.Background(), &q, bnb.Options{NodeLimit: 2000})
	if err != nil {
		t.Fatal(err)
	}
	return r.U != nil && (c.Claim.Infeasible || r.Objective < c.Claim.DualBound-1e-3)
}

// TestFalseConstrainedCertificates: what makes a certificate of a constrained program
// false is found, for its reason; a file that was written again is accepted.
func TestFalseConstrainedCertificates(t *testing.T) {
	judged := map[string]int{}
	path := filepath.Join(t.TempDir(), "c.json")
	changes := maps.Clone(falsifyConstrained)
	for _, name := range []string{"drop a leaf", "shrink a box by an ulp", "raise all bounds", "lower the objective", "change a weight", "change the biases", "claim that there is no plan", "slope of a leaf below 0"} {
		changes[name] = falsify[name]
	}
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 92))
		p := constrainedProgram(seed)
		r, err := bnb.Solve(context.Background(), p, bnb.Options{NodeLimit: 300, RelGap: 1e-3, Record: true})
		if err != nil {
			t.Fatal(err)
		}
		c := conceded(t, r)
		if c == nil {
			continue
		}
		honest := reread(t, path, reread(t, path, c))
		if v := verify(t, honest); !v.Valid {
			t.Errorf("seed %d: rewritten: %s", seed, v.Reason)
		}
		for what, change := range changes {
			c := reread(t, path, honest)
			if c.Claim.Infeasible && !slices.Contains([]string{"drop a leaf", "shrink a box by an ulp"}, what) && falsify[what] != nil {
				continue // nothing is claimed of that
			}
			want := change(rng, c)
			switch {
			case want == "":
				continue
			case strings.HasSuffix(what, "the constraints") && !falseWithout(t, p, c):
				continue
			case strings.HasPrefix(what, "change ") && certificate.CostAbove(&c.Program, c.Incumbent) <= c.Claim.Objective:
				continue
			}
			judged[what]++
			if v := verify(t, c); v.Valid || !fails(v.Reason, want) {
				t.Errorf("seed %d, %s: valid %v, reason %q; it must say %q", seed, what, v.Valid, v.Reason, want)
			}
		}
	}
	t.Log(judged)
	for what := range changes {
		if judged[what] < 3 {
			t.Errorf("%s: only %d certificates were judged", what, judged[what])
		}
	}
}
