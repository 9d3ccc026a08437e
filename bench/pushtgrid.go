package bench

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"hinge/control"
	"hinge/internal/cputime"
	"hinge/milp"
	"hinge/milp/encode"
	"hinge/milp/highs"
	"hinge/milp/relu"
	"hinge/planner"
	"hinge/problems"
)

const (
	gridLimit = 20 * time.Second // of processor time, for one instance
	gridGap   = 1e-4
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
	sample  []string // instances that HiGHS solves as well
}

// The first classes are what Gurobi proves in a minute; then what nobody is known
// to prove whole; then what nobody is known to prove.
var pushTGrid = gridSuite{
	classes: []gridClass{
		{24, 1}, {24, 3}, {24, 5}, {48, 1}, {48, 3}, {96, 1},
		{96, 3}, {384, 1},
		{48, 5}, {24, 10}, {96, 5}, {384, 3},
	},
	sample: []string{"n24_h3_sum_a", "n24_h5_final_b", "n24_h5_sum_a", "n48_h1_final_b", "n96_h1_final_a", "n48_h3_sum_b"},
}

func pushTGridBench(ctx context.Context, s *session) error { return pushTGrid.run(ctx, s) }

// run proves plans from scratch: no stored plan is a start. Reading files does not
// count, unrolling and bounding do. A stored plan below a bound would be an error.
func (g gridSuite) run(ctx context.Context, s *session) error {
	stored, err := readGridResults(s.opts.Data)
	if err != nil {
		return err
	}
	limit, total := s.limit(gridLimit), 4*len(g.classes)+len(g.sample)
	var results []*gridResult
	for _, class := range g.classes {
		var four []*gridResult
		for _, name := range class.instances() {
			s.announce(len(results)+len(four), total, name)
			r, err := solveGrid(ctx, s, name, limit)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			four = append(four, r)
		}
		s.gridRows(class, four, stored)
		results = append(results, four...)
	}
	return g.compareWithHiGHS(ctx, s, results, limit)
}

// gridResult is one instance and its plan.
type gridResult struct {
	name    string
	problem *problems.Problem
	plan    *control.Plan
	proven  bool
	seconds float64 // of processor time
}

func openGrid(data, name string) (*problems.Problem, error) {
	path := filepath.Join(data, "push-t-grid", "instances", name+".json")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no %s; set HINGE_DATA to the folder that holds push-t-grid", ErrNoData, path)
	}
	return problems.Open("push-t-grid:" + path)
}

// gridTolerances returns the relative and absolute gap that count as proven.
func gridTolerances(p *problems.Problem) (rel, abs float64) {
	if p.Reference.BestKnown < gridSmall {
		return gridGap, gridAbsGap
	}
	return gridGap, 1e-6
}

func solveGrid(ctx context.Context, s *session, name string, limit time.Duration) (*gridResult, error) {
	p, err := openGrid(s.opts.Data, name)
	if err != nil {
		return nil, err
	}
	rel, abs := gridTolerances(p)
	ours, err := planner.New("bnb", outsideProblem(p), planner.Options{Seed: s.opts.Seed, Workers: 1, RelGap: rel, AbsGap: abs})
	if err != nil {
		return nil, err
	}
	r := &gridResult{name: name, problem: p}
	if r.plan, r.seconds, err = planWithin(ctx, ours, p.X0, limit); err != nil {
		return nil, err
	}
	known := p.Reference.BestKnown
	switch slack := 1e-7 * (1 + math.Abs(known)); {
	case !r.plan.Verified:
		return nil, fmt.Errorf("a forward pass disagrees with the plan by %g", r.plan.MaxModelError)
	case r.plan.DualBound > known+slack:
		return nil, fmt.Errorf("the bound %.9g is false: a plan of cost %.9g is known", r.plan.DualBound, known)
	}
	r.proven = provenTo(r.plan, rel, abs)
	return r, nil
}

// provenTo reports whether a sound gap of a plan is at most rel, or at most abs. The
// search stops exactly there, so that rounding in this very comparison would decide.
func provenTo(p *control.Plan, rel, abs float64) bool {
	return p.Certified && p.AbsGap() <= (1+1e-9)*max(abs, rel*math.Abs(p.Objective))
}

