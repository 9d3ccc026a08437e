package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hinge/control"
	"hinge/milp/bnb"
	"hinge/milp/bound"
	"hinge/milp/certificate"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
	"hinge/problems"
)

// certify makes a certificate of p from bounds of milp/bound: boxes are halved until
// there are about so many leaves.
func certify(p *relu.Program, leaves int) *certificate.Certificate {
	b := bound.New(p)
	c := &certificate.Certificate{Program: *bnb.CertificateProgram(p)}
	ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
	best, rng := math.Inf(1), rand.New(rand.NewPCG(1, 1))
	for range 500 {
		relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
		if v := p.Objective(u, ws); v < best {
			best, c.Incumbent = v, nil
			for t := range p.Horizon {
				c.Incumbent = append(c.Incumbent, slices.Clone(u[t*p.Nu:(t+1)*p.Nu]))
			}
		}
	}
	c.Claim = certificate.Claim{Objective: certificate.CostAbove(&c.Program, c.Incumbent), DualBound: math.Inf(1)}
	var split func(r bound.Ranges, d *bound.Dual, lower, upper []float64, first int, path string)
	split = func(r bound.Ranges, d *bound.Dual, lower, upper []float64, first int, path string) {
		b.Tighten(r, lower, upper, first)
		v := b.Objective(d, nil, r, lower, upper, bound.Ascent{Steps: 10, Rate: .1, Cutoff: math.Inf(1)})
		if 1<<len(path) >= leaves {
			c.Leaves = append(c.Leaves, certificate.Leaf{Lower: lower, Upper: upper, Bound: v, Low: d.Low, Mult: d.Mult, Path: path})
			c.Claim.DualBound = min(c.Claim.DualBound, v)
			return
		}
		k := 0
		for j := range lower {
			if upper[j]-lower[j] > upper[k]-lower[k] {
				k = j
			}
		}
		mid := lower[k] + (upper[k]-lower[k])/2
		for side := range 2 {
			low, up, q, e := slices.Clone(lower), slices.Clone(upper), b.NewRanges(), b.NewDual()
			r.Copy(q)
			d.Copy(e)
			if side == 0 {
				up[k] = mid
			} else {
				low[k] = mid
			}
			split(q, e, low, up, k/p.Nu, path+string(rune('0'+side)))
		}
	}
	r, d := b.NewRanges(), b.NewDual()
	b.Root().Copy(r)
	b.PlainDual(d, r, p.Box.Lower, p.Box.Upper)
	split(r, d, p.Box.Lower, p.Box.Upper, p.Horizon, "")
	return c
}

// TestCheckAgreesWithBounds: the checker confirms what milp/bound proves, for every
// norm, with little refinement of its own.
func TestCheckAgreesWithBounds(t *testing.T) {
	leaves, refined := 0, 0
	for i, norm := range []control.Norm{control.L1, control.LInf, control.SquaredL2, control.Max} {
		for seed := range uint64(6) {
			for _, s := range []relutest.Shape{
				{Nx: 3, Nu: 1, Horizon: 3, Hidden: []int{6, 5}, Norm: norm},
				{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{8}, Norm: norm, Rate: true, Chain: true},
			} {
				p := relutest.Random(rand.New(rand.NewPCG(seed, uint64(i))), s)
				c := certify(p, 64)
				r, err := certificate.Check(context.Background(), c)
				if err != nil {
					t.Fatal(err)
				}
				if !r.Valid {
					t.Errorf("%v, seed %d: %s", norm, seed, r.Reason)
				}
				leaves += r.Leaves
				refined += r.Refined
			}
		}
	}
	t.Logf("%d leaves, %d refined", leaves, refined)
	if leaves < 3000 || refined > leaves/20 {
		t.Errorf("%d leaves, %d refined; want 3000 and few refined", leaves, refined)
	}
}

func TestCheckCommand(t *testing.T) {
	spec := "push-t-grid:" + outside(t, "push-t-grid", "instances", "n24_h1_sum_a.json")
	p, err := problems.Open(spec)
	if err != nil {
		t.Fatal(err)
	}
	program, err := relu.New(p.Step, p.X0, p.Action, p.Cost, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, change func(c *certificate.Certificate)) string {
		c, path := certify(program, 64), filepath.Join(dir, name)
		change(c)
		if err := certificate.Write(path, c); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.json.gz", func(*certificate.Certificate) {})
	lacking := write("lacking.json", func(c *certificate.Certificate) { c.Leaves = c.Leaves[1:] })
	other := write("other.json", func(c *certificate.Certificate) { c.Program.Cost[0].B[0] += 0x1p-20; c.Claim.Objective++ })
	broken := write("broken.json", func(c *certificate.Certificate) {})
	text := strings.Replace(string(read(t, broken)), `"claim"`, `"clam"`, 1)
	if err := os.WriteFile(broken, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		status int
		want   string // part of the reason, or of the error
	}{
		{[]string{"check", good}, 0, ""},
		{[]string{"check", good, "--problem", spec}, 0, ""},
		{[]string{"check", lacking}, 3, "leaves do not cover the box: around u = ["},
		{[]string{"check", other, "--problem", spec}, 3, "it speaks of another problem than " + spec + ": program.cost[0].b"},
		{[]string{"check", broken}, 2, `unknown key "clam"; did you mean "claim"?`},
		{[]string{"check", "nowhere.json"}, 2, "certificate nowhere.json: no such file"},
		{[]string{"check", good, "--problem", "bnn:x"}, 2, "problem bnn:x: not supported"},
		{[]string{"check", good, "--set", "seed=2"}, 2, "--problem, which is missing"},
	} {
		o := hinge(t, append(test.args, "--json")...)
		object := o.decode(t)
		if o.status != test.status {
			t.Errorf("%v: status %d, want %d: %s", test.args, o.status, test.status, o.stderr)
		}
		if test.status == 2 {
			if message := fmt.Sprint(object["error"]); !strings.Contains(message, test.want) {
				t.Errorf("%v: error %q does not say %q", test.args, message, test.want)
			}
			continue
		}
		if object["valid"] != (test.status == 0) || !strings.Contains(object["reason"].(string), test.want) {
			t.Errorf("%v: valid %v, reason %q", test.args, object["valid"], object["reason"])
		}
		for _, field := range []string{"dual_bound", "objective", "leaves"} {
			if v, ok := object[field].(float64); !ok || v <= 0 {
				t.Errorf("%v: %s is %v", test.args, field, object[field])
			}
		}
	}
}
