package control

import (
	"fmt"
	"math"
	"time"
)

// Status says why a planner stopped.
type Status uint8

// The statuses of a plan.
const (
	// Optimal: a gap tolerance was met by a sound dual bound.
	Optimal Status = iota
	// Completed: a counted budget was spent; nothing is proven.
	Completed
	TimeLimit
	NodeLimit
	Infeasible
	Interrupted
	NumericalFailure
)

var statusNames = [...]string{"optimal", "completed", "time_limit", "node_limit", "infeasible", "interrupted", "numerical_failure"}

// String returns the name used in files and on the command line.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// Plan is an open-loop action sequence, the states the model predicts for it
// and what is known about its quality.
type Plan struct {
	*Trajectory // H actions; states by a forward pass of the model; nil: no plan

	Status Status
	// Objective is J of the trajectory by a forward pass that shares no code
	// with the solver.
	Objective float64
	// DualBound is the best lower bound on J the solver claims, -Inf if none.
	DualBound float64
	// Certified says that DualBound is sound: rounding included, no tolerance.
	Certified bool
	// Violation is the most by which the trajectory breaks a row of a hard
	// constraint, in the unit of that row; 0 if it keeps all or there are none.
	Violation float64
	// MaxModelError is the largest difference between the solver's states or
	// objective and those of the forward pass; Verified says that it and Violation
	// are small enough for the plan to be used.
	MaxModelError float64
	Verified      bool

	Solver        string
	Inputs        int // stacked action coordinates
	ReLUs         int // of the unrolled program, cost terms included; 0 for sampling planners
	UnstableReLUs int // of those, undecided on the whole action box
	Nodes         int
	SolveTime     time.Duration
	CPUTime       time.Duration
	FirstPlanTime time.Duration // until the first incumbent

	// Memory is what the planner wants back with the warm start of its next plan, nil for
	// nothing. It may make that plan faster; what is known of it holds all the same.
	Memory any

	// Candidates are trajectories the planner considered, as data for a viewer.
	Candidates []*Trajectory
}

// AbsGap returns Objective - DualBound, +Inf where there is no bound.
func (p *Plan) AbsGap() float64 { return AbsGap(p.Objective, p.DualBound) }

// RelGap returns AbsGap / |Objective|: 0 if both are 0, +Inf where there is no bound.
func (p *Plan) RelGap() float64 { return RelGap(p.Objective, p.DualBound) }

// AbsGap returns primal - dual, at least 0; +Inf if either is infinite.
func AbsGap(primal, dual float64) float64 {
	if math.IsInf(primal, 0) || math.IsInf(dual, 0) {
		return math.Inf(1)
	}
	return max(0, primal-dual)
}

// RelGap returns AbsGap / |primal|: 0 if the gap is 0, +Inf if only primal is 0.
func RelGap(primal, dual float64) float64 {
	gap := AbsGap(primal, dual)
	if gap == 0 {
		return 0
	}
	return gap / math.Abs(primal)
}

// Shift returns the plan moved one step: the first action is dropped and the
// last one repeated; states are left for the planner to simulate. It serves as
// warm start of the next plan, with what the planner remembers.
func (p *Plan) Shift() *Plan {
	s := NewTrajectory(p.Nx, p.Nu, p.Len())
	n := copy(s.U, p.U[p.Nu:])
	copy(s.U[n:], p.Action(p.Len()-1))
	return &Plan{Trajectory: s, Objective: math.Inf(1), DualBound: math.Inf(-1), Memory: p.Memory}
}
