package lp

import "fmt"

// Status says why [Solver.Solve] stopped. Whatever it is, [Solver.RowDual] holds the
// multipliers of the last basis.
type Status uint8

// The statuses.
const (
	Optimal        Status = iota // primal and dual feasible within the tolerances
	Infeasible                   // Ray proves it
	Cutoff                       // the dual objective has reached the cutoff
	IterationLimit               // MaxIterations
	Unbounded                    // feasible, and no multipliers are dual feasible
	Stalled                      // rounding keeps it from going on; treat it as a limit
)

var statusNames = [...]string{"optimal", "infeasible", "cutoff", "iteration_limit", "unbounded", "stalled"}

// String returns the name for tables and messages.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// Options are the choices of [Solver.Solve]. The zero value is the documented
// default.
type Options struct {
	MaxIterations int         // basis changes; 0 means 1000 + 10 (columns + rows)
	Stop          func() bool // asked now and then: true ends it like MaxIterations; nil for never

	// Estimate is for who wants the status and [Solver.Objective] alone, about right: at
	// the end nothing is computed anew from the given costs.
	Estimate bool
}

// Tolerances. Bounds of variables are met to feasTol; signs of reduced costs to
// dualTol times the largest cost.
const (
	feasTol   = 1e-9
	dualTol   = 1e-10
	dropTol   = 1e-9 // smaller entries of a pivot row count as zero
	pivotTol  = 1e-7 // smaller pivots are taken only if there is nothing else
	minWeight = 1e-4 // of dual steepest edge
	maxMoves  = 20   // basis changes before x is computed anew
	maxRounds = 40   // clean-ups of one program before it counts as stalled
)
