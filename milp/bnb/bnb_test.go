package bnb_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/bound"
	"hinge/milp/encode"
	"hinge/milp/highs"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
	"hinge/nn"
)

func solve(t *testing.T, p *relu.Program, opts bnb.Options) *bnb.Result {
	t.Helper()
	r, err := bnb.Solve(context.Background(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBruteForceOverPatterns(t *testing.T) {
	shapes := []relutest.Shape{
		{Nx: 2, Nu: 1, Horizon: 1, Hidden: []int{5}},
		{Nx: 1, Nu: 1, Horizon: 2, Hidden: []int{4}, Rate: true},
		{Nx: 1, Nu: 1, Horizon: 3, Hidden: []int{2}, Rate: true},
		{Nx: 2, Nu: 2, Horizon: 1, Hidden: []int{6}},
		{Nx: 2, Nu: 1, Horizon: 1, Hidden: []int{3, 3}},
	}
	for seed := range uint64(enumerated) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 21)), shapes[int(seed)%len(shapes)])
		want := bruteForce(p)
		r := solve(t, p, bnb.Options{})
		if r.Status != milp.Optimal || r.DualBound > want+1e-9 || r.Objective < want-1e-9 ||
			r.Objective > want+max(1e-6, 1e-4*want)+1e-9 {
			t.Errorf("seed %d: %v, objective %.10g, dual bound %.10g; enumeration gives %.10g",
				seed, r.Status, r.Objective, r.DualBound, want)
		}
	}
}

// The own solver and a generic one must agree on many random programs.
func TestAgreesWithHiGHS(t *testing.T) {
	solver := genericSolver(t)
	shapes := []relutest.Shape{
		{Nx: 2, Nu: 1, Horizon: 2, Hidden: []int{6}},
		{Nx: 3, Nu: 2, Horizon: 2, Hidden: []int{3, 3}, Rate: true},
		{Nx: 2, Nu: 2, Horizon: 2, Hidden: []int{5}, Norm: control.LInf},
		{Nx: 4, Nu: 1, Horizon: 3, Hidden: []int{3, 3}, Chain: true},
		{Nx: 3, Nu: 1, Horizon: 3, Hidden: []int{4}, Norm: control.Max},
	}
	const shard = 250 // programs; our search goes on in one while HiGHS, which runs alone, is at another
	var checked atomic.Int64
	t.Run("programs", func(t *testing.T) {
		for first := uint64(0); first < agreements; first += shard {
			t.Run(fmt.Sprint(first), func(t *testing.T) {
				t.Parallel()
				for seed := first; seed < first+shard; seed++ {
					p := relutest.Random(rand.New(rand.NewPCG(seed, 22)), shapes[int(seed)%len(shapes)])
					compare(t, solver, p, seed)
					checked.Add(1)
				}
			})
		}
	})
	if n := checked.Load(); n != agreements {
		t.Fatalf("%d programs were compared, not %d", n, agreements)
	}
}

// genericSolver returns HiGHS. Without it a test skips, aloud.
func genericSolver(t *testing.T) *highs.Solver {
	t.Helper()
	solver, err := highs.Open()
	if errors.Is(err, milp.ErrUnavailable) {
		t.Skipf("SKIPPED, nothing checked: %v", err)
	}
	if err != nil { // installed wrongly: no reason to look away
		t.Fatal(err)
	}
	return solver
}

func compare(t *testing.T, solver milp.Solver, p *relu.Program, seed uint64) {
	t.Helper()
	own := solve(t, p, bnb.Options{NodeLimit: 200_000})
	e, err := encode.BigM(p, bound.New(p).Root())
	if err != nil {
		t.Fatal(err)
	}
	ws := p.NewWorkspace()
	centre := make([]float64, p.Inputs())
	theirs, err := solver.Solve(context.Background(), e.Problem,
		milp.Options{RelGap: 1e-6, Start: e.Start(centre, ws)})
	if err != nil || theirs.Status != milp.Optimal {
		t.Fatalf("seed %d: the generic solver says %v, %v", seed, theirs.Status, err)
	}
	u := make([]float64, p.Inputs())
	e.ActionsOf(u, theirs.X)
	value := p.Objective(u, ws)                // never its own word
	tol := 1e-4*math.Abs(own.Objective) + 1e-5 // the gap of the own solver, and theirs
	if math.Abs(value-theirs.Objective) > tol {
		t.Errorf("seed %d: the rows say %.9g, the network %.9g", seed, theirs.Objective, value)
	}
	if math.Abs(own.Objective-value) > tol || own.DualBound > value+1e-9 || theirs.DualBound > own.Objective+tol {
		t.Errorf("seed %d: own %.9g (bound %.9g), generic %.9g (bound %.9g)",
			seed, own.Objective, own.DualBound, value, theirs.DualBound)
	}
}

