package planner

import (
	"context"
	"slices"

	"hinge/control"
)

// RandomOptions are the choices of [Random].
type RandomOptions struct {
	// Samples is the number of sequences tried; 0 means 1024, negative as many
	// as ctx allows, which then must end.
	Samples int
	Workers int    // goroutines; 0 means 1; the plan does not depend on it
	Seed    uint64 // of the samples
}

// Random plans the best of action sequences drawn uniformly from the box.
type Random struct {
	Problem
	opts     RandomOptions
	r        *rollouts
	best     incumbent
	u, costs []float64
}

var _ control.Planner = (*Random)(nil)

// randomRound is the number of sequences evaluated between two looks at the clock.
const randomRound = 4 * batchRows

// NewRandom returns a planner of uniform samples.
func NewRandom(p Problem, opts RandomOptions) (*Random, error) {
	p, err := p.withDefaults()
	if err != nil {
		return nil, err
	}
	opts.Workers = max(1, opts.Workers)
	if opts.Samples == 0 {
		opts.Samples = 1024
	}
	r := newRollouts(&p, opts.Workers)
	return &Random{Problem: p, opts: opts, r: r,
		u: make([]float64, randomRound*r.size()), costs: make([]float64, randomRound)}, nil
}

// Plan returns the best sequence found.
func (s *Random) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	c := startClock()
	if err := s.checkStart(x0, warm); err != nil {
		return nil, err
	}
	if err := endless(ctx, s.opts.Samples); err != nil {
		return nil, err
	}
	s.r.start(x0, s.Before)
	s.best.reset(s.r, s.held, warm, c)
	left := s.opts.Samples
	for first := 0; left != 0 && ctx.Err() == nil; first += randomRound {
		n := randomRound
		if left > 0 {
			n = min(n, left)
			left -= n
		}
		s.round(ctx, first, n)
	}
	return s.finish(s.best.plan("random", stopped(ctx)), x0, c), nil
}

// round tries samples first .. first+n-1.
func (s *Random) round(ctx context.Context, first, n int) {
	size := s.r.size()
	s.r.evaluate(ctx, s.costs[:n], s.u[:n*size], func(i int, row []float64, rng *stream) {
		s.actions.Sample(row, rng.at(s.opts.Seed, uint64(first+i)))
	})
	i := slices.Index(s.costs[:n], slices.Min(s.costs[:n]))
	s.best.offer(s.r, s.u[i*size:(i+1)*size])
}
