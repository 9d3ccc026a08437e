package planner

import (
	"math"

	"hinge/control"
)

// Verify repeats the forward pass of a plan with sys, which should share no code
// with the planner, and replaces states and objective of the plan by its own.
//
// MaxModelError becomes the largest difference between the states and the
// objective the plan claimed and those of the forward pass. Verified says that
// every difference is at most tol (1 + |value|) and every value finite. before
// is the action applied before the plan, nil if there is none.
func Verify(plan *control.Plan, sys control.System, cost *control.Cost, x0, before []float64, tol float64) {
	tr := control.NewTrajectory(plan.Nx, plan.Nu, plan.Len())
	copy(tr.U, plan.U)
	tr.Simulate(sys, x0)
	objective := cost.Total(tr, before)

	plan.MaxModelError, plan.Verified = 0, true
	compare := func(claimed, found float64) {
		d := math.Abs(claimed - found)
		if !(d <= tol*(1+math.Abs(found))) { // also where either is NaN
			plan.Verified = false
		}
		if d > plan.MaxModelError || math.IsNaN(d) {
			plan.MaxModelError = d
		}
	}
	for i, found := range tr.X {
		compare(plan.X[i], found)
	}
	compare(plan.Objective, objective)
	plan.Trajectory, plan.Objective = tr, objective
}