// The incumbent is a real action sequence with the value it claims, and no
// sampled point beats the dual bound.
func TestResultIsTrue(t *testing.T) {
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 23))
		p := relutest.Random(rng, relutest.Shape{Nx: 3, Nu: 2, Horizon: 3, Hidden: []int{5, 5}, Rate: true})
		r := solve(t, p, bnb.Options{NodeLimit: 60})
		ws := p.NewWorkspace()
		if !p.Box.Contains(r.U, 0) || p.Objective(r.U, ws) != r.Objective {
			t.Errorf("seed %d: the incumbent is outside the box or its value is not J", seed)
		}
		u := make([]float64, p.Inputs())
		for range 500 {
			relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
			if j := p.Objective(u, ws); j < r.DualBound-1e-12 {
				t.Fatalf("seed %d: a random point has J = %g below the dual bound %g", seed, j, r.DualBound)
			}
		}
	}
}

func TestSquaredCostAgainstSampling(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(1, 24)),
		relutest.Shape{Nx: 2, Nu: 1, Horizon: 2, Hidden: []int{6}, Norm: control.SquaredL2})
	r := solve(t, p, bnb.Options{RelGap: 1e-3, NodeLimit: 20000})
	ws, best := p.NewWorkspace(), math.Inf(1)
	for i := range 201 {
		for j := range 201 {
			best = min(best, p.Objective([]float64{-1 + float64(i)/100, -1 + float64(j)/100}, ws))
		}
	}
	if r.Status != milp.Optimal || r.DualBound > best || r.Objective > best+1e-3 {
		t.Errorf("%v, objective %g, bound %g; the grid's best is %g", r.Status, r.Objective, r.DualBound, best)
	}
}

// The same answer, bound and tree for any number of workers.
func TestDeterministicForAnyWorkers(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(5, 25)),
		relutest.Shape{Nx: 4, Nu: 2, Horizon: 3, Hidden: []int{6, 6}})
	one := solve(t, p, bnb.Options{NodeLimit: 300, RelGap: 1e-9, Workers: 1})
	for _, workers := range []int{2, 5} {
		many := solve(t, p, bnb.Options{NodeLimit: 300, RelGap: 1e-9, Workers: workers})
		if !slices.Equal(one.U, many.U) || one.DualBound != many.DualBound || one.NodeCount != many.NodeCount {
			t.Errorf("%d workers: bound %g in %d nodes; one worker: %g in %d",
				workers, many.DualBound, many.NodeCount, one.DualBound, one.NodeCount)
		}
	}
}

// A deadline is an outcome: incumbent, valid bound, status, no error.
func TestDeadlineAndCancellation(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(6, 26)),
		relutest.Shape{Nx: 6, Nu: 3, Horizon: 6, Hidden: []int{16, 16}})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	r, err := bnb.Solve(ctx, p, bnb.Options{RelGap: 1e-12, AbsGap: -1})
	if err != nil || r.Status != milp.TimeLimit || r.U == nil || r.DualBound > r.Objective {
		t.Errorf("deadline: %v, %+v", err, r)
	}
	done, stop := context.WithCancel(context.Background())
	stop()
	if r, err = bnb.Solve(done, p, bnb.Options{}); err != nil || r.Status != milp.Interrupted || r.U == nil {
		t.Errorf("cancelled: %v, %+v", err, r)
	}
}

// After a deadline nobody is called back, and what was returned does not change
// under the caller, whatever the search still does.
func TestNothingComesAfterTheDeadline(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(6, 26)),
		relutest.Shape{Nx: 6, Nu: 3, Horizon: 6, Hidden: []int{16, 16}})
	ws, judged := p.NewWorkspace(), 0
	for i := range 20 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+2*i)*time.Millisecond)
		var over atomic.Bool
		r, err := bnb.Solve(ctx, p, bnb.Options{RelGap: 1e-12, AbsGap: -1, Workers: 2, OnProgress: func(bnb.Progress) {
			if over.Load() {
				t.Error("called back after the end")
			}
		}})
		over.Store(true)
		cancel()
		if err != nil || r.Status != milp.TimeLimit {
			t.Fatalf("%v, %v", r, err)
		}
		u, bound := slices.Clone(r.U), r.DualBound
		time.Sleep(3 * time.Millisecond)
		if !slices.Equal(u, r.U) || bound != r.DualBound || p.Objective(r.U, ws) != r.Objective || bound > r.Objective {
			t.Errorf("the result changed or is not true: %+v", r)
		}
		judged++
	}
	if judged != 20 {
		t.Fatalf("%d deadlines were judged", judged)
	}
}

