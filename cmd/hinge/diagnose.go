package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"hinge/report"
)

// diagnose reads a run folder and says what its own figures tell about why it
// went wrong, the most likely cause first.
func diagnose(dir string) (doctorResult, error) {
	run, err := report.Open(dir)
	if err != nil {
		return doctorResult{}, badInput(err)
	}
	var rows []finding
	if run.Summary == nil {
		rows = append(rows, finding{
			Name: "complete", Detail: fmt.Sprintf("the run was interrupted after %d steps: there is no %s", len(run.Steps), report.SummaryFile),
			Remedy: "run it again: hinge run " + filepath.Join(dir, report.ScenarioFile),
		})
		return doctorResult{Rows: rows}, nil
	}
	for _, check := range []func(*report.Run) finding{checkSuccess, checkDeadline, checkProgress, checkModelError, checkProof} {
		rows = append(rows, check(run))
	}
	// What is wrong comes first; within that, the order above.
	slices.SortStableFunc(rows, func(a, b finding) int { return boolOrder(a.OK) - boolOrder(b.OK) })
	return doctorResult{Rows: rows}, nil
}

func boolOrder(ok bool) int {
	if ok {
		return 1
	}
	return 0
}

func checkSuccess(r *report.Run) finding {
	s := r.Summary
	detail := fmt.Sprintf("achieved in %d steps", s.Steps)
	if !s.Success {
		detail = fmt.Sprintf("not achieved in %d steps: the final error is %s", s.Steps, length(float64(s.FinalError), s.FinalErrorUnit))
	}
	return finding{Name: "task", OK: s.Success, Detail: detail}
}

func checkDeadline(r *report.Run) finding {
	s := r.Summary
	f := finding{Name: "planning time", OK: s.DeadlineMisses == 0}
	switch {
	case math.IsNaN(float64(s.PlanMS.Max)):
		f.Detail = "nothing was planned"
	case math.IsNaN(float64(s.DeadlineMS)):
		f.Detail = fmt.Sprintf("largest %.0f ms, no deadline", float64(s.PlanMS.Max))
	default:
		f.Detail = fmt.Sprintf("%d of %d plans were late: largest %.0f ms, deadline %.0f ms", s.DeadlineMisses, s.Steps, float64(s.PlanMS.Max), float64(s.DeadlineMS))
	}
	if !f.OK {
		f.Remedy = "give more time (--set planner.time=..), a shorter planner.horizon or a model with fewer ReLUs (hinge sparsify)"
	}
	return f
}

// checkProgress compares the costs of the first and the last quarter: a run that
// stalls keeps acting without getting better.
func checkProgress(r *report.Run) finding {
	n := len(r.Steps) / 4
	if n == 0 {
		return finding{Name: "progress", OK: true, Detail: "too few steps to judge"}
	}
	mean := func(steps []report.Step) float64 {
		sum := 0.0
		for i := range steps {
			sum += steps[i].StageCost
		}
		return sum / float64(len(steps))
	}
	last, before := mean(r.Steps[len(r.Steps)-n:]), mean(r.Steps[len(r.Steps)-2*n:len(r.Steps)-n])
	f := finding{Name: "progress", OK: r.Summary.Success || last < 0.95*before}
	f.Detail = fmt.Sprintf("mean stage cost of the last %d steps %.3g, of the %d before %.3g", n, last, n, before)
	if !f.OK {
		f.Remedy = "it stalls: look at movie.gif; try a longer planner.horizon, or a better model near the goal (more data)"
	}
	return f
}

// checkModelError compares the model's error with what the task asks for: a
// model that errs by more than the error that is left cannot see the way.
func checkModelError(r *report.Run) finding {
	s := r.Summary
	one, h := float64(s.ModelError.OneStep), float64(s.ModelError.Horizon)
	if math.IsNaN(one) {
		return finding{Name: "model", OK: true, Detail: "no model was used"}
	}
	f := finding{Name: "model", OK: s.Success || !(h > float64(s.FinalError)/2)}
	f.Detail = fmt.Sprintf("%s: mean error %s after 1 step, %s at the horizon", s.Model, length(one, s.FinalErrorUnit), length(h, s.FinalErrorUnit))
	if !f.OK {
		f.Remedy = "the model errs as much as there is left to correct: collect more data, train longer, or use more ReLUs"
	}
	return f
}

func checkProof(r *report.Run) finding {
	s := r.Summary
	f := finding{Name: "proof", OK: true, Detail: s.Planner + " proves nothing about its plans"}
	if s.Planner != "bnb" {
		return f
	}
	f.OK = s.CertifiedFraction == 1
	f.Detail = fmt.Sprintf("%.0f %% of the plans are proven good enough and were followed; median gap %.2g of the cost", 100*float64(s.CertifiedFraction), float64(s.RelGap.Median))
	if !f.OK {
		f.Remedy = "more planner.time, fewer ReLUs, or a larger planner.gap or planner.abs_gap"
	}
	if s.PlansConfined > 0 {
		f.Detail += fmt.Sprintf("; %d of %d plans were confined away from an action that had moved nothing", s.PlansConfined, s.Steps)
	}
	if s.ActionsReplaced > 0 {
		f.Detail += fmt.Sprintf("; at %d of %d steps another action was applied, since the one before had moved nothing", s.ActionsReplaced, s.Steps)
		f.Remedy += "; a model that sees where a poke misses"
	}
	return f
}
