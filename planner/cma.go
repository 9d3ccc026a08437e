package planner

import (
	"context"
	"fmt"
	"math"

	"hinge/control"
)

// CMAOptions are the choices of [CMA]. The zero value is the documented default.
type CMAOptions struct {
	// Samples is the number of sequences of an iteration; 0 means 128. Fewer settle
	// sooner, and in worse minima.
	Samples int
	// Iterations is the number of updates; 0 means 100, negative as many as ctx
	// allows, which then must end.
	Iterations int
	// Std is the first standard deviation as a share of half the box; 0 means 0.5.
	Std float64
	// Correlation of the first distribution between neighbouring steps, in [0, 1);
	// 0 means 0.9, negative none.
	Correlation float64
	// Patience is the number of iterations without progress (0.1 %) after which
	// the search starts again, by turns near the incumbent and from scratch; 0
	// means 60, negative never.
	Patience int
	// Candidates is how many of the last samples the plan carries, best first; 0
	// means 8, negative none.
	Candidates int

	Workers int    // goroutines; 0 means 1; the plan does not depend on it
	Seed    uint64 // of the noise
}

func (o CMAOptions) withDefaults() CMAOptions {
	o.Samples = defaultTo(o.Samples, 128)
	o.Iterations = defaultTo(o.Iterations, 100)
	o.Std = defaultTo(o.Std, 0.5)
	o.Correlation = max(0, defaultTo(o.Correlation, 0.9))
	o.Patience = defaultTo(o.Patience, 60)
	o.Candidates = max(0, defaultTo(o.Candidates, 8))
	o.Workers = max(1, o.Workers)
	return o
}

func (o *CMAOptions) validate() error {
	switch {
	case o.Samples < 4:
		return fmt.Errorf("planner: cma: %d samples; it needs at least 4", o.Samples)
	case !(o.Std > 0):
		return fmt.Errorf("planner: cma: std is %g; it must be positive", o.Std)
	case !(o.Correlation < 1):
		return fmt.Errorf("planner: cma: correlation is %g; it must be below 1", o.Correlation)
	}
	return nil
}

// CMA is the covariance matrix adaptation evolution strategy (Hansen, The CMA
// Evolution Strategy: A Tutorial, 2016): a cross-entropy method that learns how
// the actions of different steps hang together. Contact makes narrow curved
// valleys of them, in which independent coordinates get stuck.
//
//	u_i = clamp(m + sigma A z_i),   z_i standard normal,   C = A A'
//
// Coordinates are shares of half the box. A clamped sample counts as drawn where
// it was clamped to. The first distribution is correlated in time, see
// [CMAOptions]; it starts at the shifted plan or the held action. The best sequence ever seen, judged in float64, is the plan.
type CMA struct {
	Problem
	opts    CMAOptions
	r       *rollouts
	best    incumbent
	samples population
	half    []float64 // half the width of the box: the unit of the coordinates
	dist    *adaptive

	local    float64 // best cost since the last restart
	stale    int     // iterations without progress
	restarts int
}

var _ control.Planner = (*CMA)(nil)

// NewCMA returns a planner by covariance matrix adaptation.
func NewCMA(p Problem, opts CMAOptions) (*CMA, error) {
	p, err := p.withDefaults()
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	r := newRollouts(&p, opts.Workers)
	c := &CMA{Problem: p, opts: opts, r: r, samples: newPopulation(opts.Samples, r.size()),
		half: make([]float64, r.size()), dist: newAdaptive(r.size(), opts.Samples)}
	p.spread(c.half, 1)
	return c, nil
}

// Plan adapts the distribution Iterations times.
func (c *CMA) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	clk := startClock()
	if err := c.checkStart(x0, warm); err != nil {
		return nil, err
	}
	if err := endless(ctx, c.opts.Iterations); err != nil {
		return nil, err
	}
	c.r.start(x0, c.Before)
	c.best.reset(c.r, c.held, warm, clk)
	c.restarts = 0
	c.begin(c.best.tr.U, 1)
	iteration := 0
	for ; iteration != c.opts.Iterations && ctx.Err() == nil; iteration++ {
		c.draw(ctx, iteration)
		c.adapt()
	}
	plan := c.best.plan("cma", stopped(ctx))
	if iteration > 0 {
		plan.Candidates = c.samples.candidates(c.r, c.opts.Candidates)
	}
	return c.finish(plan, x0, clk), nil
}

// begin puts the first distribution, share times as wide, around mean.
func (c *CMA) begin(mean []float64, share float64) {
	c.local, c.stale = math.Inf(1), 0
	c.dist.reset(share*c.opts.Std, c.opts.Correlation, c.Cost.Nu)
	for k, v := range mean {
		c.dist.mean[k] = c.toUnit(k, v)
	}
}

// restart begins near the incumbent, or at a random sequence of the first
// distribution around the held action.
func (c *CMA) restart() {
	c.restarts++
	if c.restarts%2 == 1 {
		c.begin(c.best.tr.U, nearShare)
		return
	}
	// Streams of restarts count down from the top, those of samples up from 0.
	rng := newStream().at(c.opts.Seed, math.MaxUint64-uint64(c.restarts))
	std, mean := make([]float64, c.r.size()), make([]float64, c.r.size())
	c.spread(std, c.opts.Std)
	c.perturb(mean, c.held, std, c.opts.Correlation, rng)
	c.begin(mean, 1)
}

// toUnit writes coordinate k of a sequence as a share of half the box, measured
// from its centre. A box without width has one point, 0.
func (c *CMA) toUnit(k int, v float64) float64 {
	if c.half[k] == 0 {
		return 0
	}
	return (v - c.actions.Lower[k] - c.half[k]) / c.half[k]
}

func (c *CMA) draw(ctx context.Context, iteration int) {
	s := &c.samples
	c.r.evaluate(ctx, s.costs, s.u, func(i int, row []float64, rng *stream) {
		c.dist.sample(i, rng.at(c.opts.Seed, uint64(iteration*len(s.costs)+i)))
		for k, v := range c.dist.row(i) {
			row[k] = c.actions.Lower[k] + c.half[k]*(1+v)
		}
		c.actions.Clamp(row, row) // rounding
	})
}

// adapt moves the distribution and starts again if it is stuck.
func (c *CMA) adapt() {
	s := &c.samples
	s.sort()
	top := s.costs[s.order[0]]
	if top < c.best.cost+progress*math.Abs(c.best.cost) {
		c.best.offer(c.r, s.row(s.order[0]))
	}
	if s.usable() < c.dist.parents() {
		return // the clock ran out, or hardly a sample has a finite cost
	}
	c.stale++
	if top < c.local-progress*math.Abs(c.local) || math.IsInf(c.local, 1) {
		c.local, c.stale = top, 0
	}
	stuck := c.opts.Patience >= 0 && c.stale > c.opts.Patience
	if stuck || !c.dist.update(s.order) {
		c.restart()
	}
}
