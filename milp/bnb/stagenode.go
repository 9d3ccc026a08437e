package bnb

import (
	"context"
	"math"
	"slices"

	"hinge/milp/relu"
)

// stageNode is a box of stacked actions whose J is bounded stage by stage.
type stageNode struct {
	bound        float64
	id           int
	lower, upper []float64  // H x Nu
	states       []stateBox // of x_1..x_{H-1}; entry 0 is empty
	cuts         [][]cut    // of V_1..V_{H-1}; entry 0 is empty
	split        branch
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
	tol     float64 // of one sub-problem, in units of J
	workers int     // of one sub-problem; the answer does not depend on it
}

// Limits of the sub-problems, in nodes. A limit that is hit gives a weaker cut,
// never a wrong one.
const (
	reachNodes = 400
	cutNodes   = 4000
	trialNodes = 60
	maxCuts    = 12 // of one stage; older ones are forgotten
)

// stageOutcome is what bounding a stage node gave.
type stageOutcome struct {
	bound float64
	nodes int
	found incumbent
	split branch
	done  bool // false if the deadline came first: the bound is the old one
}

// stageRun is the bounding of one node.
type stageRun struct {
	*stager
	ctx   context.Context
	n     *stageNode
	out   stageOutcome
	trial []float64 // states x_0..x_H of the path cuts are made at
	ws    *relu.Workspace
}

// process bounds n: it finds the boxes its states lie in, makes cuts of the cost
// to go from the last step back at the states of a trial path, and minimises the
// first step's cost plus the cuts. The minimiser leads to the next trial path.
func (g *stager) process(ctx context.Context, n *stageNode, start []float64, cutoff float64) stageOutcome {
	r := &stageRun{stager: g, ctx: ctx, n: n, ws: g.p.NewWorkspace()}
	r.out = stageOutcome{bound: n.bound, found: incumbent{value: math.Inf(1)}}
	if !r.reach() || !r.start(start) {
		return r.out
	}
	const passes = 3
	for range passes {
		before := r.out.bound
		if !r.backward() || !r.forward() {
			return r.out
		}
		if r.out.bound >= cutoff || r.out.bound-before < .1*(cutoff-before) {
			break
		}
	}
	r.out.done = true
	r.branch()
	return r.out
}

// stage returns the one-step problem of step t within the node.
func (r *stageRun) stage(t int) *stage {
	nu := r.p.Nu
	s := &stage{p: r.p.Program, t: t, frame: &r.frames[t], states: r.n.states[t],
		lower: r.n.lower[t*nu : (t+1)*nu], upper: r.n.upper[t*nu : (t+1)*nu]}
	if t+1 < r.p.Horizon {
		s.cuts = r.n.cuts[t+1]
	}
	return s
}

// solve minimises a sub-problem; nil when the deadline came first.
func (r *stageRun) solve(p *relu.Program, err error, opts Options) *Result {
	if err != nil {
		return nil
	}
	opts.RelGap, opts.Workers = -1, r.workers
	res, err := solveTree(r.ctx, p, opts)
	if err != nil || r.ctx.Err() != nil {
		return nil
	}
	r.out.nodes += res.NodeCount
	return res
}

// reach bounds the states of the node in their frames, step by step.
func (r *stageRun) reach() bool {
	d := make([]float64, r.p.Nx)
	for t := 1; t < r.p.Horizon; t++ {
		f, box := &r.frames[t], &r.n.states[t]
		for j := range r.p.Nx {
			for side, sign := range []float64{1, -1} {
				f.column(d, j, sign)
				p, err := r.stage(t - 1).direction(d)
				res := r.solve(p, err, Options{AbsGap: .02 * (box.upper[j] - box.lower[j]), NodeLimit: reachNodes, Samples: 16, Descents: 2})
				if res == nil {
					return false
				}
				v := res.DualBound
				for i, c := range f.center {
					v -= d[i] * c
				}
				v -= margin * (math.Abs(v) + box.upper[j] - box.lower[j])
				if side == 0 {
					box.lower[j] = max(box.lower[j], v)
				} else {
					box.upper[j] = min(box.upper[j], -v)
				}
			}
		}
	}
	return true
}

// start sets the trial path: a descent from u within the node.
func (r *stageRun) start(u []float64) bool {
	d := newDescent(r.p)
	v := make([]float64, len(u))
	for k := range u {
		v[k] = min(max(u[k], r.n.lower[k]), r.n.upper[k])
	}
	d.run(v, r.n.lower, r.n.upper, descentSteps, .1)
	r.out.found.offer(d.best.u, d.best.value)
	r.p.Objective(d.best.u, r.ws)
	r.trial = slices.Clone(r.ws.States())
	return true
}

