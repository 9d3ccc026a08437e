package bnb

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"hinge/control"
)

// firstAttack is the number of points tried before the first bound. Later ones
// follow whenever the number of nodes has doubled, with as many points as there
// are nodes: so they take a share of the time, and the odd point that is hard to
// find gets its chance.
const firstAttack = 64

// maxAttack bounds the points of one attack and program.
const maxAttack = 1 << 14

// descentShare is the number of points of which one descends.
const descentShare = 64

// attack looks for a point with J <= 0 of every program.
func (d *decider) attack(ctx context.Context, points int) {
	d.attacks++
	for _, q := range d.questions {
		for at := range q.problems {
			if d.res.U != nil || ctx.Err() != nil {
				return
			}
			rng := rand.New(rand.NewPCG(d.opts.Seed, d.attacks<<32|uint64(q.index[at])))
			d.offer(q, at, assault(ctx, q.problems[at], min(points, maxAttack), rng))
		}
	}
}

// assault tries random points of one program and descends from the best of them.
func assault(ctx context.Context, p *problem, points int, rng *rand.Rand) incumbent {
	c := incumbent{value: math.Inf(1)}
	ws := p.NewWorkspace()
	pool := make([]sampled, points)
	for i := range pool {
		u := make([]float64, p.Inputs())
		samplePoint(u, p.Box, rng, pull[i%len(pull)])
		pool[i] = sampled{u, p.Objective(u, ws)}
		if c.offer(u, pool[i].value); c.value <= 0 || ctx.Err() != nil {
			return c
		}
	}
	slices.SortStableFunc(pool, func(a, b sampled) int { return cmp.Compare(a.value, b.value) })
	d := newDescent(p)
	for _, s := range pool[:(points+descentShare-1)/descentShare] {
		d.run(s.u, p.Box.Lower, p.Box.Upper, descentSteps, .1)
		if c.offer(d.best.u, d.best.value); c.value <= 0 || ctx.Err() != nil {
			break
		}
	}
	return c
}

// pull is how likely a coordinate is to be drawn to an end of its range, of one
// point after the other. A network can be flat inside its box, all units of a
// layer off, and do what it should not in a corner.
var pull = [...]float64{0, .4, .7}

// samplePoint draws a point of the box.
func samplePoint(u []float64, box control.Box, rng *rand.Rand, pull float64) {
	box.Sample(u, rng)
	for k := range u {
		switch v := rng.Float64(); {
		case v < pull/2:
			u[k] = box.Lower[k]
		case v < pull:
			u[k] = box.Upper[k]
		}
	}
}
