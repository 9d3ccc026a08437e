package planner

import (
	"context"
	"fmt"
	"math/rand/v2"

	"hinge/control"
)

// CMAOptions are the choices of [CMA]. The zero value is the documented default.
type CMAOptions struct {
	Sampling // 128 samples: fewer settle sooner, and in worse minima; 100 iterations

	// Std is the first standard deviation as a share of half the box; 0 means 0.5.
	Std float64
	// Correlation of the first distribution between neighbouring steps, in [0, 1);
	// 0 means 0.9, negative none.
	Correlation float64
	// Patience is the number of iterations without progress (0.1 %) after which
	// the search starts again, by turns near the incumbent and from scratch; 0
	// means 60, negative never.
	Patience int
}

func (o CMAOptions) withDefaults() CMAOptions {
	o.Sampling = o.Sampling.withDefaults(128, 100)
	o.Std = defaultTo(o.Std, 0.5)
	o.Correlation = max(0, defaultTo(o.Correlation, 0.9))
	o.Patience = defaultTo(o.Patience, 60)
	return o
}

func (o *CMAOptions) validate() error {
	if o.Samples < 4 {
		return fmt.Errorf("planner: cma: %d samples; it needs at least 4", o.Samples)
	}
	return checkNoise("cma", o.Std, o.Correlation)
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
// [CMAOptions]; it starts at the shifted plan or the held action. The best
// sequence ever seen, judged in float64, is the plan.
type CMA struct {
	sampler
	opts CMAOptions
	half []float64 // half the width of the box: the unit of the coordinates
	course
}

// course is one way of the adaptation from a start.
type course struct {
	dist  *adaptive
	first shape // of the distribution at its start
	stall stall
}

// shape is that of a first distribution.
type shape struct {
	std, correlation float64 // see [CMAOptions]
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
	c := &CMA{sampler: newSampler("cma", p, opts.Sampling, opts.Samples), opts: opts}
	c.half, c.course = make([]float64, c.r.size()), c.newCourse(shape{opts.Std, opts.Correlation})
	c.spread(c.half, 1)
	return c, nil
}

// Plan adapts the distribution Iterations times.
func (c *CMA) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	return c.plan(ctx, x0, warm, c)
}

func (c *CMA) newCourse(first shape) course {
	return course{dist: newAdaptive(c.r.size(), c.opts.Samples), first: first}
}

func (c *CMA) begin() {
	c.stall.restarts = 0
	c.start(c.best.tr.U, 1)
}

// start puts the first distribution, share times as wide, around mean.
func (c *CMA) start(mean []float64, share float64) {
	c.stall.forget()
	c.dist.reset(share*c.first.std, c.first.correlation, c.Cost.Nu)
	for k, v := range mean {
		c.dist.mean[k] = c.toUnit(k, v)
	}
}

// restart begins near the incumbent, or at a random sequence of the first
// distribution around the held action.
func (c *CMA) restart() {
	c.stall.restarts++
	if c.stall.restarts%2 == 1 {
		c.start(c.best.tr.U, nearShare)
		return
	}
	c.startAnywhere(c.stall.restarts)
}

// startAnywhere starts at random sequence k.
func (c *CMA) startAnywhere(k int) {
	std, mean := make([]float64, c.r.size()), make([]float64, c.r.size())
	c.spread(std, c.first.std)
	c.perturb(mean, c.held, std, c.first.correlation, c.restartStream(k))
	c.start(mean, 1)
}

// toUnit writes coordinate k of a sequence as a share of half the box, measured
// from its centre. A box without width has one point, 0.
func (c *CMA) toUnit(k int, v float64) float64 {
	if c.half[k] == 0 {
		return 0
	}
	return (v - c.actions.Lower[k] - c.half[k]) / c.half[k]
}

func (c *CMA) iterate(ctx context.Context, iteration int) {
	c.draw(ctx, iteration)
	c.adapt()
}

func (c *CMA) draw(ctx context.Context, iteration int) {
	c.evaluate(ctx, iteration, func(i int, row []float64, rng *rand.Rand) {
		c.dist.sample(i, rng)
		for k, v := range c.dist.row(i) {
			row[k] = c.actions.Lower[k] + c.half[k]*(1+v)
		}
		c.actions.Clamp(row, row) // rounding
	})
}

// adapt moves the distribution and starts again if it is stuck.
func (c *CMA) adapt() {
	if !c.advance() {
		c.restart()
	}
}

// advance moves the distribution; false if it is stuck.
func (c *CMA) advance() bool {
	top := c.offerBest(&c.samples)
	if c.samples.usable() < c.dist.parents() {
		return true // the clock ran out, or hardly a sample has a finite cost
	}
	return !c.stall.stuck(top, c.opts.Patience) && c.dist.update(c.samples.order)
}
