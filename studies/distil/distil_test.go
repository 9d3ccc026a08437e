package distil

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hinge/control"
	"hinge/dynamics"
)

// pushed is a teacher without a network: the pusher carries the keypoints along
// when it is near their middle.
type pushed struct{}

func (pushed) Dims() (nx, nu int)    { return stateDim, actionDim }
func (pushed) Clone() control.System { return pushed{} }
func (pushed) Step(dst, x, u []float64) {
	cx, cy := middle(x)
	near := max(0, 1-math.Abs(cx-x[keypoint2])-math.Abs(cy-x[keypoint2+1]))
	copy(dst, x)
	for i := range keypoint2 {
		dst[i] += near * u[i%2]
	}
	dst[keypoint2], dst[keypoint2+1] = x[keypoint2]+u[0], x[keypoint2+1]+u[1]
}

var shape = []float64{-0.6, 0.3, 0, 0.3, 0.6, 0.3, 0, -0.8, 2, 2}

func TestScatterKeepsTheShape(t *testing.T) {
	start := scatter(shape)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		x := start(rng)
		for i := 0; i < keypoint2; i += 2 {
			for j := 0; j < i; j += 2 {
				want := math.Hypot(shape[i]-shape[j], shape[i+1]-shape[j+1])
				if got := math.Hypot(x[i]-x[j], x[i+1]-x[j+1]); math.Abs(got-want) > 1e-9 {
					t.Fatalf("points %d and %d are %g apart, want %g", i/2, j/2, got, want)
				}
			}
		}
		cx, cy := middle(x)
		if d := math.Hypot(cx-x[8], cy-x[9]); d < nearest-1e-9 || d > farthest+1e-9 {
			t.Fatalf("the pusher starts %g from the middle", d)
		}
	}
}

func TestExploreStaysInTheBox(t *testing.T) {
	box := control.NewBox(actionDim, -0.25, 0.25)
	move := explore(box)
	rng := rand.New(rand.NewPCG(1, 2))
	closer := 0
	for range 500 {
		u := make([]float64, actionDim)
		move(u, shape, rng)
		for _, v := range u {
			if math.Abs(v) > 0.25 {
				t.Fatalf("a move of %v", u)
			}
		}
		cx, cy := middle(shape)
		if math.Hypot(cx-shape[8]-u[0], cy-shape[9]-u[1]) < math.Hypot(cx-shape[8], cy-shape[9]) {
			closer++
		}
	}
	if closer < 300 {
		t.Errorf("%d of 500 moves come closer; more should", closer)
	}
}

// TestRunLearns: students predict far better than that nothing moves, and do not
// depend on the number of workers.
func TestRunLearns(t *testing.T) {
	run := func(workers int) []Student {
		students, err := Run(t.Context(), pushed{}, shape, control.NewBox(actionDim, -0.25, 0.25),
			Options{Seed: 1, Workers: workers, Episodes: 150, Steps: 12, Hidden: []int{32}, Budgets: []int{12, 6}, Epochs: 20})
		if err != nil {
			t.Fatal(err)
		}
		return students
	}
	students := run(1)
	for i, relus := range []int{32, 12, 6} {
		s := students[i]
		if s.Budget != relus || s.Errors.Unit != unit || s.Model.Meta.Errors.Unit != unit {
			t.Errorf("a student of %d ReLUs, errors in %q and %q", s.Budget, s.Errors.Unit, s.Model.Meta.Errors.Unit)
		}
		if s.ReLUs != relus || !(s.Errors.OneStepMoved.RMS < 0.5*s.Errors.Still.RMS) {
			t.Errorf("%d ReLUs, want %d: error %g, nothing moves %g", s.ReLUs, relus, s.Errors.OneStepMoved.RMS, s.Errors.Still.RMS)
		}
		x, y := make([]float64, stateDim), make([]float64, stateDim)
		s.Model.Step(y, shape, []float64{0.1, -0.2})
		pushed{}.Step(x, shape, []float64{0.1, -0.2})
		if math.Abs(y[8]-x[8]) > 1e-12 || math.Abs(y[9]-x[9]) > 1e-12 {
			t.Errorf("the pusher goes to %v, not %v", y[8:], x[8:])
		}
	}
	if !slices.Equal(run(3)[2].Model.Net.Params, students[2].Model.Net.Params) {
		t.Error("three workers gave another student")
	}
}

// TestRunFollowsPlans: a student that has seen what the teacher makes of its plan
// knows the way there better than one that has not.
func TestRunFollowsPlans(t *testing.T) {
	start := []float64{-0.6, 0.3, 0, 0.3, 0.6, 0.3, 0, -0.8, 0.6, 0}
	plan := make([]float64, 12*actionDim) // through the middle, where the keypoints move along
	for i := 0; i < len(plan); i += actionDim {
		plan[i] = -0.1
	}
	run := func(follow bool) float64 {
		opts := Options{Seed: 1, Episodes: 200, Steps: 12, Hidden: []int{32}, Budgets: []int{24}, Epochs: 30, Rounds: 2}
		asked := 0
		if follow {
			opts.Plan = func(context.Context, *dynamics.Model) ([]float64, error) { asked++; return plan, nil }
		}
		students, err := Run(t.Context(), pushed{}, start, control.NewBox(actionDim, -0.25, 0.25), opts)
		if err != nil {
			t.Fatal(err)
		}
		if follow && asked != 2 {
			t.Errorf("%d plans were made, want two for the student of the budget", asked)
		}
		truth, model := control.NewTrajectory(stateDim, actionDim, 12), control.NewTrajectory(stateDim, actionDim, 12)
		copy(truth.U, plan)
		copy(model.U, plan)
		truth.Simulate(pushed{}, start)
		model.Simulate(students[1].Model, start)
		worst := 0.0
		for i := range keypoint2 {
			worst = max(worst, math.Abs(truth.State(12)[i]-model.State(12)[i]))
		}
		return worst
	}
	if without, with := run(false), run(true); !(with < without/2) {
		t.Errorf("the student is off by %g after it followed plans, by %g without", with, without)
	}
}

// A budget that cannot be is refused before anything is trained.
func TestRunRefusesBudgets(t *testing.T) {
	if err := (Options{Budgets: []int{8, 8}}).Validate(); err == nil || !strings.Contains(err.Error(), "8 appears twice") {
		t.Errorf("a budget that appears twice: %v", err)
	}
	for _, budget := range []int{-1, 33} {
		_, err := Run(t.Context(), pushed{}, shape, control.NewBox(actionDim, -0.25, 0.25), Options{Hidden: []int{32}, Budgets: []int{8, budget}})
		if want := fmt.Sprintf("budget is %d ReLUs; it must be 0 to 32", budget); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; it must say %q", err, want)
		}
	}
}
