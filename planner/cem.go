package planner

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"hinge/control"
)

// CEMOptions are the choices of [CEM]. The zero value is the documented default.
type CEMOptions struct {
	Sampling // 256 samples, 30 iterations

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
}

func (o CEMOptions) withDefaults() CEMOptions {
	o.Sampling = o.Sampling.withDefaults(256, 30)
	o.Instances = defaultTo(o.Instances, 2)
	o.Elites = defaultTo(o.Elites, max(4, o.Samples/16))
	o.Keep = max(0, defaultTo(o.Keep, o.Elites/4))
	o.Std = defaultTo(o.Std, 0.5)
	o.Floor = max(0, defaultTo(o.Floor, 0.004))
	o.Smoothing = max(0, defaultTo(o.Smoothing, 0.1))
	o.Correlation = max(0, defaultTo(o.Correlation, 0.7))
	o.Patience = defaultTo(o.Patience, 10)
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
	case !(o.Smoothing < 1):
		return fmt.Errorf("planner: cem: smoothing is %g; it must be below 1", o.Smoothing)
	}
	return checkNoise("cem", o.Std, o.Correlation)
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
	sampler
	opts      CEMOptions
	instances []instance
	floor     []float64
}

var _ control.Planner = (*CEM)(nil)

// instance is one distribution with its share of the samples.
type instance struct {
	mean, std []float64
	samples   population
	kept      []float64 // elites of the last iteration, best first
	keeps     int       // how many of them there are
	stall     stall
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
	c := &CEM{sampler: newSampler("cem", p, opts.Sampling, opts.Instances*opts.Samples), opts: opts,
		instances: make([]instance, opts.Instances)}
	size := c.r.size()
	c.floor = make([]float64, size)
	c.spread(c.floor, opts.Floor)
	for i := range c.instances {
		c.instances[i] = instance{mean: make([]float64, size), std: make([]float64, size), sum: make([]float64, size),
			kept: make([]float64, opts.Keep*size), samples: c.samples.part(i*opts.Samples, (i+1)*opts.Samples)}
	}
	return c, nil
}

// Plan refines the distributions Iterations times.
func (c *CEM) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	return c.plan(ctx, x0, warm, c)
}

// begin puts the first instance at the incumbent, the others around the held
// action.
func (c *CEM) begin() {
	for i := range c.instances {
		c.instances[i].stall.restarts = 0
		c.restart(i, i > 0, 1)
	}
}

// restart lets instance i draw around a random sequence, or around the incumbent
// with share times the first deviation.
func (c *CEM) restart(i int, scratch bool, share float64) {
	in := &c.instances[i]
	in.stall.forget()
	in.keeps = 0
	c.spread(in.std, share*c.opts.Std)
	copy(in.mean, c.best.tr.U)
	if scratch {
		c.perturb(in.mean, c.held, in.std, c.opts.Correlation, c.restartStream(in.stall.restarts*len(c.instances)+i))
	}
}

func (c *CEM) iterate(ctx context.Context, iteration int) {
	c.draw(ctx, iteration)
	for i := range c.instances {
		c.refine(i)
	}
}

// draw fills and evaluates the samples of all instances: kept elites first, then
// the mean, then new ones.
func (c *CEM) draw(ctx context.Context, iteration int) {
	size := c.r.size()
	c.evaluate(ctx, iteration, func(k int, row []float64, rng *rand.Rand) {
		in, j := &c.instances[k/c.opts.Samples], k%c.opts.Samples
		switch {
		case j < in.keeps:
			copy(row, in.kept[j*size:(j+1)*size])
		case j == in.keeps:
			c.actions.Clamp(row, in.mean)
		default:
			c.perturb(row, in.mean, in.std, c.opts.Correlation, rng)
		}
	})
}

// refine fits instance i to its elites and lets it start again if it is stuck.
func (c *CEM) refine(i int) {
	in := &c.instances[i]
	top := c.offerBest(&in.samples)
	if in.samples.usable() < c.opts.Elites {
		return // the clock ran out, or hardly a sample has a finite cost
	}
	in.fit(c.opts.Elites, c.opts.Smoothing, c.floor)
	in.keep(c.opts.Keep)
	if in.stall.stuck(top, c.opts.Patience) {
		in.stall.restarts++
		c.restart(i, in.stall.restarts%2 == 0, nearShare)
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
