package planner

import (
	"context"
	"fmt"
	"math"

	"hinge/control"
)

// CEMOptions are the choices of [CEM]. The zero value is the documented default.
type CEMOptions struct {
	// Samples is the number of sequences an instance draws in an iteration; 0
	// means 256.
	Samples int
	// Iterations is the number of times all instances draw; 0 means 30, negative
	// as many as ctx allows, which then must end.
	Iterations int
	// Instances is the number of distributions refined side by side; 0 means 2.
	// Each may settle in another local minimum.
	Instances int
	// Elites is the number of best samples a distribution is fitted to; 0 means a
	// sixteenth of Samples, but at least 4.
	Elites int
	// Keep is how many elites take part again in the next iteration; 0 means a
	// quarter of Elites, negative none.
	Keep int
	// Std is the first standard deviation as a share of half the box; 0 means 0.5.
	Std float64
	// Floor is the smallest standard deviation as a share of half the box: the
	// jitter that keeps a settled distribution moving. 0 means 0.004, negative none.
	Floor float64
	// Smoothing is the weight of the old mean and deviation in a fit, in [0, 1);
	// 0 means 0.1, negative none.
	Smoothing float64
	// Correlation of the noise between neighbouring steps, in [0, 1); 0 means
	// 0.7, negative none.
	Correlation float64
	// Patience is the number of iterations without progress (0.1 %) after which
	// an instance starts again, by turns near the incumbent and from scratch; 0
	// means 10, negative never.
	Patience int
	// Candidates is how many of the last samples the plan carries, best first; 0
	// means 8, negative none.
	Candidates int

	Workers int    // goroutines; 0 means 1; the plan does not depend on it
	Seed    uint64 // of the noise
}

// Constants of restarts.
const (
	progress  = 1e-3 // relative improvement that counts as progress
	nearShare = 0.2  // of Std, when starting again near the incumbent
)

func (o CEMOptions) withDefaults() CEMOptions {
	o.Samples = defaultTo(o.Samples, 256)
	o.Iterations = defaultTo(o.Iterations, 30)
	o.Instances = defaultTo(o.Instances, 2)
	o.Elites = defaultTo(o.Elites, max(4, o.Samples/16))
	o.Keep = max(0, defaultTo(o.Keep, o.Elites/4))
	o.Std = defaultTo(o.Std, 0.5)
	o.Floor = max(0, defaultTo(o.Floor, 0.004))
	o.Smoothing = max(0, defaultTo(o.Smoothing, 0.1))
	o.Correlation = max(0, defaultTo(o.Correlation, 0.7))
	o.Patience = defaultTo(o.Patience, 10)
	o.Candidates = max(0, defaultTo(o.Candidates, 8))
	o.Workers = max(1, o.Workers)
	return o
}

func (o *CEMOptions) validate() error {
	switch {
	case o.Instances < 1:
		return fmt.Errorf("planner: cem: %d instances; it needs at least 1", o.Instances)
	case o.Elites < 1 || o.Elites > o.Samples:
		return fmt.Errorf("planner: cem: %d elites of %d samples; it needs 1 to all of them", o.Elites, o.Samples)
	case o.Keep > o.Elites || o.Keep >= o.Samples:
		return fmt.Errorf("planner: cem: %d elites kept; there are %d elites, and one sample at least is new", o.Keep, o.Elites)
	case !(o.Std > 0):
		return fmt.Errorf("planner: cem: std is %g; it must be positive", o.Std)
	case !(o.Smoothing < 1):
		return fmt.Errorf("planner: cem: smoothing is %g; it must be below 1", o.Smoothing)
	case !(o.Correlation < 1):
		return fmt.Errorf("planner: cem: correlation is %g; it must be below 1", o.Correlation)
	}
	return nil
}

// CEM is the cross-entropy method. Several instances each draw sequences, fit a
// normal distribution with independent coordinates to the best of them, the
// elites, and draw again:
//
//	u_i  ~ clamp(mean + std e_i),   e correlated in time
//	mean <- s mean + (1-s) mean of elites
//	std  <- max(floor, s std + (1-s) std of elites)
//
// The best sequence ever seen, judged in float64, is the plan. The first
// instance starts at the shifted plan or the held action, the others elsewhere.
type CEM struct {
	Problem
	opts      CEMOptions
	r         *rollouts
	best      incumbent
	instances []instance
	samples   population // of all instances
	floor     []float64
}

var _ control.Planner = (*CEM)(nil)

// instance is one distribution with its share of the samples.
type instance struct {
	mean, std []float64
	samples   population
	kept      []float64 // elites of the last iteration, best first
	keeps     int       // how many of them there are
	best      float64   // since the last restart
	stale     int       // iterations without progress
	restarts  int
	sum       []float64 // scratch of the fit
}

