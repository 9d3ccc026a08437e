package bnb

import (
	"context"
	"math"
	"slices"

	"hinge/milp/relu"
)

// stageNode is a part of the search space, the paths whose states lie in given
// boxes, and what is known of the cost to go there.
type stageNode struct {
	bound  float64
	id     int
	states []stateBox // of x_1..x_{H-1}; entry 0 is empty
	fresh  int        // states before this step were bounded by the parent
	cuts   [][]cut    // of V_1..V_{H-1}; entry 0 is empty
	split  stateSplit
	rec    *regionRecord // nil if it is not recorded
}

// stateSplit cuts the box of x_step in two along a direction of its frame.
type stateSplit struct {
	step, direction int
	point           float64
	active          cut     // the cut that was active at the trial state
	distance        float64 // of the trial state from the point
}

func (n *stageNode) before(m *stageNode) bool {
	if n.bound != m.bound {
		return n.bound < m.bound
	}
	return n.id < m.id
}

// stager bounds stage nodes. It is read-only while it does; one serves all
// workers.
type stager struct {
	p       *problem
	frames  []frame
	tol     float64                    // of one sub-problem, in units of J: a tenth of the gap
	limit   int                        // nodes of sub-problems after which a node is split as it is
	onBound func(bound float64)        // called with every better bound of a node; may be nil
	workers int                        // for independent sub-problems; the answer does not depend on it
	pause   func(nodes, work int) bool // called after sub-problems; false stops. May be nil
}

// Limits of the sub-problems, in nodes. A limit that is hit gives a weaker cut,
// never a wrong one.
const (
	reachNodes = 12
	blindNodes = 1 // of a direction that no hidden unit sees
	cutNodes   = 1500
	trialNodes = 60
	maxCuts    = 12 // of one stage; older ones are forgotten
)

// stageOutcome is what bounding a stage node gave.
type stageOutcome struct {
	bound   float64
	dropped float64 // smallest bound of what was peeled off
	nodes   int
	work    int
	found   incumbent
	split   stateSplit
	done    bool // false if the deadline came first: the bound is the old one
}

// stageRun is the bounding of one node.
type stageRun struct {
	*stager
	ctx    context.Context
	n      *stageNode
	out    stageOutcome
	cutoff float64
	trial  []float64 // states x_0..x_H of the path cuts are made at
	value  []float64 // cost to go of the model at the trial path's states
	nodes  int       // of its sub-problems
	ws     *relu.Workspace
}

// process bounds n: it finds the boxes its states lie in, makes cuts of the cost
// to go from the last step back at the states of a trial path, and minimises the
// first step's cost plus the cuts. The minimiser leads to the next trial path. What
// the bound rules out is peeled off the box of x_1, where the next cuts are better.
func (g *stager) process(ctx context.Context, n *stageNode, start []float64, cutoff float64) stageOutcome {
	r := &stageRun{stager: g, ctx: ctx, n: n, cutoff: cutoff, ws: g.p.NewWorkspace(), value: make([]float64, g.p.Horizon)}
	r.out = stageOutcome{bound: n.bound, dropped: math.Inf(1), found: incumbent{value: math.Inf(1)}}
	if !r.reach() || !r.first(start) {
		return r.out
	}
	cuts := 1 // the first ones are for boxes that will shrink
	for range passes {
		before := r.out.bound
		if !r.backward(cuts) || !r.forward() {
			return r.out
		}
		if r.out.bound >= cutoff || r.nodes >= r.limit {
			break
		}
		shrunk, ok := r.peel()
		if !ok {
			return r.out
		}
		if !shrunk && cuts > 1 && r.out.bound-before < .1*(cutoff-before) {
			break
		}
		cuts = refinements
	}
	r.out.done = true
	r.chooseSplit()
	return r.out
}

// passes is the number of times the cuts of a node are improved before it is split;
// refinements that of cuts made at one state.
const (
	passes      = 6
	refinements = 3
)

// first sets the first trial path: that of the given actions at the root, later
// the one that the parent's cuts lead to.
func (r *stageRun) first(u []float64) bool {
	if r.n.id > 0 {
		r.trial = make([]float64, (r.p.Horizon+1)*r.p.Nx)
		copy(r.trial, r.p.X0)
		return r.forward()
	}
	r.p.Objective(u, r.ws)
	r.trial = slices.Clone(r.ws.States())
	return true
}

// stage returns the one-step problem of step t within the node.
func (r *stageRun) stage(t int) *stage {
	nu := r.p.Nu
	s := &stage{p: r.p.Program, t: t, frame: &r.frames[t], states: r.n.states[t],
		lower: r.p.Box.Lower[t*nu : (t+1)*nu], upper: r.p.Box.Upper[t*nu : (t+1)*nu]}
	if t+1 < r.p.Horizon {
		s.cuts = r.n.cuts[t+1]
	}
	return s
}