// backward adds a cut at each state of the trial path, last step first.
func (r *stageRun) backward() bool {
	for t := r.p.Horizon - 1; t >= 1; t-- {
		slope := r.slope(t, r.trial[t*r.p.Nx:(t+1)*r.p.Nx])
		if slope == nil {
			return false
		}
		s := r.stage(t)
		p, err := s.fromAny(slope)
		res := r.solve(p, err, Options{AbsGap: r.tol, NodeLimit: cutNodes, Samples: 32, Descents: 4})
		if res == nil {
			return false
		}
		c := cut{slope: slope, offset: res.DualBound - s.slack(slope)}
		if len(r.n.cuts[t]) >= maxCuts {
			r.n.cuts[t] = slices.Clone(r.n.cuts[t][1:])
		}
		r.n.cuts[t] = append(r.n.cuts[t], c)
	}
	return true
}

// slope returns the derivative of the modelled cost to go at x by differences
// along the frame, wide enough to see past the nearest kink.
func (r *stageRun) slope(t int, x []float64) []float64 {
	s := r.stage(t)
	p, err := s.fromState(x)
	res := r.solve(p, err, Options{AbsGap: r.tol, NodeLimit: trialNodes, Samples: 64, Descents: 8})
	if res == nil {
		return nil
	}
	f, box := s.frame, s.states
	slope, d, y := make([]float64, r.p.Nx), make([]float64, r.p.Nx), make([]float64, r.p.Nx)
	for j := range r.p.Nx {
		h := .05*(box.upper[j]-box.lower[j]) + 1e-3*(r.frameScale(t))
		if h == 0 {
			continue
		}
		f.column(d, j, 1)
		var side [2]float64
		for i, sign := range []float64{-1, 1} {
			for k := range y {
				y[k] = x[k] + sign*h*d[k]
			}
			v, ok := descendFrom(s, y, res.U)
			if !ok {
				return nil
			}
			side[i] = v
		}
		for k := range slope {
			slope[k] += (side[1] - side[0]) / (2 * h) * d[k]
		}
	}
	return slope
}

// frameScale returns the widest edge of the states of step t.
func (r *stageRun) frameScale(t int) float64 {
	var w float64
	b := r.n.states[t]
	for j := range b.lower {
		w = max(w, b.upper[j]-b.lower[j])
	}
	return w
}

// descendFrom returns a local minimum of the stage from state y, started at u.
func descendFrom(s *stage, y, u []float64) (float64, bool) {
	p, err := s.fromState(y)
	if err != nil {
		return 0, false
	}
	d := newDescent(newProblem(p))
	d.run(u, p.Box.Lower, p.Box.Upper, descentSteps, .05)
	return d.best.value, true
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
			opts.NodeLimit = cutNodes
		}
		res := r.solve(q, err, opts)
		if res == nil {
			return false
		}
		if t == 0 {
			r.out.bound = max(r.out.bound, res.DualBound)
		}
		u = append(u, res.U...)
		p.Step.Forward(x, append(slices.Clone(x), res.U...), net)
		copy(r.trial[(t+1)*p.Nx:], x)
	}
	r.out.found.offer(u, p.Objective(u, r.ws))
	return true
}

// branch chooses the split. The gap of the node is the sum, over the steps, of
// what the cuts lose at the trial path against the next stage's minimum there;
// the actions that lead to the states where most is lost are split.
func (r *stageRun) branch() {
	worst, at := math.Inf(-1), 1
	for t := 1; t < r.p.Horizon; t++ {
		x := r.trial[t*r.p.Nx : (t+1)*r.p.Nx]
		lost := math.Inf(1)
		for i := range r.n.cuts[t] {
			lost = min(lost, -r.n.cuts[t][i].at(x))
		}
		s := r.stage(t)
		v, ok := descendFrom(s, x, center(s.lower, s.upper))
		if ok && v+lost > worst {
			worst, at = v+lost, t
		}
	}
	nu := r.p.Nu
	best, k := -1.0, 0
	for j := range nu {
		i := (at-1)*nu + j
		if rel := (r.n.upper[i] - r.n.lower[i]) / r.p.width[i]; rel > best {
			best, k = rel, i
		}
	}
	r.out.split = branch{input: k, point: r.n.lower[k] + (r.n.upper[k]-r.n.lower[k])/2}
}

func center(lower, upper []float64) []float64 {
	c := make([]float64, len(lower))
	for i := range c {
		c[i] = lower[i] + (upper[i]-lower[i])/2
	}
	return c
}

// child returns one half of n, with the cuts of n, which hold there too.
func (n *stageNode) child(side int) *stageNode {
	c := &stageNode{bound: n.bound, lower: slices.Clone(n.lower), upper: slices.Clone(n.upper),
		states: make([]stateBox, len(n.states)), cuts: make([][]cut, len(n.cuts))}
	for t := range n.states {
		c.states[t] = n.states[t].clone()
		c.cuts[t] = slices.Clone(n.cuts[t])
	}
	if side == 0 {
		c.upper[n.split.input] = n.split.point
	} else {
		c.lower[n.split.input] = n.split.point
	}
	return c
}
