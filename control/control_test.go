package control_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hinge/control"
)

// cost returns a cost that uses every norm, weights and references that vary in
// time, a terminal and a rate term.
func cost(rng *rand.Rand) *control.Cost {
	const nx, nu, h = 3, 2, 4
	c := &control.Cost{Nx: nx, Nu: nu, Horizon: h}
	for i, n := range []control.Norm{control.L1, control.LInf, control.SquaredL2, control.Disc, control.Max, control.Hinge, control.Polygon} {
		r := control.NewAffine(2, nx+nu)
		for j := range r.W {
			r.W[j] = rng.NormFloat64()
		}
		k := control.Term{Name: n.String(), Weight: 1 + float64(i), Norm: n, Radius: 3, Residual: r, Terminal: i == 1}
		k.TimeWeight, k.Reference = []float64{1, 2, .5, 3}, make([]float64, 2*h)
		for j := range k.Reference {
			k.Reference[j] = rng.NormFloat64()
		}
		c.Terms = append(c.Terms, k)
	}
	rate := control.NewAffine(1, nx+nu)
	rate.Set(0, nx, 1)
	c.Terms = append(c.Terms, control.Term{Name: "rate", Weight: 2, Norm: control.SquaredL2, Residual: rate, Rate: true})
	return c
}

func normal(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

func TestNormGradientFiniteDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const h, radius = 1e-6, 1.7
	norms := []control.Norm{control.L1, control.LInf, control.SquaredL2, control.Disc, control.Max, control.Hinge, control.Polygon}
	for _, n := range norms {
		value := func(r []float64) float64 {
			m := control.NewMeasure()
			for _, v := range r {
				m = m.Add(v)
			}
			return m.Norm(n, radius)
		}
		checked, sloping := 0, 0
		for range 200 {
			r := normal(rng, 3)
			g := slices.Clone(r)
			n.Gradient(g, radius)
			for i := range r {
				lo, hi := slices.Clone(r), slices.Clone(r)
				lo[i] -= h
				hi[i] += h
				left, right := (value(r)-value(lo))/h, (value(hi)-value(r))/h
				if math.Abs(left-right) > 1e-3*(1+math.Abs(left)) {
					continue // a kink in between
				}
				checked++
				if g[i] != 0 {
					sloping++
				}
				if d := (left + right) / 2; math.Abs(d-g[i]) > 1e-4*(1+math.Abs(d)) {
					t.Errorf("%v of %v: derivative %d is %g, difference %g", n, r, i, g[i], d)
				}
			}
		}
		if checked < 500 || sloping < 20 {
			t.Fatalf("%v: only %d derivatives were checked, %d of them not 0", n, checked, sloping)
		}
	}
}

// By hand: |x - ref_t| with weight tau, and the rate term from step 2 on.
func TestTotalByHand(t *testing.T) {
	r, rate := control.NewAffine(1, 2), control.NewAffine(1, 2)
	r.Set(0, 0, 1)
	rate.Set(0, 1, 1)
	c := &control.Cost{Nx: 1, Nu: 1, Horizon: 2, Terms: []control.Term{
		{Name: "x", Weight: 2, Norm: control.L1, Residual: r, TimeWeight: []float64{1, 10}, Reference: []float64{1, 2}},
		{Name: "du", Weight: 1, Norm: control.SquaredL2, Residual: rate, Rate: true},
	}}
	tr := &control.Trajectory{Nx: 1, Nu: 1, X: []float64{9, 4, -1}, U: []float64{3, 5}}
	if got, want := c.Total(tr, nil), 2*1*3.0+2*10*3.0+4; got != want {
		t.Errorf("J = %g, want %g", got, want)
	}
	if got, want := c.Total(tr, []float64{1}), 2*1*3.0+2*10*3.0+4+4; got != want {
		t.Errorf("J with an action before = %g, want %g", got, want)
	}
}

func TestMeasureKnowsEveryNorm(t *testing.T) {
	m := control.NewMeasure()
	for _, r := range []float64{-3, 1, 2} {
		m = m.Add(r)
	}
	for norm, want := range map[control.Norm]float64{control.L1: 6, control.LInf: 3, control.SquaredL2: 14, control.Disc: 2, control.Max: 2,
		control.Hinge: 3, control.Polygon: 0} {
		if got := m.Norm(norm, 4); got != want {
			t.Errorf("%v is %g, want %g", norm, got, want)
		}
	}
	if inside := control.NewMeasure().Add(-3).Add(-1); inside.Norm(control.Polygon, 0) != 1 || inside.Norm(control.Hinge, 0) != 0 {
		t.Error("a point that keeps both rows by 1 at least is 1 deep in their polygon")
	}
	if m.Norm(control.Disc, 3) != 0 {
		t.Error("outside a disc something is charged")
	}
}

func TestCostValidateNamesTheTerm(t *testing.T) {
	for name, spoil := range map[string]func(*control.Term){
		"columns":      func(k *control.Term) { k.Residual = control.NewAffine(2, 4) },
		"weight":       func(k *control.Term) { k.Weight = -1 },
		"must be fini": func(k *control.Term) { k.Residual.W[3] = math.NaN() },
		"time weights": func(k *control.Term) { k.TimeWeight = []float64{1} },
		"reference":    func(k *control.Term) { k.Reference = []float64{1, 2, 3} },
	} {
		c := cost(rand.New(rand.NewPCG(3, 3)))
		spoil(&c.Terms[0])
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), `"l1"`) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// counter is x' = x + u.
type counter struct{}

