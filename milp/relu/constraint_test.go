package relu_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hinge/control"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
	"hinge/nn"
)

// The violation must be that of the simulated trajectory, found by code of
// another package.
func TestViolationIsThatOfTheRollout(t *testing.T) {
	broken, kept := 0, 0
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		p := relutest.Random(rng, shapes[int(seed)%len(shapes)])
		list := relutest.Constrain(rng, p, 1+int(seed)%3)
		ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
		relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
		got := p.Violation(u, ws)
		tr := control.NewTrajectory(p.Nx, p.Nu, p.Horizon)
		copy(tr.U, u)
		copy(tr.X, ws.States())
		var want float64
		for _, v := range control.Violations(list, tr, p.Before(), 0) {
			want = max(want, v.Amount)
		}
		for k, v := range u {
			if len(p.Integer) > 0 && k%p.Nu == p.Nu-1 {
				want = max(want, math.Abs(v-math.Round(v)))
			}
		}
		if math.Abs(got-want) > 1e-12*(1+want) {
			t.Errorf("seed %d: violation %g, of the roll-out %g", seed, got, want)
		}
		if want > 0 {
			broken++
		} else {
			kept++
		}
	}
	if broken < 20 || kept < 20 {
		t.Errorf("%d plans broke a row and %d did not; both must occur", broken, kept)
	}
}

func TestConstrainFolds(t *testing.T) {
	net := nn.NewMLP(2, []int{1}, 1, true)
	cost := &control.Cost{Nx: 1, Nu: 1, Horizon: 2}
	p, err := relu.New(net, []float64{3}, control.NewBox(1, -1, 1), cost, nil)
	if err != nil {
		t.Fatal(err)
	}
	row := func(x, u, next, b float64) control.Affine {
		return control.Affine{Rows: 1, Cols: 3, W: []float64{x, u, next}, B: []float64{b}}
	}
	err = p.Constrain([]control.Constraint{
		{Name: "upper", First: 0, Last: 2, Residual: row(1, 0, 0, -4)},  // always kept at 0: dropped there
		{Name: "lower", First: 0, Last: 0, Residual: row(-1, 0, 0, 5)},  // never kept: stays
		{Name: "flow", First: 0, Last: 1, Residual: row(-1, 0, 1, 0)},   // u_t <= x_t
		{Name: "change", First: 0, Last: 1, Residual: row(0, -1, 1, 0)}, // no action before the first: from 1 on
	}, []int{0})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range p.Constraints {
		got = append(got, strings.TrimSpace(k.Name+" "+strings.Repeat("I", k.T)))
	}
	if s := strings.Join(got, ", "); s != "lower, flow, upper I, flow I, change I, upper II" {
		t.Errorf("rows are %s", s)
	}
	if k := p.Constraints[1]; k.X != nil || k.U != nil || k.B[0] != -3 || k.Next[0] != 1 {
		t.Errorf("u_0 <= x_0 became %+v", k)
	}
	if v := p.Violation([]float64{1, 0}, p.NewWorkspace()); v != 2 {
		t.Errorf("violation is %g, want 2", v) // x = 3, 0, 0 and 5 <= x_0
	}
	if !p.Constrained() {
		t.Error("not constrained")
	}
}

func TestConstrainRefuses(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(1, 1)), shapes[0])
	checked := 0
	for _, c := range []struct {
		integer []int
		want    string
	}{{[]int{1}, "coordinates are 0..0"}, {[]int{0, 0}, "once"}, {[]int{-1}, "-1"}} {
		if err := p.Constrain(nil, c.integer); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.integer, err, c.want)
		}
		checked++
	}
	if err := p.Constrain([]control.Constraint{{Name: "wide", Residual: control.NewAffine(1, 2)}}, nil); err == nil || !strings.Contains(err.Error(), "wide") {
		t.Errorf("too few columns give %v", err)
	}
	if p.Constrained() || checked == 0 {
		t.Error("a refused constraint was kept, or nothing was checked")
	}
}
