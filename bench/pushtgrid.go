package bench

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"hinge/problems"
)

const (
	gridLimit     = 20 * time.Second // of processor time, for one instance and our search
	gridPeerLimit = 10 * time.Second // and for a peer, unless another limit is given
	gridGap       = 1e-4
	// Where the optimum is below gridSmall, an absolute gap will do.
	gridSmall, gridAbsGap = .01, 1e-3
)

// gridClass is a network's number of ReLUs and a horizon. There are four
// instances of each: two costs, two starts.
type gridClass struct{ relus, horizon int }

func (c gridClass) String() string { return fmt.Sprintf("%d x %d", c.relus, c.horizon) }

func (c gridClass) instances() []string {
	var names []string
	for _, kind := range []string{"final_a", "final_b", "sum_a", "sum_b"} {
		names = append(names, fmt.Sprintf("n%d_h%d_%s", c.relus, c.horizon, kind))
	}
	return names
}

// gridSuite is what a run of the benchmark looks at.
type gridSuite struct {
	classes []gridClass
	sample  []string // instances that the peers solve as well
}

// What Gurobi proves in a minute; what nobody is known to prove whole; what nobody is
// known to prove.
var (
	gridProven = []gridClass{{24, 1}, {24, 3}, {24, 5}, {48, 1}, {48, 3}, {96, 1}}
	gridPartly = []gridClass{{96, 3}, {384, 1}}
	gridOpen   = []gridClass{{48, 5}, {24, 10}, {96, 5}, {384, 3}}
)

// gridSample is what the peers solve unless they are to solve all of gridProven.
var gridSample = []string{"n24_h3_sum_a", "n24_h5_final_b", "n24_h5_sum_a", "n48_h1_final_b", "n96_h1_final_a", "n48_h3_sum_b"}

// pushTGrid returns the moderate suite, or everything.
func pushTGrid(full bool) gridSuite {
	g := gridSuite{classes: slices.Concat(gridProven, gridPartly), sample: gridSample}
	if full {
		g.classes, g.sample = append(g.classes, gridOpen...), nil
		for _, class := range gridProven {
			g.sample = append(g.sample, class.instances()...)
		}
	}
	return g
}

func pushTGridBench(ctx context.Context, s *session) error {
	return pushTGrid(s.opts.Full).run(ctx, s)
}

// run proves plans from scratch: no stored plan is a start. Reading files does not
// count, unrolling and bounding do. A stored plan below a bound would be an error.
func (g gridSuite) run(ctx context.Context, s *session) error {
	limit, total := s.limit(gridLimit), 4*len(g.classes)
	var results []*gridResult
	for _, class := range g.classes {
		var four []*gridResult
		for _, name := range class.instances() {
			s.announce(len(results)+len(four), total, name)
			r, err := solveGrid(ctx, s, name, limit)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			r.class = class.String()
			four = append(four, r)
		}
		s.gridRows(class, four)
		results = append(results, four...)
	}
	var sample []*match
	for _, r := range results {
		if slices.Contains(g.sample, r.name) {
			sample = append(sample, &r.match)
		}
	}
	return s.sideBySide(ctx, sample, []formulation{plainRows, sharpRows}, s.limit(gridPeerLimit))
}

// gridResult is one instance and its plan.
type gridResult struct {
	match
	known problems.Reference
}

func openGrid(data, name string) (*problems.Problem, error) {
	path, err := outsidePath(data, "push-t-grid", "instances", name+".json")
	if err != nil {
		return nil, err
	}
	return problems.Open("push-t-grid:" + path)
}

// gridTolerances returns the gaps that count as proven.
func gridTolerances(p *problems.Problem) tolerances {
	if p.Reference.BestKnown < gridSmall {
		return tolerances{gridGap, gridAbsGap}
	}
	return tolerances{gridGap, 1e-6}
}

func solveGrid(ctx context.Context, s *session, name string, limit time.Duration) (*gridResult, error) {
	p, err := openGrid(s.opts.Data, name)
	if err != nil {
		return nil, err
	}
	tol := gridTolerances(p)
	plan, used, err := s.planOutside(ctx, p, tol, limit)
	if err != nil {
		return nil, err
	}
	known := p.Reference.BestKnown
	switch slack := 1e-7 * (1 + math.Abs(known)); {
	case !plan.Verified:
		return nil, fmt.Errorf("a forward pass disagrees with the plan by %g", plan.MaxModelError)
	case plan.DualBound > known+slack:
		return nil, fmt.Errorf("the bound %.9g is false: a plan of cost %.9g is known", plan.DualBound, known)
	}
	m, err := planMatch(name, p, plan, used, tol)
	return &gridResult{match: m, known: p.Reference}, err
}

// gridRows reports a class: how many proofs, their time, and of each instance
// without proof the gap.
func (s *session) gridRows(class gridClass, results []*gridResult) {
	var proven, good, better, slowest float64
	var times []float64
	for _, r := range results {
		known := r.known.BestKnown
		if r.ours.proven {
			proven++
		}
		if r.ours.objective <= known+max(r.tol.rel*known, r.tol.abs) {
			good++
		}
		if r.ours.objective < known*(1-gridGap) {
			better++
		}
		times, slowest = append(times, r.ours.seconds), max(slowest, r.ours.seconds)
	}
	name, of := class.String(), fmt.Sprintf("of %d", len(results))
	s.add(name+": proven", "count", of, proven)
	s.add(name+": plan as good as the best known", "count", of, good)
	if better > 0 {
		s.add(name+": plan better by more than the gap", "count", of, better)
	}
	s.add(name+": geometric mean", "time", "CPU s", geometricMean(times))
	s.add(name+": slowest", "time", "CPU s", slowest)
	for _, r := range results {
		if r.ours.proven {
			s.add(r.name, "time", "CPU s", r.ours.seconds)
			continue
		}
		gap := 100 * (r.known.BestKnown - r.known.BestBound) / r.known.BestKnown
		ours := 1 - max(r.ours.bound, 0)/r.ours.objective // no cost is below 0
		s.report.Rows = append(s.report.Rows, Row{Name: r.name + ": open", Peer: "best stored bound and plan",
			Metric: "relative gap", Unit: "%", Ours: 100 * ours, Theirs: &gap, Ratio: ratio(100*ours, gap, false)})
	}
}
