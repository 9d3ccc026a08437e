package bnb_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

func decide(t *testing.T, programs []*relu.Program, opts bnb.DecideOptions) *bnb.Decision {
	t.Helper()
	d, err := bnb.Decide(context.Background(), programs, opts)
	if err != nil {
		t.Fatal(err)
	}
	if d.Verdict == bnb.Sat {
		p := programs[d.Program]
		if v := p.Objective(d.U, p.NewWorkspace()); v != d.Objective || !(v <= 0) || !p.Box.Contains(d.U, 0) {
			t.Fatalf("the point %v of program %d is none: J = %g, said to be %g", d.U, d.Program, v, d.Objective)
		}
	}
	if d.Verdict != bnb.Undecided && d.Status != milp.Optimal {
		t.Fatalf("%v with status %v", d.Verdict, d.Status)
	}
	return d
}

// shifted returns p, whose only terms are of norm Max, with its objective lowered
// by s, and turned over if sign is -1 (for terms of one row).
func shifted(p *relu.Program, s, sign float64) *relu.Program {
	q := *p
	q.Terms = slices.Clone(p.Terms)
	for i := range q.Terms {
		k := &q.Terms[i]
		k.X, k.U, k.B = scaled(k.X, sign), scaled(k.U, sign), scaled(k.B, sign)
		for j := range k.B {
			k.B[j] -= s / (k.Factor * float64(len(q.Terms)))
		}
	}
	return &q
}

func scaled(v []float64, s float64) []float64 {
	w := slices.Clone(v)
	for i := range w {
		w[i] *= s
	}
	return w
}

var decideShapes = []relutest.Shape{
	{Nx: 1, Nu: 1, Horizon: 1, Hidden: []int{1}, Norm: control.Max},
	{Nx: 1, Nu: 2, Horizon: 1, Hidden: []int{5}, Norm: control.Max},
	{Nx: 2, Nu: 2, Horizon: 1, Hidden: []int{3, 2}, Norm: control.Max},
	{Nx: 3, Nu: 2, Horizon: 1, Hidden: []int{4}, Norm: control.Max, Chain: true},
	{Nx: 1, Nu: 1, Horizon: 2, Hidden: []int{3}, Norm: control.Max},
}

// TestDecideAgreesWithEnumeration asks on both sides of the optimum that an
// enumeration of activation patterns finds.
func TestDecideAgreesWithEnumeration(t *testing.T) {
	var count [3]int
	for seed := range uint64(60) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 41)), decideShapes[int(seed)%len(decideShapes)])
		optimum := bruteForce(p)
		for _, off := range []float64{-1, -1e-2, -1e-6, 1e-6, 1e-2, 1} {
			want := bnb.Unsat
			if off > 0 {
				want = bnb.Sat
			}
			d := decide(t, []*relu.Program{shifted(p, optimum+off, 1)}, bnb.DecideOptions{NodeLimit: 200_000})
			if count[d.Verdict]++; d.Verdict != want {
				t.Errorf("seed %d: the optimum is %g: %v after %d nodes, want %v", seed, -off, d.Verdict, d.NodeCount, want)
			}
		}
	}
	if count[bnb.Sat] < 150 || count[bnb.Unsat] < 150 {
		t.Errorf("verdicts %v", count)
	}
}

// TestDecideSeveral asks about several programs at once, of one box or of two.
func TestDecideSeveral(t *testing.T) {
	var count [3]int
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 42))
		p := relutest.Random(rng, relutest.Shape{Nx: 1, Nu: 2, Horizon: 1, Hidden: []int{4}, Norm: control.Max})
		above, below := bruteForce(p), bruteForce(shifted(p, 0, -1))
		offs := []float64{.1*rng.NormFloat64() - .1, .1*rng.NormFloat64() - .1, .1*rng.NormFloat64() - .1}
		programs := []*relu.Program{shifted(p, above+offs[0], 1), shifted(p, below+offs[1], -1), shifted(p, above+offs[2], 1)}
		if seed%2 == 0 { // the last one has a box of its own
			half := p.Box.Clone()
			half.Upper[0] = 0
			q := *p
			q.Box = half
			programs[2] = shifted(&q, bruteForce(&q)+offs[2], 1)
		}
		want := bnb.Unsat
		if slices.Max(offs) > 0 {
			want = bnb.Sat
		}
		d := decide(t, programs, bnb.DecideOptions{NodeLimit: 200_000})
		if count[d.Verdict]++; d.Verdict != want || (d.Verdict == bnb.Sat && offs[d.Program] <= 0) {
			t.Errorf("seed %d: %v by program %d, the optima are below 0 by %v", seed, d.Verdict, d.Program, offs)
		}
	}
	if count[bnb.Sat] < 10 || count[bnb.Unsat] < 5 {
		t.Errorf("verdicts %v", count)
	}
	if d := decide(t, nil, bnb.DecideOptions{}); d.Verdict != bnb.Unsat {
		t.Errorf("no program at all: %v", d.Verdict)
	}
}

