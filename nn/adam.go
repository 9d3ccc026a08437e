package nn

import (
	"math"

	"hinge/internal/vec/dense"
)

// Adam is the optimiser of Kingma and Ba (2015), for one parameter slice:
//
//	m = beta1 m + (1 - beta1) g
//	v = beta2 v + (1 - beta2) g^2
//	params -= rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
//
// The zero value is ready for use.
type Adam[T Float] struct {
	Beta1    float64 // 0 means 0.9
	Beta2    float64 // 0 means 0.999
	Epsilon  float64 // 0 means 1e-8
	ClipNorm float64 // longest gradient, in the 2-norm; 0 means no limit

	t     int
	m, v  []T
	rates dense.AdamRates[T] // of the last step
}

// Step changes params against grad, which it leaves as it is, and returns the
// norm of grad before clipping.
func (a *Adam[T]) Step(params, grad []T, rate float64) (norm float64) {
	if a.m == nil {
		a.m, a.v = make([]T, len(params)), make([]T, len(params))
	}
	if len(params) != len(a.m) || len(grad) != len(a.m) {
		panic("nn: Adam.Step: the number of parameters changed or differs from that of gradients")
	}
	a.t++
	set := dense.Best[T]()
	norm = set.Norm(grad)
	clip := 1.0
	if a.ClipNorm > 0 && norm > a.ClipNorm {
		clip = a.ClipNorm / norm
	}
	b1, b2, eps := orDefault(a.Beta1, 0.9), orDefault(a.Beta2, 0.999), orDefault(a.Epsilon, 1e-8)
	// With s = sqrt(1 - beta2^t) the corrections leave the loop:
	// (m / c) / (sqrt(v) / s + eps) = (s / c) m / (sqrt(v) + s eps).
	s := math.Sqrt(1 - math.Pow(b2, float64(a.t)))
	a.rates = dense.AdamRates[T]{
		Beta1: T(b1), One1: T((1 - b1) * clip), Beta2: T(b2), One2: T((1 - b2) * clip * clip),
		Rate: T(-rate * s / (1 - math.Pow(b1, float64(a.t)))), Floor: T(s * eps),
	}
	set.Adam(params, a.m, a.v, grad, &a.rates)
	return norm
}

func orDefault(v, def float64) float64 {
	if v == 0 {
		return def
	}
	return v
}

// Cosine returns the learning rate of step 0..steps-1 of a schedule that falls
// from first to last along half a cosine wave.
func Cosine(step, steps int, first, last float64) float64 {
	if steps < 2 {
		return first
	}
	phase := math.Pi * float64(step) / float64(steps-1)
	return last + (first-last)*(1+math.Cos(phase))/2
}

// State returns what the optimiser remembers: the number of steps, and the mean
// gradients and squared gradients, sharing memory; nil before the first step.
func (a *Adam[T]) State() (t int, m, v []T) { return a.t, a.m, a.v }

// SetState makes the optimiser remember what [Adam.State] returned, whose memory
// it takes over.
func (a *Adam[T]) SetState(t int, m, v []T) {
	if t < 0 || len(m) != len(v) {
		panic("nn: Adam.SetState: negative step, or moments of different lengths")
	}
	a.t, a.m, a.v = t, m, v
}
