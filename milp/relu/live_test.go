package relu_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
	"hinge/nn"
)

// disturbed is J(u) written out, with noise on what is not live, or on all but that.
func disturbed(rng *rand.Rand, p *relu.Program, u []float64, live relu.Live, dead bool) float64 {
	units := p.ReLUs() / p.Horizon
	x := slices.Clone(p.X0)
	noise := func(is bool) float64 {
		if is == dead {
			return 0
		}
		return rng.NormFloat64()
	}
	for t := range p.Horizon {
		for i := range p.Nx {
			if t > 0 {
				x[t*p.Nx+i] += noise(live.States[t*p.Nx+i])
			}
		}
		buf := append(slices.Clone(x[t*p.Nx:(t+1)*p.Nx]), u[t*p.Nu:(t+1)*p.Nu]...)
		unit := 0
		for l := range p.Step.Layers {
			y := &p.Step.Layers[l]
			in := buf[y.From:y.To:y.To]
			for j := range y.Out {
				z := p.Step.Bias(l)[j]
				for k, w := range p.Step.Weight(l)[j*y.In() : (j+1)*y.In()] {
					z += w * in[k]
				}
				if l < len(p.Step.Layers)-1 {
					z = max(0, z) + noise(live.Units[t*units+unit])
					unit++
				}
				buf = append(buf, z)
			}
		}
		x = append(x, buf[len(buf)-p.Nx:]...)
	}
	var sum float64
	for i := range p.Terms {
		r := make([]float64, p.Terms[i].Rows)
		p.Residual(r, i, x, u)
		for _, v := range r {
			sum += p.Terms[i].Factor * math.Abs(v)
		}
	}
	return sum
}

// Noise on what is not live changes no cost, and noise on the rest changes all.
func TestLive(t *testing.T) {
	dead, units, judged := 0, 0, 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 11))
		p := relutest.Random(rng, relutest.Shape{Nx: 3, Nu: 1, Horizon: 3, Hidden: []int{4, 3}, Sparse: true, Chain: seed%2 == 0})
		if p.Step.Count(nn.ReLU) == 0 {
			continue
		}
		live, u := p.Live(), make([]float64, p.Inputs())
		relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
		want := p.Objective(u, p.NewWorkspace())
		if v := disturbed(rng, p, u, live, true); math.Abs(v-want) > 1e-12*(1+want) {
			t.Errorf("seed %d: noise on what is not live makes %v of %v", seed, v, want)
		}
		some := slices.Contains(live.Units, true)
		if v := disturbed(rng, p, u, live, false); some && v == want {
			t.Errorf("seed %d: noise on what is live changes nothing", seed)
		}
		for _, is := range live.Units {
			if units++; !is {
				dead++
			}
		}
		judged++
	}
	if judged < 250 || dead < units/20 || dead > units*9/10 {
		t.Errorf("%d of %d units are dead in %d programs", dead, units, judged)
	}
}
