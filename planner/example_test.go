package planner_test

import (
	"context"
	"fmt"

	"hinge/control"
	"hinge/nn"
	"hinge/planner"
)

// A finger at u pushes a block at x to the right: x' = max(x, u) = x + relu(u - x).
// Where does the finger go to bring the block from 0 to 0.3, if its own way costs
// a tenth of the block's error?
func Example() {
	step := nn.NewMLP(2, []int{1}, 1, true) // [x, u] -> one ReLU a -> x', which reads [x, u, a]
	copy(step.Weight(0), []float64{-1, 1})
	copy(step.Weight(1), []float64{1, 0, 1})

	block := control.NewAffine(1, 2) // residual x - 0.3
	block.Set(0, 0, 1)
	block.B[0] = -0.3
	finger := control.NewAffine(1, 2) // residual u
	finger.Set(0, 1, 1)
	cost := &control.Cost{Nx: 1, Nu: 1, Horizon: 2, Terms: []control.Term{
		{Name: "block", Weight: 1, Norm: control.L1, Residual: block},
		{Name: "finger", Weight: 0.1, Norm: control.L1, Residual: finger},
	}}

	p, err := planner.New("bnb",
		planner.Problem{Step: step, Action: control.NewBox(1, -1, 1), Cost: cost},
		planner.Options{RelGap: 1e-3, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := p.Plan(context.Background(), []float64{0}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v, certified: %v\n", plan.Status, plan.Certified)
	fmt.Printf("cost %.3f, no plan is below %.3f\n", plan.Objective, plan.DualBound)
	fmt.Printf("first action %.2f\n", plan.Action(0)[0])
	// Output:
	// optimal, certified: true
	// cost 0.030, no plan is below 0.030
	// first action 0.30
}
