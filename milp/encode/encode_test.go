package encode_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bound"
	"hinge/milp/encode"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
	"hinge/nn"
)

// A roll-out of any actions is a feasible point of the rows with the same cost,
// and there is a binary for each unstable unit and for no other.
func TestRolloutIsFeasible(t *testing.T) {
	shapes := relutest.PiecewiseLinear()
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 31))
		p := relutest.Random(rng, shapes[int(seed)%len(shapes)])
		root := bound.New(p).Root()
		e, err := encode.BigM(p, root)
		if err != nil {
			t.Fatal(err)
		}
		if e.Binaries != root.Unstable() {
			t.Errorf("seed %d: %d binaries for %d unstable units", seed, e.Binaries, root.Unstable())
		}
		ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
		for range 20 {
			relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
			rollOut(t, seed, e, p, u, ws)
		}
	}
}

// rollOut returns the point of the rows that belongs to the actions u, which must keep them
// and cost what it costs in the program.
func rollOut(t *testing.T, seed uint64, e *encode.Encoding, p *relu.Program, u []float64, ws *relu.Workspace) []float64 {
	t.Helper()
	x := e.Start(u, ws)
	if v := e.Problem.Violation(x); v > 1e-9 {
		t.Errorf("seed %d: the roll-out violates the rows by %g", seed, v)
	}
	if d := e.Problem.Objective(x) - p.Objective(u, ws); math.Abs(d) > 1e-9 {
		t.Errorf("seed %d: cost of the rows differs by %g", seed, d)
	}
	return x
}

func tiny(norm control.Norm) *relu.Program {
	net := nn.NewMLP(2, []int{1}, 1, true) // x' = x + max(0, u)
	copy(net.Weight(0), []float64{0, 1})
	copy(net.Weight(1), []float64{1, 0, 1})
	r := control.NewAffine(1, 2)
	r.Set(0, 0, 1)
	cost := &control.Cost{Nx: 1, Nu: 1, Horizon: 1, Terms: []control.Term{
		{Name: "goal", Weight: 2, Norm: norm, Residual: r, Reference: []float64{3}}}}
	p, err := relu.New(net, []float64{.5}, control.NewBox(1, -1, 1), cost, nil)
	if err != nil {
		panic(err)
	}
	return p
}

func TestRefuses(t *testing.T) {
	p := tiny(control.L1)
	r := bound.Ranges{Lower: []float64{math.Inf(-1)}, Upper: []float64{1}}
	if _, err := encode.BigM(p, r); err == nil || !strings.Contains(err.Error(), "step 0, layer 0, unit 0") {
		t.Errorf("an infinite range gives %v", err)
	}
	p = tiny(control.SquaredL2)
	if _, err := encode.BigM(p, bound.New(p).Root()); err == nil || !strings.Contains(err.Error(), "squared-l2") {
		t.Errorf("a squared cost gives %v", err)
	}
}

// The formulation of x' = x + max(0, u), x_0 = 0.5, cost 2 |x' - 3|, |u| <= 1:
// columns are u, a, d, x', e.
func ExampleBigM() {
	p := tiny(control.L1)
	e, _ := encode.BigM(p, bound.Ranges{Lower: []float64{-1}, Upper: []float64{1}})
	names := []string{"u", "a", "d", "x", "e"}
	for i := range e.Problem.Rows() {
		fmt.Println(row(e.Problem, i, names))
	}
	// Output:
	// 0 <= -1 u +1 a
	// -1 u +1 a +1 d <= 1
	// +1 a -1 d <= 0
	// 0.5 <= -1 a +1 x <= 0.5
	// -3 <= -1 x +1 e
	// 3 <= +1 x +1 e
}

func row(p *milp.Problem, i int, names []string) string {
	var terms []string
	for k := p.Start[i]; k < p.Start[i+1]; k++ {
		terms = append(terms, fmt.Sprintf("%+g %s", p.Value[k], names[p.Index[k]]))
	}
	s := strings.Join(terms, " ")
	if !math.IsInf(p.RowLower[i], -1) {
		s = fmt.Sprintf("%g <= %s", p.RowLower[i], s)
	}
	if !math.IsInf(p.RowUpper[i], 1) {
		s = fmt.Sprintf("%s <= %g", s, p.RowUpper[i])
	}
	return s
}
