package planner

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"hinge/control"
)

// Sampling is what all sampling planners are told.
type Sampling struct {
	// Samples is the number of sequences drawn in an iteration (by every instance
	// of a [CEM]); 0 means the planner's default.
	Samples int
	// Iterations is how often they are drawn; 0 means the planner's default,
	// negative as often as ctx allows, which then must end.
	Iterations int
	// Candidates is how many of the last samples a plan carries, best first; 0
	// means 8, negative none.
	Candidates int

	Workers int    // goroutines; 0 means 1; the plan does not depend on it
	Seed    uint64 // of the noise
}

func (s Sampling) withDefaults(samples, iterations int) Sampling {
	s.Samples = defaultTo(s.Samples, samples)
	s.Iterations = defaultTo(s.Iterations, iterations)
	s.Candidates = max(0, defaultTo(s.Candidates, 8))
	s.Workers = max(1, s.Workers)
	return s
}

// sampler is what the sampling planners have in common: they draw sequences,
// evaluate them, keep the best one ever seen and learn where to draw next.
type sampler struct {
	Problem
	name     string
	sampling Sampling
	r        *rollouts
	best     incumbent
	samples  population
}

// method is what they differ in.
type method interface {
	// begin forgets the last plan. The incumbent is where to start.
	begin()
	// iterate draws and evaluates the samples and offers the best of them.
	iterate(ctx context.Context, iteration int)
}

// newSampler returns the frame of a method that draws n sequences an iteration,
// for a problem and options with their defaults.
func newSampler(name string, p Problem, o Sampling, n int) sampler {
	r := newRollouts(&p, o.Workers)
	return sampler{Problem: p, name: name, sampling: o, r: r, samples: newPopulation(n, r.size())}
}

// plan runs m and verifies what it finds.
func (s *sampler) plan(ctx context.Context, x0 []float64, warm *control.Plan, m method) (*control.Plan, error) {
	clk := startClock()
	plan, err := s.search(ctx, clk, x0, warm, m)
	if err != nil {
		return nil, err
	}
	return s.finish(plan, x0, clk), nil
}

// search runs m from the better of the warm start and the held action. The plan
// is still to be verified.
func (s *sampler) search(ctx context.Context, clk clock, x0 []float64, warm *control.Plan, m method) (*control.Plan, error) {
	if err := s.checkStart(x0, warm); err != nil {
		return nil, err
	}
	if err := endless(ctx, s.sampling.Iterations); err != nil {
		return nil, err
	}
	s.r.start(x0, s.Before)
	s.best.reset(s.r, s.held, warm, clk)
	m.begin()
	iteration := 0
	for ; iteration != s.sampling.Iterations && ctx.Err() == nil; iteration++ {
		m.iterate(ctx, iteration)
	}
	plan := s.best.plan(s.name, stopped(ctx))
	if iteration > 0 {
		s.samples.sort()
		plan.Candidates = s.samples.candidates(s.r, s.sampling.Candidates)
	}
	return plan, nil
}

// evaluate draws and evaluates the samples of an iteration. draw(i, row, rng)
// fills sample i; every sample of every iteration has its own stream.
func (s *sampler) evaluate(ctx context.Context, iteration int, draw func(i int, row []float64, rng *rand.Rand)) {
	n := len(s.samples.costs)
	s.r.evaluate(ctx, s.samples.costs, s.samples.u, func(i int, row []float64, rng *stream) {
		draw(i, row, rng.at(s.sampling.Seed, uint64(iteration*n+i)))
	})
}

// restartStream returns the numbers of restart k. Restarts count down from the
// top, samples up from 0.
func (s *sampler) restartStream(k int) *rand.Rand {
	return newStream().at(s.sampling.Seed, math.MaxUint64-uint64(k))
}

// offerBest sorts the samples of one distribution and makes the best of them the
// incumbent, if it is that in float64 as well; one that float32 puts clearly
// behind is not tried. It returns its cost.
func (s *sampler) offerBest(samples *population) (top float64) {
	samples.sort()
	top = samples.costs[samples.order[0]]
	if top < s.best.cost+progress*math.Abs(s.best.cost) {
		s.best.offer(s.r, samples.row(samples.order[0]))
	}
	return top
}

// checkNoise reports a first deviation or a correlation that no noise has.
func checkNoise(planner string, std, correlation float64) error {
	if !(std > 0) || math.IsInf(std, 0) {
		return fmt.Errorf("planner: %s: std is %g; it must be positive and finite", planner, std)
	}
	if !(correlation < 1) {
		return fmt.Errorf("planner: %s: correlation is %g; it must be below 1", planner, correlation)
	}
	return nil
}

// Constants of restarts.
const (
	progress  = 1e-3 // relative improvement that counts as progress
	nearShare = 0.2  // of Std, when starting again near the incumbent
)

// stall tells whether a distribution still makes progress.
type stall struct {
	best       float64 // since the last restart
	iterations int     // without progress
	restarts   int
}

// forget starts to count anew.
func (s *stall) forget() { s.best, s.iterations = math.Inf(1), 0 }

// stuck takes the best cost of an iteration and reports whether there has been no
// progress for more than patience of them; negative patience never ends.
func (s *stall) stuck(top float64, patience int) bool {
	s.iterations++
	if top < s.best-progress*math.Abs(s.best) || math.IsInf(s.best, 1) {
		s.best, s.iterations = top, 0
	}
	return patience >= 0 && s.iterations > patience
}
