package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"hinge/milp/bound"
	"hinge/milp/relu"
	"hinge/nn"
	"hinge/report"
)

const (
	scalingLimit    = 5 * time.Second // of processor time, for one search
	scalingNetworks = 2               // random ones a point
)

var scalingGaps = tolerances{rel: 1e-3, abs: -1}

// scalingPoint is a random program: two hidden layers of half the units each, a
// state of 4. Biases of the hidden units are normal with deviation bias; the larger,
// the fewer units are unstable.
type scalingPoint struct {
	units, inputs, horizon int // units and inputs of a step
	bias                   float64
}

func (p scalingPoint) String() string {
	return fmt.Sprintf("%d ReLUs x %d steps of %d inputs", p.units, p.horizon, p.inputs)
}

// scalingCurve varies one thing.
type scalingCurve struct {
	name, label string
	points      []scalingPoint
	x           func(scalingPoint) float64 // nil for the share of unstable units
}

// scalingCurves start from one middle point: 24 units, 3 steps of 2 inputs.
var scalingCurves = []scalingCurve{
	{"ReLUs", "ReLUs a step (3 steps of 2 inputs)", []scalingPoint{{6, 2, 3, 0}, {12, 2, 3, 0}, {24, 2, 3, 0}, {48, 2, 3, 0}, {96, 2, 3, 0}},
		func(p scalingPoint) float64 { return float64(p.units) }},
	{"inputs", "inputs a step (24 ReLUs, 3 steps)", []scalingPoint{{24, 1, 3, 0}, {24, 2, 3, 0}, {24, 3, 3, 0}, {24, 4, 3, 0}},
		func(p scalingPoint) float64 { return float64(p.inputs) }},
	{"horizon", "steps (24 ReLUs, 2 inputs each)", []scalingPoint{{24, 2, 1, 0}, {24, 2, 2, 0}, {24, 2, 3, 0}, {24, 2, 4, 0}, {24, 2, 6, 0}},
		func(p scalingPoint) float64 { return float64(p.horizon) }},
	{"unstable units", "unstable units, % (24 ReLUs, 4 steps of 2 inputs)", []scalingPoint{{24, 2, 4, 8}, {24, 2, 4, 4}, {24, 2, 4, 2}, {24, 2, 4, 1}, {24, 2, 4, 0}}, nil},
}

func scalingBench(ctx context.Context, s *session) error { return scaling(ctx, s, scalingCurves) }