// NewCEM returns a planner by the cross-entropy method.
func NewCEM(p Problem, opts CEMOptions) (*CEM, error) {
	p, err := p.withDefaults()
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	r := newRollouts(&p, opts.Workers)
	size := r.size()
	c := &CEM{Problem: p, opts: opts, r: r, instances: make([]instance, opts.Instances),
		samples: newPopulation(opts.Instances*opts.Samples, size), floor: make([]float64, size)}
	p.spread(c.floor, opts.Floor)
	for i := range c.instances {
		c.instances[i] = instance{mean: make([]float64, size), std: make([]float64, size), sum: make([]float64, size),
			kept: make([]float64, opts.Keep*size), samples: c.samples.part(i*opts.Samples, (i+1)*opts.Samples)}
	}
	return c, nil
}

// Plan refines the distributions Iterations times.
func (c *CEM) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	clk := startClock()
	if err := c.checkStart(x0, warm); err != nil {
		return nil, err
	}
	if err := endless(ctx, c.opts.Iterations); err != nil {
		return nil, err
	}
	c.r.start(x0, c.Before)
	c.best.reset(c.r, c.held, warm, clk)
	for i := range c.instances {
		c.begin(i)
	}
	iteration := 0
	for ; iteration != c.opts.Iterations && ctx.Err() == nil; iteration++ {
		c.draw(ctx, iteration)
		for i := range c.instances {
			c.refine(i)
		}
	}
	plan := c.best.plan("cem", stopped(ctx))
	if iteration > 0 {
		c.samples.sort()
		plan.Candidates = c.samples.candidates(c.r, c.opts.Candidates)
	}
	return c.finish(plan, x0, clk), nil
}

// begin makes instance i new: the first one at the incumbent, the others around
// the held action.
func (c *CEM) begin(i int) {
	in := &c.instances[i]
	in.restarts = 0
	c.restart(i, i > 0, 1)
}

// restart lets instance i draw around a random sequence, or around the incumbent
// with share times the first deviation.
func (c *CEM) restart(i int, scratch bool, share float64) {
	in := &c.instances[i]
	in.best, in.stale, in.keeps = math.Inf(1), 0, 0
	c.spread(in.std, share*c.opts.Std)
	copy(in.mean, c.best.tr.U)
	if scratch {
		// Streams of restarts count down from the top, those of samples up from 0.
		item := math.MaxUint64 - uint64(in.restarts*len(c.instances)+i)
		c.perturb(in.mean, c.held, in.std, c.opts.Correlation, newStream().at(c.opts.Seed, item))
	}
}

// draw fills and evaluates the samples of all instances: kept elites first, then
// the mean, then new ones.
func (c *CEM) draw(ctx context.Context, iteration int) {
	s, size := &c.samples, c.r.size()
	c.r.evaluate(ctx, s.costs, s.u, func(k int, row []float64, rng *stream) {
		in, j := &c.instances[k/c.opts.Samples], k%c.opts.Samples
		switch {
		case j < in.keeps:
			copy(row, in.kept[j*size:(j+1)*size])
		case j == in.keeps:
			c.actions.Clamp(row, in.mean)
		default:
			item := uint64(iteration*len(s.costs) + k)
			c.perturb(row, in.mean, in.std, c.opts.Correlation, rng.at(c.opts.Seed, item))
		}
	})
}

// refine fits instance i to its elites and lets it start again if it is stuck.
func (c *CEM) refine(i int) {
	in, s := &c.instances[i], &c.instances[i].samples
	s.sort()
	top := s.costs[s.order[0]]
	if top < c.best.cost+progress*math.Abs(c.best.cost) {
		c.best.offer(c.r, s.row(s.order[0]))
	}
	if s.usable() < c.opts.Elites {
		return // the clock ran out, or hardly a sample has a finite cost
	}
	in.fit(c.opts.Elites, c.opts.Smoothing, c.floor)
	in.keep(c.opts.Keep)
	in.stale++
	if top < in.best-progress*math.Abs(in.best) || math.IsInf(in.best, 1) {
		in.best, in.stale = top, 0
	}
	if c.opts.Patience >= 0 && in.stale > c.opts.Patience {
		in.restarts++
		c.restart(i, in.restarts%2 == 0, nearShare)
	}
}

// fit moves the distribution towards the mean and the deviation of its elites.
func (in *instance) fit(elites int, smoothing float64, floor []float64) {
	best := in.samples.order[:elites]
	clear(in.sum)
	for _, i := range best {
		for k, v := range in.samples.row(i) {
			in.sum[k] += v
		}
	}
	for k, sum := range in.sum {
		mean, squares := sum/float64(elites), 0.0
		for _, i := range best {
			d := in.samples.row(i)[k] - mean
			squares += d * d
		}
		std := math.Sqrt(squares / float64(elites))
		in.mean[k] = smoothing*in.mean[k] + (1-smoothing)*mean
		in.std[k] = max(floor[k], smoothing*in.std[k]+(1-smoothing)*std)
	}
}

// keep copies the best n samples, which then take part in the next iteration.
func (in *instance) keep(n int) {
	in.keeps = n
	for j, i := range in.samples.order[:n] {
		copy(in.kept[j*len(in.mean):], in.samples.row(i))
	}
}
