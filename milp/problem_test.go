package milp_test

import (
	"math"
	"strings"
	"testing"

	"hinge/milp"
)

// small is x + 2z -> min, 1 <= x + 3z <= 2, 0 <= x <= 5, z binary, plus 10.
func small() *milp.Problem {
	p := &milp.Problem{Offset: 10}
	x := p.AddVar(1, 0, 5)
	z := p.AddBinary(2)
	p.AddRow(1, 2, []milp.Var{x, z}, []float64{1, 3})
	return p
}

func TestObjectiveAndViolation(t *testing.T) {
	p := small()
	for _, c := range []struct {
		x                    []float64
		objective, violation float64
	}{
		{[]float64{1, 0}, 11, 0},
		{[]float64{0, 1}, 12, 1},             // row, above
		{[]float64{0.5, 0}, 10.5, 0.5},       // row, below
		{[]float64{-1, 0.75}, 10.5, 1},       // lower bound
		{[]float64{1.25, 0.25}, 11.75, 0.25}, // integrality
	} {
		if got := p.Objective(c.x); got != c.objective {
			t.Errorf("Objective(%v) = %g, want %g", c.x, got, c.objective)
		}
		if got := p.Violation(c.x); got != c.violation {
			t.Errorf("Violation(%v) = %g, want %g", c.x, got, c.violation)
		}
	}
}

func TestValidateNamesTheEntry(t *testing.T) {
	nan := math.NaN()
	if err := small().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spoil func(p *milp.Problem)
		says  string
	}{
		{func(p *milp.Problem) { p.Offset = nan }, "offset is NaN"},
		{func(p *milp.Problem) { p.Cost[1] = inf }, "column 1: cost is +Inf"},
		{func(p *milp.Problem) { p.Lower[0] = 6 }, "column 0: range is [6, 5]"},
		{func(p *milp.Problem) { p.Upper[0] = nan }, "column 0: range is [0, NaN]"},
		{func(p *milp.Problem) { p.Lower[0], p.Upper[0] = inf, inf }, "column 0: range is [+Inf, +Inf]"},
		{func(p *milp.Problem) { p.RowLower[0] = 3 }, "row 0: range is [3, 2]"},
		{func(p *milp.Problem) { p.Value[1] = nan }, "row 0: entry NaN of column 1"},
		{func(p *milp.Problem) { p.Index[0] = 2 }, "row 0: entry 1 of column 2"},
	} {
		p := small()
		c.spoil(p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want an error that says %q", err, c.says)
		}
	}
}

func TestWrongShapesPanic(t *testing.T) {
	for name, spoil := range map[string]func(p *milp.Problem){
		"columns":  func(p *milp.Problem) { p.Upper = p.Upper[:1] },
		"rows":     func(p *milp.Problem) { p.RowUpper = nil },
		"entries":  func(p *milp.Problem) { p.Value = p.Value[:1] },
		"starts":   func(p *milp.Problem) { p.Start = p.Start[:1] },
		"ordering": func(p *milp.Problem) { p.Start[1] = 3 },
	} {
		p := small()
		spoil(p)
		if message := recovered(func() { _ = p.Validate() }); !strings.HasPrefix(message, "milp: ") {
			t.Errorf("%s: got %q, want a panic that begins with milp:", name, message)
		}
	}
}

func recovered(f func()) (message string) {
	defer func() { message, _ = recover().(string) }()
	f()
	return ""
}

func TestGaps(t *testing.T) {
	for _, c := range []struct{ objective, bound, abs, rel float64 }{
		{12, 9, 3, 0.25},
		{-4, -5, 1, 0.25},
		{5, 5, 0, 0},
		{5, 5.1, 0, 0}, // a bound above the incumbent by rounding
		{0, 0, 0, 0},
		{0, -1, 1, inf},
		{inf, 3, inf, inf},
		{5, -inf, inf, inf},
	} {
		r := milp.Result{Objective: c.objective, DualBound: c.bound}
		if abs := r.AbsGap(); abs != c.abs {
			t.Errorf("AbsGap(%g, %g) = %g, want %g", c.objective, c.bound, abs, c.abs)
		}
		if rel := r.RelGap(); rel != c.rel {
			t.Errorf("RelGap(%g, %g) = %g, want %g", c.objective, c.bound, rel, c.rel)
		}
	}
}