// Costs of keep-out regions are not convex, but as boxes shrink their bound becomes the
// cost itself: a search ends with a proof, at a point and on a box.
func TestKeepOutIsProven(t *testing.T) {
	r := control.NewAffine(1, 2)
	r.Set(0, 0, 1)
	cost := &control.Cost{Nx: 1, Nu: 1, Horizon: 1, Terms: []control.Term{
		{Name: "disc", Weight: 1, Norm: control.Disc, Radius: 3, Residual: r},
		{Name: "half-plane", Weight: 1, Norm: control.Polygon, Residual: control.Affine{Rows: 1, Cols: 2, W: []float64{1, 0}, B: []float64{-2}}}}}
	step := nn.NewMLP(2, []int{1}, 1, false)
	copy(step.Weight(0), []float64{1, 1})
	copy(step.Weight(1), []float64{1})
	for _, c := range []struct{ lower, upper, optimum float64 }{{.2, .2, 10.76}, {.2, 1, 9}, {-1, 1, 9}} {
		p, err := relu.New(step, []float64{0}, control.NewBox(1, c.lower, c.upper), cost, nil)
		if err != nil {
			t.Fatal(err)
		}
		res := solve(t, p, bnb.Options{NodeLimit: 10_000})
		if res.Status != milp.Optimal || math.Abs(res.Objective-c.optimum) > 1e-3 || res.DualBound > c.optimum+1e-9 {
			t.Errorf("on [%g, %g]: %v after %d nodes, bound %g, objective %g", c.lower, c.upper, res.Status, res.NodeCount, res.DualBound, res.Objective)
		}
	}
}

// Where stage costs are summed and not negative, fewer steps cannot cost more.
func TestShorterHorizonCostsNoMore(t *testing.T) {
	judged := 0
	for seed := range uint64(40) {
		s := relutest.Shape{Nx: 2, Nu: 1, Horizon: 3, Hidden: []int{4}, Norm: []control.Norm{control.L1, control.LInf, control.Hinge, control.SquaredL2}[seed%4], Rate: seed%3 == 0}
		long := relutest.Random(rand.New(rand.NewPCG(seed, 29)), s)
		cost := *long.Cost()
		cost.Horizon--
		cost.Terms = slices.Clone(cost.Terms)
		for i := range cost.Terms {
			k := &cost.Terms[i]
			if k.TimeWeight != nil {
				k.TimeWeight = k.TimeWeight[:cost.Horizon]
			}
			if len(k.Reference) > k.Residual.Rows {
				k.Reference = k.Reference[:cost.Horizon*k.Residual.Rows]
			}
		}
		short, err := relu.New(long.Step, long.X0, control.NewBox(s.Nu, -1, 1), &cost, long.Before())
		if err != nil {
			t.Fatal(err)
		}
		a, b := solve(t, short, bnb.Options{}), solve(t, long, bnb.Options{})
		if a.DualBound > b.Objective+1e-9*(1+b.Objective) || a.Objective > b.Objective+1e-3*(1+b.Objective) {
			t.Errorf("seed %d: %d steps cost %g (bound %g), %d steps %g", seed, cost.Horizon, a.Objective, a.DualBound, s.Horizon, b.Objective)
		}
		judged++
	}
	if judged != 40 {
		t.Errorf("%d programs judged", judged)
	}
}

// A given start is never made worse, and the memory policy does not change what is proven.
func TestStartAndOpenLimit(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(7, 27)),
		relutest.Shape{Nx: 3, Nu: 1, Horizon: 3, Hidden: []int{5, 5}})
	best := solve(t, p, bnb.Options{})
	r := solve(t, p, bnb.Options{Starts: [][]float64{best.U}, Samples: -1, Descents: -1, OpenLimit: 4})
	if r.Status != milp.Optimal || r.Objective > best.Objective {
		t.Errorf("%v with objective %g from a start of %g", r.Status, r.Objective, best.Objective)
	}
}

