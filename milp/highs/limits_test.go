package highs

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	"unsafe"

	"hinge/milp"
)

// knapsacks takes HiGHS minutes: 60 binaries in 30 dense rows. All zeros is
// feasible.
func knapsacks() *milp.Problem { return denseRows(60, 30) }

func denseRows(n, rows int) *milp.Problem {
	r := rand.New(rand.NewPCG(1, 1))
	p := &milp.Problem{}
	all := make([]milp.Var, n)
	for j := range all {
		all[j] = p.AddBinary(-float64(10 + r.IntN(50)))
	}
	for range rows {
		weight := make([]float64, n)
		sum := 0.0
		for j := range weight {
			weight[j] = float64(5 + r.IntN(60))
			sum += weight[j]
		}
		p.AddRow(-inf, sum/2, all, weight)
	}
	return p
}

// some is feasible for knapsacks, with an objective that no heuristic finds.
func some(p *milp.Problem) []float64 {
	x := make([]float64, p.Vars())
	x[3], x[17] = 1, 1
	return x
}

func TestDeadlineReturnsTheStart(t *testing.T) {
	s := open(t)
	p := knapsacks()
	for _, after := range []time.Duration{-time.Second, 0, 200 * time.Millisecond} {
		ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(after))
		res, err := s.Solve(ctx, p, milp.Options{Start: some(p)})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		checkPoint(t, p, res)
		if res.Status != milp.TimeLimit || res.Objective > p.Objective(some(p)) {
			t.Errorf("deadline in %v: got %+v", after, res)
		}
		if res.DualBound > res.Objective {
			t.Errorf("deadline in %v: bound %g above the incumbent %g", after, res.DualBound, res.Objective)
		}
		if res.SolveTime > 10*time.Second {
			t.Errorf("deadline in %v: took %v", after, res.SolveTime)
		}
	}
}

