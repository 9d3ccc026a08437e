package tasks

import (
	"math"
	"strings"
	"testing"

	"hinge/control"
)

// cart moves by its velocity, which the action changes.
type cart struct{}

func (cart) Dims() (nx, nu int)    { return 2, 1 }
func (cart) Clone() control.System { return cart{} }
func (cart) Step(dst, x, u []float64) {
	v := x[1] + 0.1*u[0]
	dst[0], dst[1] = x[0]+0.1*v, v
}

func cartOptions() RobotOptions {
	return RobotOptions{
		Name: "cart", System: cart{}, Start: []float64{0, 0}, Goal: []float64{1, 0}, Weights: []float64{2, 0.5},
		Action: control.NewBox(1, -1, 1), Effort: 0.1, Tolerance: 0.05, MaxSteps: 9, StateNames: []string{"x", "v"}, StateUnits: []string{"m", "m/s"},
	}
}

func TestRobot(t *testing.T) {
	k, err := NewRobot(cartOptions())
	if err != nil {
		t.Fatal(err)
	}
	e := k.Episode(source(1))
	if got := k.Error([]float64{0.5, -1}, e.Goal); got != 2*0.5+0.5 {
		t.Errorf("error %g, want 1.5", got)
	}
	c := k.Cost(e.Goal, 4)
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	// At every step the same: J is one stage.
	if got, want := 4*c.Stage(2, []float64{0.5, -1}, []float64{-0.5}, nil), 1.5+0.1*0.5; math.Abs(got-want) > 1e-12 {
		t.Errorf("cost %g, want %g", got, want)
	}
	if s := k.Draw(View{State: e.Start, Goal: e.Goal}); len(s.Shapes) != 8 || s.Shapes[1].Text != "x, m" {
		t.Errorf("drawn %+v", s)
	}
	if k.Success(e.Start, e.Goal) || !k.Success([]float64{1.02, 0}, e.Goal) {
		t.Error("success is not the weighted error within the tolerance")
	}
}

func TestRobotRefuses(t *testing.T) {
	for want, change := range map[string]func(*RobotOptions){
		"start has 1 values; the model needs 2": func(o *RobotOptions) { o.Start = o.Start[:1] },
		"lower has 2 values; the model needs 1": func(o *RobotOptions) { o.Action = control.NewBox(2, -1, 1) },
		"weights[1] is -1":                      func(o *RobotOptions) { o.Weights = []float64{1, -1} },
		"weights are all 0":                     func(o *RobotOptions) { o.Weights = []float64{0, 0} },
		"actions: ":                             func(o *RobotOptions) { o.Action = control.NewBox(1, 1, -1) },
	} {
		o := cartOptions()
		change(&o)
		if _, err := NewRobot(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; it must say %q", err, want)
		}
	}
}
