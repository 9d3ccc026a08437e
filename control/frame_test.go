package control_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
)

// planarCost is like cost, of two points and one vector.
func planarCost(rng *rand.Rand) *control.Cost {
	c := cost(rng)
	c.Nx = 4
	for i := range c.Terms {
		k := &c.Terms[i]
		r := control.NewAffine(k.Residual.Rows, c.Nx+c.Nu)
		for j := range r.W {
			r.W[j] = rng.NormFloat64()
		}
		for j := range r.B {
			r.B[j] = rng.NormFloat64()
		}
		k.Residual = r
	}
	return c
}

// TestFrameLeavesCostsAndConstraints: what is seen from a frame costs and breaks as much
// as in the world, and coming back gives what was there.
func TestFrameLeavesCostsAndConstraints(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*(1+math.Abs(a)) }
	for range 50 {
		c := planarCost(rng)
		f := control.NewFrame(rng.NormFloat64(), rng.NormFloat64(), 6*rng.Float64())
		tr := control.NewTrajectory(c.Nx, c.Nu, c.Horizon)
		copy(tr.X, normal(rng, len(tr.X)))
		copy(tr.U, normal(rng, len(tr.U)))
		before := normal(rng, c.Nu)
		world := &control.Plan{Trajectory: tr, Candidates: []*control.Trajectory{tr}}
		seen := world.In(f)
		turned := make([]float64, c.Nu)
		f.Vectors(turned, before)
		if j, k := c.Total(tr, before), c.In(f).Total(seen.Trajectory, turned); !near(j, k) {
			t.Errorf("cost is %g, seen from the frame %g", j, k)
		}
		back := seen.World(f)
		for i, x := range back.X {
			if !near(tr.X[i], x) || !near(tr.X[i], back.Candidates[0].X[i]) {
				t.Fatalf("state coordinate %d was %g and came back as %g", i, tr.X[i], x)
			}
		}
		for i, u := range back.U {
			if !near(tr.U[i], u) {
				t.Fatalf("action coordinate %d was %g and came back as %g", i, tr.U[i], u)
			}
		}

		r := control.NewAffine(2, c.Nx+2*c.Nu)
		copy(r.W, normal(rng, len(r.W)))
		copy(r.B, normal(rng, len(r.B)))
		rule := control.Constraint{Name: "rule", First: 1, Last: 2, Residual: r}
		a := control.Violations([]control.Constraint{rule}, tr, before, 0)
		b := control.Violations([]control.Constraint{rule.In(f, c.Nx)}, seen.Trajectory, turned, 0)
		if len(a) != len(b) {
			t.Fatalf("%d rows are broken, seen from the frame %d", len(a), len(b))
		}
		for i := range a {
			if !near(a[i].Amount, b[i].Amount) {
				t.Errorf("%v; seen from the frame %v", a[i], b[i])
			}
		}
	}
}

// TestAlignedActsInTheFrame: a policy that acts in a frame pushes the same way whatever
// the frame is.
func TestAlignedActsInTheFrame(t *testing.T) {
	ahead := control.PolicyFunc(func(_ context.Context, dst, x []float64, _ int) error {
		dst[0], dst[1] = 1+x[0], x[1]
		return nil
	})
	align := func(x []float64) control.Frame { return control.NewFrame(x[0], x[1], math.Pi/2) }
	u := make([]float64, 2)
	if err := control.Aligned(ahead, align).Act(t.Context(), u, []float64{3, 4}, 0); err != nil {
		t.Fatal(err)
	}
	if math.Abs(u[0]) > 1e-15 || math.Abs(u[1]-1) > 1e-15 {
		t.Errorf("one step ahead of a frame turned by 90 degrees is %v; it must be [0 1]", u)
	}
}
