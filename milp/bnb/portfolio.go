package bnb

import (
	"context"
	"math"

	"hinge/milp/bound"
)

// contestant is one way of proving a bound. All of them work on the same incumbent.
type contestant interface {
	lower() float64 // what it has proven
	share() float64 // of its space that is done with; not a number if it cannot say
	spent() int     // work so far, see bound.Bounder.Work
	// advance works on for about so much, or until the gap is closed, and reports
	// whether it can go on.
	advance(ctx context.Context, work int) bool
}

// portfolio lets contestants take turns until one leaves the others behind. Which
// one will do depends on the program: splitting actions wins where the network is
// wide and actions are few, splitting phases where units are few and actions many,
// stages where the horizon is long and the state small. Turns are measured in work,
// not in time, so that the outcome does not depend on the machine.
type portfolio struct {
	s       *search
	members []*member
	pause   func() bool // called after each turn; false ends the race. May be nil
	over    bool        // pause has ended it
}

type member struct {
	contestant
	turns   int
	strikes int
	stuck   bool
	entry   int        // what it had spent when it entered
	closed  [2]float64 // shares of its space that its last two turns closed; not numbers if it cannot say
}

// Turns. A contestant that is dominated in two comparisons, or clearly in one, is
// out.
const (
	firstTurn = 2_000_000
	dominated = .8 // gap of the better one as a share of the other's
	clearly   = .3

	// A contestant that closed nothing of its space in one of its last two turns is dominated
	// by one that did in both, unless its gap is clearly smaller: that of the other one as a
	// share of its own.
	level = 1.25
)

// run lets the contestants take turns until the gap is closed, a limit is reached
// or all of them have spent so much since they entered.
func (p *portfolio) run(ctx context.Context, work int) {
	for !p.s.finished(ctx) {
		m := p.next()
		if m == nil || m.spent()-m.entry >= work {
			return
		}
		turn := max(firstTurn, m.spent())
		if len(p.members) == 1 && p.pause == nil {
			turn = work
		}
		before, nodes, share := m.spent(), p.s.nodes, m.share()
		m.stuck = !m.advance(ctx, turn) || m.spent() == before && p.s.nodes == nodes
		m.turns++
		m.closed = [2]float64{m.closed[1], m.share() - share}
		p.eliminate()
		p.over = p.pause != nil && !p.pause()
	}
}

// next returns the contestant that has spent least, nil if none can go on.
func (p *portfolio) next() *member {
	var least *member
	for _, m := range p.members {
		if !m.stuck && (least == nil || m.spent() < least.spent()) {
			least = m
		}
	}
	return least
}

// add enters a contestant.
func (p *portfolio) add(c contestant) {
	p.members = append(p.members, &member{contestant: c, entry: c.spent()})
}

// eliminate removes the contestants that another one has left behind.
func (p *portfolio) eliminate() {
	kept := p.members[:0]
	for _, m := range p.members {
		if !p.beaten(m) {
			kept = append(kept, m)
		} else {
			p.s.proven = max(p.s.proven, m.lower())
		}
	}
	p.members = kept
}

// beaten compares m with the others. One that has spent less is granted a gap that
// falls with the root of the work.
func (p *portfolio) beaten(m *member) bool {
	if m.turns == 0 || math.IsInf(m.lower(), -1) { // too early to say
		return false
	}
	if _, ok := m.contestant.(*frontSearch); ok { // takes a small part, and may end it all at once
		return false
	}
	worst := math.Inf(1)
	for _, o := range p.members {
		if isPrefix(o.contestant) || o == m || o.stuck {
			continue // a prefix that leads need not lead for long
		}
		handicap := math.Sqrt(min(1, float64(m.spent())/float64(max(1, o.spent()))))
		gap := (p.s.cutoff() - o.lower()) / (handicap * (p.s.cutoff() - m.lower()))
		if gap < clearly || !(o.share() < m.share()) {
			worst = min(worst, gap)
		}
		if m.turns > 1 && handicap*gap < level && m.stalled() && o.closed[0] > 0 && o.closed[1] > 0 {
			worst = min(worst, math.Nextafter(dominated, 0))
		}
	}
	switch {
	case worst < clearly:
		return true
	case worst < dominated && m.turns > 1:
		m.strikes++
	}
	return m.strikes >= 2
}

// stalled reports whether one of the last two turns closed nothing.
func (m *member) stalled() bool { return m.closed[0] == 0 || m.closed[1] == 0 }

// lower is the bound the trees and stages still in the race have proven.
func (p *portfolio) lower() float64 {
	d := math.Inf(-1)
	for _, m := range p.members {
		d = max(d, m.lower())
	}
	return d
}