// solve minimises a sub-problem; nil when the deadline came first.
func (r *stageRun) solve(p *relu.Program, err error, opts Options) *Result {
	opts.Workers = r.workers
	res := r.solveQuietly(p, err, opts)
	if res == nil {
		return nil
	}
	if !r.charge(res.NodeCount, res.work) {
		return nil
	}
	return res
}

// charge accounts for a sub-problem. It returns false if the node must be left as
// it is.
func (r *stageRun) charge(nodes, work int) bool {
	r.nodes += nodes
	if r.pause != nil {
		return r.pause(nodes, work)
	}
	r.out.nodes += nodes
	r.out.work += work
	return true
}

// solveQuietly is solve without counting nodes: it may run concurrently.
func (r *stageRun) solveQuietly(p *relu.Program, err error, opts Options) *Result {
	if err != nil {
		return nil
	}
	opts.RelGap = -1
	res, err := solveTree(r.ctx, p, opts)
	if err != nil || r.ctx.Err() != nil || res.U == nil {
		return nil
	}
	return res
}

// reach bounds the states of the node in their frames, step by step from the
// first whose predecessors have shrunk. False means the deadline came first.
func (r *stageRun) reach() bool {
	for t := r.n.fresh; t < r.p.Horizon; t++ {
		sides := make([]*side, 2*r.p.Nx)
		parallel(r.workers, len(sides), func(i int) { sides[i] = r.reachSide(t, i/2, 1-2*float64(i%2)) })
		box, nodes, work := &r.n.states[t], 0, 0
		for i, s := range sides {
			if s == nil {
				return false
			}
			nodes += s.nodes
			work += s.work
			if j := i / 2; i%2 == 0 {
				box.lower[j] = min(max(box.lower[j], s.value), box.upper[j])
			} else {
				box.upper[j] = max(min(box.upper[j], -s.value), box.lower[j])
			}
		}
		r.n.rec.box(t, sides, *box)
		if !r.charge(nodes, work) {
			return false
		}
	}
	return true
}

// side is a bound of one direction of a state box.
type side struct {
	value float64
	nodes int
	work  int
	dual  float64 // of the sub-problem
	proof *proof  // of it, if it is recorded
}

// reachSide bounds sign times direction j of the states of step t from below;
// nil when the deadline came first.
func (r *stageRun) reachSide(t, j int, sign float64) *side {
	f, box := &r.frames[t], &r.n.states[t]
	d := make([]float64, r.p.Nx)
	f.column(d, j, sign)
	p, err := r.stage(t - 1).direction(d)
	gap := .03*f.extent[j] + .005*slices.Max(f.extent) // a side need not be sharper
	opts := Options{AbsGap: gap, NodeLimit: reachNodes, Samples: -1, Descents: -1, Record: r.n.rec != nil}
	if j < f.blind {
		opts.NodeLimit = blindNodes
	}
	res := r.solveQuietly(p, err, opts)
	if res == nil {
		return nil
	}
	v := res.DualBound
	for i, c := range f.center {
		v -= d[i] * c
	}
	v -= margin*(math.Abs(v)+box.upper[j]-box.lower[j]) + f.slack(*box, d, 0)
	return &side{value: v, nodes: res.NodeCount, work: res.work, dual: res.DualBound, proof: res.proof}
}

// backward adds cuts at the states of the trial path, last step first.
func (r *stageRun) backward(cuts int) bool {
	for t := r.p.Horizon - 1; t >= 1; t-- {
		if !r.cutAt(t, r.trial[t*r.p.Nx:(t+1)*r.p.Nx], cuts) {
			return false
		}
	}
	return true
}

