package problems

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"hinge/nn"
)

const twoCases = `(assert (>= X_0 -1)) (assert (<= X_1 1)) (assert (>= X_1 -2))
(assert (or (and (<= X_0 0) (<= Y_0 0.25) (>= Y_1 Y_2)) (and (<= X_0 0) (<= Y_2 -1)) (and (<= X_0 2) (>= X_0 0.5))))`

// TestProgramsMeanTheProperty: at every point J <= 0 in the program of a group
// exactly if the group contains it. The network has skips.
func TestProgramsMeanTheProperty(t *testing.T) {
	p, err := parseProperty("p.vnnlib", []byte(declare(2, 3)+twoCases))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 9))
	net := nn.NewMLP(2, []int{5, 4}, 3, true)
	net.Init(nn.HeNormal, rng)
	programs, err := p.Programs(net, nil)
	if err != nil || len(programs) != 3 {
		t.Fatalf("%d programs, %v", len(programs), err)
	}
	if programs[0].Step != programs[1].Step || programs[0].Inputs() != 2 || programs[0].Nx != 3 {
		t.Error("the groups of a case must share the network")
	}
	met := 0
	y, ws := make([]float64, 3), net.NewWorkspace()
	for k := range 3000 {
		at, q := 0, programs[k%3]
		for i := range p.Cases {
			for _, g := range p.Cases[i].Groups {
				if at++; at-1 != k%3 {
					continue
				}
				x := make([]float64, 2)
				p.Cases[i].Box.Sample(x, rng)
				net.Forward(y, x, ws)
				v := q.Objective(x, q.NewWorkspace())
				if !q.Box.Contains(x, 0) || math.Abs(v-g.margin(y)) > 1e-12 || g.Contains(y, 0) != (v <= 0) {
					t.Fatalf("program %d: J = %g at %v, the group's margin is %g", k%3, v, x, g.margin(y))
				}
				w := p.Witness(net, x)
				if math.Abs(w.Y[0]-y[0])+math.Abs(w.Y[2]-y[2]) > 1e-12 || w.Margin > v+1e-12 || math.Abs(w.Margin-w.Margin32) > 1e-5 {
					t.Fatalf("witness %+v, output %v, J = %g", w, y, v)
				}
				if v <= 0 {
					met++
				}
			}
		}
	}
	if met < 1000 {
		t.Errorf("only %d points met their group", met)
	}
	if w := p.Witness(net, []float64{0.25, 0}); !math.IsInf(w.Margin, 1) {
		t.Errorf("a point outside all boxes has margin %g", w.Margin)
	}
}

func TestProgramsRefuseOtherNetworks(t *testing.T) {
	p, err := parseProperty("p.vnnlib", []byte(declare(2, 3)+twoCases))
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Programs(nn.NewMLP(2, []int{3}, 4, false), nil)
	if err == nil || !strings.Contains(err.Error(), "2 inputs and 3 outputs; the network has 2 and 4") {
		t.Error(err)
	}
}

// TestResultsComeBack reads what was written with the reader of properties.
func TestResultsComeBack(t *testing.T) {
	w := &Witness{X: []float64{1.0 / 3, -2e-17, 5}, Y: []float64{math.Pi * 1e20}}
	var out bytes.Buffer
	if err := WriteResult(&out, "sat", w); err != nil {
		t.Fatal(err)
	}
	verdict, rest, _ := strings.Cut(out.String(), "\n")
	exprs, err := parseExpressions("result", []byte(rest))
	if verdict != "sat" || err != nil || len(exprs) != 1 || len(exprs[0].list) != 4 {
		t.Fatalf("%q, %v:\n%s", verdict, err, out.String())
	}
	for i, want := range []struct {
		name  string
		value float64
	}{{"X_0", w.X[0]}, {"X_1", w.X[1]}, {"X_2", w.X[2]}, {"Y_0", w.Y[0]}} {
		pair := exprs[0].list[i].list
		if v, err := strconv.ParseFloat(pair[1].atom, 64); pair[0].atom != want.name || v != want.value || err != nil {
			t.Errorf("%s is %s, %v; want %s = %v", pair[0].atom, pair[1].atom, err, want.name, want.value)
		}
	}
	out.Reset()
	if err := WriteResult(&out, "unsat", nil); err != nil || out.String() != "unsat\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}
