package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"hinge/internal/strictyaml"
	"hinge/report"
	"hinge/scenario"
)

// demoPlanners are compared at equal wall time per plan: the first proves its
// plans on the sparse model, the others sample on the dense one.
var demoPlanners = []string{"bnb", "cem", "mppi"}

const demoSteps = 20 // most actions of an episode

func (a *app) demoCommand() *cobra.Command {
	var seeds int
	var planTime float64
	c := &cobra.Command{
		Use:   "demo",
		Short: "Push a T with three planners and compare them",
		Long: `Push a T to its goal from several starts, with branch-and-bound on a sparse model
and with two sampling planners on a dense one, at equal time per plan. Every
episode leaves a run folder with a movie and a plot.`,
		Example: "  hinge demo\n  hinge demo --seeds 2 --time 0.2 --out /tmp/demo",
		Args:    exactArgs(),
	}
	c.Flags().IntVar(&seeds, "seeds", 4, "starts to run from")
	c.Flags().Float64Var(&planTime, "time", 1, "seconds per plan")
	return a.command(c, "folder for the runs (default demo)", func(ctx context.Context, _ *cobra.Command, _ []string) (result, error) {
		if seeds < 1 || !(planTime > 0) {
			return nil, badInputf("--seeds is %d, --time %g; seeds must be at least 1 and the time above 0", seeds, planTime)
		}
		if a.out == "" {
			a.out = "demo"
		}
		return a.demo(ctx, a.out, seeds, planTime)
	})
}

func (a *app) demo(ctx context.Context, dir string, seeds int, planTime float64) (result, error) {
	start := time.Now()
	runs := map[string][]*report.RunSummary{}
	p := a.progress("demo", "episodes", seeds*len(demoPlanners))
	defer p.finish()
	for i := range seeds {
		for j, planner := range demoPlanners {
			seed := a.seed + uint64(i)
			p.set(i*len(demoPlanners)+j, fmt.Sprintf("seed %d with %s", seed, planner))
			summary, err := a.demoEpisode(ctx, dir, planner, seed, planTime)
			if err != nil {
				return nil, err
			}
			runs[planner] = append(runs[planner], summary)
		}
	}
	p.finish()
	r := demoResult{Seeds: seeds, PlanTime: planTime, Out: dir, Time: time.Since(start).Seconds()}
	for _, planner := range demoPlanners {
		r.Rows = append(r.Rows, newDemoRow(planner, runs[planner]))
	}
	return a.saved("summary", r) // beside the runs
}

// demoEpisode runs one episode without progress of its own.
func (a *app) demoEpisode(ctx context.Context, dir, planner string, seed uint64, planTime float64) (*report.RunSummary, error) {
	set := func(key, value string) strictyaml.Override {
		return strictyaml.Override{Label: "demo", Key: key, Value: value}
	}
	s, err := scenario.Load("push-t",
		set("seed", strconv.FormatUint(seed, 10)), set("max_steps", strconv.Itoa(demoSteps)), set("planner.name", planner),
		set("planner.time", strconv.FormatFloat(planTime, 'g', -1, 64)), set("planner.iterations", "-1"))
	if err != nil {
		return nil, badInput(err)
	}
	loop, err := s.Open()
	if err != nil {
		return nil, badInput(err)
	}
	quiet := *a
	quiet.json = true // the bar of the demo says how far it is
	return quiet.runEpisode(ctx, loop, s, filepath.Join(dir, fmt.Sprintf("%s-%d", planner, seed)), "")
}

type demoResult struct {
	Rows     []demoRow `json:"rows"`
	Seeds    int       `json:"seeds"`
	PlanTime float64   `json:"time_per_plan_s"`
	Time     float64   `json:"time_s"`
	Out      string    `json:"out"`
}

// demoRow is what a planner achieved over all seeds; costs and gaps are medians.
type demoRow struct {
	Planner           string        `json:"planner"`
	Model             string        `json:"model"`
	N                 int           `json:"n"`
	Successes         int           `json:"successes"`
	SuccessLow        float64       `json:"success_low"`
	SuccessHigh       float64       `json:"success_high"`
	Cost              report.Number `json:"cost_median"`
	Steps             float64       `json:"steps_median"`
	PlanMS            report.Number `json:"plan_ms_median"`
	AbsGap            report.Number `json:"abs_gap_median"`
	RelGap            report.Number `json:"rel_gap_median"`
	CertifiedFraction report.Number `json:"certified_fraction"`
	Example           string        `json:"example"` // a run folder
}

func newDemoRow(planner string, runs []*report.RunSummary) demoRow {
	r := demoRow{Planner: planner, Model: runs[0].Model, N: len(runs), Example: runs[0].Out}
	median := func(value func(*report.RunSummary) report.Number) report.Number {
		var values []float64
		for _, s := range runs {
			values = append(values, float64(value(s)))
		}
		return report.Number(report.Median(values))
	}
	for _, s := range runs {
		if s.Success {
			r.Successes++
		}
		r.CertifiedFraction += s.CertifiedFraction / report.Number(len(runs))
	}
	r.SuccessLow, r.SuccessHigh = report.Wilson(r.Successes, r.N)
	r.Cost = median(func(s *report.RunSummary) report.Number { return s.Cost })
	r.Steps = float64(median(func(s *report.RunSummary) report.Number { return report.Number(s.Steps) }))
	r.PlanMS = median(func(s *report.RunSummary) report.Number { return s.PlanMS.Median })
	r.AbsGap = median(func(s *report.RunSummary) report.Number { return s.AbsGap.Median })
	r.RelGap = median(func(s *report.RunSummary) report.Number { return s.RelGap.Median })
	// The first run that worked is the one to look at.
	if i := slices.IndexFunc(runs, func(s *report.RunSummary) bool { return s.Success }); i >= 0 {
		r.Example = runs[i].Out
	}
	return r
}

func (r demoResult) text(w io.Writer) {
	fmt.Fprintf(w, "push-t, %d starts, %.2g s per plan\n\n", r.Seeds, r.PlanTime)
	t := report.NewTable("planner", "success", "cost", "steps", "plan ms", "gap", "certified")
	for _, row := range r.Rows {
		gap := "none"
		if v := float64(row.AbsGap); v == v && v < 1e9 {
			gap = fmt.Sprintf("%s (%.2g %%)", length(v, "m"), 100*float64(row.RelGap))
		}
		t.Add(row.Planner, fmt.Sprintf("%d/%d", row.Successes, row.N), fmt.Sprintf("%.3f", float64(row.Cost)), row.Steps,
			fmt.Sprintf("%.0f", float64(row.PlanMS)), gap, fmt.Sprintf("%.0f %%", 100*float64(row.CertifiedFraction)))
	}
	fmt.Fprint(w, t)
	fmt.Fprintln(w, "\ncost: sum over the steps of the mean keypoint distance (m), median of the episodes;")
	fmt.Fprintln(w, "gap: the largest distance of a plan from the best one its model allows, proven, median;")
	fmt.Fprintln(w, "certified: share of the plans proven in time to be within 1 % or 1 mm of it, and followed")
	for _, row := range r.Rows {
		fmt.Fprintf(w, "%-5s %s  %s\n", row.Planner, filepath.Join(row.Example, report.MovieFile), filepath.Join(row.Example, report.PlanPlotFile))
	}
	fmt.Fprintf(w, "all of it: %s (%.0f s)\n", r.Out, r.Time)
}
