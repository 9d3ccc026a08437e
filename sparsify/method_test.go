package sparsify

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/dynamics"
	"hinge/nn"
)

// TestMethodsReduce: every method reaches its budgets, repeatably.
func TestMethodsReduce(t *testing.T) {
	f := fixture()
	for i, name := range MethodNames() {
		method, err := ParseMethod(name)
		if err != nil || int(method) != i || method.String() != name {
			t.Fatalf("method %q is %v, %v", name, method, err)
		}
		reduce := func() []Result {
			var last Progress
			opts := testOptions()
			opts.Method, opts.Train.Epochs, opts.GateEpochs, opts.TuneEpochs, opts.Keep = method, 20, 2, 2, 0.5
			opts.OnEpoch = func(p Progress) { last = p }
			r, err := Reduce(context.Background(), f.dense, f.data, []int{12, 3}, opts)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if last.Done != last.Total {
				t.Errorf("%s: %d epochs done of %d", name, last.Done, last.Total)
			}
			return r
		}
		results := reduce()
		for j, budget := range []int{12, 3} {
			r := results[j]
			if r.Model.Net.Count(nn.ReLU) != budget || r.Report.ReLUs != budget {
				t.Errorf("%s: %d ReLUs, want %d", name, r.Model.Net.Count(nn.ReLU), budget)
			}
			if method != Scratch && r.Identities+r.Zeros != 24-budget {
				t.Errorf("%s: %d identities and %d zeros, want %d together", name, r.Identities, r.Zeros, 24-budget)
			}
			if e := r.Report.Errors; !(e.OneStep.RMS < 0.8*e.Still.RMS) {
				t.Errorf("%s: error %g with %d ReLUs, doing nothing %g", name, e.OneStep.RMS, budget, e.Still.RMS)
			}
		}
		if again := reduce(); !slices.Equal(again[1].Model.Net.Params, results[1].Model.Net.Params) {
			t.Errorf("%s: the same seed gave another model", name)
		}
	}
	if _, err := ParseMethod("guess"); err == nil {
		t.Error("a method that does not exist was accepted")
	}
}

// handMade is a network of 3 units whose weights and phases differ: unit 0 has the
// smallest weights, unit 1 is always on, unit 2 always off.
func handMade() *dynamics.Model {
	f := fixture()
	m := f.dense.Clone().(*dynamics.Model)
	in := m.Net.In
	m.Net = nn.NewMLP(in, []int{3}, 3, true)
	for j, scale := range []float64{0.1, 1, 1} {
		m.Net.Weight(0)[j*in+1] = scale
		for o := range 3 {
			m.Net.Weight(1)[o*(in+3)+in+j] = 1
		}
	}
	copy(m.Net.Bias(0), []float64{0, 100, -100})
	return m
}

func TestBaselinesChoose(t *testing.T) {
	for _, c := range []struct {
		choose selector
		want   []nn.Gate
	}{
		{magnitude{}, []nn.Gate{nn.Zero, nn.ReLU, nn.ReLU}},
		{stability{data: fixture().data}, []nn.Gate{nn.ReLU, nn.Identity, nn.Zero}},
	} {
		m := handMade()
		budget := 0
		for _, g := range c.want {
			if g == nn.ReLU {
				budget++
			}
		}
		c.choose.decide(m, budget)
		if !slices.Equal(m.Net.Layers[0].Gates, c.want) {
			t.Errorf("%T chose %v, want %v", c.choose, m.Net.Layers[0].Gates, c.want)
		}
	}
}

// TestHardConcreteGradient compares the gradient of the expected loss, over the
// same noise, with differences: alpha moves the factors as the formula says.
func TestHardConcreteGradient(t *testing.T) {
	n := nn.NewMLP(1, []int{1}, 1, false)
	opts := Options{ReLUPenalty: 0.3}.withDefaults()
	const draws, dLoss = 4000, 0.7 // loss = dLoss z
	price := func(alpha float64) float64 {
		h := newHardConcrete(n, opts, rand.New(rand.NewPCG(1, 1)))
		h.alpha[0] = float32(alpha)
		mix, sum := nn.NewGateMix[float32](n), 0.0
		for range draws {
			h.Draw(mix)
			sum += dLoss * float64(mix.Unit(h.units[0])[nn.ReLU])
		}
		return sum/draws + opts.ReLUPenalty*sigmoid(alpha-concreteBeta*math.Log(-concreteGamma/concreteZeta))
	}
	h := newHardConcrete(n, opts, rand.New(rand.NewPCG(1, 1)))
	mix, grad := nn.NewGateMix[float32](n), make(nn.GateMix[float32], n.Width()*nn.GateCount)
	grad.Unit(h.units[0])[nn.ReLU] = dLoss
	alpha, got := float64(h.alpha[0]), 0.0
	for range draws {
		h.alpha[0] = float32(alpha)
		h.Draw(mix)
		h.Learn(grad, 0)
		got += float64(h.grad[0]) / draws
	}
	const step = 0.05
	if want := (price(alpha+step) - price(alpha-step)) / (2 * step); math.Abs(got-want) > 0.01*math.Abs(want) {
		t.Errorf("gradient %g, by differences %g", got, want)
	}
}

// TestHardConcreteKeepsFactors: what a kept unit was multiplied by in training is
// in its weights afterwards.
func TestHardConcreteKeepsFactors(t *testing.T) {
	m := handMade()
	h := newHardConcrete(m.Net, Options{}.withDefaults(), rand.New(rand.NewPCG(1, 1)))
	copy(h.alpha, []float32{0.2, 3, -3})
	before := slices.Clone(m.Net.Weight(0))
	h.decide(m, 2)
	if want := []nn.Gate{nn.ReLU, nn.ReLU, nn.Zero}; !slices.Equal(m.Net.Layers[0].Gates, want) {
		t.Errorf("gates %v, want %v", m.Net.Layers[0].Gates, want)
	}
	in := m.Net.In
	for j, z := range []float64{h.factor(0), 1} {
		if got := m.Net.Weight(0)[j*in+1]; math.Abs(got-z*before[j*in+1]) > 1e-12 {
			t.Errorf("weight of unit %d is %g, want %g times %g", j, got, z, before[j*in+1])
		}
	}
	if z := h.factor(0); !(z > 0.1 && z < 0.9) {
		t.Errorf("the factor of unit 0 is %g; the test needs one between 0 and 1", z)
	}
}

func TestShrink(t *testing.T) {
	n := nn.NewMLP(2, []int{96, 192, 192, 96}, 1, false)
	for _, c := range []struct {
		budget int
		want   []int
	}{{24, []int{4, 8, 8, 4}}, {2, []int{1, 1}}, {1, []int{1}}, {0, nil}} {
		if got := shrink(n, c.budget); !slices.Equal(got, c.want) {
			t.Errorf("%d units are shared as %v, want %v", c.budget, got, c.want)
		}
	}
}
