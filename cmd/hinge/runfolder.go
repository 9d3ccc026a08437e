package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hinge/internal/atomicfile"
	"hinge/report"
	"hinge/scenario"
	"hinge/tasks"
	"hinge/viz/raster"
	"hinge/viz/scene"
)

const (
	saveInterval = 5 * time.Second        // between saves of a run under way
	stepTime     = 400 * time.Millisecond // of one action in the movie
	stepFrames   = 6                      // of one action in the movie
)

// runFolder writes what a run leaves behind.
type runFolder struct {
	run   *report.Run
	movie *report.Movie
	loop  *scenario.Loop
	saved time.Time
	early bool // steps may be saved while the run goes on
}

func newRunFolder(dir string, loop *scenario.Loop, s *scenario.Scenario) (*runFolder, error) {
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	nx, nu := loop.Task.System.Dims()
	run, err := report.Create(dir, s.YAML(), nx, nu)
	if err != nil {
		return nil, badInput(err)
	}
	// An earlier run in this folder stays whole until this one is over.
	_, err = os.Stat(filepath.Join(dir, report.SummaryFile))
	title := fmt.Sprintf("%s, %s, seed %d", s.Task, s.Planner.Name, s.Seed)
	f := &runFolder{run: run, movie: report.NewMovie(report.MovieOptions{Title: title}), loop: loop, saved: time.Now(), early: err != nil}
	f.movie.AddStep(stepTime, loop.Task.Draw(tasks.View{State: loop.Episode.Start, Goal: loop.Episode.Goal, Caption: "start"}))
	return f, nil
}

// add records a step. Failing to save early is no reason to stop the robot: the
// save at the end will say what is wrong.
func (f *runFolder) add(step *scenario.Step) {
	s := report.Step{
		X: step.X, U: step.U, StageCost: step.StageCost,
		PlanMS: math.NaN(), Objective: math.Inf(1), DualBound: math.Inf(-1),
	}
	if step.Plan != nil {
		s.PlanMS = float64(step.PlanTime) / float64(time.Millisecond)
		s.Objective, s.DualBound, s.Status = step.Plan.Objective, step.Plan.DualBound, step.Plan.Status.String()
	}
	f.run.Add(s)
	f.movie.AddStep(stepTime, f.scenes(step)...)
	if f.early && time.Since(f.saved) >= saveInterval {
		f.saved = time.Now()
		_ = f.run.Save()
	}
}

// scenes returns the pictures of a step: first what was decided, then the motion.
func (f *runFolder) scenes(step *scenario.Step) []scene.Scene {
	task := f.loop.Task
	view := tasks.View{State: step.X, Goal: f.loop.Episode.Goal, Action: step.U, Plan: step.Plan, Caption: f.caption(step)}
	scenes := []scene.Scene{task.Draw(view), task.Draw(view)}
	view.Action = nil
	frames := [][]float64{step.Next}
	if task.Frames != nil {
		frames = task.Frames(step.X, step.U, stepFrames)
	}
	for _, x := range frames {
		view.State = x
		scenes = append(scenes, task.Draw(view))
	}
	return scenes
}

func (f *runFolder) caption(step *scenario.Step) string {
	text := fmt.Sprintf("step %d, error %s", step.T+1, length(step.Error, f.loop.Task.Unit))
	if step.Plan != nil && !math.IsInf(step.Plan.AbsGap(), 0) {
		text += fmt.Sprintf(", plan at most %s from the best", length(step.Plan.AbsGap(), f.loop.Task.Unit))
	}
	return text
}

// length writes a value of the task; metres as millimetres.
func length(v float64, unit string) string {
	if unit == "m" {
		return fmt.Sprintf("%.1f mm", 1000*v)
	}
	return strings.TrimSpace(fmt.Sprintf("%.3g %s", v, unit)) // units of states may differ
}

// finish writes all files and returns the summary.
func (f *runFolder) finish(o *scenario.Outcome, video string) (*report.RunSummary, error) {
	f.run.Summary = summaryOf(o, f.run)
	f.movie.Finish(verdict(o))
	if err := f.run.SaveMovie(f.movie); err != nil {
		return nil, err
	}
	if video != "" {
		if err := atomicfile.Write(video, f.movie.Encode); err != nil {
			return nil, err
		}
	}
	if err := f.run.SavePlanPlot(planPlot(o, f.run)); err != nil {
		return nil, err
	}
	return f.run.Summary, f.run.Save()
}

// saveInterrupted keeps the steps so far, unless an earlier run is there.
func (f *runFolder) saveInterrupted() error {
	if !f.early {
		return nil
	}
	return f.run.Save()
}

func verdict(o *scenario.Outcome) raster.Badge {
	text := fmt.Sprintf("not achieved: %s", length(o.FinalError, o.Loop.Task.Unit))
	if o.Success {
		text = fmt.Sprintf("achieved in %d steps: %s", len(o.Steps), length(o.FinalError, o.Loop.Task.Unit))
	}
	return raster.Badge{Text: text, Good: o.Success}
}

// summaryOf turns an outcome into the figures of summary.json.
func summaryOf(o *scenario.Outcome, run *report.Run) *report.RunSummary {
	s := o.Scenario
	r := &report.RunSummary{
		Task: s.Task, Planner: s.Planner.Name, Model: s.ModelName(), Seed: s.Seed,
		Success: o.Success, FinalError: report.Number(o.FinalError), FinalErrorUnit: o.Loop.Task.Unit,
		DeadlineMS:        report.Number(1000 * s.Planner.Time),
		CertifiedFraction: report.Number(o.CertifiedFraction), ActionsReplaced: o.ActionsReplaced, PlansConfined: o.PlansConfined,
		ModelError: report.ModelError{OneStep: report.Number(o.ModelError.OneStep), Horizon: report.Number(o.ModelError.Horizon)},
		Out:        run.Dir,
	}
	r.Measure(run.Steps)
	return r
}

func planPlot(o *scenario.Outcome, run *report.Run) report.PlanPlot {
	s := o.Scenario
	p := report.PlanPlot{
		Title:    fmt.Sprintf("%s with %s, horizon %d, seed %d", s.Task, s.Planner.Name, s.Planner.Horizon, s.Seed),
		Subtitle: verdict(o).Text, Unit: o.Loop.Task.Unit, Scale: 1,
		Steps: run.Steps, AbsTol: s.Planner.AbsGap, RelTol: s.Planner.Gap, TraceStep: o.TraceStep,
	}
	if p.Unit == "m" {
		p.Unit, p.Scale = "mm", 1000
	}
	for t := range o.Steps {
		if costs := o.Predicted(t); costs != nil {
			p.Predictions = append(p.Predictions, report.Prediction{Step: t, Costs: costs})
		}
	}
	for _, b := range o.Trace {
		p.Trace = append(p.Trace, report.BoundPoint{Time: b.Elapsed.Seconds(), Objective: b.PrimalBound, DualBound: b.DualBound})
	}
	return p
}

// freshFolder returns parent/name, or parent/name-2 and so on if that is taken: a
// result is never replaced without being asked.
func freshFolder(parent, name string) string {
	dir := filepath.Join(parent, name)
	for i := 2; ; i++ {
		if _, err := os.Stat(dir); err != nil {
			return dir
		}
		dir = filepath.Join(parent, fmt.Sprintf("%s-%d", name, i))
	}
}
