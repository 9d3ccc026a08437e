package control

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// limit is the row of a single column over nx states and nu actions.
func limit(name string, nx, nu, column int, w, b float64, first, last int) Constraint {
	r := NewAffine(1, nx+2*nu)
	r.Set(0, column, w)
	r.B[0] = b
	return Constraint{Name: name, First: first, Last: last, Residual: r}
}

func TestViolations(t *testing.T) {
	tr := &Trajectory{Nx: 1, Nu: 1, X: []float64{0, 3, 5}, U: []float64{3, 2}}
	change := NewAffine(1, 3) // u_{t-1} - u_t <= 0.5
	change.Set(0, 1, 1)
	change.Set(0, 2, -1)
	change.B[0] = -.5
	list := []Constraint{
		limit("x <= 4", 1, 1, 0, 1, -4, 0, 2),
		limit("u_t <= 2", 1, 1, 2, 1, -2, 0, 1),
		limit("u_{t-1} <= 2", 1, 1, 1, 1, -2, 0, 2),
		{Name: "change", First: 0, Last: 1, Residual: change},
	}
	for i := range list {
		if err := list[i].Validate(1, 1, 2); err != nil {
			t.Fatal(err)
		}
	}
	check := func(before []float64, tol float64, want ...string) {
		t.Helper()
		var got []string
		for _, v := range Violations(list, tr, before, tol) {
			got = append(got, v.String())
		}
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("before %g, tolerance %g: %q, want %q", before, tol, got, want)
		}
	}
	x, u, late, change1 := "x <= 4 at step 2 is broken by 1", "u_t <= 2 at step 0 is broken by 1",
		"u_{t-1} <= 2 at step 1 is broken by 1", "change at step 1 is broken by 0.5"
	check(nil, 0, x, u, late, change1)
	check([]float64{9}, 0, x, u, "u_{t-1} <= 2 at step 0 is broken by 7", late, "change at step 0 is broken by 5.5", change1)
	check([]float64{9}, .6, "u_{t-1} <= 2 at step 0 is broken by 7") // 7 > 0.6 (1 + 9), 5.5 < 6
	tr.X[2] = math.NaN()
	check(nil, 1, "x <= 4 at step 2 is broken by NaN")
}

func TestConstraintValidate(t *testing.T) {
	checked := 0
	for _, c := range []struct {
		Constraint
		want string
	}{
		{limit("goal", 1, 1, 2, 1, 0, 2, 2), "action after the last state"},
		{limit("late", 1, 1, 0, 1, 0, 0, 3), "0..3; they must be within 0..2"},
		{limit("reverse", 1, 1, 0, 1, 0, 2, 1), "2..1"},
		{limit("wide", 2, 1, 0, 1, 0, 0, 1), "4 columns"},
		{limit("nan", 1, 1, 0, math.NaN(), 0, 0, 1), "finite"},
	} {
		if err := c.Validate(1, 1, 2); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.Name) {
			t.Errorf("%s: %v, want %q", c.Name, err, c.want)
		}
		checked++
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

// Clip loses no point of the box that keeps the rows, and shrinks boxes that may
// be unbounded.
func TestClipKeepsWhatKeepsTheRows(t *testing.T) {
	kept, empty, shrunk := 0, 0, 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 5))
		rows := NewAffine(3, 4)
		for i := range rows.W {
			if rng.IntN(2) == 0 {
				rows.W[i] = rng.NormFloat64()
			}
		}
		for i := range rows.B {
			rows.B[i] = rng.NormFloat64()
		}
		b := NewBox(4, -1, 1)
		if seed%2 == 0 {
			b.Upper[rng.IntN(4)] = math.Inf(1)
		}
		sampled := b.Clone()
		sampled.Clamp(sampled.Upper, []float64{1, 1, 1, 1})
		before := b.Clone()
		ok := b.Clip(rows)
		if !ok {
			empty++
		} else if b.Lower[0] > before.Lower[0] || b.Upper[3] < before.Upper[3] {
			shrunk++
		}
		v, r := make([]float64, 4), make([]float64, 3)
		for range 200 {
			sampled.Sample(v, rng)
			rows.Apply(r, v)
			if r[0] > 0 || r[1] > 0 || r[2] > 0 {
				continue
			}
			kept++
			if !ok || !b.Contains(v, 0) {
				t.Fatalf("seed %d: the point %g keeps the rows, the box is %v (%v)", seed, v, b, ok)
			}
		}
	}
	if kept < 1000 || empty == 0 || shrunk == 0 {
		t.Errorf("%d points kept, %d boxes empty, %d shrunk; each must occur", kept, empty, shrunk)
	}
}

func TestClipFindsFiniteLimits(t *testing.T) {
	// v >= 0, v <= w, w <= 7: limits for both although neither has all its own.
	inf := math.Inf(1)
	b := NewBox(2, -inf, inf)
	rows := NewAffine(3, 2)
	copy(rows.W, []float64{-1, 0, 1, -1, 0, 1})
	rows.B[2] = -7
	for range 2 {
		if !b.Clip(rows) {
			t.Fatal("empty")
		}
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
	if !near(b.Lower[0], 0) || !near(b.Lower[1], 0) || !near(b.Upper[0], 7) || b.Upper[1] != 7 {
		t.Errorf("%v", b)
	}
}

// A limit of one coordinate alone is what the row says, however large the box.
func TestClipOfOneCoordinate(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 10_000 {
		limit, w := rng.NormFloat64(), math.Ldexp(1, rng.IntN(9)-4)
		if rng.IntN(2) == 0 {
			w = -w
		}
		b := NewBox(2, -math.Ldexp(1, rng.IntN(40)), math.Ldexp(1, rng.IntN(40)))
		b.Lower[0], b.Upper[0] = b.Lower[0]-rng.Float64(), b.Upper[0]+rng.Float64()
		before := b.Clone()
		rows := NewAffine(1, 2)
		rows.W[0], rows.B[0] = w, -w*limit // exact
		if ok := b.Clip(rows); ok != (w > 0 && limit >= before.Lower[0] || w < 0 && limit <= before.Upper[0]) {
			t.Fatalf("%g v <= %g in %v: %v", w, w*limit, before, ok)
		}
		if got, old := b.Upper[0], before.Upper[0]; w > 0 && got != min(old, limit) {
			t.Fatalf("%g v <= %g in %v leaves v <= %.17g", w, w*limit, before, got)
		}
		if got, old := b.Lower[0], before.Lower[0]; w < 0 && got != max(old, limit) {
			t.Fatalf("%g v <= %g in %v leaves v >= %.17g", w, w*limit, before, got)
		}
	}
	for range 10_000 { // a quotient that is rounded does not cut the point next to it
		v, w := rng.NormFloat64(), rng.NormFloat64()
		b, rows := NewBox(1, -100, 100), NewAffine(1, 1)
		rows.W[0], rows.B[0] = w, -w*v
		b.Clip(rows)
		for _, x := range []float64{math.Nextafter(v, -100), v, math.Nextafter(v, 100)} {
			if math.FMA(w, x, rows.B[0]) <= 0 && !b.Contains([]float64{x}, 0) {
				t.Fatalf("%g v <= %g: %.17g is not in %v", w, w*v, x, b)
			}
		}
	}
}
