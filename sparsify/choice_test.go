package sparsify

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/dynamics"
	"hinge/nn"
)

func testChoice(opts Options) (*choice, *nn.Net) {
	n := nn.NewMLP(2, []int{3, 2}, 1, false)
	n.Init(nn.HeNormal, rand.New(rand.NewPCG(1, 1)))
	return newChoice(n, opts.withDefaults(), rand.New(rand.NewPCG(1, 2))), n
}

// TestDrawFrequencies checks the property Gumbel noise is used for: the largest
// of alpha + G is gate j with probability softmax(alpha)_j.
func TestDrawFrequencies(t *testing.T) {
	c, n := testChoice(Options{})
	copy(row(c.logits, 1), []float32{0.3, -0.5, 1})
	mix := nn.NewGateMix[float32](n)
	output := slices.Clone(mix.Unit(n.Width() - 1))
	const draws = 20000
	var counts [2][nn.GateCount]float64
	for range draws {
		c.Draw(mix)
		for i := range counts {
			gates := mix.Unit(c.units[i])
			if gates[0]+gates[1]+gates[2] != 1 {
				t.Fatalf("gates %v are not one-hot", gates)
			}
			for j, g := range gates {
				counts[i][j] += float64(g)
			}
		}
	}
	for i := range counts {
		for j, p := range probabilities(row(c.logits, i)) {
			if f := counts[i][j] / draws; math.Abs(f-float64(p)) > 0.015 {
				t.Errorf("unit %d takes gate %v with frequency %.3f, want %.3f", i, nn.Gate(j), f, p)
			}
		}
	}
	if !slices.Equal(mix.Unit(n.Width()-1), output) {
		t.Error("the gate of an output changed")
	}
	if p := c.probability(0, nn.ReLU); math.Abs(float64(p)-0.8) > 1e-6 {
		t.Errorf("p(ReLU) starts at %g, want 0.8", p)
	}
}

// TestGateGradient compares the gradient of a unit's loss and penalties by its logits
// with difference quotients.
func TestGateGradient(t *testing.T) {
	a, noise := []float64{0.2, -1, 0.7}, []float64{0.9, 0.1, -0.4}
	dGate, penalty := []float64{1, 2, -0.5}, []float64{0.3, 0, 0.05}
	const temperature, h = 0.7, 1e-5
	soft := func(a []float64) []float64 {
		y := make([]float64, len(a))
		for j := range y {
			y[j] = (a[j] + noise[j]) / temperature
		}
		softmax(y)
		return y
	}
	value := func(a []float64) (sum float64) {
		y, p := soft(a), slices.Clone(a)
		softmax(p)
		for j := range a {
			sum += dGate[j]*y[j] + penalty[j]*p[j]
		}
		return sum
	}
	got, loss := make([]float64, 3), make([]float64, 3)
	addGateGrad(got, a, soft(a), dGate, penalty, temperature)
	addGateGrad(loss, a, soft(a), dGate, make([]float64, 3), temperature)
	for j := range a {
		up, down := slices.Clone(a), slices.Clone(a)
		up[j] += h
		down[j] -= h
		if want := (value(up) - value(down)) / (2 * h); math.Abs(got[j]-want) > 1e-9 {
			t.Errorf("gradient %d is %g, want %g", j, got[j], want)
		}
		if math.Abs(got[j]-loss[j]) < 1e-3 || math.Abs(loss[j]) < 1e-3 {
			t.Errorf("gradient %d is %g, %g without penalties; one of them does not matter", j, got[j], loss[j])
		}
	}
}

// TestLearn checks directions: a penalty alone lowers p(ReLU), and a loss that
// falls with the ReLU raises it.
func TestLearn(t *testing.T) {
	for _, c := range []struct {
		name   string
		loss   float32 // its derivative with respect to the ReLU gate
		raises bool
	}{{"penalty", 0, false}, {"loss", -1, true}} {
		ch, n := testChoice(Options{})
		mix, grad := nn.NewGateMix[float32](n), make(nn.GateMix[float32], n.Width()*nn.GateCount)
		for _, k := range ch.units {
			grad.Unit(k)[nn.ReLU] = c.loss
		}
		before := ch.probability(0, nn.ReLU)
		for range 10 {
			ch.Draw(mix)
			ch.Learn(grad, 1e-2)
		}
		if after := ch.probability(0, nn.ReLU); (after > before) != c.raises {
			t.Errorf("%s: p(ReLU) went from %g to %g", c.name, before, after)
		}
	}
}

func TestDecide(t *testing.T) {
	c, n := testChoice(Options{})
	for i, alpha := range [][]float32{{1, 0, 2}, {3, 0, 0}, {0, 2, 1}, {1.5, 0, 0}, {-1, 0, 0}} {
		copy(row(c.logits, i), alpha)
	}
	c.decide(&dynamics.Model{Net: n}, 2)
	want := [][]nn.Gate{{nn.Zero, nn.ReLU, nn.Identity}, {nn.ReLU, nn.Zero}, {nn.Identity}}
	for i, w := range want {
		if !slices.Equal(n.Layers[i].Gates, w) {
			t.Errorf("layer %d has gates %v, want %v", i, n.Layers[i].Gates, w)
		}
	}
}
