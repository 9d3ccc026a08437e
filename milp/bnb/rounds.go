package bnb

import (
	"context"
	"slices"
)

// roundSize is the number of nodes expanded between two merges. It is fixed, so
// that the tree does not depend on the number of workers.
const roundSize = 4

// grow expands rounds of nodes of a tree until the gap is met, a limit is reached
// or its work is done.
func (s *search) grow(ctx context.Context, t *tree, work int) {
	for _, e := range s.workers {
		e.phases, e.gains = t.phases, t.gains
	}
	for t.open.len() > 0 && !s.finished(ctx) && t.work < work {
		ahead := t.looksAhead()
		for _, e := range s.workers {
			e.tries, e.ahead = s.tries(t), ahead
		}
		if s.take(t); len(s.round) == 0 {
			return
		}
		if s.rec.full() {
			for _, n := range s.round {
				n.rec = nil
			}
		}
		s.expandRound(ctx)
		for i := range s.results {
			s.merge(ctx, t, &s.results[i])
		}
		s.nodes += len(s.results)
		s.firstPlan()
		s.report()
	}
}

// take removes the nodes of the next round from the open ones.
func (s *search) take(t *tree) {
	s.round = s.round[:0]
	cutoff := s.cutoff()
	for len(s.round) < roundSize && t.open.len() > 0 {
		if t.open.len() > s.opts.OpenLimit {
			s.round = append(s.round, t.open.popNewest())
			continue
		}
		if t.open.best().bound >= cutoff {
			break
		}
		s.round = append(s.round, t.open.pop())
	}
}

// expandRound splits the nodes of the round and bounds the halves; every worker takes the
// next one when it is done, for some take much longer than others. A half that the deadline
// prevents stays open with the bound of its parent.
func (s *search) expandRound(ctx context.Context) {
	cutoff := s.cutoff()
	s.halves = s.halves[:0]
	for _, n := range s.round {
		for side := range 2 {
			s.halves = append(s.halves, s.workers[0].split(n, side))
		}
	}
	s.results = slices.Grow(s.results[:0], len(s.halves))[:len(s.halves)]
	errands := 0
	if s.errand != nil {
		errands = 1
	}
	s.crew.run(errands+len(s.halves), func(worker, i int) {
		switch i -= errands; {
		case i < 0:
			s.runErrand(ctx)
		case ctx.Err() != nil:
			s.results[i] = untouched(s.halves[i].node)
		default:
			s.results[i] = s.workers[worker].expand(s.halves[i], cutoff)
		}
	})
}

// runErrand looks for a better incumbent. Nobody else may use that meanwhile.
func (s *search) runErrand(ctx context.Context) {
	run := s.errand
	s.errand = nil
	run(ctx)
}

// merge takes over what an expansion found.
func (s *search) merge(ctx context.Context, t *tree, x *expansion) {
	if x.found.u != nil && x.found.value < s.best.value {
		s.best.offer(x.found.u, x.found.value)
		s.errand = s.improve
	} else {
		s.explore(x)
	}
	t.dropped = min(t.dropped, x.dropped)
	t.share += x.share
	t.work += x.work
	s.work += x.work
	t.insight.sum += x.insight.sum
	t.insight.count += x.insight.count
	for _, y := range x.trials {
		t.gains[y.unit].add(y)
	}
	if c := x.child; c != nil {
		c.id = s.nextID
		s.nextID++
		t.open.push(c)
	}
}

// improve makes a new incumbent better: by linear programs, which end where gradients would,
// or by gradients where those are too large.
func (s *search) improve(ctx context.Context) {
	switch {
	case s.cells == nil && !s.p.follows:
		s.polisher.polish(&s.best)
	case s.cells != nil && s.p.follows:
		s.cells.walkFrom(ctx, s.best.u, &s.best)
	default:
		s.walk(ctx)
	}
}
