package planner

import (
	"context"
	"fmt"
	"math"

	"hinge/control"
	"hinge/milp/relu"
)

// GradientOptions are the choices of [Gradient]. The zero value is the documented default.
type GradientOptions struct {
	Sampling // 16 samples, the descents; 200 iterations, the steps of each

	// Rate is the first step as a share of the box; 0 means 0.1. It decays to a hundredth
	// over a descent.
	Rate float64
}

func (o GradientOptions) withDefaults() GradientOptions {
	o.Sampling = o.Sampling.withDefaults(16, 200)
	o.Rate = defaultTo(o.Rate, 0.1)
	return o
}

// descentSteps is the length of a descent, behind which all but the first start anew.
const descentSteps = 100

// Gradient descends along dJ/du from several starts at once: from the better of the warm
// start and the held action, and from sequences drawn uniformly. A step is that of Adam
// (Kingma, Ba, ICLR 2015) in the unit of the box, projected into it:
//
//	m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2,   u <- clamp(u - rate m/sqrt(v))
//
// After some steps, those that began at random begin again, and the first goes on from the
// incumbent. It finds the bottom of a valley, and of many valleys the best it happened to
// start in. The model must be a network.
type Gradient struct {
	sampler
	opts     GradientOptions
	prog     *relu.Program
	descents []descent // one for each sample
}

// descent is the state of one of them, beside its actions.
type descent struct {
	ws      *relu.Workspace
	g, m, v []float64
}

var _ control.Planner = (*Gradient)(nil)

// NewGradient returns a planner by gradient descent.
func NewGradient(p Problem, opts GradientOptions) (*Gradient, error) {
	if p.Step == nil {
		return nil, noNetwork("gd")
	}
	p, err := p.withDefaults()
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	switch {
	case opts.Samples < 1:
		return nil, fmt.Errorf("planner: gd: %d descents; it needs at least 1", opts.Samples)
	case !(opts.Rate > 0 && opts.Rate <= 1):
		return nil, fmt.Errorf("planner: gd: rate is %g; it must be in (0, 1]", opts.Rate)
	}
	return &Gradient{sampler: newSampler("gd", p, opts.Sampling, opts.Samples), opts: opts,
		descents: make([]descent, opts.Samples)}, nil
}

// Plan takes Iterations steps of every descent.
func (d *Gradient) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	if err := d.checkStart(x0, warm); err != nil {
		return nil, err
	}
	var err error
	if d.prog, err = d.program(x0); err != nil {
		return nil, err
	}
	return d.plan(ctx, x0, warm, d)
}

func (d *Gradient) begin() {
	for i := range d.descents {
		n := d.r.size()
		d.descents[i] = descent{d.prog.NewWorkspace(), make([]float64, n), make([]float64, n), make([]float64, n)}
	}
}

// iterate takes a step of every descent. Which worker takes it changes nothing.
func (d *Gradient) iterate(ctx context.Context, iteration int) {
	step := iteration % descentSteps
	d.r.each(len(d.descents), func(w *rolloutWorker, i int) {
		u, cost := d.samples.row(i), &d.samples.costs[i]
		switch {
		case ctx.Err() != nil && step == 0: // the row is from before
			*cost = math.Inf(1)
			return
		case ctx.Err() != nil:
			return
		case step == 0:
			d.restart(i, u, w.rng, iteration)
		default:
			d.descents[i].step(d, u, step)
		}
		if *cost = d.prog.Objective(u, d.descents[i].ws); math.IsNaN(*cost) {
			*cost = math.Inf(1)
		}
	})
	d.offerBest(&d.samples)
}

// restart puts descent i at its start.
func (d *Gradient) restart(i int, u []float64, rng *stream, iteration int) {
	clear(d.descents[i].m)
	clear(d.descents[i].v)
	if i == 0 {
		copy(u, d.best.tr.U)
		return
	}
	d.actions.Sample(u, rng.at(d.sampling.Seed, uint64(iteration*len(d.descents)+i)))
}

// step moves u, at which the last objective was taken.
func (y *descent) step(d *Gradient, u []float64, step int) {
	const beta1, beta2 = .8, .95
	d.prog.Gradient(y.g, u, y.ws)
	rate := d.opts.Rate * math.Pow(.01, float64(step-1)/descentSteps)
	c1, c2 := 1/(1-math.Pow(beta1, float64(step))), 1/(1-math.Pow(beta2, float64(step)))
	for k, g := range y.g {
		width := d.actions.Upper[k] - d.actions.Lower[k]
		g *= width
		y.m[k] = beta1*y.m[k] + (1-beta1)*g
		y.v[k] = beta2*y.v[k] + (1-beta2)*g*g
		if y.v[k] > 0 {
			u[k] -= rate * width * c1 * y.m[k] / math.Sqrt(c2*y.v[k])
		}
	}
	d.actions.Clamp(u, u)
}