// open is the number of open nodes of all trees.
func (p *portfolio) open() int {
	n := 0
	for _, m := range p.members {
		if g, ok := m.contestant.(grower); ok {
			n += g.t.open.len()
		}
	}
	return n
}

// grower is a tree in the race.
type grower struct {
	s *search
	t *tree
}

func (g grower) lower() float64 { return g.t.bound() }
func (g grower) share() float64 { return g.t.share }
func (g grower) spent() int     { return g.t.work }

func (g grower) advance(ctx context.Context, work int) bool {
	g.s.grow(ctx, g.t, g.t.work+min(work, math.MaxInt-g.t.work))
	return g.t.open.len() > 0
}

// enterPhases enters the tree that splits phases of units, if the program is
// relaxable. Before, ranges are sharpened
// by the objective, which wants a good incumbent.
func (p *portfolio) enterPhases(ctx context.Context) {
	s := p.s
	if !s.relaxable() {
		return
	}
	s.startCells(ctx)
	for _, w := range s.workers {
		w.relax = newRelaxed(s.p, w.b)
		w.few = s.phasesFirst()
	}
	t := newTree()
	t.splitPhases(len(s.bounder.Root().Lower))
	root := s.rootNode()
	if s.few() {
		s.sketch = newSketch()
		root.first, root.sketch = s.opts.First, s.sketch
	}
	s.rec.open(t, root, s.p.Box)
	start := s.bounder.Work()
	if s.sharpen(ctx, t, root) {
		s.plant(ctx, t, root)
	}
	t.work += s.bounder.Work() - start
	p.add(grower{s, t})
	p.eliminate()
}

// sharpen refines the ranges of a root for as long as that raises its bound. It
// returns false if the root is done with.
func (s *search) sharpen(ctx context.Context, t *tree, n *node) bool {
	b := s.bounder
	rounds, steps, dualSteps, enough := sharpenRounds, sharpenSteps, rootSteps*s.opts.DualSteps, .1
	if s.few() {
		steps = sharpenStepsFew
	}
	if s.phasesFirst() { // nodes cost little, and two rounds pay whatever the first one gives
		rounds, dualSteps, enough = sharpenRoundsFew, s.opts.DualSteps, 0
	}
	ascent := bound.Ascent{Steps: dualSteps, Rate: .1, Cutoff: s.cutoff()}
	n.bound = b.Objective(n.dual, nil, n.ranges, n.lower, n.upper, ascent)
	n.rec.prove(n, n.dual, n.bound)
	if math.IsInf(s.cutoff(), 1) {
		return true // without an incumbent there is nothing to sharpen with
	}
	for round := range rounds {
		cutoff, before := s.cutoff(), n.bound
		t.dropped = min(t.dropped, cutoff) // the ranges hold where J is less
		how := &bound.Refinement{Steps: steps, Rate: .2, Cutoff: cutoff, Bound: n.bound, Mult: n.dual.Mult,
			Stop: func() bool { return ctx.Err() != nil }, Proofs: t.rec.proofsBelow(cutoff)}
		if round == 0 {
			how.Steps = sharpenFirst
		}
		if !b.Refine(n.ranges, n.lower, n.upper, 0, how) {
			n.rec.settle(math.Inf(1))
			return false
		}
		v := b.Objective(n.dual, nil, n.ranges, n.lower, n.upper, ascent)
		n.rec.prove(n, n.dual, v)
		n.bound = max(n.bound, v)
		if n.bound >= cutoff || n.bound-before < enough*(cutoff-before) {
			break
		}
	}
	return true
}

// Rounds and steps of the sharpening of a root. The first round tells whether it is
// worth more, where units are many.
const (
	sharpenRounds, sharpenRoundsFew = 5, 2
	sharpenSteps, sharpenStepsFew   = 40, 20
	sharpenFirst                    = 10
)

// startCells walks from the best ends of the multi-start, and from then on from
// every better incumbent.
func (s *search) startCells(ctx context.Context) {
	if !s.walkable() {
		return
	}
	s.cells = newCells(s.p, s.bounder)
	if s.p.follows {
		return // there is nothing to walk from yet
	}
	s.walk(ctx)
	if s.phasesFirst() { // trees there find the others sooner
		return
	}
	for _, y := range s.pool[:min(len(s.pool), poolWalks)] {
		c := incumbent{value: math.Inf(1)}
		c.offer(y.u, y.value)
		s.cells.walk(ctx, &c)
		s.best.offer(c.u, c.value)
	}
}

// poolWalks is the number of ends of the multi-start to walk from; maxCellEntries
// the size of a cell's program up to which walks are tried.
const (
	poolWalks      = 3
	maxCellEntries = 100_000
)

// walk improves the incumbent by linear programs.
func (s *search) walk(ctx context.Context) {
	if s.cells != nil && s.best.u != nil {
		s.cells.walk(ctx, &s.best)
	}
}