// The start is the first incumbent, and incumbents improve.
func TestStartAndIncumbents(t *testing.T) {
	s := open(t)
	p := knapsacks()
	var objectives []float64
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	res, err := s.Solve(ctx, p, milp.Options{
		Start: some(p),
		OnIncumbent: func(objective float64, x []float64) {
			if v := p.Violation(x); v > feasTol || p.Objective(x) != objective {
				t.Errorf("incumbent of %g: objective %g, violation %g", objective, p.Objective(x), v)
			}
			clear(x) // ours for the call: the solver must not suffer
			if objectives = append(objectives, objective); len(objectives) == 3 {
				cancel()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	checkPoint(t, p, res)
	if len(objectives) < 3 || objectives[0] != p.Objective(some(p)) {
		t.Fatalf("incumbents %v; want at least 3, the first being the start's %g", objectives, p.Objective(some(p)))
	}
	if !slices.IsSortedFunc(objectives, func(a, b float64) int { return int(b - a) }) {
		t.Errorf("incumbents %v do not improve", objectives)
	}
	if last := objectives[len(objectives)-1]; res.Status != milp.Interrupted || res.Objective > last {
		t.Errorf("cancelled at %g: got %s with objective %g", last, res.Status, res.Objective)
	}
}

func TestCancelledBefore(t *testing.T) {
	s := open(t)
	p := knapsacks()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	res, err := s.Solve(ctx, p, milp.Options{})
	if err != nil || res.Status != milp.Interrupted || res.Feasible() || res.Objective != inf || res.DualBound != -inf {
		t.Errorf("got %+v, %v; want interrupted and nothing known", res, err)
	}
}

func TestNodeLimit(t *testing.T) {
	s := open(t)
	res := solve(t, s, denseRows(40, 20), milp.Options{NodeLimit: 1})
	if res.Status != milp.NodeLimit || res.NodeCount < 1 || res.LPIterations < 1 {
		t.Errorf("got %+v", res)
	}
}

func TestGapOptions(t *testing.T) {
	s := open(t)
	p := knapsacks()
	for _, opts := range []milp.Options{{RelGap: 0.5}, {RelGap: -1, AbsGap: 1000}} {
		res := solve(t, s, p, opts)
		if res.Status != milp.Optimal || res.RelGap() > 0.5 && res.AbsGap() > 1000 {
			t.Errorf("%+v: got %s with gaps %g and %g", opts, res.Status, res.RelGap(), res.AbsGap())
		}
	}
}

func TestRepeatable(t *testing.T) {
	s := open(t)
	a := solve(t, s, knapsacks(), milp.Options{RelGap: 0.05, Seed: 7})
	b := solve(t, s, knapsacks(), milp.Options{RelGap: 0.05, Seed: 7})
	if !slices.Equal(a.X, b.X) || a.DualBound != b.DualBound || a.LPIterations != b.LPIterations || a.NodeCount != b.NodeCount {
		t.Errorf("two equal solves differ:\n%+v\n%+v", a, b)
	}
}

// A panic in the caller's function crosses HiGHS and arrives; the next solve works.
func TestPanicInOnIncumbent(t *testing.T) {
	s := open(t)
	defer func() {
		if got := recover(); got != "mine" {
			t.Errorf("got panic %v, want mine", got)
		}
		p, want := randomMIP(rand.New(rand.NewPCG(3, 3)))
		if res := solve(t, s, p, milp.Options{}); !near(res.Objective, want) {
			t.Errorf("after the panic: objective %g, want %g", res.Objective, want)
		}
	}()
	_, _ = s.Solve(context.Background(), knapsacks(), milp.Options{OnIncumbent: func(float64, []float64) { panic("mine") }})
}

// Every kind of interrupt callback asks the context.
func TestDispatchInterrupts(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	const id = 1 << 40
	watches.Store(uintptr(id), &watch{stop: ctx.Err})
	defer watches.Delete(uintptr(id))
	for _, kind := range []int32{callbackSimplexInterrupt, callbackInteriorInterrupt, callbackMIPInterrupt} {
		var flag int32
		if dispatch(kind, nil, nil, &flag, id); flag != 0 {
			t.Errorf("kind %d interrupts without reason", kind)
		}
	}
	cancel()
	for _, kind := range []int32{callbackSimplexInterrupt, callbackInteriorInterrupt, callbackMIPInterrupt} {
		var flag int32
		if dispatch(kind, nil, nil, &flag, id); flag != 1 {
			t.Errorf("kind %d does not interrupt a cancelled solve", kind)
		}
		dispatch(kind, unsafe.Pointer(nil), nil, nil, id) // no input struct: nothing to write
	}
}

func TestAdoptStart(t *testing.T) {
	p := &milp.Problem{}
	p.AddVar(1, 0, 1)
	for _, c := range []struct {
		status       milp.Status
		objective, x float64
		want         milp.Status
		wantValue    float64
	}{
		{milp.TimeLimit, inf, 0.5, milp.TimeLimit, 0.5},
		{milp.TimeLimit, 0.25, 0.5, milp.TimeLimit, 0.25},
		{milp.TimeLimit, inf, 2, milp.TimeLimit, inf}, // not feasible
		{milp.Optimal, 0.5, 0.25, milp.Optimal, 0.5},  // HiGHS knew the start
		{milp.Infeasible, inf, 0.5, milp.NumericalFailure, 0.5},
		{milp.InfeasibleOrUnbounded, inf, 0.5, milp.Unbounded, 0.5},
	} {
		res := &milp.Result{Status: c.status, Objective: c.objective}
		adoptStart(res, p, []float64{c.x})
		if res.Status != c.want || res.Objective != c.wantValue {
			t.Errorf("%s at %g with start %g: got %s at %g, want %s at %g",
				c.status, c.objective, c.x, res.Status, res.Objective, c.want, c.wantValue)
		}
	}
}
