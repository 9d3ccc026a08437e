package planner

import (
	"context"
	"fmt"
	"math/rand/v2"

	"hinge/control"
)

// RandomOptions are the choices of [Random].
type RandomOptions struct {
	Sampling // 256 samples, 4 iterations
}

// Random plans the best of Samples times Iterations action sequences drawn
// uniformly from the box.
type Random struct{ sampler }

var _ control.Planner = (*Random)(nil)

// NewRandom returns a planner of uniform samples.
func NewRandom(p Problem, opts RandomOptions) (*Random, error) {
	p, err := p.withDefaults()
	if err != nil {
		return nil, err
	}
	o := opts.Sampling.withDefaults(256, 4)
	if o.Samples < 1 {
		return nil, fmt.Errorf("planner: random: %d samples; it needs at least 1", o.Samples)
	}
	return &Random{newSampler("random", p, o, o.Samples)}, nil
}

// Plan returns the best sequence found.
func (s *Random) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	return s.plan(ctx, x0, warm, s)
}

func (s *Random) begin() {}

func (s *Random) iterate(ctx context.Context, iteration int) {
	s.evaluate(ctx, iteration, func(_ int, row []float64, rng *rand.Rand) { s.actions.Sample(row, rng) })
	s.offerBest(&s.samples)
}
