package sparsify

import (
	"math"
	"math/rand/v2"

	"hinge/dynamics"
	"hinge/nn"
)

// hardConcrete is the selector of [HardConcrete]. A unit computes z relu(.), with
//
//	s = sigmoid((log u - log(1-u) + alpha) / beta),   u ~ uniform(0, 1),
//	z = min(1, max(0, s (zeta - gamma) + gamma)),
//
// and costs lambda P(z > 0) = lambda sigmoid(alpha - beta log(-gamma/zeta)).
// alpha is learned; beta, gamma and zeta are those of the paper.
type hardConcrete struct {
	units      []int
	alpha      []float32
	soft       []float32 // s of the last Draw
	grad       []float32 // of alpha
	penalty    float64
	rateFactor float64
	adam       nn.Adam[float32]
	rng        *rand.Rand
}

const (
	concreteBeta  = 2.0 / 3
	concreteGamma = -0.1
	concreteZeta  = 1.1
	// leastFactor stands for the factor of a unit that stays although its own is 0.
	leastFactor = 0.1
)

func newHardConcrete(n *nn.Net, opts Options, rng *rand.Rand) *hardConcrete {
	h := &hardConcrete{units: hiddenUnits(n), penalty: opts.ReLUPenalty, rateFactor: opts.GateRate / opts.RoundRate, rng: rng}
	h.alpha, h.soft, h.grad = make([]float32, len(h.units)), make([]float32, len(h.units)), make([]float32, len(h.units))
	for i := range h.alpha {
		h.alpha[i] = float32(math.Log(opts.InitialReLU / (1 - opts.InitialReLU)))
	}
	return h
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// stretch returns the factor z of a value s.
func stretch(s float64) float64 {
	return min(1, max(0, s*(concreteZeta-concreteGamma)+concreteGamma))
}

func (h *hardConcrete) gating() dynamics.Gating { return h }

// Draw samples the factors of all units.
func (h *hardConcrete) Draw(mix nn.GateMix[float32]) {
	for i, k := range h.units {
		u := min(max(h.rng.Float64(), 1e-6), 1-1e-6)
		s := sigmoid((math.Log(u/(1-u)) + float64(h.alpha[i])) / concreteBeta)
		h.soft[i] = float32(s)
		mix.Unit(k)[nn.ReLU] = float32(stretch(s))
	}
}

// Settle gives every unit the factor of its alpha without noise.
func (h *hardConcrete) Settle(mix nn.GateMix[float32]) {
	for i, k := range h.units {
		mix.Unit(k)[nn.ReLU] = float32(h.factor(i))
	}
}

func (h *hardConcrete) factor(i int) float64 { return stretch(sigmoid(float64(h.alpha[i]))) }

// Learn moves alpha against the gradient of the loss and of the price.
func (h *hardConcrete) Learn(grad nn.GateMix[float32], rate float64) {
	for i, k := range h.units {
		p := sigmoid(float64(h.alpha[i]) - concreteBeta*math.Log(-concreteGamma/concreteZeta))
		d := h.penalty * p * (1 - p)
		s := float64(h.soft[i])
		if z := s*(concreteZeta-concreteGamma) + concreteGamma; z > 0 && z < 1 {
			d += float64(grad.Unit(k)[nn.ReLU]) * (concreteZeta - concreteGamma) * s * (1 - s) / concreteBeta
		}
		h.grad[i] = float32(d)
	}
	h.adam.Step(h.alpha, h.grad, rate*h.rateFactor)
}

// decide keeps the units with the largest alpha. Their factors, being positive, go
// into what they read: z relu(y) = relu(z y).
func (h *hardConcrete) decide(m *dynamics.Model, budget int) {
	n := m.Net
	scores, factors := make([]float64, len(h.units)), make([]float64, n.Width())
	for i, k := range h.units {
		scores[i] = float64(h.alpha[i])
		factors[k] = max(leastFactor, h.factor(i))
	}
	for i := range n.Layers[:len(n.Layers)-1] {
		l := &n.Layers[i]
		w, b := n.Weight(i), n.Bias(i)
		for j := range l.Out {
			z := factors[l.At()+j]
			b[j] *= z
			for k := range l.In() {
				w[j*l.In()+k] *= z
			}
		}
	}
	keepBest(n, scores, budget, func(int) nn.Gate { return nn.Zero })
}
