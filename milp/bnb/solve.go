package bnb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bound"
	"hinge/milp/relu"
)

// problem is the program with what every part of the search reads.
type problem struct {
	*relu.Program
	width     []float64        // edges of the root box, at least a tiny positive number
	influence []float64        // see [influence]
	limits    []control.Affine // see limit
	follows   bool             // see follows
}

// search is the state of one call of Solve.
type search struct {
	p        *problem
	opts     Options
	start    time.Time
	bounder  *bound.Bounder
	race     portfolio
	proven   float64 // by contestants that were given up
	best     incumbent
	nodes    int
	work     int     // of all trees
	sketch   *sketch // of the tree on phases, nil if none is kept
	nextID   int
	workers  []*expander
	crew     *crew
	errand   func(ctx context.Context) // for better incumbents, to be run beside the next round; may be nil
	polisher *descent                  // of incumbents
	round    []*node
	halves   []half
	results  []expansion
	res      *Result
	pool     []sampled // of the multi-start, best first
	cells    *cells    // nil until the walk through cells is worth it
	cleanup  []func()  // to be called at the end
	live     *live     // nil if nobody listens before the end
	rec      *recorder // nil if nothing is recorded
}

// Solve minimises J over the box of p. The deadline of ctx gives status
// TimeLimit, a cancellation Interrupted; both come with the incumbent and a
// sound dual bound and without an error. An error means that the program cannot
// be bounded: a range that is not finite. Status Infeasible means that no action
// sequence keeps the constraints.
//
// A tree that splits actions, one that splits phases of units and a search by
// stages take turns until what they achieve on the program at hand decides between
// them. All share the incumbent, and the best of their bounds counts.
func Solve(ctx context.Context, p *relu.Program, opts Options) (*Result, error) {
	if ctx.Done() == nil {
		return solve(ctx, p, opts, nil)
	}
	return solvePunctually(ctx, p, opts)
}

// solve is Solve that ends when it notices that the context has. l may be nil.
func solve(ctx context.Context, p *relu.Program, opts Options, l *live) (*Result, error) {
	s, err := openLive(ctx, p, opts, l)
	if err != nil {
		return nil, err
	}
	if s.p.follows {
		s.competeConstrained(ctx)
	} else {
		s.compete(ctx, decomposable(p))
	}
	return s.certified(ctx), nil
}