// outsideProblem is what planners read of a problem without hard constraints.
func outsideProblem(p *problems.Problem) planner.Problem {
	return planner.Problem{Step: p.Step, Judge: p.Model, Action: p.Action, Cost: p.Cost}
}

// planWithin plans with a limit of processor time and measures it.
func planWithin(ctx context.Context, p control.Planner, x0 []float64, limit time.Duration) (*control.Plan, float64, error) {
	limited, cancel := processorLimit(ctx, limit)
	defer cancel()
	start := cputime.Process()
	plan, err := p.Plan(limited, x0, nil)
	used := (cputime.Process() - start).Seconds()
	return plan, used, errors.Join(err, ctx.Err())
}

// gridRows reports a class: how many proofs, their time, and of each instance
// without proof the gap.
func (s *session) gridRows(class gridClass, results []*gridResult, stored gridStore) {
	var proven, good, better, slowest float64
	for _, r := range results {
		known := r.problem.Reference.BestKnown
		if r.proven {
			proven++
		}
		if rel, abs := gridTolerances(r.problem); r.plan.Objective <= known+max(rel*known, abs) {
			good++
		}
		if r.plan.Objective < known*(1-gridGap) {
			better++
		}
		slowest = max(slowest, r.seconds)
	}
	name, of := class.String(), fmt.Sprintf("of %d", len(results))
	s.add(name+": proven", "count", of, proven)
	s.add(name+": plan as good as the best known", "count", of, good)
	if better > 0 {
		s.add(name+": plan better by more than the gap", "count", of, better)
	}
	s.add(name+": slowest", "time", "CPU s", slowest)
	for _, peer := range []string{"gurobi", "highs"} {
		s.gridStored(name, peer, results, stored)
	}
	for _, r := range results {
		if r.proven {
			s.add(r.name, "time", "CPU s", r.seconds)
			continue
		}
		known := r.problem.Reference
		gap := 100 * (known.BestKnown - known.BestBound) / known.BestKnown
		ours := 1 - max(r.plan.DualBound, 0)/r.plan.Objective // no cost is below 0
		s.report.Rows = append(s.report.Rows, Row{Name: r.name + ": open", Peer: "best stored bound and plan",
			Metric: "relative gap", Unit: "%", Ours: 100 * ours, Theirs: &gap, Ratio: ratio(100*ours, gap, false)})
	}
}

// gridStored compares with times that another machine took: context, no more.
func (s *session) gridStored(name, peer string, results []*gridResult, stored gridStore) {
	var ours, theirs []float64
	open := 0
	for _, r := range results {
		if t, ok := stored[gridKey{r.name, peer}]; ok {
			ours, theirs = append(ours, r.seconds), append(theirs, t.seconds)
			if !t.proven {
				open++
			}
		}
	}
	row := Row{Name: name + ": geometric mean", Peer: noPeer, Metric: "time", Unit: "CPU s"}
	switch {
	case len(ours) > 0:
		mean := geometricMean(theirs)
		row.Name += fmt.Sprintf(" of %d", len(ours))
		row.Peer, row.Ours, row.Theirs = peer+" on another machine", geometricMean(ours), &mean
		row.Ratio = ratio(row.Ours, mean, false)
		if open > 0 {
			row.Peer += fmt.Sprintf(", %d open", open)
		}
	case peer == "gurobi": // not run
		var all []float64
		for _, r := range results {
			all = append(all, r.seconds)
		}
		row.Name += fmt.Sprintf(" of %d", len(all))
		row.Ours = geometricMean(all)
	default:
		return
	}
	s.report.Rows = append(s.report.Rows, row)
}

