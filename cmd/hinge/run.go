package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"hinge/internal/strictyaml"
	"hinge/report"
	"hinge/scenario"
)

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run one closed-loop episode and keep it in a folder",
		Long: `Run one closed-loop episode: plan, act, observe, until the task is achieved or
the steps are used up. SCENARIO is a name from hinge list scenarios or a YAML
file. The run folder gets scenario.yaml (with every default written), steps.csv,
summary.json, movie.gif and plan.png.`,
		Example: `  hinge run push-t
  hinge run push-t --planner cem --seed 7 --json
  hinge run push-t --set planner.horizon=2 --set noise=0.001 --out runs/noisy`,
		Args: exactArgs("a scenario; see hinge list scenarios"),
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.sets, "set", nil, "override a value of the scenario, as key=value; may be repeated")
	fl.StringVar(&f.planner, "planner", "", "the same as --set planner.name=NAME; see hinge list planners")
	fl.BoolVar(&f.headless, "headless", false, "open no window (this command never does)")
	fl.StringVar(&f.video, "video", "", "also write the movie to this .gif file")
	fl.BoolVar(&f.requireSuccess, "require-success", false, "exit with status 5 if the task was not achieved")
	return a.command(c, "run folder (default runs/SCENARIO-PLANNER-SEED)", func(ctx context.Context, cmd *cobra.Command, args []string) (result, error) {
		return a.run(ctx, cmd, args[0], f)
	})
}

type runFlags struct {
	sets           []string
	planner        string
	headless       bool
	video          string
	requireSuccess bool
}

func (a *app) run(ctx context.Context, cmd *cobra.Command, name string, f runFlags) (result, error) {
	if f.video != "" {
		if err := checkOutFile("--video", f.video, ".gif"); err != nil {
			return nil, err
		}
	}
	s, err := a.loadScenario(cmd, name, f.planner, f.sets)
	if err != nil {
		return nil, err
	}
	loop, err := s.Open()
	if err != nil {
		return nil, badInput(err)
	}
	dir := a.out
	if dir == "" {
		dir = freshFolder("runs", fmt.Sprintf("%s-%s-%d", s.Task, s.Planner.Name, s.Seed))
	}
	summary, err := a.runEpisode(ctx, loop, s, dir, f.video)
	if summary == nil {
		return nil, err
	}
	if err == nil && f.requireSuccess && !summary.Success {
		err = withStatus(statusNoSuccess, fmt.Errorf("the task was not achieved: the final error is %s", length(float64(summary.FinalError), summary.FinalErrorUnit)))
	}
	return runResult{summary}, err
}

// loadScenario reads a scenario with the overrides of the command line.
func (a *app) loadScenario(cmd *cobra.Command, name, planner string, sets []string) (*scenario.Scenario, error) {
	overrides, err := parseSets(sets)
	if err != nil {
		return nil, err
	}
	if planner != "" {
		overrides = append(overrides, strictyaml.Override{Label: "--planner " + planner, Key: "planner.name", Value: planner})
	}
	if cmd.Flags().Changed("seed") {
		seed := strconv.FormatUint(a.seed, 10)
		overrides = append(overrides, strictyaml.Override{Label: "--seed " + seed, Key: "seed", Value: seed})
	}
	s, err := scenario.Load(name, overrides...)
	return s, badInput(err)
}

// runEpisode runs and writes the folder. An interrupted episode is kept as far as
// it got, without a summary.
func (a *app) runEpisode(ctx context.Context, loop *scenario.Loop, s *scenario.Scenario, dir, video string) (*report.RunSummary, error) {
	folder, err := newRunFolder(dir, loop, s)
	if err != nil {
		return nil, err
	}
	p := a.progress("run", "steps", s.MaxSteps)
	defer p.finish()
	outcome, err := loop.Run(ctx, scenario.RunOptions{OnStep: func(step *scenario.Step) {
		folder.add(step)
		p.set(step.T+1, fmt.Sprintf("error %.3g %s", step.Error, loop.Task.Unit))
		a.log.Info("step", "t", step.T, "error", step.Error, "plan", step.PlanTime, "certified", step.Certified, "escaped", step.Escaped, "confined", step.Confined)
		if step.Reason != nil {
			a.log.Warn("plan not used", "t", step.T, "reason", step.Reason, "instead", step.Fallback)
		}
	}})
	p.finish()
	if err != nil {
		if outcome == nil {
			return nil, badInput(err) // this planner cannot be had here
		}
		return nil, errors.Join(err, folder.saveInterrupted())
	}
	return folder.finish(outcome, video)
}

type runResult struct{ *report.RunSummary }

func (r runResult) text(w io.Writer) {
	verdict := "not achieved"
	if r.Success {
		verdict = "achieved"
	}
	fmt.Fprintf(w, "%s with %s, seed %d: %s after %d steps\n", r.Task, r.Planner, r.Seed, verdict, r.Steps)
	t := report.NewTable("", "value", "")
	t.Add("final error", r.FinalError, r.FinalErrorUnit)
	t.Add("cost", r.Cost, "")
	t.Add("plan time, median", r.PlanMS.Median, "ms")
	t.Add("plan time, largest", r.PlanMS.Max, "ms")
	t.Add("deadline missed", r.DeadlineMisses, "plans")
	t.Add("gap, median", r.RelGap.Median, "of the cost")
	t.Add("certified", r.CertifiedFraction, "of the plans")
	t.Add("actions replaced", r.ActionsReplaced, "steps after nothing moved")
	t.Add("plans confined", r.PlansConfined, "away from what moved nothing")
	t.Add("model error, 1 step", r.ModelError.OneStep, r.FinalErrorUnit)
	t.Add("model error, horizon", r.ModelError.Horizon, r.FinalErrorUnit)
	fmt.Fprint(w, t)
	fmt.Fprintln(w, r.Out)
}
