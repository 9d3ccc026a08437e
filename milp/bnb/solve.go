package bnb

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"hinge/milp"
	"hinge/milp/bound"
	"hinge/milp/relu"
)

// problem is the program with what every part of the search reads.
type problem struct {
	*relu.Program
	width     []float64 // edges of the root box, at least a tiny positive number
	influence []float64 // see [influence]
}

// roundSize is the number of nodes expanded between two merges. It is fixed, so
// that the tree does not depend on the number of workers.
const roundSize = 8

// search is the state of one call of Solve.
type search struct {
	p       *problem
	opts    Options
	start   time.Time
	open    queue[*node]
	best    incumbent
	dropped float64 // smallest bound of what is no longer open
	nodes   int
	nextID  int
	workers []*expander
	round   []*node
	results []expansion
	res     *Result
	stages  *stageSearch // nil until the tree alone proves too slow
}

// Solve minimises J over the box of p. The deadline of ctx gives status
// TimeLimit, a cancellation Interrupted; both come with the incumbent and a
// sound dual bound and without an error. An error means that the program cannot
// be bounded: a range that is not finite.
func Solve(ctx context.Context, p *relu.Program, opts Options) (*Result, error) {
	s, b, err := open(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	s.run(ctx, treeTrial)
	if !s.closed() && decomposable(p) && s.best.u != nil {
		s.stages = newStageSearch(s, b)
	}
	if s.stages != nil && s.stages.smaller() {
		s.contest(ctx)
	}
	s.run(ctx, math.MaxInt)
	return s.finish(ctx), nil
}

// treeTrial is the number of nodes the tree on all actions gets before anything
// else is tried: programs of few inputs are done by then.
const treeTrial = 400

// contest lets the stage search prove itself on this program: it bounds its root,
// the tree gets a few more nodes, and the one with the higher bound goes on.
func (s *search) contest(ctx context.Context) {
	s.stages.run(ctx, 1)
	s.run(ctx, treeTrial)
	if s.stages.lower() > s.treeBound() {
		s.stages.run(ctx, math.MaxInt)
	}
}

// solveTree minimises J by the tree alone.
func solveTree(ctx context.Context, p *relu.Program, opts Options) (*Result, error) {
	s, _, err := open(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	s.run(ctx, math.MaxInt)
	return s.finish(ctx), nil
}

var errInfinite = errors.New("bnb: a pre-activation has no finite range on the action box; the weights or the horizon are too large")

// open finds first incumbents and bounds the root.
func open(ctx context.Context, p *relu.Program, opts Options) (*search, *bound.Bounder, error) {
	s := &search{opts: opts.withDefaults(), start: time.Now(), dropped: math.Inf(1),
		best: incumbent{value: math.Inf(1)}, p: newProblem(p)}
	s.res = &Result{}
	s.tryStarts()
	b := bound.New(p)
	if !b.Finite() {
		return nil, nil, errInfinite
	}
	s.res.UnstableReLUs = b.Root().Unstable()
	multistart(s.p, &s.best, s.opts, func() bool { return ctx.Err() != nil })
	s.firstPlan()
	for range s.opts.Workers {
		s.workers = append(s.workers, newExpander(s.p, b.Clone(), s.opts.DualSteps))
	}
	s.root(b)
	s.results = make([]expansion, roundSize)
	return s, b, nil
}

func newProblem(p *relu.Program) *problem {
	q := &problem{Program: p, width: make([]float64, p.Inputs())}
	for k := range q.width {
		q.width[k] = max(p.Box.Upper[k]-p.Box.Lower[k], 1e-300)
	}
	q.influence = influence(p, q.width)
	return q
}

// tryStarts evaluates the given starts, clamped to the box, or the centre of the
// box if there are none: an incumbent is there from the first forward pass on.
func (s *search) tryStarts() {
	ws := s.p.NewWorkspace()
	u := make([]float64, s.p.Inputs())
	s.p.Box.Center(u)
	s.best.offer(u, s.p.Objective(u, ws))
	for _, v := range s.opts.Starts {
		s.p.Box.Clamp(u, v)
		s.best.offer(u, s.p.Objective(u, ws))
	}
	s.firstPlan()
}

func (s *search) firstPlan() {
	if s.res.FirstPlanTime == 0 && s.best.u != nil {
		s.res.FirstPlanTime = time.Since(s.start)
	}
}

// root bounds the whole box.
func (s *search) root(b *bound.Bounder) {
	n := &node{bound: math.Inf(-1), lower: slices.Clone(s.p.Box.Lower), upper: slices.Clone(s.p.Box.Upper),
		ranges: b.NewRanges(), dual: b.NewDual()}
	b.Root().Copy(n.ranges)
	b.PlainDual(n.dual, n.ranges, n.lower, n.upper)
	out := expansion{dropped: math.Inf(1), found: incumbent{value: math.Inf(1)}}
	e := s.workers[0]
	steps := e.steps
	e.steps = 10 * steps // the root's dual is where all others start
	e.process(n, s.p.Horizon, s.cutoff(), &out)
	e.steps = steps
	s.nodes++
	if n.bound < s.cutoff() {
		out.children[0] = n
	} else {
		out.dropped = min(out.dropped, n.bound)
	}
	s.merge(&out)
	s.report()
}

// cutoff is the bound from which on a node cannot improve the incumbent by more
// than the tolerance.
func (s *search) cutoff() float64 {
	if math.IsInf(s.best.value, 1) {
		return math.Inf(1)
	}
	return s.best.value - max(s.opts.AbsGap, s.opts.RelGap*math.Abs(s.best.value))
}

// run expands rounds of nodes until the gap is met, a limit is reached or about
// so many nodes are spent.
func (s *search) run(ctx context.Context, nodes int) {
	start := s.nodes
	for s.open.len() > 0 && !s.closed() && ctx.Err() == nil && s.nodes < s.opts.NodeLimit && s.nodes-start < nodes {
		if s.take(); len(s.round) == 0 {
			break
		}
		s.expandRound(ctx)
		for i := range s.round {
			s.merge(&s.results[i])
		}
		s.nodes += 2 * len(s.round)
		s.report()
	}
}

// take removes the nodes of the next round from the open ones.
func (s *search) take() {
	s.round = s.round[:0]
	cutoff := s.cutoff()
	for len(s.round) < roundSize && s.open.len() > 0 {
		if s.open.len() > s.opts.OpenLimit {
			s.round = append(s.round, s.open.popNewest())
			continue
		}
		if s.open.best().bound >= cutoff {
			break
		}
		s.round = append(s.round, s.open.pop())
	}
}

// expandRound expands the nodes of the round, shared among the workers. A node
// that the deadline prevents stays open as it is.
func (s *search) expandRound(ctx context.Context) {
	cutoff := s.cutoff()
	workers := len(s.workers)
	parallel(workers, workers, func(w int) {
		for i := w; i < len(s.round); i += workers {
			if ctx.Err() != nil {
				s.results[i] = expansion{children: [2]*node{s.round[i], nil}, dropped: math.Inf(1)}
				continue
			}
			s.results[i] = s.workers[w].expand(s.round[i], cutoff)
		}
	})
}

// merge takes over what an expansion found.
func (s *search) merge(x *expansion) {
	if x.found.u != nil && x.found.value < s.best.value {
		s.best.offer(x.found.u, x.found.value)
		s.workers[0].d.polish(&s.best)
	}
	s.dropped = min(s.dropped, x.dropped)
	for _, c := range x.children {
		if c == nil {
			continue
		}
		c.id = s.nextID
		s.nextID++
		s.open.push(c)
	}
}

// dualBound is the smallest bound of any part of the box.
func (s *search) dualBound() float64 {
	d := s.treeBound()
	if s.stages != nil {
		d = max(d, s.stages.lower())
	}
	return min(d, s.best.value)
}

// treeBound is the bound that the tree alone has proven.
func (s *search) treeBound() float64 {
	if s.open.len() == 0 {
		return s.dropped
	}
	return min(s.dropped, s.open.best().bound)
}

// closed reports whether the gap is met.
func (s *search) closed() bool { return s.dualBound() >= s.cutoff() }

// report records progress.
func (s *search) report() {
	pr := Progress{Elapsed: time.Since(s.start), PrimalBound: s.best.value, DualBound: s.dualBound(),
		NodeCount: s.nodes, OpenNodes: s.open.len()}
	s.record(pr)
	if s.opts.OnProgress != nil {
		s.opts.OnProgress(pr)
	}
}

// record keeps a point of the trace whenever the gap shrank by a hundredth.
func (s *search) record(pr Progress) {
	if n := len(s.res.Trace); n > 0 {
		last := s.res.Trace[n-1]
		if pr.PrimalBound == last.PrimalBound && pr.PrimalBound-pr.DualBound > .99*(last.PrimalBound-last.DualBound) {
			return
		}
	}
	s.res.Trace = append(s.res.Trace, pr)
}

func (s *search) finish(ctx context.Context) *Result {
	r := s.res
	r.U, r.Objective, r.DualBound = s.best.u, s.best.value, s.dualBound()
	r.NodeCount, r.SolveTime = s.nodes, time.Since(s.start)
	r.Status = milp.Optimal
	switch {
	case s.closed():
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		r.Status = milp.TimeLimit
	case ctx.Err() != nil:
		r.Status = milp.Interrupted
	default:
		r.Status = milp.NodeLimit
	}
	return r
}
