package encode_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bound"
	"hinge/milp/encode"
	"hinge/milp/highs"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
	"hinge/nn"
)

var constrained = []relutest.Shape{
	{Nx: 2, Nu: 2, Horizon: 3, Hidden: []int{6}, Rate: true},
	{Nx: 3, Nu: 1, Horizon: 2, Hidden: []int{5, 4}, Chain: true},
	{Nx: 2, Nu: 2, Horizon: 4, Hidden: []int{4}, Norm: control.Max},
	{Nx: 3, Nu: 2, Horizon: 3, Hidden: []int{4, 4}, Sparse: true},
}

// constrainedProgram returns a random program with constraints, its rows and a
// random action sequence.
func constrainedProgram(t *testing.T, seed uint64) (*relu.Program, *encode.Encoding, *encode.Reach, *rand.Rand) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 32))
	p := relutest.Random(rng, constrained[int(seed)%len(constrained)])
	relutest.Constrain(rng, p, 1+int(seed)%3)
	reach, err := encode.Reachable(p)
	if err != nil {
		t.Fatal(err)
	}
	e, err := reach.BigM(p)
	if err != nil {
		t.Fatal(err)
	}
	return p, e, reach, rng
}

func draw(rng *rand.Rand, p *relu.Program, u []float64) {
	relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
	for _, j := range p.Integer {
		for k := j; k < len(u); k += p.Nu {
			u[k] = math.Round(u[k])
		}
	}
}

// A roll-out is a feasible point of the rows exactly if it keeps the constraints,
// whatever the ranges and boxes were narrowed by. That also says that no plan is
// outside of them.
func TestRowsHoldExactlyThePlans(t *testing.T) {
	kept, broken, narrower := 0, 0, 0
	for seed := range uint64(150) {
		p, e, reach, rng := constrainedProgram(t, seed)
		root := bound.New(p).Root()
		for i, lo := range reach.Ranges.Lower {
			if lo > root.Lower[i] || reach.Ranges.Upper[i] < root.Upper[i] {
				narrower++
			}
		}
		ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
		for range 60 {
			draw(rng, p, u)
			x := e.Start(u, ws)
			switch v, rows := p.Violation(u, ws), e.Problem.Violation(x); {
			case v == 0:
				kept++
				if rows > 1e-9 {
					t.Fatalf("seed %d: a plan breaks the rows by %g", seed, rows)
				}
			case v > 1e-6:
				broken++
				if rows < v/2 {
					t.Fatalf("seed %d: actions that break a constraint by %g break the rows by %g", seed, v, rows)
				}
			}
		}
	}
	if kept < 1000 || broken < 1000 || narrower < 100 {
		t.Errorf("%d plans kept the constraints, %d broke them, %d ranges became narrower; each must occur", kept, broken, narrower)
	}
}

// TestDeadUnitsCutNothingOff: a unit that no cost and no constraint reads, and that reads
// another such unit, has no rows, though the constraint makes it look active: h1 = relu(u),
// h2 = relu(h1 - u + .2) and u <= .95, where only the state x1, which is not charged, reads h2.
func TestDeadUnitsCutNothingOff(t *testing.T) {
	identity := []nn.Gate{nn.Identity, nn.Identity}
	n := nn.New(3, []nn.Layer{{From: 2, To: 3, Out: 1}, {From: 2, To: 4, Out: 1}, {From: 2, To: 5, Out: 2, Gates: identity}})
	copy(n.Weight(0), []float64{1})
	copy(n.Weight(1), []float64{-1, 1})
	copy(n.Bias(1), []float64{.2})
	copy(n.Weight(2), []float64{1, 0, 0, 0, 0, 1})
	r := control.NewAffine(1, 3)
	r.Set(0, 0, 1)
	cost := &control.Cost{Nx: 2, Nu: 1, Horizon: 1, Terms: []control.Term{{Name: "x", Weight: 1, Norm: control.L1, Residual: r,
		TimeWeight: []float64{1}, Reference: []float64{1}}}}
	p, err := relu.New(n, []float64{0, 0}, control.Box{Lower: []float64{-.9}, Upper: []float64{1}}, cost, nil)
	if err != nil {
		t.Fatal(err)
	}
	k := control.NewAffine(1, 4)
	k.Set(0, 0, 1)
	k.B[0] = -.95
	if err := p.Constrain([]control.Constraint{{Name: "c", First: 1, Last: 1, Residual: k}}, nil); err != nil {
		t.Fatal(err)
	}
	reach, err := encode.Reachable(p)
	if err != nil {
		t.Fatal(err)
	}
	e, err := reach.BigM(p)
	if err != nil {
		t.Fatal(err)
	}
	ws := p.NewWorkspace()
	for _, u := range []float64{-.9, -.1, 0, .3, .95} {
		if v := e.Problem.Violation(e.Start([]float64{u}, ws)); v > 1e-9 {
			t.Errorf("the plan %g breaks the rows by %g", u, v)
		}
	}
}

// The solver's optimum of the rows is a plan, and no sampled plan is better. Where it
// says that there is none, none is found.
func TestConstrainedOptimum(t *testing.T) {
	solver, err := highs.Open()
	if errors.Is(err, milp.ErrUnavailable) {
		t.Skipf("SKIPPED, nothing checked: %v", err)
	}
	if err != nil { // installed wrongly: no reason to look away
		t.Fatal(err)
	}
	optimal, infeasible, plans := 0, 0, 0
	for seed := range uint64(60) {
		p, e, _, rng := constrainedProgram(t, seed)
		res, err := solver.Solve(context.Background(), e.Problem, milp.Options{RelGap: 1e-7, AbsGap: 1e-7})
		if err != nil {
			t.Fatal(err)
		}
		ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
		switch res.Status {
		case milp.Optimal:
			optimal++
			e.ActionsOf(u, res.X)
			if v, j := p.Violation(u, ws), p.Objective(u, ws); v > 1e-5 || math.Abs(j-res.Objective) > 1e-4*(1+math.Abs(j)) {
				t.Errorf("seed %d: the optimum breaks a constraint by %g; cost %g, by the rows %g", seed, v, j, res.Objective)
			}
		case milp.Infeasible, milp.InfeasibleOrUnbounded:
			infeasible++
			res.Objective = math.Inf(1)
		default:
			t.Fatalf("seed %d: %v", seed, res.Status)
		}
		for range 2000 {
			draw(rng, p, u)
			if p.Violation(u, ws) == 0 {
				plans++
				if j := p.Objective(u, ws); j < res.Objective-1e-5*(1+math.Abs(j)) {
					t.Fatalf("seed %d: a plan costs %g, the optimum is %g", seed, j, res.Objective)
				}
			}
		}
	}
	if optimal < 20 || infeasible < 3 || plans < 1000 {
		t.Errorf("%d optima, %d without a plan, %d plans sampled; each must occur", optimal, infeasible, plans)
	}
}
