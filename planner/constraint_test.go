package planner

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/certificate"
	"hinge/milp/highs"
)

// stateLimit is x_i <= b at steps first..last.
func stateLimit(p Problem, i int, b float64, first, last int) control.Constraint {
	r := control.NewAffine(1, p.Cost.Nx+2*p.Cost.Nu)
	r.Set(0, i, 1)
	r.B[0] = -b
	return control.Constraint{Name: "limit", First: first, Last: last, Residual: r}
}

func TestPlannersRefuseConstraints(t *testing.T) {
	p, _ := testProblem(2)
	limited, whole := p, p
	limited.Constraints = []control.Constraint{stateLimit(p, 0, 0, 1, 2)}
	whole.Integer = []int{0}
	refused := 0
	for _, e := range Entries() {
		if e.Name == "highs" || e.Name == "cbc" || e.Name == "bnb" {
			continue
		}
		for _, q := range []Problem{limited, whole} {
			if _, err := New(e.Name, q, Options{}); err == nil || !strings.Contains(err.Error(), "cbc can") {
				t.Errorf("%s: %v", e.Name, err)
			}
			refused++
		}
	}
	if refused < 10 {
		t.Errorf("%d planners tried", refused)
	}
}

func TestBranchAndBoundKeepsConstraints(t *testing.T) {
	p, x0 := testProblem(3)
	plan := func(p Problem) *control.Plan {
		t.Helper()
		b := mustPlanner[*BranchAndBound](t)(NewBranchAndBound(p, bnb.Options{RelGap: 1e-6, AbsGap: 1e-6}))
		return mustPlanner[*control.Plan](t)(b.Plan(context.Background(), x0, nil))
	}
	free := plan(p)
	limit := free.State(2)[0] - .1 // which the free plan breaks
	p.Constraints = []control.Constraint{stateLimit(p, 0, limit, 1, 2)}
	kept := plan(p)
	if !kept.Verified || !kept.Certified || kept.Status != control.Optimal || kept.Violation > bnb.Tolerance {
		t.Errorf("%v, verified %v, certified %v, broken by %g", kept.Status, kept.Verified, kept.Certified, kept.Violation)
	}
	if kept.Objective < free.DualBound || kept.DualBound < free.DualBound {
		t.Errorf("cost %g, bound %g, without the limit %g, %g", kept.Objective, kept.DualBound, free.Objective, free.DualBound)
	}
	p.Integer = []int{1}
	whole := plan(p)
	if !whole.Verified || whole.Objective < kept.DualBound {
		t.Errorf("whole actions: verified %v, cost %g, without %g", whole.Verified, whole.Objective, kept.Objective)
	}
	late, cancel := context.WithCancel(context.Background())
	cancel()
	b := mustPlanner[*BranchAndBound](t)(NewBranchAndBound(p, bnb.Options{}))
	if none := mustPlanner[*control.Plan](t)(b.Plan(late, x0, nil)); none.Trajectory != nil || none.Verified {
		t.Errorf("no time gives %v, a plan of %v", none.Status, none.Trajectory)
	}
	p.Constraints = append(p.Constraints, stateLimit(p, 1, -50, 3, 3))
	if none := plan(p); none.Status != control.Infeasible || none.Trajectory != nil || none.Verified {
		t.Errorf("an unreachable goal gives %v, a plan of %v", none.Status, none.Trajectory)
	}
}

func TestMIPKeepsConstraints(t *testing.T) {
	solver, err := highs.Open()
	if errors.Is(err, milp.ErrUnavailable) {
		t.Skipf("SKIPPED, nothing checked: %v", err)
	}
	if err != nil { // installed wrongly: no reason to look away
		t.Fatal(err)
	}
	p, x0 := testProblem(3)
	plan := func(p Problem) *control.Plan {
		t.Helper()
		m := mustPlanner[*MIP](t)(NewMIP(p, "highs", solver, milp.Options{RelGap: 1e-8, AbsGap: 1e-8}))
		return mustPlanner[*control.Plan](t)(m.Plan(context.Background(), x0, nil))
	}
	free := plan(p)
	limit := free.State(2)[0] - .1 // which the free plan breaks
	p.Constraints = []control.Constraint{stateLimit(p, 0, limit, 1, 2)}
	kept := plan(p)
	if !kept.Verified || kept.Status != control.Optimal || kept.Violation > 1e-5 || kept.State(2)[0] > limit+1e-5 {
		t.Errorf("%v, verified %v, broken by %g, x_2 = %g with limit %g", kept.Status, kept.Verified, kept.Violation, kept.State(2)[0], limit)
	}
	if kept.Objective < free.Objective+1e-6 || kept.Certified {
		t.Errorf("cost %g, without the limit %g; certified %v", kept.Objective, free.Objective, kept.Certified)
	}
	p.Integer = []int{1}
	whole := plan(p)
	if !whole.Verified || whole.Objective < kept.Objective-1e-6 {
		t.Errorf("whole actions: verified %v, cost %g, without %g", whole.Verified, whole.Objective, kept.Objective)
	}
	for i := range whole.Len() {
		if v := whole.Action(i)[1]; v != math.Round(v) {
			t.Errorf("action %d is %g", i, v)
		}
	}
	p.Constraints = append(p.Constraints, stateLimit(p, 1, -50, 3, 3))
	if none := plan(p); none.Status != control.Infeasible || none.Trajectory != nil || none.Verified {
		t.Errorf("an unreachable goal gives %v, a plan of %v", none.Status, none.Trajectory)
	}
}

