package bnb

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"hinge/milp/relu"
)

// prefixSearch bounds J by what is charged in the first steps: where no term is negative
// the optimum of fewer steps is not above that of all. It searches half of the steps, then
// one more, and so on, each to its end. Its bound stays below the optimum as a rule, but
// is there long before that of the whole, which multiplies over the steps.
type prefixSearch struct {
	*search
	steps  int
	sub    *search // of the prefix; nil before the first
	proven float64
	work   int         // without that of sub
	onward func() bool // called after each turn of sub; false leaves it. May be nil
	resume func() (struct{}, bool)
}

// summed reports whether a prefix of p bounds p and is charged anything.
func summed(p *relu.Program) bool {
	first := firstPrefix(p.Horizon)
	early := func(k relu.Term) bool { return k.T <= first }
	return first < p.Horizon && !p.Constrained() && p.NonNegative() && slices.ContainsFunc(p.Terms, early)
}

// firstPrefix is where the search starts, of so many steps.
func firstPrefix(steps int) int { return (steps + 1) / 2 }

// prefixCharge is how much more than it is the work of prefixes counts in the race, so
// that they take a part of the time only.
const prefixCharge = 8

// enterPrefixes enters the search over prefixes where it can work. A prefix is itself
// searched without.
func (p *portfolio) enterPrefixes() {
	if s := p.s; p.pause == nil && s.best.u != nil && summed(s.p.Program) {
		p.add(newPrefixSearch(s))
	}
}

func newPrefixSearch(s *search) *prefixSearch {
	return &prefixSearch{search: s, steps: firstPrefix(s.p.Horizon), proven: math.Inf(-1)}
}

func (y *prefixSearch) lower() float64 {
	if y.sub == nil {
		return y.proven
	}
	return max(y.proven, y.sub.dualBound())
}

// share is unknown.
func (y *prefixSearch) share() float64 { return math.NaN() }

func (y *prefixSearch) spent() int { return prefixCharge * y.worked() }

func (y *prefixSearch) worked() int {
	if y.sub != nil {
		return y.work + y.sub.spent()
	}
	return y.work
}

// spent is the work of all trees of a search and of their roots.
func (s *search) spent() int { return s.bounder.Work() + s.work }

func (y *prefixSearch) advance(ctx context.Context, work int) bool {
	if y.resume == nil {
		var stop func()
		y.resume, stop = iter.Pull(y.pauses(ctx))
		y.cleanup = append(y.cleanup, stop)
	}
	for end := y.spent() + min(work, math.MaxInt-y.spent()); y.spent() < end && !y.search.finished(ctx); {
		if _, ok := y.resume(); !ok {
			return false
		}
		y.report()
	}
	return true
}

// pauses searches one prefix after the other and pauses after each turn.
func (y *prefixSearch) pauses(ctx context.Context) iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		for ; y.steps < y.p.Horizon; y.steps++ {
			sub, err := open(ctx, y.p.Prefix(y.steps), y.options())
			if err != nil || !y.exhaust(ctx, sub, yield) {
				return
			}
			y.proven = max(y.proven, sub.dualBound())
			y.work += sub.spent()
			y.rec.endPrefix()
			y.sub = nil
		}
	}
}

// options returns those of a prefix, which need not be known better than the whole.
func (y *prefixSearch) options() Options {
	opts := Options{RelGap: -1, AbsGap: y.best.value - y.cutoff(), Workers: y.opts.Workers, Seed: y.opts.Seed,
		OpenLimit: y.opts.OpenLimit, NodeLimit: y.opts.NodeLimit - y.search.nodes, Starts: [][]float64{y.best.u[:y.steps*y.p.Nu]}}
	y.rec.limitPrefix(&opts)
	return opts
}

// exhaust searches a prefix to its end. It returns false if it was stopped before.
func (y *prefixSearch) exhaust(ctx context.Context, sub *search, yield func(struct{}) bool) bool {
	y.sub = sub
	y.rec.addPrefix(sub)
	going, nodes, value := true, 0, math.Inf(1)
	take := func() {
		y.search.nodes += sub.nodes - nodes
		nodes = sub.nodes
		if sub.best.value < value {
			value = sub.best.value
			y.extend(ctx, sub.best.u)
		}
	}
	sub.race.pause = func() bool {
		take()
		going = going && yield(struct{}{})
		return going && (y.onward == nil || y.onward())
	}
	if !sub.finished(ctx) {
		sub.compete(ctx, false)
	}
	if going && ctx.Err() == nil { // a root may have answered
		take()
	}
	return going && ctx.Err() == nil && !y.search.finished(ctx)
}

// extend looks for plans that begin with the best plan of a prefix: descents from the
// best of some random ends.
func (y *prefixSearch) extend(ctx context.Context, first []float64) {
	rng := rand.New(rand.NewPCG(y.opts.Seed, uint64(0x707265<<8+y.steps)))
	d := y.workers[0].d
	var ends []sampled
	for range endSamples {
		u := make([]float64, y.p.Inputs())
		y.p.Box.Sample(u, rng)
		copy(u, first)
		ends = append(ends, sampled{u, y.p.Objective(u, d.ws)})
	}
	slices.SortStableFunc(ends, sampled.compare)
	for _, e := range ends[:endDescents] {
		d.run(e.u, y.p.Box.Lower, y.p.Box.Upper, descentSteps, .1)
		if y.best.offer(d.best.u, d.best.value) {
			y.improve(ctx)
		}
	}
}

// Numbers of ends that are tried and improved.
const (
	endSamples  = 64
	endDescents = 8
)
