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

var shapes = relutest.Shapes()

// The objective must equal the cost of the simulated trajectory, evaluated by
// code of another package.
func TestObjectiveIsCostOfRollout(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, s := range shapes {
		p := relutest.Random(rng, s)
		ws, net := p.NewWorkspace(), p.Step.NewWorkspace()
		u := make([]float64, p.Inputs())
		relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
		tr := control.NewTrajectory(p.Nx, p.Nu, p.Horizon)
		copy(tr.U, u)
		copy(tr.X, p.X0)
		in := make([]float64, p.Nx+p.Nu)
		for i := range p.Horizon {
			copy(in, tr.State(i))
			copy(in[p.Nx:], tr.Action(i))
			p.Step.Forward(tr.State(i+1), in, net)
		}
		want := p.Cost().Total(tr, p.Before())
		if got := p.Objective(u, ws); math.Abs(got-want) > 1e-12*(1+want) {
			t.Errorf("%+v: objective %g, cost of the roll-out %g", s, got, want)
		}
	}
}

func TestGradientFiniteDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	checked := 0
	for _, s := range shapes {
		p := relutest.Random(rng, s)
		ws := p.NewWorkspace()
		u, g := make([]float64, p.Inputs()), make([]float64, p.Inputs())
		for range 10 {
			p.Box.Sample(u, rng)
			p.Objective(u, ws)
			p.Gradient(g, u, ws)
			for i := range u {
				const h = 1e-6
				d, smooth := difference(p, ws, u, i, h)
				if !smooth { // a kink within h of u
					continue
				}
				checked++
				if math.Abs(d-g[i]) > 1e-5*(1+math.Abs(d)) {
					t.Errorf("%+v: input %d: gradient %g, difference %g", s, i, g[i], d)
				}
			}
		}
	}
	if checked < 100 {
		t.Fatalf("only %d derivatives were checked", checked)
	}
}

// difference returns the central difference at input i and whether the two
// one-sided differences agree.
func difference(p *relu.Program, ws *relu.Workspace, u []float64, i int, h float64) (float64, bool) {
	at := func(d float64) float64 {
		v := append([]float64(nil), u...)
		v[i] += d
		return p.Objective(v, ws)
	}
	lo, mid, hi := at(-h), at(0), at(h)
	return (hi - lo) / (2 * h), math.Abs((hi-mid)-(mid-lo)) < 1e-4*h
}

func TestNewRefuses(t *testing.T) {
	net := nn.NewMLP(3, []int{2}, 2, true)
	cost := &control.Cost{Nx: 2, Nu: 1, Horizon: 2}
	box := control.NewBox(1, -1, 1)
	nan := net.Clone()
	nan.Weight(0)[1] = math.NaN()
	for name, c := range map[string]struct {
		step *nn.Net
		x0   []float64
		box  control.Box
		want string
	}{
		"shape":    {net, []float64{1}, box, "3 inputs"},
		"weight":   {nan, []float64{0, 0}, box, "weight (0, 1) is NaN"},
		"start":    {net, []float64{0, math.Inf(1)}, box, "start state coordinate 1"},
		"infinite": {net, []float64{0, 0}, control.NewBox(1, 0, math.Inf(1)), "box coordinate 0"},
	} {
		_, err := relu.New(c.step, c.x0, c.box, cost, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v; it should say %q", name, err, c.want)
		}
	}
}

func TestEvaluationDoesNotAllocate(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(3, 1)), shapes[1])
	ws := p.NewWorkspace()
	u, g := make([]float64, p.Inputs()), make([]float64, p.Inputs())
	if n := testing.AllocsPerRun(10, func() {
		p.Objective(u, ws)
		p.Gradient(g, u, ws)
	}); n != 0 {
		t.Errorf("%g allocations per evaluation", n)
	}
}

// A unit that reads nothing and one that nobody reads are no part of a program, also where
// all units are ReLU.
func TestNewFoldsIdleUnits(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	p := relutest.Random(rng, relutest.Shape{Nx: 2, Nu: 1, Horizon: 3, Hidden: []int{5}})
	step := p.Step
	for j := range step.Layers[0].In() {
		step.Weight(0)[1*step.Layers[0].In()+j] = 0 // unit 1 reads nothing
	}
	last := &step.Layers[1]
	for i := range last.Out {
		step.Weight(1)[i*last.In()+step.In-last.From+2] = 0 // nobody reads unit 2
	}
	q, err := relu.New(step, p.X0, control.NewBox(1, -1, 1), p.Cost(), p.Before())
	if err != nil {
		t.Fatal(err)
	}
	if q.ReLUs() != 3*3 {
		t.Errorf("%d ReLUs of 3 steps; 3 of 5 units do anything", q.ReLUs())
	}
	u := []float64{.3, -.7, .1}
	if a, b := p.Objective(u, p.NewWorkspace()), q.Objective(u, q.NewWorkspace()); math.Abs(a-b) > 1e-12 {
		t.Errorf("J is %v, was %v", b, a)
	}
}
