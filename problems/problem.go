package problems

import (
	"hinge/control"
	"hinge/nn"
)

// Problem is one open-loop planning problem.
type Problem struct {
	Name string // the specification it was opened with

	Step   *nn.Net        // [x; u] -> x', folded
	Model  control.System // the same dynamics by the formula of the source, unfolded
	X0     []float64
	Before []float64 // action applied before the plan; nil if there is none
	Action control.Box
	Cost   *control.Cost // its horizon is the problem's

	// Constraints hold for every plan. Coordinates Integer of an action are whole.
	Constraints []control.Constraint
	Integer     []int

	Obstacles []Obstacle
	Reference Reference
	Published []Published // plans of others, for comparison; never starts
}

// Reference is what is known about the optimum; NaN where nothing is.
type Reference struct {
	Optimum   float64 // proven by some solver to its tolerance
	BestKnown float64
	BestBound float64
	Actions   []float64 // H x Nu, of BestKnown; nil if not stored
}

// Published is a plan that came with the problem.
type Published struct {
	Method  string
	Actions []float64 // H x Nu
	Cost    float64   // recomputed in float64 by whoever stored it
	Penalty float64   // of the obstacles, before its weight
}

// Horizon returns the number of actions of a plan.
func (p *Problem) Horizon() int { return p.Cost.Horizon }

// Collision is a point inside an enlarged obstacle.
type Collision struct {
	Step     int     // 1..H
	Obstacle int     // index into Obstacles
	Point    string  // see [PointNames]
	Depth    float64 // distance to the rim, > 0
}