// Beyond the limit few nodes are open where otherwise there would be many.
func TestOpenLimitIsKept(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(8, 27)),
		relutest.Shape{Nx: 3, Nu: 2, Horizon: 4, Hidden: []int{10, 10}})
	most := func(limit int) int {
		open := 0
		_, err := bnb.SolveByActions(context.Background(), p, bnb.Options{RelGap: -1, AbsGap: 1e-9, NodeLimit: 2500, OpenLimit: limit,
			OnProgress: func(pr bnb.Progress) { open = max(open, pr.OpenNodes) }})
		if err != nil {
			t.Fatal(err)
		}
		return open
	}
	free, few := most(0), most(20)
	t.Logf("%d nodes are open, with a limit %d", free, few)
	if free < 250 || few > free*2/3 {
		t.Errorf("%d nodes are open at most without a limit, %d with one of 20", free, few)
	}
}

// Without a limit given the nodes of a tree fit into their memory, and what a node is said to
// take is about what it takes.
func TestNodesFit(t *testing.T) {
	for i, shape := range []relutest.Shape{
		{Nx: 3, Nu: 2, Horizon: 3, Hidden: []int{6, 6}},
		{Nx: 8, Nu: 2, Horizon: 20, Hidden: []int{40, 40}},
		{Nx: 4, Nu: 2, Horizon: 6, Hidden: []int{100, 100}, Rate: true},
	} {
		p := relutest.Random(rand.New(rand.NewPCG(uint64(i), 28)), shape)
		limit, said, taken := bnb.NodeMemory(p)
		t.Logf("%d nodes of %d bytes, said to be %d", limit, taken, said)
		if said < taken/2 || said > 3*taken {
			t.Errorf("shape %d: a node takes %d bytes, said to be %d", i, taken, said)
		}
		if limit > 200_000 || limit*taken > 2<<30 {
			t.Errorf("shape %d: %d nodes of %d bytes may be open", i, limit, taken)
		}
	}
}

// Units that nothing charged reads are split by nobody and have no binary; the optimum is that
// of a generic solver, and so are the states, those that nobody reads included.
func TestUnitsThatNobodyReads(t *testing.T) {
	solver := genericSolver(t)
	spared, certificates := 0, 0
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 29))
		p := relutest.Random(rng, relutest.Shape{Nx: 3, Nu: 2, Horizon: 3, Hidden: []int{6}, Sparse: true, Chain: seed%2 == 0})
		if seed%4 == 3 {
			relutest.Constrain(rng, p, 1)
		}
		reach, err := encode.Reachable(p)
		if err != nil {
			t.Fatal(err)
		}
		e, err := reach.BigM(p)
		if err != nil {
			t.Fatal(err)
		}
		open := 0
		for i, l := range reach.Ranges.Lower {
			if l < 0 && reach.Ranges.Upper[i] > 0 {
				open++
			}
		}
		if e.Binaries > reach.Unstable() {
			t.Errorf("seed %d: %d binaries, %d undecided units", seed, e.Binaries, reach.Unstable())
		}
		spared += open - e.Binaries
		want, err := solver.Solve(context.Background(), e.Problem, milp.Options{RelGap: 1e-7, AbsGap: 1e-7})
		if err != nil {
			t.Fatal(err)
		}
		r, err := bnb.Solve(context.Background(), p, bnb.Options{RelGap: 1e-7, AbsGap: 1e-7, NodeLimit: 20_000, Record: true})
		if err != nil {
			t.Fatal(err)
		}
		if want.Status != milp.Optimal {
			if r.Status != milp.Infeasible || want.Status != milp.Infeasible && want.Status != milp.InfeasibleOrUnbounded {
				t.Errorf("seed %d: %v; HiGHS says %v", seed, r.Status, want.Status)
			}
			continue
		}
		tolerance := 1e-5 * (1 + math.Abs(want.Objective))
		if r.Status != milp.Optimal || math.Abs(r.Objective-want.Objective) > tolerance || r.DualBound > want.Objective+tolerance {
			t.Errorf("seed %d: %v, %.9g, bound %.9g; HiGHS says %.9g", seed, r.Status, r.Objective, r.DualBound, want.Objective)
		}
		u, x, ws := make([]float64, p.Inputs()), make([]float64, p.Horizon*p.Nx), p.NewWorkspace()
		e.ActionsOf(u, want.X)
		e.StatesOf(x, want.X, u, ws)
		for i, v := range ws.States()[p.Nx:] {
			if math.Abs(v-x[i]) > 1e-5*(1+math.Abs(v)) {
				t.Errorf("seed %d: state %d is %v, HiGHS says %v", seed, i, v, x[i])
			}
		}
		if c := conceded(t, r); c != nil {
			certificates++
			if v := verify(t, c); !v.Valid {
				t.Errorf("seed %d: %s", seed, v.Reason)
			}
		}
	}
	if spared < 20 || certificates < 30 {
		t.Errorf("%d units were spared, %d certificates judged", spared, certificates)
	}
}
