package bench

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"hinge/control"
	"hinge/internal/strictyaml"
	"hinge/planner"
	"hinge/problems"
	"hinge/report"
	"hinge/scenario"
)

// pushTSuite is what a run of the benchmark looks at.
type pushTSuite struct {
	horizons  []pushTHorizon
	starts    int // of the task, seeds 1, 2 ..
	instances []int
	planners  []string
	seeds     int           // of plans among obstacles
	limit     time.Duration // of processor time, for a plan among obstacles
}

// pushTHorizon is a horizon and the processor time it should take to prove a plan.
type pushTHorizon struct {
	steps int
	limit time.Duration
}

var pushT = pushTSuite{
	horizons:  []pushTHorizon{{3, 100 * time.Millisecond}, {5, time.Second}, {8, 10 * time.Second}},
	starts:    20,
	instances: []int{0, 1},
	planners:  []string{"bnb", "cem", "cma", "beam"},
	seeds:     1,
	limit:     40 * time.Second, // 20 s of two processors
}

func pushTBench(ctx context.Context, s *session) error {
	suite := pushT
	if s.opts.Starts > 0 {
		suite.starts = s.opts.Starts
	}
	if s.opts.Seeds > 0 {
		suite.seeds = s.opts.Seeds
	}
	suite.limit = s.limit(suite.limit)
	if err := suite.sparse(ctx, s); err != nil {
		return err
	}
	return suite.obstacles(ctx, s)
}

// sparse proves first plans of the scenario with its sparse model, by one worker,
// to the scenario's gap.
func (g pushTSuite) sparse(ctx context.Context, s *session) error {
	for i, h := range g.horizons {
		var met, seconds, first, gaps []float64
		for k := range g.starts {
			s.announce(i*g.starts+k, len(g.horizons)*g.starts, fmt.Sprintf("push-t, H = %d, start %d", h.steps, k+1))
			sc, loop, err := openScenario("push-t", map[string]string{
				"seed": strconv.FormatUint(s.opts.Seed+uint64(k), 10), "planner.horizon": strconv.Itoa(h.steps), "planner.workers": "1"})
			if err != nil {
				return err
			}
			p, err := planner.New("bnb", loop.Problem, loop.Options())
			if err != nil {
				return err
			}
			plan, used, err := planWithin(ctx, p, loop.Start(), h.limit)
			if err != nil {
				return err
			}
			met = append(met, 0)
			if plan.Verified && provenTo(plan, tolerances{sc.Planner.Gap, sc.Planner.AbsGap}) {
				met[k] = 100
			}
			seconds = append(seconds, used)
			first = append(first, 1000*plan.FirstPlanTime.Seconds())
			gaps = append(gaps, 1000*plan.AbsGap())
		}
		name := fmt.Sprintf("H = %d, %d starts", h.steps, g.starts)
		s.add(fmt.Sprintf("%s: 1 %% or 1 mm within %g CPU s", name, h.limit.Seconds()), "share", "%", mean(met))
		s.add(name+": median", "time", "CPU s", report.Median(seconds))
		s.add(name+": median", "gap left", "mm", report.Median(gaps))
		s.add(name+": first plan, median", "wall time", "ms", report.Median(first))
		s.add(name+": first plan, 90 %", "wall time", "ms", report.Quantile(first, .9))
	}
	return nil
}

// openScenario opens a scenario with some of its keys set.
func openScenario(name string, set map[string]string) (*scenario.Scenario, *scenario.Loop, error) {
	var overrides []strictyaml.Override
	for key, value := range set {
		overrides = append(overrides, strictyaml.Override{Label: "bench", Key: key, Value: value})
	}
	sc, err := scenario.Load(name, overrides...)
	if err != nil {
		return nil, nil, err
	}
	loop, err := sc.Open()
	return sc, loop, err
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// obstacles plans for 20 steps of a network of 768 ReLUs among obstacles, from
// scratch, with each planner and every seed. The published costs come from another
// machine.
func (g pushTSuite) obstacles(ctx context.Context, s *session) error {
	path, err := outsidePath(s.opts.Data, "push-t", "instances.json")
	if err != nil {
		return err
	}
	done, total := 0, len(g.instances)*len(g.planners)*g.seeds
	for _, k := range g.instances {
		p, err := problems.Open(fmt.Sprintf("push-t:%s#%d", path, k))
		if err != nil {
			return err
		}
		for _, name := range g.planners {
			for seed := s.opts.Seed; seed < s.opts.Seed+uint64(g.seeds); seed++ {
				row := fmt.Sprintf("instance %d, %s, seed %d, %g CPU s", k, name, seed, g.limit.Seconds())
				s.announce(done, total, row)
				if err := g.among(ctx, s, row, name, seed, p); err != nil {
					return err
				}
				done++
			}
		}
	}
	return nil
}

// among makes one plan among obstacles.
func (g pushTSuite) among(ctx context.Context, s *session, row, name string, seed uint64, p *problems.Problem) error {
	opts := planner.Options{Seed: seed, Workers: 2, RelGap: 1e-4, AbsGap: 1e-6, Iterations: -1}
	ours, err := planner.New(name, outsideProblem(p), opts)
	if err != nil {
		return err
	}
	plan, _, err := planWithin(ctx, ours, p.X0, g.limit)
	if err != nil {
		return err
	}
	if !plan.Verified {
		return fmt.Errorf("%s: a forward pass disagrees with the plan by %g", row, plan.MaxModelError)
	}
	published, by := bestPublished(p)
	g.rows(s, row, plan, p, published, by)
	return nil
}

func (g pushTSuite) rows(s *session, name string, plan *control.Plan, p *problems.Problem, published float64, by string) {
	row := Row{Name: name, Peer: noPeer, Metric: "planned cost", Unit: "1", Ours: plan.Objective}
	if by != "" {
		row.Peer, row.Theirs, row.Ratio = "published, "+by, &published, ratio(plan.Objective, published, false)
	}
	s.report.Rows = append(s.report.Rows, row)
	s.add(name+": collisions", "count", "points", float64(len(p.Collisions(plan.Trajectory))))
	if !math.IsInf(plan.DualBound, -1) {
		s.add(name+": no plan is below", "dual bound", "1", plan.DualBound)
	}
}

// bestPublished returns the cheapest plan that came with a problem, and who made
// it; "" if there is none.
func bestPublished(p *problems.Problem) (cost float64, by string) {
	cost = math.Inf(1)
	for _, q := range p.Published {
		if q.Cost < cost {
			cost, by = q.Cost, q.Method
		}
	}
	return cost, by
}
