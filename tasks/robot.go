package tasks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"hinge/control"
	"hinge/viz/scene"
)

// RobotOptions describe a task that nobody has written a file for: bring the
// state of some system to a goal.
type RobotOptions struct {
	Name   string
	System control.System // the plant; a learned model where there is no simulator
	Start  []float64      // Nx
	Goal   []float64      // Nx
	// Weights say how much a unit of every state coordinate is worth in the cost
	// and in the error; 0 where a coordinate does not matter. Nil means 1 each.
	Weights   []float64 // Nx
	Action    control.Box
	Effort    float64 // cost of a unit of every action coordinate
	Tolerance float64 // weighted error that is success
	MaxSteps  int

	StateNames, StateUnits   []string
	ActionNames, ActionUnits []string
	Unit                     string // of the weighted error; "" where units are mixed
}

// NewRobot returns the task. With w the weights and g the goal its cost is
//
//	J = 1/H sum_t ( sum_i w_i |x_t,i - g_i| + effort sum_j |u_t-1,j| ),
//
// and the error of a state is its part of the first sum.
func NewRobot(o RobotOptions) (*Task, error) {
	nx, nu := o.System.Dims()
	if o.Weights == nil {
		o.Weights = slices.Repeat([]float64{1}, nx)
	}
	for _, v := range []struct {
		name string
		have int
		want int
	}{
		{"start", len(o.Start), nx}, {"goal", len(o.Goal), nx}, {"weights", len(o.Weights), nx},
		{"lower", len(o.Action.Lower), nu}, {"upper", len(o.Action.Upper), nu},
	} {
		if v.have != v.want {
			return nil, fmt.Errorf("%s has %d values; the model needs %d", v.name, v.have, v.want)
		}
	}
	if err := o.Action.Validate(); err != nil {
		return nil, fmt.Errorf("actions: %w", err)
	}
	for i, w := range o.Weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("weights[%d] is %g; it must be finite and at least 0", i, w)
		}
	}
	if slices.Max(o.Weights) == 0 {
		return nil, fmt.Errorf("weights are all 0; at least one state must matter")
	}
	r := robot{o}
	return &Task{
		Name: o.Name, Summary: "bring the state to a goal",
		System: o.System, Observer: plantState(nx), Action: o.Action,
		Features: control.NewIdentity(nx+nu, nx+nu), Base: control.NewIdentity(nx, nx+nu),
		StateNames: o.StateNames, StateUnits: o.StateUnits, ActionNames: o.ActionNames, ActionUnits: o.ActionUnits,
		MaxSteps: o.MaxSteps, Tolerance: o.Tolerance, Unit: o.Unit,
		Episode: func(*rand.Rand) Episode { return Episode{Start: o.Start, Goal: o.Goal} },
		Cost:    r.cost,
		Error:   r.error,
		Explore: func(dst, _ []float64, rng *rand.Rand) { o.Action.Sample(dst, rng) },
		Draw:    r.draw,
	}, nil
}

// plantState sees the state of the plant as it is.
type plantState int

func (n plantState) Dims() (plant, model int)    { return int(n), int(n) }
func (n plantState) Reset()                      {}
func (n plantState) Observe(dst, x, _ []float64) { copy(dst, x) }

// robot is the functions of [NewRobot].
type robot struct{ RobotOptions }

func (r robot) cost(goal []float64, horizon int) *control.Cost {
	nx, nu := len(goal), r.Action.Dim()
	even := slices.Repeat([]float64{1 / float64(horizon)}, horizon)
	state := control.NewAffine(nx, nx+nu)
	reference := make([]float64, nx)
	for i, w := range r.Weights {
		state.Set(i, i, w)
		reference[i] = w * goal[i]
	}
	c := &control.Cost{Nx: nx, Nu: nu, Horizon: horizon, Terms: []control.Term{{
		Name: "state", Weight: 1, Norm: control.L1, Residual: state, TimeWeight: even, Reference: reference,
	}}}
	if r.Effort == 0 {
		return c
	}
	action := control.NewAffine(nu, nx+nu)
	for j := range nu {
		action.Set(j, nx+j, 1)
	}
	c.Terms = append(c.Terms, control.Term{Name: "effort", Weight: r.Effort, Norm: control.L1, Residual: action, TimeWeight: even})
	return c
}

func (r robot) error(x, goal []float64) float64 {
	sum := 0.0
	for i, w := range r.Weights {
		sum += w * math.Abs(x[i]-goal[i])
	}
	return sum
}

// draw shows every coordinate as a mark on a line of its own, which reaches as far
// beyond start and goal as these are apart.
func (r robot) draw(v View) scene.Scene {
	n := float64(len(v.Goal))
	s := scene.Scene{Min: scene.Point{X: -0.1, Y: -n}, Max: scene.Point{X: 1.1, Y: 0.2}, Caption: v.Caption}
	for i := range v.Goal {
		y := -float64(i) - 0.5
		place := func(x []float64) []scene.Point { return []scene.Point{{X: r.place(i, x[i]), Y: y}} }
		s.Add(
			scene.Shape{Kind: scene.Polyline, Role: scene.Path, Points: []scene.Point{{X: 0, Y: y}, {X: 1, Y: y}}},
			scene.Shape{Kind: scene.Text, Role: scene.Label, Points: []scene.Point{{X: 0, Y: y + 0.25}}, Text: r.label(i)},
			scene.Shape{Kind: scene.Circle, Role: scene.Goal, Radius: 0.05, Points: place(v.Goal)},
			scene.Shape{Kind: scene.Circle, Role: scene.Object, Radius: 0.03, Points: place(v.State)})
		if v.Plan == nil || v.Plan.Trajectory == nil {
			continue
		}
		for t := 1; t <= v.Plan.Len(); t++ {
			s.Add(scene.Shape{Kind: scene.Circle, Role: scene.Predicted, Radius: 0.015, Points: place(v.Plan.State(t)), Alpha: predictedAlpha})
		}
	}
	return s
}

// place maps a value of coordinate i to its line, 0 to 1.
func (r robot) place(i int, value float64) float64 {
	a, b := r.Start[i], r.Goal[i]
	reach := math.Abs(a - b)
	if reach == 0 {
		reach = 1
	}
	low, high := min(a, b)-reach, max(a, b)+reach
	return min(max((value-low)/(high-low), 0), 1)
}

func (r robot) label(i int) string {
	if i >= len(r.StateNames) {
		return fmt.Sprintf("x_%d", i)
	}
	if i >= len(r.StateUnits) {
		return r.StateNames[i]
	}
	return r.StateNames[i] + ", " + r.StateUnits[i]
}