// cutAt adds up to count cuts of V_t that are high at the state x. The first has the slope
// of V_t there. A cut's value at x is concave in its slope, with the vector from
// the support to x as a supergradient: further cuts follow it with Polyak's step
// towards the model's cost to go at x.
func (r *stageRun) cutAt(t int, x []float64, count int) bool {
	slope, target, u := r.slope(t, x)
	if slope == nil {
		return false
	}
	s := r.stage(t)
	w := s.frame.coordinates(x)
	step := make([]float64, len(x))
	for range count {
		p, err := s.fromAny(slope)
		touching := target
		for i, a := range slope {
			touching -= a * x[i]
		}
		res := r.solve(p, err, Options{AbsGap: r.tol, NodeLimit: cutNodes, Samples: 8, Descents: 1, Record: r.n.rec != nil,
			Starts: [][]float64{slices.Concat(w, u)}, phases: true, enough: &touching})
		if res == nil {
			return false
		}
		c := cut{slope: slope, offset: res.DualBound - s.frame.slack(s.states, slope, res.DualBound), support: res.U[:len(x)]}
		r.n.rec.cut(t, &c, s.cuts, res)
		r.n.addCut(t, c)
		lost := target - c.at(x)
		var length float64
		clear(step)
		for j := range w {
			e := w[j] - c.support[j]
			length += e * e
			for i := range step {
				step[i] += e * s.frame.basis[i*len(x)+j]
			}
		}
		if lost < r.allowed() || !(length > 1e-12*s.states.widest()*s.states.widest()) {
			break
		}
		slope = slices.Clone(slope)
		for i := range slope {
			slope[i] += polyak * lost / length * step[i]
		}
	}
	return true
}

// allowed is what the cuts of a step may lose: the steps together less than the gap.
func (r *stageRun) allowed() float64 {
	return max(2, 7/float64(r.p.Horizon-1)) * r.tol
}

// polyak shortens Polyak's step: the target, V_t itself, is out of reach where
// V_t is not convex.
const polyak = .5

// addCut appends a cut of V_t and forgets the oldest one beyond maxCuts. The
// slice may be shared with a parent.
func (n *stageNode) addCut(t int, c cut) {
	cuts := n.cuts[t]
	if len(cuts) >= maxCuts {
		cuts = cuts[1:]
	}
	n.cuts[t] = append(slices.Clone(cuts), c)
}

// slope returns the derivative of the modelled cost to go at x by differences
// (and that cost and its action) along the frame, wide enough to see past the nearest
// kink.
func (r *stageRun) slope(t int, x []float64) (slope []float64, value float64, u []float64) {
	s := r.stage(t)
	p, err := s.fromState(x)
	res := r.solve(p, err, Options{AbsGap: r.tol, NodeLimit: trialNodes, Samples: 64, Descents: 8})
	if res == nil {
		return nil, 0, nil
	}
	along := make([]float64, r.p.Nx) // the derivative in the frame
	parallel(r.workers, r.p.Nx, func(j int) {
		h := .05*(s.states.upper[j]-s.states.lower[j]) + 1e-3*s.states.widest()
		if h > 0 {
			along[j] = (s.moved(x, j, h, res.U) - s.moved(x, j, -h, res.U)) / (2 * h)
		}
	})
	d := make([]float64, r.p.Nx)
	slope = make([]float64, r.p.Nx)
	for j, a := range along {
		s.frame.column(d, j, 1)
		for k := range slope {
			slope[k] += a * d[k]
		}
	}
	if slices.ContainsFunc(slope, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
		return nil, 0, nil
	}
	return slope, res.Objective, res.U
}

// moved returns a local minimum of the stage from the state h away from x in
// direction j, started at the actions u.
func (s *stage) moved(x []float64, j int, h float64, u []float64) float64 {
	y := slices.Clone(x)
	for k := range y {
		y[k] += h * s.frame.basis[k*len(x)+j]
	}
	p, err := s.fromState(y)
	if err != nil {
		return math.NaN()
	}
	d := newDescent(newProblem(p))
	d.run(u, p.Box.Lower, p.Box.Upper, descentSteps, .05)
	return d.best.value
}

// forward bounds the node by its first step and follows the minimisers of the
// stages to the next trial path, which is also a candidate incumbent.
func (r *stageRun) forward() bool {
	p := r.p
	x := slices.Clone(p.X0)
	var u []float64
	net := p.Step.NewWorkspace()
	for t := range p.Horizon {
		q, err := r.stage(t).fromState(x)
		opts := Options{AbsGap: r.tol, NodeLimit: trialNodes, Samples: 64, Descents: 8}
		if t == 0 {
			opts.NodeLimit, opts.Record, opts.enough = cutNodes, r.n.rec != nil, &r.cutoff
		}
		res := r.solve(q, err, opts)
		if res == nil {
			return false
		}
		r.value[t] = res.Objective
		if t == 0 && min(res.DualBound, r.out.dropped) > r.out.bound {
			r.out.bound = min(res.DualBound, r.out.dropped)
			r.n.rec.prove(r.n.cuts[1], res)
			if r.onBound != nil {
				r.onBound(r.out.bound)
			}
		}
		u = append(u, res.U...)
		p.Step.Forward(x, append(slices.Clone(x), res.U...), net)
		copy(r.trial[(t+1)*p.Nx:], x)
	}
	r.out.found.offer(u, p.Objective(u, r.ws))
	return true
}
