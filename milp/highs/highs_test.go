package highs

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"hinge/milp"
)

var inf = math.Inf(1)

// open returns a solver, or skips the test where HiGHS is not installed.
func open(t testing.TB) *Solver {
	t.Helper()
	s, err := Open()
	if errors.Is(err, milp.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// solve fails the test on an error, and on a point that is not feasible or does
// not have the objective it is said to have.
func solve(t testing.TB, s *Solver, p *milp.Problem, opts milp.Options) *milp.Result {
	t.Helper()
	res, err := s.Solve(context.Background(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	checkPoint(t, p, res)
	return res
}

func checkPoint(t testing.TB, p *milp.Problem, res *milp.Result) {
	t.Helper()
	if !res.Feasible() {
		if !math.IsInf(res.Objective, 1) {
			t.Errorf("%s: objective %g without a point", res.Status, res.Objective)
		}
		return
	}
	if v := p.Violation(res.X); v > 1e-6 {
		t.Errorf("%s: the point violates the problem by %g", res.Status, v)
	}
	if got := p.Objective(res.X); got != res.Objective {
		t.Errorf("%s: objective is %g, said to be %g", res.Status, got, res.Objective)
	}
}

func near(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-6*max(1, math.Abs(b))
}

// randomMIP returns n binaries z, rows on them, and t, the largest of affine
// functions of z, with a positive cost; and its optimum by trying every z.
func randomMIP(r *rand.Rand) (p *milp.Problem, optimum float64) {
	n, rows, pieces := 1+r.IntN(9), r.IntN(5), r.IntN(4)
	p = &milp.Problem{Offset: r.NormFloat64()}
	all := make([]milp.Var, n, n+1)
	for j := range all {
		all[j] = p.AddBinary(r.NormFloat64())
	}
	for range rows {
		p.AddRow(-inf, r.NormFloat64(), all, gaussians(r, n))
	}
	t := p.AddVar(1, -3, inf) // never below -3
	for range pieces {
		p.AddRow(r.NormFloat64(), inf, append(all, t), append(gaussians(r, n), 1))
	}
	return p, enumerate(p, rows)
}

func gaussians(r *rand.Rand, n int) []float64 {
	v := make([]float64, n, n+1)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	return v
}

// enumerate tries every z; t is as low as the rows from firstPiece on allow.
func enumerate(p *milp.Problem, firstPiece int) float64 {
	n := p.Vars() - 1
	best := inf
	x := make([]float64, n+1)
	for bits := range 1 << n {
		for j := range n {
			x[j] = float64(bits >> j & 1)
		}
		x[n] = p.Lower[n]
		for i := firstPiece; i < p.Rows(); i++ {
			need := p.RowLower[i]
			for k := range n {
				need -= p.Value[p.Start[i]+k] * x[k]
			}
			x[n] = max(x[n], need)
		}
		if p.Violation(x) < 1e-9 {
			best = min(best, p.Objective(x))
		}
	}
	return best
}

func TestAgainstEnumeration(t *testing.T) {
	s := open(t)
	optimal, infeasible := 0, 0
	for i := range 200 {
		p, want := randomMIP(rand.New(rand.NewPCG(1, uint64(i))))
		res := solve(t, s, p, milp.Options{RelGap: -1, AbsGap: -1})
		if !near(res.Objective, want) || !near(res.DualBound, want) {
			t.Errorf("problem %d: %s with objective %g and bound %g, want %g", i, res.Status, res.Objective, res.DualBound, want)
		}
		switch res.Status {
		case milp.Optimal:
			optimal++
		case milp.Infeasible:
			infeasible++
		}
	}
	if optimal < 100 || infeasible < 10 || optimal+infeasible != 200 {
		t.Errorf("%d optimal and %d infeasible of 200, want at least 100 and 10", optimal, infeasible)
	}
}

// Linear programs made from their optimum: a point, multipliers that complement
// it, and the cost that both imply.
func TestAgainstDuality(t *testing.T) {
	s := open(t)
	for i := range 50 {
		p, want := complementaryLP(rand.New(rand.NewPCG(2, uint64(i))))
		res := solve(t, s, p, milp.Options{})
		if res.Status != milp.Optimal || !near(res.Objective, want) || res.DualBound != res.Objective {
			t.Errorf("problem %d: %s with objective %g and bound %g, want %g", i, res.Status, res.Objective, res.DualBound, want)
		}
	}
}

func complementaryLP(r *rand.Rand) (p *milp.Problem, optimum float64) {
	n, m := 2+r.IntN(10), 1+r.IntN(10)
	p = &milp.Problem{}
	all := make([]milp.Var, n)
	x := make([]float64, n)
	for j := range all {
		// At the lower bound with a positive reduced cost, or inside with none.
		x[j] = r.NormFloat64()
		slack, reduced := r.Float64(), 0.0
		if r.IntN(2) == 0 {
			slack, reduced = 0, r.Float64()
		}
		all[j] = p.AddVar(reduced, x[j]-slack, inf)
	}
	for range m {
		row := gaussians(r, n)
		activity := 0.0
		for j := range n {
			activity += row[j] * x[j]
		}
		if r.IntN(2) == 0 { // not binding
			p.AddRow(activity-1, activity+1, all, row)
			continue
		}
		y := r.Float64()
		for j := range n {
			p.Cost[j] += y * row[j]
		}
		p.AddRow(activity, activity+r.Float64(), all, row)
	}
	return p, p.Objective(x)
}

func TestStatuses(t *testing.T) {
	s := open(t)
	free := func(integer bool) *milp.Problem {
		p := &milp.Problem{}
		p.AddVar(-1, 0, inf)
		p.AddVar(0, 0, 1)
		p.Integer[0] = integer
		return p
	}
	infeasible := func(integer bool) *milp.Problem {
		p := free(integer)
		p.AddRow(3, inf, []milp.Var{0, 1}, []float64{1, 1})
		p.AddRow(-inf, 1, []milp.Var{0}, []float64{1})
		return p
	}
	for _, integer := range []bool{false, true} {
		res := solve(t, s, infeasible(integer), milp.Options{})
		if res.Status != milp.Infeasible || res.Feasible() || res.DualBound != inf {
			t.Errorf("infeasible (integer: %v): got %+v", integer, res)
		}
		res = solve(t, s, free(integer), milp.Options{})
		if res.Status != milp.Unbounded && res.Status != milp.InfeasibleOrUnbounded || res.DualBound != -inf {
			t.Errorf("unbounded (integer: %v): got %+v", integer, res)
		}
		// A feasible start settles which of the two it is.
		res = solve(t, s, free(integer), milp.Options{Start: []float64{0, 0}})
		if res.Status != milp.Unbounded {
			t.Errorf("unbounded with a start (integer: %v): got %+v", integer, res)
		}
	}
}

func TestNoColumns(t *testing.T) {
	s := open(t)
	p := &milp.Problem{Offset: 4}
	p.AddRow(-1, 1, nil, nil)
	if res := solve(t, s, p, milp.Options{}); res.Status != milp.Optimal || res.Objective != 4 || res.DualBound != 4 || !res.Feasible() {
		t.Errorf("no columns: got %+v", res)
	}
	p.AddRow(1, inf, nil, nil)
	if res := solve(t, s, p, milp.Options{}); res.Status != milp.Infeasible {
		t.Errorf("no columns, 0 >= 1: got %+v", res)
	}
}

// Entries of one column in one row add up, and small ones count.
func TestEntries(t *testing.T) {
	s := open(t)
	p := &milp.Problem{}
	x := p.AddVar(1, 0, inf)
	y := p.AddVar(0, 5e9, 5e9)
	p.AddRow(6, inf, []milp.Var{x, y, x}, []float64{1, 1e-10, 1})
	if res := solve(t, s, p, milp.Options{}); !near(res.Objective, 2.75) { // (6 - 1e-10 * 5e9) / 2
		t.Errorf("objective is %g, want 2.75", res.Objective)
	}
}

func TestBadInput(t *testing.T) {
	s := open(t)
	p := &milp.Problem{}
	p.AddBinary(1)
	if _, err := s.Solve(context.Background(), p, milp.Options{Start: []float64{math.NaN()}}); err == nil {
		t.Error("a start of NaN was accepted")
	}
	bad := &milp.Problem{}
	bad.AddVar(math.NaN(), 0, 1)
	if _, err := s.Solve(context.Background(), bad, milp.Options{}); err == nil {
		t.Error("a cost of NaN was accepted")
	}
	defer func() {
		if message := recover(); message != "highs: Options.Start: its length is not the number of columns" {
			t.Errorf("a start of the wrong length: got %v", message)
		}
	}()
	_, _ = s.Solve(context.Background(), p, milp.Options{Start: []float64{1, 1}})
}

// Solves from several goroutines queue up and do not disturb each other.
func TestConcurrent(t *testing.T) {
	s := open(t)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 10 {
				p, want := randomMIP(rand.New(rand.NewPCG(uint64(g), uint64(i))))
				res, err := s.Solve(context.Background(), p, milp.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				checkPoint(t, p, res)
				if !near(res.Objective, want) && res.RelGap() > 1e-4 {
					t.Errorf("goroutine %d, problem %d: objective %g, want %g", g, i, res.Objective, want)
				}
			}
		})
	}
	wg.Wait()
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	s := open(t)
	lock <- struct{}{} // somebody else solves
	defer func() { <-lock }()
	p := &milp.Problem{}
	p.AddBinary(-1)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	res, err := s.Solve(ctx, p, milp.Options{Start: []float64{0}})
	if err != nil || res.Status != milp.TimeLimit || !res.Feasible() || res.DualBound != -inf {
		t.Errorf("got %+v, %v; want the time limit with the start", res, err)
	}
}
