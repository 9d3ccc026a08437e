package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hinge/control"
	"hinge/internal/atomicfile"
)

// The files of a run folder.
const (
	ScenarioFile = "scenario.yaml"
	StepsFile    = "steps.csv"
	SummaryFile  = "summary.json"
	MovieFile    = "movie.gif"
	PlanPlotFile = "plan.png"
)

// Run is one closed-loop episode: collected step by step and saved to its
// folder, or read back from there by [Open].
type Run struct {
	Dir      string
	Scenario []byte // YAML, as given
	Nx, Nu   int    // coordinates of the plant state and of the action
	Steps    []Step
	Summary  *RunSummary // nil while the run is not finished
}

// Step is a row of steps.csv: the plant state x_t, the action u_t chosen there,
// and what the cost says of the result.
type Step struct {
	X []float64
	U []float64
	// StageCost is charged for x_{t+1} and u_t.
	StageCost float64
	// PlanMS is the time planning took, milliseconds; NaN if nothing was planned.
	PlanMS float64
	// Objective and DualBound are those of the plan; +Inf and -Inf if there is
	// none, as in [control.Plan].
	Objective, DualBound float64
	// Status is that of the plan; empty if nothing was planned.
	Status string
}

// AbsGap returns Objective - DualBound, +Inf where either is missing.
func (s *Step) AbsGap() float64 { return control.AbsGap(s.Objective, s.DualBound) }

// RelGap returns AbsGap / |Objective|, +Inf where either is missing.
func (s *Step) RelGap() float64 { return control.RelGap(s.Objective, s.DualBound) }

// Planned reports whether the step comes from a plan.
func (s *Step) Planned() bool { return s.Status != "" }

// Create makes the folder dir, if it is not there, for a run with nx state and
// nu action coordinates. Files of an earlier run stay until Save and the other
// methods replace them.
func Create(dir string, scenario []byte, nx, nu int) (*Run, error) {
	if nx < 1 || nu < 1 {
		panic(fmt.Sprintf("report: Create: %d state and %d action coordinates; both must be positive", nx, nu))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("run folder: %w", err)
	}
	return &Run{Dir: dir, Scenario: scenario, Nx: nx, Nu: nu}, nil
}

// Add appends a step. Its slices are copied.
func (r *Run) Add(s Step) {
	if len(s.X) != r.Nx || len(s.U) != r.Nu {
		panic(fmt.Sprintf("report: Add: step has %d state and %d action coordinates; the run has %d and %d", len(s.X), len(s.U), r.Nx, r.Nu))
	}
	s.X = append([]float64(nil), s.X...)
	s.U = append([]float64(nil), s.U...)
	r.Steps = append(r.Steps, s)
}

// Save writes scenario.yaml, steps.csv and, if there is a summary, summary.json.
// It may be called during a run as well, to keep what has been collected so far.
func (r *Run) Save() error {
	if err := atomicfile.WriteBytes(r.path(ScenarioFile), r.Scenario); err != nil {
		return err
	}
	if err := atomicfile.Write(r.path(StepsFile), r.writeSteps); err != nil {
		return err
	}
	if r.Summary == nil {
		return nil
	}
	return atomicfile.Write(r.path(SummaryFile), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r.Summary)
	})
}

// SaveMovie writes movie.gif.
func (r *Run) SaveMovie(m *Movie) error { return atomicfile.Write(r.path(MovieFile), m.Encode) }

// SavePlanPlot writes plan.png.
func (r *Run) SavePlanPlot(p PlanPlot) error {
	return atomicfile.Write(r.path(PlanPlotFile), p.Encode)
}

// PlanPlot returns the picture of what the run folder tells; predictions,
// tolerances and the course of a solve are for the caller to add.
func (r *Run) PlanPlot() PlanPlot {
	p := PlanPlot{Steps: r.Steps}
	s := r.Summary
	if s == nil {
		p.Title, p.Subtitle = filepath.Base(r.Dir), fmt.Sprintf("interrupted after %d steps", len(r.Steps))
		return p
	}
	p.Title = fmt.Sprintf("%s · %s · seed %d", s.Task, s.Planner, s.Seed)
	outcome := "no success"
	if s.Success {
		outcome = "success"
	}
	p.Subtitle = fmt.Sprintf("%s after %d steps", outcome, s.Steps)
	if finite(float64(s.FinalError)) {
		p.Subtitle += fmt.Sprintf(" · final error %s %s", floatText(float64(s.FinalError)), s.FinalErrorUnit)
	}
	if finite(float64(s.PlanMS.Median)) {
		p.Subtitle += fmt.Sprintf(" · median planning time %s ms", floatText(float64(s.PlanMS.Median)))
	}
	return p
}

func (r *Run) path(name string) string { return filepath.Join(r.Dir, name) }
