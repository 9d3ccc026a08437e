package sparsify

import (
	"math"
	"math/rand/v2"
	"slices"

	"hinge/dynamics"
	"hinge/nn"
)

// choice is the relaxed choice of a gate for every hidden unit, the selector of
// [EndToEnd]. Units are numbered through all hidden layers;
// row i of a slice of units x GateCount belongs to unit i.
type choice struct {
	units       []int     // places of the units in the activation buffer
	logits      []float32 // alpha
	soft        []float32 // y of the last Draw
	grad        []float32 // of the logits
	penalty     [nn.GateCount]float32
	temperature float32
	rateFactor  float64 // rate of the logits over that of the weights
	adam        nn.Adam[float32]
	rng         *rand.Rand
}

func newChoice(n *nn.Net, opts Options, rng *rand.Rand) *choice {
	c := &choice{
		units:       hiddenUnits(n),
		penalty:     [nn.GateCount]float32{nn.ReLU: float32(opts.ReLUPenalty), nn.Identity: float32(opts.IdentityPenalty)},
		temperature: float32(opts.Temperature),
		rateFactor:  opts.GateRate / opts.RoundRate,
		rng:         rng,
	}
	size := len(c.units) * nn.GateCount
	c.logits, c.soft, c.grad = make([]float32, size), make([]float32, size), make([]float32, size)
	p := opts.InitialReLU
	for i := range c.units {
		alpha := row(c.logits, i)
		alpha[nn.ReLU] = float32(math.Log(p))
		alpha[nn.Identity] = float32(math.Log((1 - p) / 2))
		alpha[nn.Zero] = alpha[nn.Identity]
	}
	return c
}

func row(v []float32, i int) []float32 { return v[i*nn.GateCount : (i+1)*nn.GateCount] }

// Draw samples the gates of all units.
func (c *choice) Draw(mix nn.GateMix[float32]) {
	for i, k := range c.units {
		y := row(c.soft, i)
		for j, a := range row(c.logits, i) {
			gumbel := -math.Log(c.rng.ExpFloat64())
			y[j] = (a + float32(gumbel)) / c.temperature
		}
		softmax(y)
		harden(mix.Unit(k), y)
	}
}

// Settle gives every unit its most probable gate.
func (c *choice) Settle(mix nn.GateMix[float32]) {
	for i, k := range c.units {
		harden(mix.Unit(k), row(c.logits, i))
	}
}

// Learn moves the logits against the gradient of the loss, passed straight
// through from the gates to y, and of the penalties.
func (c *choice) Learn(grad nn.GateMix[float32], rate float64) {
	clear(c.grad)
	for i, k := range c.units {
		addGateGrad(row(c.grad, i), row(c.logits, i), row(c.soft, i), grad.Unit(k), c.penalty[:], c.temperature)
	}
	c.adam.Step(c.logits, c.grad, rate*c.rateFactor)
}

func (c *choice) gating() dynamics.Gating { return c }

// decide keeps the units with the largest p(ReLU); the others take the more
// probable of identity and zero.
func (c *choice) decide(m *dynamics.Model, budget int) {
	scores := make([]float64, len(c.units))
	for i := range scores {
		scores[i] = float64(c.probability(i, nn.ReLU))
	}
	keepBest(m.Net, scores, budget, func(i int) nn.Gate {
		if alpha := row(c.logits, i); alpha[nn.Identity] > alpha[nn.Zero] {
			return nn.Identity
		}
		return nn.Zero
	})
}

// probability returns p_i(g).
func (c *choice) probability(i int, g nn.Gate) float32 {
	p := probabilities(row(c.logits, i))
	return p[g]
}

func probabilities[T nn.Float](alpha []T) [nn.GateCount]T {
	p := [nn.GateCount]T(alpha)
	softmax(p[:])
	return p
}

// softmax replaces v by exp(v) / sum exp(v).
func softmax[T nn.Float](v []T) {
	top := slices.Max(v)
	var sum T
	for j, x := range v {
		v[j] = T(math.Exp(float64(x - top)))
		sum += v[j]
	}
	for j := range v {
		v[j] /= sum
	}
}

// addGateGrad adds to da the gradient of the loss and of the penalties of a unit with
// the logits a, where soft = softmax((a + noise)/temperature) and dGate is the
// gradient of the loss with respect to soft:
//
//	loss(soft) + sum_g penalty_g softmax(a)_g
func addGateGrad[T nn.Float](da, a, soft, dGate, penalty []T, temperature T) {
	addSoftmaxGrad(da, soft, dGate, 1/temperature)
	p := probabilities(a)
	addSoftmaxGrad(da, p[:], penalty, 1)
}

// addSoftmaxGrad adds factor times the gradient with respect to a to da, where
// y = softmax(a) and dy is the gradient with respect to y:
//
//	da_j = y_j (dy_j - sum_i y_i dy_i)
func addSoftmaxGrad[T nn.Float](da, y, dy []T, factor T) {
	var mean T
	for j, v := range y {
		mean += v * dy[j]
	}
	for j, v := range y {
		da[j] += factor * v * (dy[j] - mean)
	}
}

// harden writes 1 to dst at the largest entry of p, the first of equals, and 0
// elsewhere.
func harden(dst, p []float32) {
	best := 0
	for j, v := range p {
		if v > p[best] {
			best = j
		}
	}
	clear(dst)
	dst[best] = 1
}