// hardQuestion takes a few thousand nodes.
func hardQuestion() *relu.Program {
	p := relutest.Random(rand.New(rand.NewPCG(2, 43)), relutest.Shape{Nx: 3, Nu: 5, Horizon: 1, Hidden: []int{30, 30}, Norm: control.Max, Chain: true})
	r, err := bnb.Solve(context.Background(), p, bnb.Options{NodeLimit: 10})
	if err != nil {
		panic(err)
	}
	return shifted(p, r.Objective-1e-3, 1)
}

func TestDecideDoesNotDependOnWorkers(t *testing.T) {
	p := hardQuestion()
	one := decide(t, []*relu.Program{p}, bnb.DecideOptions{Workers: 1})
	if one.Verdict != bnb.Unsat || one.NodeCount < 500 {
		t.Fatalf("%v after %d nodes", one.Verdict, one.NodeCount)
	}
	for _, workers := range []int{2, 8} {
		if d := decide(t, []*relu.Program{p}, bnb.DecideOptions{Workers: workers}); d.Verdict != one.Verdict || d.NodeCount != one.NodeCount {
			t.Errorf("%d workers: %v after %d nodes, one takes %d", workers, d.Verdict, d.NodeCount, one.NodeCount)
		}
	}
}

func TestDecideStopsAtLimits(t *testing.T) {
	p := []*relu.Program{hardQuestion()}
	if d := decide(t, p, bnb.DecideOptions{NodeLimit: 100}); d.Verdict != bnb.Undecided || d.Status != milp.NodeLimit || d.NodeCount < 100 || d.NodeCount > 130 {
		t.Errorf("%v, %v after %d nodes", d.Verdict, d.Status, d.NodeCount)
	}
	expired, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	cancelled, stop := context.WithCancel(context.Background())
	stop()
	for ctx, want := range map[context.Context]milp.Status{expired: milp.TimeLimit, cancelled: milp.Interrupted} {
		d, err := bnb.Decide(ctx, p, bnb.DecideOptions{})
		if err != nil || d.Verdict != bnb.Undecided || d.Status != want {
			t.Errorf("%v, %v, %v; want %v", d.Verdict, d.Status, err, want)
		}
	}
	// Stopped in the middle of the tree.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	d, err := bnb.Decide(ctx, p, bnb.DecideOptions{OnProgress: func(nodes, open int) {
		if nodes > 200 {
			cancel()
		}
	}})
	if err != nil || d.Verdict != bnb.Undecided || d.Status != milp.Interrupted || d.NodeCount > 300 {
		t.Errorf("%v, %v after %d nodes, %v", d.Verdict, d.Status, d.NodeCount, err)
	}
}

// TestDecideAtTheEdge asks where J touches 0, which rounding decides: any answer
// but a wrong proof is right, and it must come.
func TestDecideAtTheEdge(t *testing.T) {
	for seed := range uint64(20) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 44)), decideShapes[int(seed)%len(decideShapes)])
		q := shifted(p, bruteForce(p), 1)
		d := decide(t, []*relu.Program{q}, bnb.DecideOptions{NodeLimit: 20_000})
		if d.Verdict == bnb.Unsat && bruteForce(q) <= 0 {
			t.Errorf("seed %d: unsat, but J = %g somewhere", seed, bruteForce(q))
		}
	}
	// A box that is a point.
	p := relutest.Random(rand.New(rand.NewPCG(1, 44)), decideShapes[1])
	p.Box.Upper = slices.Clone(p.Box.Lower)
	v := p.Objective(p.Box.Lower, p.NewWorkspace())
	for off, want := range map[float64]bnb.Verdict{1e-9: bnb.Sat, -1e-9: bnb.Unsat} {
		if d := decide(t, []*relu.Program{shifted(p, v+off, 1)}, bnb.DecideOptions{}); d.Verdict != want {
			t.Errorf("a point with J = %g: %v", -off, d.Verdict)
		}
	}
	if d := decide(t, []*relu.Program{shifted(p, v-1e-17, 1)}, bnb.DecideOptions{}); d.Verdict == bnb.Undecided && d.Status != milp.NumericalFailure {
		t.Errorf("%v with status %v", d.Verdict, d.Status)
	}
}

func TestDecideRefusesInfiniteRanges(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(1, 45)), decideShapes[2])
	for i := range p.Step.Params {
		p.Step.Params[i] = math.Copysign(1e200, p.Step.Params[i])
	}
	if d, err := bnb.Decide(context.Background(), []*relu.Program{shifted(p, -1e300, 1)}, bnb.DecideOptions{}); err == nil {
		t.Errorf("%v without an error", d.Verdict)
	}
}

func TestDecideRefusesConstraints(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(1, 46)), decideShapes[1])
	if err := p.Constrain(nil, []int{0}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	bnb.Decide(context.Background(), []*relu.Program{p}, bnb.DecideOptions{})
}