// solveTree minimises J by trees alone. Its bound leaves room for what underflows: that of
// a minimum of exactly 0 is to be repeated by a checker that accounts for it.
func solveTree(ctx context.Context, p *relu.Program, opts Options) (*Result, error) {
	s, err := open(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	s.compete(ctx, false)
	r := s.finish(ctx)
	r.DualBound -= underflow
	if s.rec != nil {
		r.proof = s.proofByTrees(min(s.best.value, r.DualBound))
	}
	return r, nil
}

// underflow is far above what a bound loses to underflow, and far below what J is worth.
const underflow = 1e-240

var errInfinite = errors.New("bnb: a pre-activation has no finite range on the action box; the weights or the horizon are too large")

var errCost = fmt.Errorf("bnb: the cost may exceed %g on the action box; its numbers, or the horizon, are too large", float64(largestCost))

// largestCost leaves sums of costs and the rows of relaxations below what a float64 holds.
const largestCost = 1e300

// costFits reports whether no residual, and no term's cost of one, may exceed largestCost.
func costFits(b *bound.Bounder) bool {
	for i := range b.Program().Terms {
		k := &b.Program().Terms[i]
		for _, size := range b.Residuals(i) {
			cost := size
			if k.Norm == control.SquaredL2 {
				cost *= size
			}
			if !(max(size, cost, k.Factor*cost) <= largestCost) {
				return false
			}
		}
	}
	return true
}

// compete runs the contestants. Each enters when those before it have not closed
// the gap with about as much work as its own first result costs; who comes first and
// second depends on what the root says.
func (s *search) compete(ctx context.Context, stages bool) {
	p := &s.race
	if s.opts.phases {
		p.enterPhases(ctx)
		p.run(ctx, math.MaxInt)
		if len(p.members) > 0 || s.finished(ctx) {
			return
		}
	}
	phases := s.phasesFirst()
	if phases {
		p.runPhases(ctx)
	}
	if s.finished(ctx) {
		return
	}
	actions := newTree()
	root := s.rootNode()
	s.rec.open(actions, root, s.p.Box)
	s.plant(ctx, actions, root)
	p.add(grower{s, actions})
	p.run(ctx, treeTrial)
	if s.finished(ctx) {
		return
	}
	y := s.byStages(stages)
	// Stages go first only where an object's translation is seen by no unit: elsewhere they take long.
	first := y != nil && (phases || y.g.frames[1].blind > 0 && s.undecided())
	if first {
		y.advance(ctx, stageTrial*(s.p.Horizon-1))
		p.add(y)
	}
	if !phases && !s.finished(ctx) {
		p.enterPhases(ctx)
	}
	if y != nil && !first {
		p.run(ctx, phaseTrial*(s.p.Horizon-1)*(s.p.Horizon-1))
		if !s.finished(ctx) {
			p.add(y)
		}
	}
	if !s.finished(ctx) {
		p.enterPrefixes()
	}
	p.run(ctx, math.MaxInt)
}

// runPhases lets the tree on phases go first, and then fronts beside it.
func (p *portfolio) runPhases(ctx context.Context) {
	p.enterPhases(ctx)
	p.run(ctx, frontTrial)
	if !p.s.finished(ctx) {
		p.enterFronts()
		p.run(ctx, fewTrial)
	}
}

// byStages returns the search by stages, nil where it cannot do or is not worth it.
func (s *search) byStages(decomposable bool) *stageSearch {
	if !decomposable || s.best.u == nil {
		return nil
	}
	if y := newStageSearch(s, s.bounder); y != nil && y.smaller() {
		return y
	}
	return nil
}

// undecided reports whether nearly all units are unstable on the whole box. Then the
// relaxation says little, and phases come last.
func (s *search) undecided() bool {
	r := s.bounder.Root()
	return float64(r.Unstable()) > .9*float64(len(r.Lower))
}

// few reports whether a step has so few units that the tree on phases gets through
// them, however little its relaxation says at the root.
func (s *search) few() bool {
	return s.bounder.Root().Unstable() <= fewUnits*s.p.Horizon
}

// phasesFirst reports whether the tree on phases goes first.
func (s *search) phasesFirst() bool {
	return s.bounder.Root().Unstable() <= phaseUnits*s.p.Horizon && s.undecided() && s.relaxable()
}

// relaxable reports whether the relaxation can hold the program and is not too large to be
// worth it.
func (s *search) relaxable() bool {
	n := s.bounder.Root().Unstable()
	return n > 0 && n <= maxTriangles && isLinear(s.p.Program)
}

// walkable reports whether programs of cells are small enough.
func (s *search) walkable() bool {
	return len(s.bounder.Root().Lower)*s.p.Inputs() <= maxCellEntries
}

// Work that goes before other contestants enter.
const (
	fewUnits    = 16 // a step
	phaseUnits  = 20 // a step, where nearly all are undecided; stages are no better up to there
	fewSamples  = 100
	fewDescents = 6
	fewTrial    = 10_000_000_000 // of the tree on phases, where it goes first
	treeTrial   = 1_000_000
	phaseTrial  = 1_000_000   // times the square of what stages have in between
	stageTrial  = 100_000_000 // times what stages have in between
)

// finished reports whether the search must stop.
func (s *search) finished(ctx context.Context) bool {
	return s.closed() || s.refuted() || ctx.Err() != nil || s.nodes >= s.opts.NodeLimit || s.race.over
}

// open finds first incumbents and bounds the root.
func open(ctx context.Context, p *relu.Program, opts Options) (*search, error) {
	return openLive(ctx, p, opts, nil)
}

func openLive(ctx context.Context, p *relu.Program, opts Options, l *live) (*search, error) {
	s := &search{live: l, opts: opts.withDefaults(), start: time.Now(), proven: math.Inf(-1),
		best: incumbent{value: math.Inf(1)}, p: newProblem(p)}
	if p.NonNegative() {
		s.proven = 0
	}
	s.crew, s.polisher = newCrew(s.opts.Workers), newDescent(s.p)
	s.res = &Result{}
	if s.opts.Record {
		s.rec = &recorder{limit: int64(s.opts.RecordLimit)}
	}
	s.tryStarts()
	s.p.follows = follows(p)
	ranging := bound.New
	if s.p.follows {
		ranging = bound.Following
	}
	b := ranging(p)
	if !b.Finite() {
		return nil, errInfinite
	}
	if !costFits(b) {
		return nil, errCost
	}
	s.res.UnstableReLUs = b.Root().Unstable()
	s.bounder = b
	if s.opts.OpenLimit == 0 {
		s.opts.OpenLimit = fitting(s.p, b)
	}
	if !s.p.follows {
		s.pool = multistart(s.p, &s.best, s.starting(), s.crew, func() bool { return ctx.Err() != nil })
		if s.pool != nil && s.best.u != nil && !(s.phasesFirst() && s.walkable()) { // else linear programs do so
			s.polisher.polish(&s.best)
		}
	}
	s.firstPlan()
	for range s.opts.Workers {
		e := newExpander(s.p, b.Clone(), s.opts.DualSteps)
		e.stop = func() bool { return ctx.Err() != nil }
		s.workers = append(s.workers, e)
	}
	s.race.s = s
	return s, nil
}

// starting returns the options of the multi-start, which is short where the tree on phases
// goes first: walks through cells find better plans at less cost.
func (s *search) starting() Options {
	o := s.opts
	if s.phasesFirst() {
		o.Samples, o.Descents = min(o.Samples, fewSamples), min(o.Descents, fewDescents)
	}
	return o
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
	s.best.offer(u, s.p.value(u, ws))
	for _, v := range s.opts.Starts {
		s.p.Box.Clamp(u, v)
		s.best.offer(u, s.p.value(u, ws))
	}
	s.firstPlan()
}

func (s *search) firstPlan() {
	if s.res.FirstPlanTime == 0 && s.best.u != nil {
		s.res.FirstPlanTime = time.Since(s.start)
		s.live.publish(s, func() {})
	}
}

// rootNode returns a node that is the whole box.
func (s *search) rootNode() *node {
	b := s.bounder
	box := b.Box()
	n := &node{bound: math.Inf(-1), lower: slices.Clone(box.Lower), upper: slices.Clone(box.Upper),
		ranges: b.NewRanges(), dual: b.NewDual()}
	b.Root().Copy(n.ranges)
	b.PlainDual(n.dual, n.ranges, n.lower, n.upper)
	return n
}

// plant bounds the first node of a tree and opens it.
func (s *search) plant(ctx context.Context, t *tree, n *node) {
	out := s.boundRoot(t, n, s.p.Horizon, true)
	if n.bound < s.cutoff() && !n.branch.none {
		out.child = n
	} else {
		out.dropped = min(out.dropped, n.bound)
	}
	s.merge(ctx, t, &out)
	s.firstPlan()
	s.report()
}

// boundRoot bounds the first node of a tree, whose box differs from the one its ranges
// were made for from step first on. ahead is for choosing its branch with care.
func (s *search) boundRoot(t *tree, n *node, first int, ahead bool) expansion {
	out := untouched(nil)
	e := s.workers[0]
	e.phases, e.gains, e.tries, e.ahead = t.phases, t.gains, false, ahead
	steps, start := e.steps, e.b.Work()
	e.steps = rootSteps * steps
	e.process(n, first, s.cutoff(), &out)
	n.rec.settle(n.bound)
	e.steps = steps
	s.nodes++
	out.work += e.b.Work() - start
	return out
}

// rootSteps is how many times the dual steps of a node a root gets: its dual is
// where all others start.
const rootSteps = 10

// cutoff is the bound from which on a node cannot improve the incumbent by more
// than the tolerance.
func (s *search) cutoff() float64 {
	if math.IsInf(s.best.value, 1) {
		return math.Inf(1)
	}
	v := s.best.value - (1-1e-12)*max(s.opts.AbsGap, s.opts.RelGap*math.Abs(s.best.value)) // not met by rounding alone
	if s.opts.enough != nil {
		v = min(v, *s.opts.enough)
	}
	return v
}

// dualBound is the best lower bound of J on the whole box.
func (s *search) dualBound() float64 {
	return min(max(s.proven, s.race.lower()), s.best.value)
}

// closed reports whether the gap is met.
func (s *search) closed() bool { return s.dualBound() >= s.cutoff() }

// report tells whoever listens of the progress.
func (s *search) report() {
	pr := Progress{Elapsed: time.Since(s.start), PrimalBound: s.best.value, DualBound: s.dualBound(),
		NodeCount: s.nodes, OpenNodes: s.race.open()}
	s.live.publish(s, func() {
		if s.opts.OnProgress != nil {
			s.opts.OnProgress(pr)
		}
	})
}

func (s *search) finish(ctx context.Context) *Result {
	r := s.res
	r.U, r.Objective, r.DualBound = s.best.u, s.best.value, s.dualBound()
	r.NodeCount, r.SolveTime, r.work = s.nodes, time.Since(s.start), s.work
	r.Splits = s.sketch.splits()
	r.Status = milp.Optimal
	switch {
	case s.closed():
		if r.U == nil {
			r.Status = milp.Infeasible
		}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		r.Status = milp.TimeLimit
	case ctx.Err() != nil:
		r.Status = milp.Interrupted
	case s.nodes >= s.opts.NodeLimit:
		r.Status = milp.NodeLimit
	default: // what is left cannot be split any more
		r.Status = milp.NumericalFailure
	}
	for _, stop := range s.cleanup {
		stop()
	}
	return r
}