// compareWithHiGHS lets HiGHS prove a sample in the same run. It starts from our
// plan and has our bounds of the ranges of units; it is charged those, the rows and
// its search.
func (g gridSuite) compareWithHiGHS(ctx context.Context, s *session, results []*gridResult, limit time.Duration) error {
	library, err := highs.Open()
	if errors.Is(err, milp.ErrUnavailable) {
		s.report.Versions["highs"] = notInstalled
		return nil
	}
	if err != nil {
		return err
	}
	s.report.Versions["highs"], _, _ = highs.Version()
	var ours, theirs []float64
	for i, name := range g.sample {
		s.announce(len(results)+i, len(results)+len(g.sample), name+": highs")
		at := slices.IndexFunc(results, func(r *gridResult) bool { return r.name == name })
		r := results[at]
		t, solved, err := r.solveRows(ctx, library, limit)
		if err != nil {
			return fmt.Errorf("%s: highs: %w", name, err)
		}
		peer := "highs"
		if !solved {
			peer += ", open"
		}
		ours, theirs = append(ours, r.seconds), append(theirs, t)
		s.report.Rows = append(s.report.Rows, Row{Name: name + ", side by side", Peer: peer, Metric: "time", Unit: "CPU s",
			Ours: r.seconds, Theirs: &t, Ratio: ratio(r.seconds, t, false)})
	}
	if len(ours) > 0 {
		mean := geometricMean(theirs)
		s.report.Rows = append(s.report.Rows, Row{Name: fmt.Sprintf("side by side: geometric mean of %d", len(ours)), Peer: "highs",
			Metric: "time", Unit: "CPU s", Ours: geometricMean(ours), Theirs: &mean, Ratio: ratio(geometricMean(ours), mean, false)})
	}
	return nil
}

// solveRows returns the processor time a generic solver needs, and whether it met
// the gap.
func (r *gridResult) solveRows(ctx context.Context, solver milp.Solver, limit time.Duration) (float64, bool, error) {
	limited, cancel := processorLimit(ctx, limit)
	defer cancel()
	rel, abs := gridTolerances(r.problem)
	solved := false
	used, err := seconds(func() error {
		p, err := relu.New(r.problem.Step, r.problem.X0, r.problem.Action, r.problem.Cost, nil)
		if err != nil {
			return err
		}
		result, err := solveEncoded(limited, solver, p, r.plan.U, milp.Options{RelGap: rel, AbsGap: abs})
		if err == nil {
			solved = result.Status == milp.Optimal
		}
		return errors.Join(err, ctx.Err())
	})
	return used, solved, err
}

// solveEncoded hands p to a generic solver, with sound ranges of its units and a
// plan to start from.
func solveEncoded(ctx context.Context, solver milp.Solver, p *relu.Program, start []float64, opts milp.Options) (*milp.Result, error) {
	reach, err := encode.Reachable(p)
	if err != nil {
		return nil, err
	}
	e, err := encode.BigM(p, reach.Ranges)
	if err != nil {
		return nil, err
	}
	reach.Narrow(e)
	opts.Start = e.Start(start, p.NewWorkspace())
	return solver.Solve(ctx, e.Problem, opts)
}

// gridStore holds what solvers took elsewhere.
type gridStore map[gridKey]gridTime

type gridKey struct{ instance, solver string }

type gridTime struct {
	seconds float64
	proven  bool
}

// readGridResults reads results.csv.
func readGridResults(data string) (gridStore, error) {
	path := filepath.Join(data, "push-t-grid", "results.csv")
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no %s; set HINGE_DATA to the folder that holds push-t-grid", ErrNoData, path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("%s: no results", path)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, name := range []string{"instance", "solver", "status", "seconds"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("%s: no column %s", path, name)
		}
	}
	store := gridStore{}
	for i, row := range rows[1:] {
		t, err := strconv.ParseFloat(row[column["seconds"]], 64)
		if err != nil || !(t > 0) {
			return nil, fmt.Errorf("%s: line %d: seconds is %q; it must be a positive number", path, i+2, row[column["seconds"]])
		}
		store[gridKey{row[column["instance"]], row[column["solver"]]}] = gridTime{t, row[column["status"]] == "optimal"}
	}
	return store, nil
}

// geometricMean returns that of positive values; 0 for none.
func geometricMean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range values {
		sum += math.Log(max(v, 1e-9))
	}
	return math.Exp(sum / float64(len(values)))
}
