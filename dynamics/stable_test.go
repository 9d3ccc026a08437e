package dynamics

import (
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
	"hinge/nn"
)

// someBoxes returns boxes of states and actions of [randomModel], one of them
// with sides of length 0.
func someBoxes(rng *rand.Rand) []control.Box {
	boxes := make([]control.Box, 4)
	for i := range boxes {
		boxes[i] = control.NewBox(6, 0, 0)
		for j, c := range randomVector(6, rng) {
			half := 0.3 * float64((i+j)%3)
			boxes[i].Lower[j], boxes[i].Upper[j] = c-half, c+half
		}
	}
	return boxes
}

// TestIntervalRangesHold samples the boxes and compares with what the network
// computes.
func TestIntervalRangesHold(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	m := randomModel(4)
	boxes := someBoxes(rng)
	lower, upper, _ := IntervalRanges(m, boxes)(m.Net)
	hidden := 13
	if len(lower) != len(boxes)*hidden || len(upper) != len(lower) {
		t.Fatalf("%d and %d ranges of %d boxes and %d units", len(lower), len(upper), len(boxes), hidden)
	}
	v, n, judged, widest := make([]float64, 6), make([]float64, 5), 0, 0.0
	for b, box := range boxes {
		for range 500 {
			box.Sample(v, rng)
			m.Features.Apply(n, v)
			m.In.Apply(n, n)
			for i, z := range preActivations(m.Net, n) {
				judged++
				at := b*hidden + i
				widest = max(widest, upper[at]-lower[at])
				if z < lower[at]-1e-12 || z > upper[at]+1e-12 {
					t.Fatalf("box %d, unit %d: %g is outside [%g, %g]", b, i, z, lower[at], upper[at])
				}
			}
		}
	}
	if judged != 4*500*hidden || widest == 0 {
		t.Errorf("%d values judged, widest range %g", judged, widest)
	}
}

// preActivations computes those of the hidden units of a network.
func preActivations(n *nn.Net, x []float64) []float64 {
	var all []float64
	a := append([]float64(nil), x...)
	for l := range n.Layers[:len(n.Layers)-1] {
		layer := &n.Layers[l]
		in := a[layer.From:layer.To]
		for j := range layer.Out {
			z := n.Bias(l)[j]
			for k, x := range in {
				z += n.Weight(l)[j*layer.In()+k] * x
			}
			all = append(all, z)
		}
		for j, z := range all[len(all)-layer.Out:] {
			a = append(a, gated(layer.Gate(j), z))
		}
	}
	return all
}

func TestStabilityGradient(t *testing.T) {
	m := randomModel(4)
	boxes := someBoxes(rand.New(rand.NewPCG(1, 0)))
	s := newStability(m, TrainOptions{Stable: 0.8, Ranges: func(m *Model) UnitRanges { return IntervalRanges(m, boxes) }})
	grad := make([]float64, len(m.Net.Params))
	value := s.gradient(grad)
	if !(value > 0 && value < 0.8) {
		t.Errorf("the regulariser is %g; it must lie between 0 and its factor", value)
	}
	checkGradient(t, s.net.Params, func() float64 { return s.gradient(make([]float64, len(grad))) },
		func(i int) float64 { return grad[i] }, 1e-7)
	single := make([]float32, len(grad))
	if v := s.addGrad(single, converted[float32](m.Net.Params)); math.Abs(v-value) > 1e-5 {
		t.Errorf("value %g in float32, %g in float64", v, value)
	}
	for i, g := range grad {
		if math.Abs(float64(single[i])-g) > 1e-5 {
			t.Fatalf("gradient of parameter %d is %g in float32, %g in float64", i, single[i], g)
		}
	}
}

func TestPenaltyGradient(t *testing.T) {
	m := randomModel(5)
	spans, params := weightSpans(m.Net), m.Net.Params
	grad := make([]float64, len(params))
	addPenaltyGrad(grad, params, spans, 0.5, 2)
	value := func() float64 {
		sum, n := 0.0, 0
		for l := range m.Net.Layers {
			for _, w := range m.Net.Weight(l) {
				sum += 0.5*math.Abs(w) + 2*w*w
				n++
			}
		}
		return sum / float64(n)
	}
	checkGradient(t, params, value, func(i int) float64 { return grad[i] }, 1e-7)
}

// TestStableUnits trains twice, and once with a reward for known phases.
func TestStableUnits(t *testing.T) {
	d := kinkedData(t, 60, 1)
	box := control.NewBox(5, -0.5, 0.5)
	unstable := func(factor float64) (count int) {
		opts := smallFit()
		opts.Epochs = 20
		opts.Stable = factor
		opts.Ranges = func(m *Model) UnitRanges { return IntervalRanges(m, []control.Box{box}) }
		m, _, err := Fit(t.Context(), d, opts)
		if err != nil {
			t.Fatal(err)
		}
		lower, upper, _ := IntervalRanges(m, []control.Box{box})(m.Net)
		for i := range lower {
			if lower[i] < 0 && upper[i] > 0 {
				count++
			}
		}
		return count
	}
	if without, with := unstable(0), unstable(5); with > without/2 {
		t.Errorf("%d units are unstable without the reward, %d with it", without, with)
	}
}
