package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/bound"
	"hinge/milp/highs"
	"hinge/milp/relu"
	"hinge/nn"
	"hinge/report"
)

const (
	scalingLimit    = 5 * time.Second // of processor time, for one search
	scalingGap      = 1e-3
	scalingNetworks = 2 // random ones a point
)

// scalingPoint is a random program: two hidden layers of half the units each, a
// state of 4, an action of 2. Biases of the hidden units are normal with deviation
// bias; the larger, the fewer units are unstable.
type scalingPoint struct {
	units, horizon int
	bias           float64
}

// scalingCurve varies one thing.
type scalingCurve struct {
	name, label string
	points      []scalingPoint
	x           func(scalingPoint) float64
}

// scalingCurves start from one middle point: 24 units, 3 steps of 2 inputs.
var scalingCurves = []scalingCurve{
	{"ReLUs", "ReLUs a step, 3 steps", []scalingPoint{{12, 3, 0}, {24, 3, 0}, {48, 3, 0}, {96, 3, 0}},
		func(p scalingPoint) float64 { return float64(p.units) }},
	{"inputs", "steps of 2 inputs, 24 ReLUs each", []scalingPoint{{24, 1, 0}, {24, 2, 0}, {24, 3, 0}, {24, 4, 0}, {24, 5, 0}, {24, 6, 0}},
		func(p scalingPoint) float64 { return float64(p.horizon) }},
	{"unstable", "unstable units, %, 24 x 4 ReLUs", []scalingPoint{{24, 4, 8}, {24, 4, 4}, {24, 4, 2}, {24, 4, 1}, {24, 4, 0}}, nil},
}

func scalingBench(ctx context.Context, s *session) error { return scaling(ctx, s, scalingCurves) }

// scaling measures our search and, where it is installed, HiGHS at every point of
// the curves, and leaves a picture.
func scaling(ctx context.Context, s *session, curves []scalingCurve) error {
	library, err := highs.Open()
	if err != nil && !errors.Is(err, milp.ErrUnavailable) {
		return err
	}
	installed := err == nil
	s.report.Versions["highs"] = notInstalled
	if installed {
		s.report.Versions["highs"], _, _ = highs.Version()
	}
	limit := s.limit(scalingLimit)
	picture := report.CurvesPlot{Title: "Time to a proven plan",
		Subtitle: fmt.Sprintf("random networks, relative gap %g, geometric mean of %d; who does not get there is charged what it used", scalingGap, scalingNetworks),
		YLabel:   "CPU s", Limit: limit.Seconds(), LimitKey: "limit"}
	done, total := 0, 0
	for _, c := range curves {
		total += len(c.points)
	}
	for _, c := range curves {
		panel := report.CurvesPanel{Title: c.name, XLabel: c.label}
		var ours, theirs []float64
		for _, p := range c.points {
			s.announce(done, total, fmt.Sprintf("%s: %+v", c.name, p))
			done++
			m, err := p.measure(ctx, s, library, installed, limit)
			if err != nil {
				return fmt.Errorf("%s: %+v: %w", c.name, p, err)
			}
			x := m.unstable
			if c.x != nil {
				x = c.x(p)
			}
			panel.X = append(panel.X, x)
			ours, theirs = append(ours, m.ours.seconds), append(theirs, m.theirs.seconds)
			m.rows(s, c.name, p, installed)
		}
		panel.Curves = []report.Curve{{Name: "hinge", Y: ours}}
		if installed {
			panel.Curves = append(panel.Curves, report.Curve{Name: "HiGHS", Y: theirs})
		}
		picture.Panels = append(picture.Panels, panel)
	}
	s.report.Picture = picture.Encode
	return nil
}

// scalingResult is a point measured: geometric means of processor seconds.
type scalingResult struct {
	unstable     float64 // % of the units
	nodes        float64 // of our search, geometric mean
	ours, theirs solved
}

func (p scalingPoint) measure(ctx context.Context, s *session, library milp.Solver, installed bool, limit time.Duration) (*scalingResult, error) {
	m := new(scalingResult)
	var ours, theirs, nodes []float64
	for i := range scalingNetworks {
		program, err := p.program(s.opts.Seed + uint64(i))
		if err != nil {
			return nil, err
		}
		var r *bnb.Result
		limited, cancel := processorLimit(ctx, limit)
		used, err := seconds(func() error {
			r, err = bnb.Solve(limited, program, bnb.Options{RelGap: scalingGap, AbsGap: -1, Seed: s.opts.Seed})
			return errors.Join(err, ctx.Err())
		})
		cancel()
		if err != nil {
			return nil, err
		}
		if r.Status == milp.Optimal {
			m.ours.solved++
		}
		m.unstable += unstableShare(program) / scalingNetworks
		ours, nodes = append(ours, used), append(nodes, float64(max(r.NodeCount, 1)))
		if !installed {
			continue
		}
		limited, cancel = processorLimit(ctx, limit)
		used, err = seconds(func() error {
			t, err := solveEncoded(limited, library, program, r.U, milp.Options{RelGap: scalingGap, AbsGap: -1})
			if err == nil && t.Status == milp.Optimal {
				m.theirs.solved++
			}
			return errors.Join(err, ctx.Err())
		})
		cancel()
		if err != nil {
			return nil, fmt.Errorf("highs: %w", err)
		}
		theirs = append(theirs, used)
	}
	m.ours.seconds, m.theirs.seconds, m.nodes = geometricMean(ours), geometricMean(theirs), geometricMean(nodes)
	return m, nil
}

// unstableShare returns how many of the units of p can be on and off, in %.
func unstableShare(p *relu.Program) float64 {
	return 100 * float64(bound.New(p).Root().Unstable()) / float64(p.ReLUs())
}

func (m *scalingResult) rows(s *session, curve string, p scalingPoint, installed bool) {
	name := fmt.Sprintf("%s: %d ReLUs x %d steps, %.0f %% unstable", curve, p.units, p.horizon, m.unstable)
	time := Row{Name: name, Peer: "highs", Metric: "time", Unit: "CPU s", Ours: m.ours.seconds}
	count := Row{Name: name + ": proven", Peer: "highs", Metric: "count", Unit: fmt.Sprintf("of %d", scalingNetworks), Ours: m.ours.solved}
	if installed {
		time.Theirs, time.Ratio = &m.theirs.seconds, ratio(m.ours.seconds, m.theirs.seconds, false)
		count.Theirs, count.Ratio = &m.theirs.solved, ratio(m.ours.solved, m.theirs.solved, true)
	}
	s.report.Rows = append(s.report.Rows, time, count)
	s.add(name, "nodes", "count", m.nodes)
}

// program asks for actions that bring the state to 1 in every coordinate, from 0,
// as closely as possible summed over the steps.
func (p scalingPoint) program(seed uint64) (*relu.Program, error) {
	const nx, nu = 4, 2
	rng := rand.New(rand.NewPCG(seed, 0))
	net := nn.NewMLP(nx+nu, []int{p.units / 2, p.units / 2}, nx, false)
	net.Init(nn.HeNormal, rng)
	for l := range 2 {
		bias := net.Bias(l)
		for i := range bias {
			bias[i] = p.bias * rng.NormFloat64()
		}
	}
	return shape{nx: nx, nu: nu, horizon: p.horizon}.program(net)
}
