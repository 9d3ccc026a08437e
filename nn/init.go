package nn

import (
	"math"
	"math/rand/v2"
)

// Initializer draws one weight of a layer that reads in activations and has out
// units.
type Initializer func(in, out int, rng *rand.Rand) float64

// Init draws all weights, in the order of Params, and sets the biases to zero.
func (n *Net) Init(draw Initializer, rng *rand.Rand) {
	for i := range n.Layers {
		l := &n.Layers[i]
		w := n.Weight(i)
		for k := range w {
			w[k] = draw(l.In(), l.Out, rng)
		}
		clear(n.Bias(i))
	}
}

// HeNormal keeps the variance of activations behind ReLUs: deviation
// sqrt(2/in). Equation 10 of He et al., Delving deep into rectifiers (2015).
func HeNormal(in, _ int, rng *rand.Rand) float64 {
	return math.Sqrt(2/float64(in)) * rng.NormFloat64()
}

// HeUniform has the variance of [HeNormal] and bounded weights.
func HeUniform(in, _ int, rng *rand.Rand) float64 {
	return math.Sqrt(6/float64(in)) * (2*rng.Float64() - 1)
}

// GlorotNormal keeps the variance of activations and adjoints of linear layers:
// deviation sqrt(2/(in + out)). Equation 12 of Glorot and Bengio, Understanding
// the difficulty of training deep feedforward neural networks (2010).
func GlorotNormal(in, out int, rng *rand.Rand) float64 {
	return math.Sqrt(2/float64(in+out)) * rng.NormFloat64()
}

// GlorotUniform has the variance of [GlorotNormal] and bounded weights.
func GlorotUniform(in, out int, rng *rand.Rand) float64 {
	return math.Sqrt(6/float64(in+out)) * (2*rng.Float64() - 1)
}
