package nn

import (
	"math"
	"math/rand/v2"
	"testing"
)

// newRand returns the stream of work item i, different for every test.
func newRand(t testing.TB, i int) *rand.Rand {
	seed := uint64(1)
	for _, c := range t.Name() {
		seed = seed*31 + uint64(c)
	}
	return rand.New(rand.NewPCG(seed, uint64(i)))
}

func fillNormal(v []float64, scale float64, rng *rand.Rand) []float64 {
	for i := range v {
		v[i] = scale * rng.NormFloat64()
	}
	return v
}

func normal(n int, rng *rand.Rand) []float64 { return fillNormal(make([]float64, n), 1, rng) }

// randomNet returns a network of random depth, widths, windows and gates, its
// output layer included. Layers may be empty.
func randomNet(rng *rand.Rand) *Net {
	in := 1 + rng.IntN(5)
	layers := make([]Layer, 1+rng.IntN(5))
	width := in
	for i := range layers {
		from := rng.IntN(width)
		l := Layer{From: from, To: from + 1 + rng.IntN(width-from), Out: rng.IntN(7)}
		if i == len(layers)-1 {
			l.Out++
		}
		if rng.IntN(5) > 0 {
			l.Gates = make([]Gate, l.Out)
			for j := range l.Gates {
				l.Gates[j] = Gate(rng.IntN(3))
			}
		}
		layers[i] = l
		width += l.Out
	}
	n := New(in, layers)
	for i := range n.Layers {
		fillNormal(n.Weight(i), math.Sqrt(2/float64(n.Layers[i].In())), rng)
		fillNormal(n.Bias(i), 0.5, rng)
	}
	return n
}

// randomMLP returns a plain perceptron with normal weights and ReLUs only.
func randomMLP(in int, hidden []int, out int, rng *rand.Rand) *Net {
	n := NewMLP(in, hidden, out, false)
	for i := range n.Layers {
		fillNormal(n.Weight(i), math.Sqrt(2/float64(n.Layers[i].In())), rng)
		fillNormal(n.Bias(i), 0.5, rng)
	}
	return n
}

// naiveForward is the definition of a network, as slow as it is plain.
func naiveForward(n *Net, x []float64) []float64 {
	v := append([]float64(nil), x...)
	for i, l := range n.Layers {
		window := v[l.From:l.To]
		for j := range l.Out {
			z := n.Bias(i)[j]
			for k, vk := range window {
				z += n.Weight(i)[j*len(window)+k] * vk
			}
			switch l.Gate(j) {
			case ReLU:
				v = append(v, math.Max(0, z))
			case Identity:
				v = append(v, z)
			case Zero:
				v = append(v, 0)
			}
		}
	}
	return v[len(v)-n.Out():]
}

// closeTo reports whether a and b agree within tol, relative to 1 + |b|.
func closeTo(a, b, tol float64) bool { return math.Abs(a-b) <= tol*(1+math.Abs(b)) }

// assertClose fails unless got and want agree within tol.
func assertClose(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !closeTo(got[i], want[i], tol) {
			t.Fatalf("%s: value %d is %.17g, want %.17g", what, i, got[i], want[i])
		}
	}
}

func forward(n *Net, x []float64) []float64 {
	y := make([]float64, n.Out())
	n.Forward(y, x, n.NewWorkspace())
	return y
}
