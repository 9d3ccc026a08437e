package bnb

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"hinge/milp/relu"
)

// incumbent is the best action sequence so far.
type incumbent struct {
	u     []float64
	value float64
}

// offer takes u if it is better.
func (c *incumbent) offer(u []float64, value float64) bool {
	if !(value < c.value) {
		return false
	}
	c.value = value
	c.u = append(c.u[:0], u...)
	return true
}

// sampled is a random action sequence and its cost.
type sampled struct {
	u     []float64
	value float64
}

func (s sampled) compare(t sampled) int { return cmp.Compare(s.value, t.value) }

// multistart evaluates random sequences and descends from the best of them,
// stopping early when stop says so. It offers what it finds to c and returns where
// the descents ended, best first.
func multistart(p *problem, c *incumbent, opts Options, team *crew, stop func() bool) []sampled {
	rng := rand.New(rand.NewPCG(opts.Seed, 0x696e63))
	ws := p.NewWorkspace()
	var pool []sampled
	for range opts.Samples {
		if stop() {
			return nil
		}
		u := make([]float64, p.Inputs())
		p.Box.Sample(u, rng)
		v := p.Objective(u, ws)
		c.offer(u, v)
		pool = append(pool, sampled{u, v})
	}
	slices.SortStableFunc(pool, sampled.compare)
	if c.u != nil {
		pool = slices.Insert(pool, 0, sampled{slices.Clone(c.u), c.value})
	}
	pool = pool[:min(len(pool), opts.Descents)]
	descents := make([]*descent, opts.Workers)
	for w := range descents {
		descents[w] = newDescent(p)
	}
	team.run(len(pool), func(worker, i int) {
		if d := descents[worker]; !stop() {
			d.run(pool[i].u, p.Box.Lower, p.Box.Upper, descentSteps, .1)
			copy(pool[i].u, d.best.u)
			pool[i].value = d.best.value
		}
	})
	for i := range pool {
		c.offer(pool[i].u, pool[i].value) // also if stopped half way: some descents are done
	}
	if stop() {
		return nil
	}
	slices.SortStableFunc(pool, sampled.compare)
	return pool
}

// descentSteps is the length of one descent.
const descentSteps = 60

// descent is projected Adam on J, with its scratch memory.
type descent struct {
	p          *problem
	ws         *relu.Workspace
	u, g, m, v []float64
	best       incumbent
}

func newDescent(p *problem) *descent {
	n := p.Inputs()
	return &descent{p: p, ws: p.NewWorkspace(),
		u: make([]float64, n), g: make([]float64, n), m: make([]float64, n), v: make([]float64, n)}
}

// polish descends from the incumbent with ever smaller steps.
func (d *descent) polish(c *incumbent) {
	for rate := .03; rate > 1e-4; rate /= 3 {
		d.run(c.u, d.p.Box.Lower, d.p.Box.Upper, descentSteps, rate)
		c.offer(d.best.u, d.best.value)
	}
}

// run descends from u within the box. rate is the first step as a share of the
// edges of the box; it decays to a hundredth. The best point is left in d.best.
func (d *descent) run(u, lower, upper []float64, steps int, rate float64) {
	const beta1, beta2 = .8, .95
	copy(d.u, u)
	clear(d.m)
	clear(d.v)
	d.best.value = math.Inf(1)
	for i := 1; i <= steps; i++ {
		d.best.offer(d.u, d.p.Objective(d.u, d.ws))
		d.p.Gradient(d.g, d.u, d.ws)
		r := rate * math.Pow(.01, float64(i-1)/float64(steps))
		c1, c2 := 1/(1-math.Pow(beta1, float64(i))), 1/(1-math.Pow(beta2, float64(i)))
		for k, g := range d.g {
			width := upper[k] - lower[k]
			g *= width
			d.m[k] = beta1*d.m[k] + (1-beta1)*g
			d.v[k] = beta2*d.v[k] + (1-beta2)*g*g
			if d.v[k] > 0 {
				d.u[k] -= r * width * c1 * d.m[k] / math.Sqrt(c2*d.v[k])
			}
			d.u[k] = min(max(d.u[k], lower[k]), upper[k])
		}
	}
	d.best.offer(d.u, d.p.Objective(d.u, d.ws))
}
