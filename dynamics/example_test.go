package dynamics_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"hinge/control"
	"hinge/dynamics"
)

// spring is a mass on a spring that pushes but does not pull; the action is a force.
type spring struct{}

func (spring) Dims() (nx, nu int)    { return 2, 1 }
func (spring) Clone() control.System { return spring{} }
func (spring) Step(dst, x, u []float64) {
	const dt = 0.1
	v := x[1] + dt*(u[0]+4*max(0, -x[0]))
	dst[0], dst[1] = x[0]+dt*v, v
}

func ExampleFit() {
	ctx := context.Background()
	push := control.NewBox(1, -1, 1)
	explore := dynamics.Exploring(
		func(rng *rand.Rand) []float64 { return []float64{rng.NormFloat64(), rng.NormFloat64()} },
		func(dst, _ []float64, rng *rand.Rand) { push.Sample(dst, rng) })
	data, err := dynamics.Collect(ctx, spring{}, nil, explore,
		dynamics.CollectOptions{Episodes: 200, Steps: 20, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	model, report, err := dynamics.Fit(ctx, data, dynamics.FitOptions{Hidden: []int{8, 8}})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := []float64{-0.5, 0}
	model.Step(x, x, []float64{0})
	fmt.Printf("pushed to %.2f with %d ReLUs\n", x[0], report.ReLUs)
	fmt.Println("error below 5 % of the motion:", report.Errors.OneStepMoved.RMS < 0.05*report.Errors.Still.RMS)
	// Output:
	// pushed to -0.48 with 16 ReLUs
	// error below 5 % of the motion: true
}
