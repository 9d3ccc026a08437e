package problems

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hinge/control"
	"hinge/milp/relu"
	"hinge/nn"
)

// dataFolder returns a folder of the external data, and skips where it is absent.
func dataFolder(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("HINGE_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data")
	}
	folder := filepath.Join(root, name)
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("SKIPPED, nothing checked: no external data at %s; set HINGE_DATA to the folder that holds %s", folder, name)
	}
	return folder
}

// evaluate returns the trajectory of actions under sys and its cost.
func evaluate(p *Problem, sys control.System, actions []float64) (*control.Trajectory, float64) {
	tr := control.NewTrajectory(p.Cost.Nx, p.Cost.Nu, p.Horizon())
	copy(tr.U, actions)
	tr.Simulate(sys, p.X0)
	return tr, p.Cost.Total(tr, nil)
}

// netSystem steps the wrapped network.
type netSystem struct {
	net *nn.Net
	ws  *nn.Workspace
}

func newNetSystem(net *nn.Net) *netSystem { return &netSystem{net: net, ws: net.NewWorkspace()} }

func (s *netSystem) Dims() (nx, nu int)    { return stateDim, actionDim }
func (s *netSystem) Clone() control.System { return newNetSystem(s.net) }
func (s *netSystem) Step(dst, x, u []float64) {
	s.net.Forward(dst, append(append([]float64(nil), x...), u...), s.ws)
}

func TestPushTReproducesThePublishedPlans(t *testing.T) {
	file := filepath.Join(dataFolder(t, "push-t"), "instances.json")
	checked := 0
	for k := range 2 {
		p, err := Open(fmt.Sprintf("push-t:%s#%d", file, k))
		if err != nil {
			t.Fatal(err)
		}
		if p.Horizon() != 20 || len(p.Obstacles) != 2 || p.Step.Count(nn.ReLU) != 768 {
			t.Errorf("instance %d: horizon %d, %d obstacles, %d ReLUs", k, p.Horizon(), len(p.Obstacles), p.Step.Count(nn.ReLU))
		}
		for _, plan := range p.Published {
			for _, sys := range []control.System{p.Model, newNetSystem(p.Step)} {
				tr, cost := evaluate(p, sys, plan.Actions)
				if math.Abs(cost-plan.Cost) > 1e-4 {
					t.Errorf("instance %d, %s: cost %g, published %g", k, plan.Method, cost, plan.Cost)
				}
				if penalty(p, tr) != 0 || len(p.Collisions(tr)) != 0 {
					t.Errorf("instance %d, %s: penalty %g, collisions %v", k, plan.Method, penalty(p, tr), p.Collisions(tr))
				}
			}
			if p.Action.Repeat(20).Contains(plan.Actions, 0) {
				checked++
			}
		}
	}
	if checked != 6 {
		t.Errorf("%d published plans inside the box, want 6", checked)
	}
}

// penalty returns what the obstacle terms add to the cost.
func penalty(p *Problem, tr *control.Trajectory) float64 {
	without := *p.Cost
	without.Terms = p.Cost.Terms[1:]
	return without.Total(tr, nil)
}

func TestPushTPenaltyAgreesWithCollisions(t *testing.T) {
	file := filepath.Join(dataFolder(t, "push-t"), "instances.json")
	p, err := Open("push-t:" + file + "#0")
	if err != nil {
		t.Fatal(err)
	}
	hit, free := 0, 0
	for i := range 300 {
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		p.X0[8], p.X0[9] = 5*rng.Float64(), 5*rng.Float64()
		u := make([]float64, 40)
		p.Action.Repeat(20).Sample(u, rng)
		tr, _ := evaluate(p, p.Model, u)
		if collides := len(p.Collisions(tr)) > 0; collides != (penalty(p, tr) > 0) {
			t.Fatalf("start %d: collides %v, penalty %g", i, collides, penalty(p, tr))
		} else if collides {
			hit++
		} else {
			free++
		}
	}
	if hit == 0 || free == 0 {
		t.Errorf("%d roll-outs collided and %d did not; both must occur", hit, free)
	}
}

