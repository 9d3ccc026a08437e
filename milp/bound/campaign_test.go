package bound_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"hinge/milp/bound"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

// boxesEach is the number of boxes a program of the campaign is looked at on.
const boxesEach = 5

// Random programs of every norm on random boxes, many of them, a few points each:
// plain and refined ranges, plain and improved duals, multipliers of any size. None
// may claim more than is true.
func TestCampaign(t *testing.T) {
	judged, boxes := 0, 0
	for seed := uint64(0); boxes < campaignBoxes; seed++ {
		rng := rand.New(rand.NewPCG(seed, 71))
		p := relutest.Random(rng, shapes[int(seed)%len(shapes)])
		c := &campaign{t: t, seed: seed, rng: rng, p: p, b: bound.New(p), ws: p.NewWorkspace()}
		for range boxesEach {
			judged += c.box()
			boxes++
		}
		if t.Failed() {
			return
		}
	}
	if judged < 2*campaignBoxes {
		t.Fatalf("only %d points were judged on %d boxes", judged, boxes)
	}
}

type campaign struct {
	t    *testing.T
	seed uint64
	rng  *rand.Rand
	p    *relu.Program
	b    *bound.Bounder
	ws   *relu.Workspace
}

// box bounds the program on one box and judges the points that matter there.
func (c *campaign) box() (judged int) {
	n := c.p.Inputs()
	lower, upper, u := make([]float64, n), make([]float64, n), make([]float64, n)
	relutest.SubBox(c.rng, c.p, lower, upper)
	r, d := c.b.NewRanges(), c.b.NewDual()
	c.b.Root().Copy(r)
	cutoff := math.Inf(1)
	feasible := c.b.Tighten(r, lower, upper, 0)
	c.b.PlainDual(d, r, lower, upper)
	if c.rng.IntN(3) == 0 {
		relutest.Point(c.rng, u, lower, upper)
		cutoff = c.p.Objective(u, c.ws)
		how := &bound.Refinement{Steps: 1 + c.rng.IntN(8), Rate: .2, Cutoff: cutoff, Mult: d.Mult}
		feasible = c.b.Refine(r, lower, upper, 0, how) && feasible
	}
	for i := range d.Split {
		d.Low[i] += c.rng.NormFloat64()
		if c.rng.IntN(4) == 0 {
			d.Split[i] = c.rng.NormFloat64()
		}
	}
	v := c.b.Objective(d, nil, r, lower, upper, bound.Ascent{Steps: c.rng.IntN(4), Rate: .1, Cutoff: math.Inf(1)})
	for range 4 {
		relutest.Point(c.rng, u, lower, upper)
		j := c.p.Objective(u, c.ws)
		if j >= cutoff {
			continue
		}
		judged++
		if !feasible {
			c.t.Errorf("seed %d: a box with a point of J = %g is called empty for the cutoff %g", c.seed, j, cutoff)
		}
		if j < v-1e-12*(1+math.Abs(j)) {
			c.t.Errorf("seed %d: J = %.17g is below the bound %.17g", c.seed, j, v)
		}
		checkRanges(c.t, c.seed, c.b, r, c.ws.PreActivations)
	}
	return judged
}
