package bnb

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"hinge/milp/bound"
	"hinge/milp/lp"
	"hinge/milp/relu"
)

// SolveByStages minimises J by the stage search alone. visit, when not nil, sees
// every cut of the nodes still open at the end: V_t(x) >= slope'x + offset for
// paths whose states from step t on are inside the node's boxes.
func SolveByStages(ctx context.Context, p *relu.Program, opts Options,
	visit func(t int, slope []float64, offset float64, inside func(t int, x []float64) bool)) (*Result, error) {
	s, err := open(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	y := newStageSearch(s, s.bounder)
	s.race.add(y)
	s.race.run(ctx, math.MaxInt)
	for _, n := range y.nodes.nodes {
		for t := 1; t < p.Horizon && visit != nil; t++ {
			for _, c := range n.cuts[t] {
				visit(t, c.slope, c.offset, func(t int, x []float64) bool {
					return n.contains(t, y.g.frames[t].coordinates(x))
				})
			}
		}
	}
	return s.certified(ctx), nil
}

// SolveByPhases minimises J by the tree that splits phases alone.
func SolveByPhases(ctx context.Context, p *relu.Program, opts Options) (*Result, error) {
	s, err := open(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	s.race.enterPhases(ctx)
	s.race.run(ctx, math.MaxInt)
	return s.certified(ctx), nil
}

// Walk improves an action sequence by the walk through cells.
func Walk(p *relu.Program, u []float64) ([]float64, float64) {
	q := newProblem(p)
	c := incumbent{value: math.Inf(1)}
	c.offer(u, p.Objective(u, p.NewWorkspace()))
	newCells(q, bound.New(p)).walk(context.Background(), &c)
	return c.u, c.value
}

func (n *stageNode) contains(t int, w []float64) bool {
	for j, v := range w {
		if v < n.states[t].lower[j] || v > n.states[t].upper[j] {
			return false
		}
	}
	return true
}

// SolveByActions minimises J by the tree that splits actions alone.
func SolveByActions(ctx context.Context, p *relu.Program, opts Options) (*Result, error) {
	s, err := open(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	t := newTree()
	root := s.rootNode()
	s.rec.open(t, root, s.p.Box)
	s.plant(ctx, t, root)
	s.race.add(grower{s, t})
	s.race.run(ctx, math.MaxInt)
	return s.certified(ctx), nil
}

// Decomposable reports whether the search by stages can work on p.
func Decomposable(p *relu.Program) bool { return decomposable(p) }

// Trial is a try of a split at the root and what the relaxations are without a limit.
type Trial struct {
	Claimed, Half [2]float64
	Node, After   float64 // before and after all trials
}

// TryUnits tries the split of every unit that the relaxation of the whole box leaves
// open.
func TryUnits(p *relu.Program, visit func(Trial)) {
	q, b := newProblem(p), bound.New(p)
	e := newExpander(q, b, 0)
	e.tries = true
	e.stop = func() bool { return false }
	e.gains = make([]unitGains, len(b.Root().Lower))
	x := newRelaxed(q, b)
	s := &search{bounder: b}
	c, out := s.rootNode(), expansion{}
	node := x.minimum(c)
	cutoff := node + 1
	x.split = nil
	for i := range x.r.units {
		x.split = append(x.split, i)
	}
	x.tryUnits(e, c, cutoff, &out)
	after := x.minimum(c)
	for _, y := range out.trials {
		v := Trial{Node: node, After: after}
		for side, g := range y.gain {
			half := s.rootNode()
			if side == 0 {
				half.ranges.Upper[y.unit] = 0
			} else {
				half.ranges.Lower[y.unit] = 0
			}
			v.Claimed[side], v.Half[side] = node+g*(cutoff-node), x.minimum(half)
		}
		visit(v)
	}
}

// minimum solves the relaxation of c; +Inf if it is infeasible.
func (x *relaxed) minimum(c *node) float64 {
	x.r.load(c.ranges, c.lower, c.upper)
	if x.r.lp.Solve(math.Inf(1), lp.Options{}) == lp.Infeasible {
		return math.Inf(1)
	}
	return x.r.lp.Objective
}

// SolveByPrefixes bounds p by prefixes alone, false if that cannot be.
func SolveByPrefixes(ctx context.Context, p *relu.Program, opts Options) (*Result, bool) {
	s, err := open(ctx, p, opts)
	if err != nil || !summed(p) {
		return nil, false
	}
	s.race.add(newPrefixSearch(s))
	s.race.run(ctx, math.MaxInt)
	return s.certified(ctx), true
}

// StopPrefixes ends a search by prefixes alone after some nodes. It returns the result,
// what had been spent before and what is spent once all is stopped, and false where there
// was nothing left to stop.
func StopPrefixes(ctx context.Context, p *relu.Program, opts Options) (r *Result, before, after int, ok bool) {
	s, err := open(ctx, p, opts)
	if err != nil || !summed(p) {
		return nil, 0, 0, false
	}
	y := newPrefixSearch(s)
	s.race.add(y)
	s.race.run(ctx, math.MaxInt)
	if y.sub == nil || s.closed() {
		return nil, 0, 0, false
	}
	before = y.spent()
	r = s.finish(ctx)
	return r, before, y.spent(), true
}

// Peeling is what one pass of peeling left of the box of x_1.
type Peeling struct {
	Bound         float64 // of J, before
	Before, After func(x []float64) bool
	ToGo          func(x []float64) float64 // what the cuts say that is charged after x_1
}

// Peel bounds the root of the stage search pass by pass, as process does, and records it.
// It returns the bounds of J in the parts of the box that a state x_1 is in.
func Peel(ctx context.Context, p *relu.Program, opts Options, cutoff float64, passes int, visit func(Peeling)) (parts func(x []float64) []float64, err error) {
	opts.Record = true
	s, err := open(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	defer s.finish(ctx)
	y := newStageSearch(s, s.bounder)
	y.g.tol, y.g.limit, y.g.workers = max(1e-3, .3*(cutoff-s.best.value)), math.MaxInt, 1
	n := y.nodes.pop()
	r := &stageRun{stager: y.g, ctx: ctx, n: n, cutoff: cutoff, ws: p.NewWorkspace(), value: make([]float64, p.Horizon)}
	r.out = stageOutcome{bound: math.Inf(-1), dropped: math.Inf(1), found: incumbent{value: math.Inf(1)}}
	f, ok := &y.g.frames[1], r.reach() && r.first(s.best.u)
	for range passes {
		if !ok || !r.backward(1) || !r.forward() {
			return nil, errors.New("a sub-problem has no solution")
		}
		v := Peeling{Bound: r.out.bound, Before: inBox(f, n.states[1])}
		_, ok = r.peel()
		v.After = inBox(f, n.states[1])
		v.ToGo = func(x []float64) float64 {
			top := math.Inf(-1)
			for i := range n.cuts[1] {
				top = max(top, n.cuts[1][i].at(x))
			}
			return top
		}
		visit(v)
	}
	return func(x []float64) []float64 { return s.rec.stages.parts(f.coordinates(x)) }, nil
}

func inBox(f *frame, b stateBox) func(x []float64) bool {
	n := stageNode{states: []stateBox{b.clone()}}
	return func(x []float64) bool { return n.contains(0, f.coordinates(x)) }
}

// parts returns the bounds of the leaves whose box of x_1 holds w.
func (q *regionRecord) parts(w []float64) []float64 {
	for _, b := range q.boxes {
		n := stageNode{states: []stateBox{{b.Lower, b.Upper}}}
		if b.Step == 1 && !n.contains(0, w) {
			return nil
		}
	}
	if q.kids[0] != nil {
		return append(q.kids[0].parts(w), q.kids[1].parts(w)...)
	}
	if q.bound == nil {
		return []float64{math.Inf(-1)}
	}
	return []float64{q.bound.value}
}

// Tilted returns a cut of V_1 at random and what its tilt about a split of the box of x_1
// at random makes of it, with a sampler of the half that the tilt is for (side 0) and of
// the other one (side 1), which tells how far from the split the state is.
func Tilted(p *relu.Program, rng *rand.Rand) (before, after func(x []float64) float64, tilt float64, sample func(side int) (x []float64, distance float64)) {
	fs, _ := frames(p, 1)
	f, box := &fs[1], projected(bound.New(p).States(1), &fs[1])
	sp := stateSplit{step: 1, direction: rng.IntN(p.Nx)}
	sp.point = box.lower[sp.direction] + rng.Float64()*(box.upper[sp.direction]-box.lower[sp.direction])
	c := cut{slope: make([]float64, p.Nx), offset: 10 * rng.NormFloat64()}
	for i := range c.slope {
		c.slope[i] = 3 * rng.NormFloat64()
	}
	side, halves := rng.IntN(2), [2]stateBox{box.clone(), box.clone()}
	sp.cut(halves[0], side)
	sp.cut(halves[1], 1-side)
	tilt = math.Exp(3 * rng.NormFloat64())
	tilted := sp.tilt([]cut{c}, f, halves[0], side, tilt)[0]
	return c.at, tilted.at, tilt, func(half int) ([]float64, float64) {
		x, d := slices.Clone(f.center), make([]float64, p.Nx)
		var distance float64
		for j := range d {
			w := halves[half].lower[j] + rng.Float64()*(halves[half].upper[j]-halves[half].lower[j])
			if rng.IntN(4) == 0 {
				w = halves[half].lower[j]
			} else if rng.IntN(3) == 0 {
				w = halves[half].upper[j]
			}
			if j == sp.direction {
				distance = math.Abs(w - sp.point)
			}
			f.column(d, j, w)
			for i := range x {
				x[i] += d[i]
			}
		}
		return x, distance
	}
}

// SolveByFronts bounds p by questions to prefixes alone, after the plans of the root. proven
// is their bound, which no incumbent has capped; -Inf if there was nothing to ask.
func SolveByFronts(ctx context.Context, p *relu.Program, opts Options) (r *Result, proven float64) {
	proven = math.Inf(-1)
	s, err := open(ctx, p, opts)
	if err != nil {
		return nil, proven
	}
	s.startCells(ctx)
	s.race.enterFronts()
	for range 20 {
		s.race.run(ctx, s.race.spent()+1)
	}
	for _, m := range s.race.members {
		proven = max(proven, m.lower())
	}
	return s.certified(ctx), proven
}

// spent is what the contestants have spent.
func (p *portfolio) spent() int {
	n := 0
	for _, m := range p.members {
		n += m.spent()
	}
	return n
}

// SetProofGrace sets how long the end of a search is waited for that records.
func SetProofGrace(d time.Duration) (restore func()) {
	old := proofGrace
	proofGrace = d
	return func() { proofGrace = old }
}

// NodeMemory returns how many nodes of p may be open by default, what one is said to take, and
// what one takes, without the basis of its relaxation.
func NodeMemory(p *relu.Program) (limit, said, taken int) {
	s, err := open(context.Background(), p, Options{Samples: -1, Descents: -1})
	if err != nil {
		panic(err)
	}
	nodes := make([]*node, 200)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range nodes {
		nodes[i] = s.rootNode()
	}
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(nodes)
	return s.opts.OpenLimit, nodeBytes(s.p, s.bounder), int(after.TotalAlloc-before.TotalAlloc) / len(nodes)
}
