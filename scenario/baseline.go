package scenario

import (
	"context"
	"math/rand/v2"

	"hinge/control"
)

// hold is the policy that does as little as the box allows: the action nearest
// to zero, at every step.
func hold(box control.Box) control.Policy {
	u := make([]float64, box.Dim())
	box.Clamp(u, u)
	return control.PolicyFunc(func(_ context.Context, dst, _ []float64, _ int) error {
		copy(dst, u)
		return nil
	})
}

// random is the policy of uniformly distributed actions.
func random(box control.Box, rng *rand.Rand) control.Policy {
	return control.PolicyFunc(func(_ context.Context, dst, _ []float64, _ int) error {
		box.Sample(dst, rng)
		return nil
	})
}

// noisy is an observer whose measurements are disturbed by white noise.
type noisy struct {
	control.Observer
	std float64
	rng *rand.Rand
}

// Observe adds noise to what the wrapped observer sees.
func (n *noisy) Observe(dst, x, u []float64) {
	n.Observer.Observe(dst, x, u)
	for i := range dst {
		dst[i] += n.std * n.rng.NormFloat64()
	}
}