func (counter) Dims() (nx, nu int)       { return 1, 1 }
func (counter) Step(dst, x, u []float64) { dst[0] = x[0] + u[0] }
func (counter) Clone() control.System    { return counter{} }

func constant(v float64) control.Policy {
	return control.PolicyFunc(func(_ context.Context, dst, _ []float64, _ int) error {
		dst[0] = v
		return nil
	})
}

func TestRolloutStopsAndReports(t *testing.T) {
	var seen []float64
	tr, err := control.Rollout(context.Background(), counter{}, constant(2), []float64{1}, 10, control.RolloutOptions{
		Until:  func(x []float64) bool { return x[0] >= 5 },
		OnStep: func(_ int, _, _, next []float64) { seen = append(seen, next[0]) },
	})
	if err != nil || tr.Len() != 2 || !slices.Equal(tr.X, []float64{1, 3, 5}) || !slices.Equal(seen, []float64{3, 5}) {
		t.Errorf("%v, states %v, seen %v", err, tr.X, seen)
	}
}

func TestRolloutErrorsKeepThePast(t *testing.T) {
	broken := errors.New("broken")
	tr, err := control.Rollout(context.Background(), counter{}, control.PolicyFunc(
		func(_ context.Context, dst, _ []float64, step int) error {
			if step == 3 {
				return broken
			}
			dst[0] = 1
			return nil
		}), []float64{0}, 10, control.RolloutOptions{})
	if !errors.Is(err, broken) || tr.Len() != 3 {
		t.Errorf("%v after %d steps", err, tr.Len())
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(broken)
	if tr, err = control.Rollout(ctx, counter{}, constant(1), []float64{0}, 10, control.RolloutOptions{}); !errors.Is(err, broken) || tr.Len() != 0 {
		t.Errorf("cancelled: %v after %d steps", err, tr.Len())
	}
}

// doubling observes twice the state and remembers the action it is told of.
type doubling struct {
	resets  int
	actions []string
}

func (*doubling) Dims() (plant, model int) { return 1, 1 }
func (o *doubling) Reset()                 { o.resets++ }
func (o *doubling) Observe(dst, x, u []float64) {
	dst[0] = 2 * x[0]
	o.actions = append(o.actions, fmt.Sprint(u))
}

func TestObservedSeesThroughTheObserver(t *testing.T) {
	o := &doubling{}
	half := control.PolicyFunc(func(_ context.Context, dst, x []float64, _ int) error {
		dst[0] = x[0] / 2
		return nil
	})
	tr, err := control.Rollout(context.Background(), counter{}, control.Observed(half, o), []float64{1}, 3, control.RolloutOptions{})
	if err != nil || !slices.Equal(tr.X, []float64{1, 2, 4, 8}) || o.resets != 1 ||
		!slices.Equal(o.actions, []string{"[]", "[1]", "[2]"}) {
		t.Errorf("%v, states %v, %d resets, actions %v", err, tr.X, o.resets, o.actions)
	}
}

func TestGaps(t *testing.T) {
	for _, c := range []struct{ primal, dual, abs, rel float64 }{
		{2, 1, 1, .5}, {0, 0, 0, 0}, {0, -1, 1, math.Inf(1)}, {-2, -3, 1, .5},
		{1, math.Inf(-1), math.Inf(1), math.Inf(1)}, {1, 1 + 1e-12, 0, 0},
	} {
		if a, r := control.AbsGap(c.primal, c.dual), control.RelGap(c.primal, c.dual); a != c.abs || r != c.rel {
			t.Errorf("gap of %g and %g: %g and %g, want %g and %g", c.primal, c.dual, a, r, c.abs, c.rel)
		}
	}
}

func TestShift(t *testing.T) {
	p := &control.Plan{Trajectory: &control.Trajectory{Nx: 1, Nu: 1, X: make([]float64, 4), U: []float64{1, 2, 3}}}
	if s := p.Shift(); !slices.Equal(s.U, []float64{2, 3, 3}) || !math.IsInf(s.DualBound, -1) {
		t.Errorf("shifted %v, bound %g", s.U, s.DualBound)
	}
}

func TestBox(t *testing.T) {
	b := control.NewBox(2, -1, 2).Repeat(2)
	u := []float64{-5, 0, 3, 2}
	b.Clamp(u, u)
	if !slices.Equal(u, []float64{-1, 0, 2, 2}) || !b.Contains(u, 0) || b.Contains([]float64{0, 0, 0, 2.1}, 0) {
		t.Errorf("clamped to %v", u)
	}
	for _, bad := range []control.Box{{Lower: []float64{1}, Upper: []float64{0}}, {Lower: []float64{0}, Upper: nil},
		control.NewBox(1, 0, math.Inf(1)), control.NewBox(1, math.NaN(), 1)} {
		if bad.Validate() == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
}
