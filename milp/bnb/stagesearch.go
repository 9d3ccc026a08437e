package bnb

import (
	"context"
	"iter"
	"math"

	"hinge/milp/bound"
)

// stageSearch is branch-and-bound whose nodes are bounded stage by stage. A tree
// on the stacked actions must refine every step for every refinement of the
// others: its size is the product of what the steps need alone. Cuts of the cost
// to go,
//
//	V_t(x) = min over u_t..u_{H-1} of the cost charged after t  >=  a'x + b
//	b = min over x in X_t, u  of  c_{t+1}(f(x, u)) + max over cuts of V_{t+1} - a'x
//
// hold on all of X_t, a box of the states that can be reached, so the steps are
// solved one after the other and their sizes add up. The price is a duality gap
// where V_t is not convex on X_t; splitting X_t closes it.
// (Stochastic dual dynamic programming, Pereira and Pinto 1991, with branch-and-
// bound in the stages and on top.)
type stageSearch struct {
	*search
	g        *stager
	nodes    queue[*stageNode]
	finished float64 // smallest bound of what is no longer open
	under    float64 // smallest bound of the nodes being processed, +Inf between rounds
	next     int
	failed   bool // a node could not be bounded, with time left
	work     int
	round    []*stageNode
	outcomes []stageOutcome
	resume   func() (struct{}, bool) // see advance
}

// stageRound is the number of stage nodes bounded between two merges, whatever
// the number of workers.
const stageRound = 2

// newStageSearch returns the search over the whole box, nil if the states of the
// program have no frames.
func newStageSearch(s *search, b *bound.Bounder) *stageSearch {
	fs, ok := frames(s.p.Program, s.opts.Seed)
	if !ok {
		return nil
	}
	root := &stageNode{bound: math.Inf(-1), fresh: 1, states: make([]stateBox, s.p.Horizon), cuts: make([][]cut, s.p.Horizon)}
	for t := 1; t < s.p.Horizon; t++ {
		root.states[t] = projected(b.States(t), &fs[t])
	}
	y := &stageSearch{search: s, finished: math.Inf(1), under: math.Inf(1), outcomes: make([]stageOutcome, stageRound),
		g: &stager{p: s.p, frames: fs}}
	root.rec = s.rec.region(fs)
	y.nodes.push(root)
	return y
}

// smaller reports whether a stage, whose unknowns are the action and the state
// directions that hidden units see, is smaller than the whole program.
func (y *stageSearch) smaller() bool {
	return y.p.Nx-y.g.frames[1].blind+y.p.Nu < y.p.Inputs()
}

// projected returns the box in frame f around a box of states.
func projected(m []float64, f *frame) stateBox {
	n := len(m)
	b := stateBox{lower: make([]float64, n), upper: make([]float64, n)}
	for j := range n {
		for i, v := range m { // |x_i| <= v
			b.upper[j] += math.Abs(f.basis[i*n+j]) * (v + math.Abs(f.center[i]))
		}
	}
	var sum float64
	for _, v := range b.upper {
		sum += v
	}
	for j := range n {
		b.upper[j] += margin*b.upper[j] + 4*orthonormal*sum + underflow
		b.lower[j] = -b.upper[j]
	}
	return b
}

// lower returns the bound of J the search has proven.
func (y *stageSearch) lower() float64 {
	d := min(y.finished, y.under)
	if y.nodes.len() > 0 {
		d = min(d, y.nodes.best().bound)
	}
	return d
}

// share is unknown.
func (y *stageSearch) share() float64 { return math.NaN() }

func (y *stageSearch) spent() int { return y.work }

// advance works on for so much. Bounding a node can take longer than a turn: the
// search is a coroutine, which pauses between sub-problems.
func (y *stageSearch) advance(ctx context.Context, work int) bool {
	if y.resume == nil {
		var stop func()
		y.resume, stop = iter.Pull(y.pauses(ctx))
		y.search.cleanup = append(y.search.cleanup, stop)
	}
	for end := y.work + min(work, math.MaxInt-y.work); y.work < end && !y.search.finished(ctx); {
		if _, ok := y.resume(); !ok {
			return false
		}
	}
	return true
}

// pauses bounds rounds of nodes until the gap is met or a limit is reached.
func (y *stageSearch) pauses(ctx context.Context) iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		for y.alive() && !y.search.finished(ctx) {
			if y.take(); len(y.round) == 0 {
				return
			}
			if !y.bound(ctx, yield) {
				return // the result is made: nothing may change any more
			}
			y.under = math.Inf(1)
			for i, n := range y.round {
				y.merge(ctx, n, &y.outcomes[i])
			}
			y.report()
			if !yield(struct{}{}) {
				return
			}
		}
	}
}

func (y *stageSearch) alive() bool { return !y.failed && y.nodes.len() > 0 }

// take removes the nodes of the next round from the open ones: the best, or where memory
// is scarce the newest.
func (y *stageSearch) take() {
	y.round = y.round[:0]
	for len(y.round) < stageRound && y.nodes.len() > 0 && y.nodes.best().bound < y.cutoff() {
		pop := y.nodes.pop
		if y.nodes.len() > y.limit() {
			pop = y.nodes.popNewest
		}
		n := pop()
		if n.bound >= y.cutoff() {
			y.finished = min(y.finished, n.bound)
			continue
		}
		y.under = min(y.under, n.bound)
		if y.rec.full() {
			n.rec = nil
		}
		y.round = append(y.round, n)
	}
}

// limit is how many nodes are kept.
func (y *stageSearch) limit() int {
	return min(y.opts.OpenLimit, max(fewNodes, nodeMemory/y.nodes.best().bytes()))
}

// bound processes the nodes of the round. A lone node gets all workers for its
// sub-problems and pauses between them. It returns false if it was stopped there.
func (y *stageSearch) bound(ctx context.Context, yield func(struct{}) bool) bool {
	cutoff, start, going := y.cutoff(), y.best.u, true
	y.g.tol, y.g.limit = .1*(y.best.value-cutoff), y.opts.NodeLimit-y.search.nodes
	y.g.workers, y.g.onBound, y.g.pause = 1, nil, nil
	if len(y.round) == 1 {
		y.g.workers = y.opts.Workers
		y.g.onBound = func(bound float64) {
			y.under = bound
			y.report()
		}
		y.g.pause = func(nodes, work int) bool {
			y.search.nodes += nodes
			y.work += work
			going = going && yield(struct{}{})
			return going
		}
	}
	parallel(y.opts.Workers, len(y.round), func(i int) {
		y.outcomes[i] = y.g.process(ctx, y.round[i], start, cutoff)
	})
	return going
}

// merge takes over what a node's bounding gave and opens its halves.
func (y *stageSearch) merge(ctx context.Context, n *stageNode, o *stageOutcome) {
	y.search.nodes += o.nodes + 1
	y.work += o.work
	if o.found.u != nil && o.found.value < y.best.value {
		y.best.offer(o.found.u, o.found.value)
		y.workers[0].d.polish(&y.best)
	}
	n.bound = max(n.bound, o.bound)
	y.finished = min(y.finished, o.dropped)
	switch {
	case n.bound >= y.cutoff():
		y.finished = min(y.finished, n.bound)
	case !o.done:
		y.nodes.push(n)
		y.failed = y.failed || ctx.Err() == nil
	default:
		n.split = o.split
		for side := range 2 {
			c := n.child(side, &y.g.frames[n.split.step], y.best.value-n.bound)
			y.next++
			c.id = y.next
			y.nodes.push(c)
		}
	}
}
