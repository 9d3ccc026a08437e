package planner

import (
	"context"
	"fmt"
	"math/rand/v2"

	"hinge/control"
)

// PSOptions are the choices of [PS]. The zero value is the documented default.
type PSOptions struct {
	Sampling // 256 samples, 16 iterations

	// Std is the standard deviation as a share of half the box; 0 means 0.3. It stays.
	Std float64
	// Correlation of the noise between neighbouring steps, in [0, 1); 0 means
	// 0.5, negative none.
	Correlation float64
}

func (o PSOptions) withDefaults() PSOptions {
	o.Sampling = o.Sampling.withDefaults(256, 16)
	o.Std = defaultTo(o.Std, 0.3)
	o.Correlation = max(0, defaultTo(o.Correlation, 0.5))
	return o
}

// PS is predictive sampling (Howell et al., arXiv:2212.00541, 2022), the simplest sampler
// that learns: draw around the best sequence so far, and go on from the best sample.
//
//	u_i ~ clamp(nominal + noise),   nominal <- the best of them and nominal
type PS struct {
	sampler
	opts PSOptions
	std  []float64 // in the unit of each coordinate
}

var _ control.Planner = (*PS)(nil)

// NewPS returns a planner by predictive sampling.
func NewPS(p Problem, opts PSOptions) (*PS, error) {
	p, err := p.withDefaults()
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	if opts.Samples < 1 {
		return nil, fmt.Errorf("planner: ps: %d samples; it needs at least 1", opts.Samples)
	}
	if err := checkNoise("ps", opts.Std, opts.Correlation); err != nil {
		return nil, err
	}
	s := &PS{sampler: newSampler("ps", p, opts.Sampling, opts.Samples), opts: opts}
	s.std = make([]float64, s.r.size())
	s.spread(s.std, opts.Std)
	return s, nil
}

// Plan draws Iterations times.
func (s *PS) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	return s.plan(ctx, x0, warm, s)
}

func (s *PS) begin() {}

// iterate draws around the incumbent, which is the nominal sequence.
func (s *PS) iterate(ctx context.Context, iteration int) {
	s.evaluate(ctx, iteration, func(_ int, row []float64, rng *rand.Rand) {
		s.perturb(row, s.best.tr.U, s.std, s.opts.Correlation, rng)
	})
	s.offerBest(&s.samples)
}