// scaling measures our search and the peers at every point of the curves, and leaves
// a picture. The peers get our ranges and our plan; in full also the rows of whoever
// has no bounds, which the picture leaves out.
func scaling(ctx context.Context, s *session, curves []scalingCurve) error {
	peers, err := s.findPeers(ctx)
	if err != nil {
		return err
	}
	st := study{session: s, peers: peers, forms: []formulation{sharpRows}, limit: s.limit(scalingLimit), done: map[scalingPoint]*scalingResult{}}
	if s.opts.Full {
		st.forms = append(st.forms, plainRows)
	}
	for _, c := range curves {
		st.total += len(c.points)
	}
	picture := report.CurvesPlot{Title: "Time to a proven plan",
		Subtitle: fmt.Sprintf("random networks, relative gap %g, geometric mean of %d; hollow: not all proven, charged what was used; peers get our ranges and plan", scalingGaps.rel, scalingNetworks),
		YLabel:   "CPU s", Limit: st.limit.Seconds(), LimitKey: "limit"}
	for _, c := range curves {
		panel, err := st.curve(ctx, c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		picture.Panels = append(picture.Panels, panel)
	}
	s.report.Picture = picture.Encode
	return nil
}

// study is a scaling study in progress.
type study struct {
	*session
	peers       []peerSolver
	forms       []formulation
	limit       time.Duration
	done        map[scalingPoint]*scalingResult // curves cross in points
	step, total int
}

// scalingResult is a point measured.
type scalingResult struct {
	unstable float64 // % of the units
	nodes    float64 // of our search, geometric mean
	matches  []*match
	peers    map[string][]pairs // by formulation, a peer each
}

// curve measures the points of c, adds their rows and returns them as a panel.
func (st *study) curve(ctx context.Context, c scalingCurve) (report.CurvesPanel, error) {
	panel := report.CurvesPanel{Title: c.name, XLabel: c.label, LogX: c.x != nil}
	ours, theirs := report.Curve{Name: "hinge"}, make([]report.Curve, len(st.peers))
	for _, p := range c.points {
		r, err := st.point(ctx, p)
		if err != nil {
			return panel, fmt.Errorf("%v: %w", p, err)
		}
		x := r.unstable
		if c.x != nil {
			x = c.x(p)
		}
		panel.X = append(panel.X, x)
		seconds, open := ourTimes(r.matches)
		ours.Add(geometricMean(seconds), open > 0)
		for i, q := range r.peers[sharpRows.name] {
			theirs[i].Add(q.mean(), q.open > 0)
		}
		st.rows(fmt.Sprintf("%s: %v, %.0f %% unstable", c.name, p, r.unstable), r)
	}
	panel.Curves = append(panel.Curves, ours)
	for i, p := range st.peers {
		if theirs[i].Name = p.name; p.solve != nil {
			panel.Curves = append(panel.Curves, theirs[i])
		}
	}
	return panel, nil
}

// ourTimes returns the times of our search and how many of them proved nothing.
func ourTimes(matches []*match) (seconds []float64, open int) {
	for _, m := range matches {
		seconds = append(seconds, m.ours.seconds)
		if !m.ours.proven {
			open++
		}
	}
	return seconds, open
}

// rows reports a point.
func (st *study) rows(name string, r *scalingResult) {
	seconds, open := ourTimes(r.matches)
	st.add(name, "time", "CPU s", geometricMean(seconds))
	st.add(name+": proven", "count", fmt.Sprintf("of %d", len(seconds)), float64(len(seconds)-open))
	st.add(name+": nodes", "nodes", "count", r.nodes)
	for _, f := range st.forms {
		for i, p := range st.peers {
			st.meanRow(name, f, p.name, r.peers[f.name][i])
		}
	}
}

// point measures p, once.
func (st *study) point(ctx context.Context, p scalingPoint) (*scalingResult, error) {
	st.step++
	if r := st.done[p]; r != nil {
		return r, nil
	}
	r := &scalingResult{peers: map[string][]pairs{}}
	for _, f := range st.forms {
		r.peers[f.name] = make([]pairs, len(st.peers))
	}
	announce := func(who string) { st.announce(st.step-1, st.total, p.String()+": "+who) }
	var nodes []float64
	for i := range scalingNetworks {
		program, err := p.program(st.opts.Seed + uint64(i))
		if err != nil {
			return nil, err
		}
		announce("hinge")
		m, n, err := st.solveMatch(ctx, p.String(), program, scalingGaps, st.limit)
		if err != nil {
			return nil, err
		}
		r.matches, nodes = append(r.matches, m), append(nodes, float64(max(n, 1)))
		r.unstable += unstableShare(program) / scalingNetworks
		if err := st.againstPeers(ctx, m, r, announce); err != nil {
			return nil, err
		}
	}
	r.nodes = geometricMean(nodes)
	st.done[p] = r
	return r, nil
}

func (st *study) againstPeers(ctx context.Context, m *match, r *scalingResult, announce func(string)) error {
	for _, f := range st.forms {
		results, err := st.play(ctx, m, f, st.peers, st.limit, announce)
		if err != nil {
			return err
		}
		for i, theirs := range results {
			r.peers[f.name][i].add(m.ours.seconds, theirs)
		}
	}
	return nil
}

// unstableShare returns how many of the units of p can be on and off, in %.
func unstableShare(p *relu.Program) float64 {
	return 100 * float64(bound.New(p).Root().Unstable()) / float64(p.ReLUs())
}

// program asks for actions that bring the state to 1 in every coordinate, from 0,
// as closely as possible summed over the steps.
func (p scalingPoint) program(seed uint64) (*relu.Program, error) {
	const nx = 4
	rng := rand.New(rand.NewPCG(seed, 0))
	net := nn.NewMLP(nx+p.inputs, []int{p.units / 2, p.units / 2}, nx, false)
	net.Init(nn.HeNormal, rng)
	for l := range 2 {
		bias := net.Bias(l)
		for i := range bias {
			bias[i] = p.bias * rng.NormFloat64()
		}
	}
	return shape{nx: nx, nu: p.inputs, horizon: p.horizon}.program(net)
}