func TestPushTGridReproducesAllReferences(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(dataFolder(t, "push-t-grid"), "instances", "*.json"))
	if len(files) != 96 {
		t.Fatalf("%d instances, want 96", len(files))
	}
	proven := 0
	for _, file := range files {
		p, err := Open("push-t-grid:" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, sys := range []control.System{p.Model, newNetSystem(p.Step)} {
			if _, cost := evaluate(p, sys, p.Reference.Actions); math.Abs(cost-p.Reference.BestKnown) > 1e-9*p.Reference.BestKnown {
				t.Errorf("%s: cost %.15g, best known %.15g", filepath.Base(file), cost, p.Reference.BestKnown)
			}
		}
		if !p.Action.Repeat(p.Horizon()).Contains(p.Reference.Actions, 0) {
			t.Errorf("%s: best actions leave the box", filepath.Base(file))
		}
		if !math.IsNaN(p.Reference.Optimum) {
			proven++
		}
		if _, err := relu.New(p.Step, p.X0, p.Action, p.Cost, nil); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
	}
	if proven == 0 {
		t.Error("no instance has a proven optimum")
	}
}

func TestPushTGridWorkedExample(t *testing.T) {
	folder := filepath.Join(dataFolder(t, "push-t-grid"), "instances")
	for _, c := range []struct {
		file string
		want float64
	}{{"n24_h3_sum_a.json", 9.258603}, {"n24_h3_final_a.json", 4.551477}} {
		p, err := Open("push-t-grid:" + filepath.Join(folder, c.file))
		if err != nil {
			t.Fatal(err)
		}
		tr, cost := evaluate(p, p.Model, make([]float64, 6))
		if math.Abs(cost-c.want) > 1e-6 {
			t.Errorf("%s: cost %.7f, want %.7f", c.file, cost, c.want)
		}
		for step, want := range []float64{4.909680, 4.786703, 4.667336, 4.551477} {
			if got := l1(tr.State(step), p.Cost.Terms[0].Reference); math.Abs(got-want) > 2e-6 {
				t.Errorf("%s: L1_%d is %.7f, want %.7f", c.file, step, got, want)
			}
		}
	}
}

func l1(x, target []float64) float64 {
	sum := 0.0
	for i, v := range target {
		sum += math.Abs(x[i] - v)
	}
	return sum
}

func TestStepNetIsTheFormula(t *testing.T) {
	checked := 0
	for i := range 50 {
		rng := rand.New(rand.NewPCG(2, uint64(i)))
		net := nn.NewMLP(netIn, []int{7, 5}, keypoint2, false)
		for j := range net.Params {
			net.Params[j] = rng.NormFloat64()
		}
		f, s := newFormula(net), newNetSystem(stepNet(net))
		x, u := make([]float64, stateDim), make([]float64, actionDim)
		control.NewBox(stateDim, -3, 3).Sample(x, rng)
		control.NewBox(actionDim, -1, 1).Sample(u, rng)
		want, got := make([]float64, stateDim), make([]float64, stateDim)
		f.Step(want, x, u)
		s.Step(got, x, u)
		for j := range want {
			if math.Abs(want[j]-got[j]) > 1e-10*(1+math.Abs(want[j])) {
				t.Fatalf("net %d: coordinate %d is %g, want %g", i, j, got[j], want[j])
			}
			checked++
		}
		f.Step(x, x, u) // dst may alias x
		if x[0] != want[0] || x[9] != want[9] {
			t.Fatalf("net %d: stepping in place gives another state", i)
		}
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

func TestOpenListsTheValidForms(t *testing.T) {
	for spec, want := range map[string][]string{
		"":                   {"push-t:FILE#K", "push-t-grid:FILE"},
		"nonsense:x":         {`"nonsense:x"`, "push-t:FILE#K", "push-t-grid:FILE"},
		"push-t":             {"push-t:FILE#K"},
		"push-t:":            {"no file named", "push-t:FILE#K"},
		"push-t-grid:":       {"no file named", "push-t-grid:FILE"},
		"push-t:file.json":   {"push-t:FILE#K"},
		"push-t:file.json#x": {`"x"`, "whole number"},
		"push-t:none.json#0": {"none.json"},
	} {
		_, err := Open(spec)
		assertMessage(t, spec, err, want...)
	}
}

func assertMessage(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want one about %q", what, parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: error %q lacks %q", what, err, part)
		}
	}
}
