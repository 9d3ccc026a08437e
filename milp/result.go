package milp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// Status says why a solver stopped. Whether there is an incumbent and how good
// it is are separate questions: see [Result].
type Status uint8

// The statuses.
const (
	Optimal Status = iota // a gap tolerance is met
	Infeasible
	Unbounded
	InfeasibleOrUnbounded
	TimeLimit
	NodeLimit
	Interrupted
	NumericalFailure
)

var statusNames = [...]string{"optimal", "infeasible", "unbounded", "infeasible_or_unbounded",
	"time_limit", "node_limit", "interrupted", "numerical_failure"}

// String returns the name used in files and on the command line.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// ErrUnavailable is wrapped by errors that say a solver's library is not
// installed here.
var ErrUnavailable = errors.New("solver not available")

// Options are the choices every solver understands. Time limits come from the
// context. The zero value is the documented default.
type Options struct {
	RelGap    float64   // stop at this relative gap; 0 means 1e-4, negative never
	AbsGap    float64   // stop at this absolute gap; 0 means 1e-6, negative never
	NodeLimit int       // 0 means none
	Workers   int       // 0 means 1
	Start     []float64 // a feasible point to start from: Vars values, or nil
	Seed      uint64

	// OnIncumbent is called with every better feasible point; nil for none. x is
	// valid during the call only.
	OnIncumbent func(objective float64, x []float64)
}

// WithDefaults returns o with zero values replaced by the documented defaults.
func (o Options) WithDefaults() Options {
	if o.RelGap == 0 {
		o.RelGap = 1e-4
	}
	if o.AbsGap == 0 {
		o.AbsGap = 1e-6
	}
	if o.Workers == 0 {
		o.Workers = 1
	}
	return o
}

// Result is what a solver knows when it stops.
type Result struct {
	Status       Status
	X            []float64 // the incumbent, nil if there is none
	Objective    float64   // of the incumbent, +Inf if there is none
	DualBound    float64   // -Inf if there is none
	NodeCount    int
	LPIterations int
	SolveTime    time.Duration
}

// Feasible reports whether there is an incumbent.
func (r *Result) Feasible() bool { return r.X != nil }

// AbsGap returns Objective - DualBound, at least 0; +Inf if either is missing.
func (r *Result) AbsGap() float64 {
	if math.IsInf(r.Objective, 0) || math.IsInf(r.DualBound, 0) {
		return math.Inf(1)
	}
	return max(0, r.Objective-r.DualBound)
}

// RelGap returns AbsGap / |Objective|: 0 if the gap is 0, +Inf if it is +Inf.
func (r *Result) RelGap() float64 {
	gap := r.AbsGap()
	if gap == 0 || math.IsInf(gap, 1) {
		return gap
	}
	return gap / math.Abs(r.Objective)
}

// Solver minimises a problem. The deadline of ctx gives Status TimeLimit with
// the incumbent and the bound so far, a cancellation Interrupted; both with a
// nil error. An error means the problem or the solver itself is at fault.
type Solver interface {
	Solve(ctx context.Context, p *Problem, opts Options) (*Result, error)
}
