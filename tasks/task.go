package tasks

import (
	"math/rand/v2"

	"hinge/control"
	"hinge/viz/scene"
)

// Task is a problem as data. Its fields may be replaced before use, for example
// System by a plant with more friction. A value serves one goroutine; [New]
// gives another its own.
type Task struct {
	Name    string
	Summary string // one line

	System   control.System   // the plant
	Observer control.Observer // plant state -> model state
	Action   control.Box      // what the robot may do, Nu
	// Align finds the frame of a model state in which the task always looks alike: models
	// are trained and asked there, and Action bounds actions seen from there. Everything
	// else, actions included, is of the world; nil means that Action is, too.
	Align control.Align

	// Features is the affine map of [x; u] (model state and action) a learned
	// model computes with; Base is the part of x' known without learning.
	Features control.Affine // features x (Nx + Nu)
	Base     control.Affine // Nx x (Nx + Nu)

	// Names and units of the coordinates of model state and action. Every PointDim
	// successive state coordinates make one point in space; 0 means 1.
	StateNames, StateUnits   []string
	ActionNames, ActionUnits []string
	PointDim                 int

	MaxSteps  int     // actions of an episode
	Tolerance float64 // an error up to this is success, in Unit
	Unit      string  // of Error and Tolerance, and of the cost J

	// Episode draws a start and a goal.
	Episode func(rng *rand.Rand) Episode
	// Cost returns the cost of a plan of the given horizon towards goal.
	Cost func(goal []float64, horizon int) *control.Cost
	// Error returns how far model state x is from goal, in Unit.
	Error func(x, goal []float64) float64
	// Explore writes an action for model state x to dst (Nu), drawn so that a
	// model fitted to the outcomes is good wherever a planner may ask it.
	Explore func(dst, x []float64, rng *rand.Rand)
	// Frames returns n plant states seen at equal intervals while action u is
	// applied in state x, the last one at its end; nil means that nothing is seen
	// between two steps.
	Frames func(x, u []float64, n int) [][]float64
	// Draw returns a picture of one moment.
	Draw func(v View) scene.Scene
}

// Episode is one instance of a task.
type Episode struct {
	Start []float64 // plant state
	Goal  []float64 // target of the model state
}

// View is a moment to draw. All but State and Goal may be left out.
type View struct {
	State   []float64 // plant state
	Goal    []float64 // target of the model state
	Action  []float64 // about to be applied
	Plan    *control.Plan
	Caption string
}

// Dims returns the number of model state and action coordinates.
func (t *Task) Dims() (nx, nu int) {
	_, nx = t.Observer.Dims()
	return nx, t.Action.Dim()
}

// Success reports whether model state x counts as having reached goal.
func (t *Task) Success(x, goal []float64) bool { return t.Error(x, goal) <= t.Tolerance }