// echo is a solver whose point is the start, or the middle of the box without one.
type echo struct{ started bool }

func (s *echo) Solve(_ context.Context, p *milp.Problem, o milp.Options) (*milp.Result, error) {
	s.started = o.Start != nil
	x := o.Start
	if x == nil {
		x = make([]float64, p.Vars())
		for i := range x {
			if lo, hi := p.Lower[i], p.Upper[i]; !math.IsInf(lo, 0) && !math.IsInf(hi, 0) {
				x[i] = (lo + hi) / 2
			}
		}
	}
	return &milp.Result{X: x, Objective: p.Objective(x), DualBound: math.Inf(-1), Status: milp.NodeLimit}, nil
}

// A roll-out that keeps the constraints is the start; one that does not is none, and
// a solver's point that breaks them is no plan.
func TestMIPVerifiesConstraints(t *testing.T) {
	p, x0 := testProblem(2)
	for _, c := range []struct {
		limit float64
		start bool
	}{{50, true}, {-50, false}} {
		q := p
		q.Constraints = []control.Constraint{stateLimit(p, 0, c.limit, 2, 2)}
		var s echo
		m := mustPlanner[*MIP](t)(NewMIP(q, "echo", &s, milp.Options{}))
		plan := mustPlanner[*control.Plan](t)(m.Plan(context.Background(), x0, nil))
		if s.started != c.start || plan.Verified != c.start || (plan.Violation == 0) != c.start {
			t.Errorf("limit %g: started %v, verified %v, broken by %g", c.limit, s.started, plan.Verified, plan.Violation)
		}
	}
}

// Between .2 and .8 there is no whole number, so there is no plan; and no planner's slip
// outside the box counts as verified.
func TestPlansStayInTheBox(t *testing.T) {
	p, x0 := testProblem(2)
	b := mustPlanner[*BranchAndBound](t)(NewBranchAndBound(p, bnb.Options{}))
	plan := mustPlanner[*control.Plan](t)(b.Plan(context.Background(), x0, nil))
	if !plan.Verified {
		t.Fatal("a plan of the box is not verified")
	}
	for _, v := range []float64{math.Nextafter(p.Action.Upper[0], 9), math.Nextafter(p.Action.Lower[0], -9)} {
		plan.U[0] = v
		if got := b.finish(claimAgain(&b.Problem, plan, x0), x0, startClock()); got.Verified {
			t.Errorf("action %v outside %v .. %v is verified", v, p.Action.Lower[0], p.Action.Upper[0])
		}
	}
	p.Action.Lower[1], p.Action.Upper[1], p.Integer = .2, .8, []int{1}
	b = mustPlanner[*BranchAndBound](t)(NewBranchAndBound(p, bnb.Options{}))
	none := mustPlanner[*control.Plan](t)(b.Plan(context.Background(), x0, nil))
	if none.Status != control.Infeasible || none.Trajectory != nil || none.Verified {
		t.Errorf("no whole number in the box gives %v, a plan of %v", none.Status, none.Trajectory)
	}
}

// claimAgain claims what the model says of the plan's actions, so that only the box is wrong.
func claimAgain(p *Problem, plan *control.Plan, x0 []float64) *control.Plan {
	plan.Simulate(p.System, x0)
	plan.Objective, plan.DualBound = p.Cost.Total(plan.Trajectory, p.Before), math.Inf(-1)
	return plan
}

// The checker's own bounds are made in a context of their own; one that has ended leaves no
// certificate, and says so.
func TestCertificateInTime(t *testing.T) {
	p, x0 := testProblem(3)
	p.Constraints = []control.Constraint{stateLimit(p, 0, 50, 1, 2)}
	b := mustPlanner[*BranchAndBound](t)(NewBranchAndBound(p, bnb.Options{Record: true}))
	plan := mustPlanner[*control.Plan](t)(b.Plan(context.Background(), x0, nil))
	late, cancel := context.WithCancel(context.Background())
	cancel()
	if c, err := b.Certificate(late); c != nil || err == nil {
		t.Errorf("in no time there is a certificate: %v, %v", c != nil, err)
	}
	c := mustPlanner[*certificate.Certificate](t)(b.Certificate(context.Background()))
	r := mustPlanner[*certificate.Report](t)(certificate.Check(context.Background(), c))
	if !r.Valid || r.DualBound > plan.DualBound || r.DualBound < plan.DualBound-.01*(1+math.Abs(plan.Objective)) {
		t.Errorf("valid: %v, bound %v of %v: %s", r.Valid, r.DualBound, plan.DualBound, r.Reason)
	}
}
