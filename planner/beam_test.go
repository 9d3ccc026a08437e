package planner

import (
	"context"
	"math"
	"slices"
	"testing"

	"hinge/control"
)

// integrator is a point in the plane: x' = x + u.
type integrator struct{}

func (integrator) Dims() (nx, nu int)    { return 2, 2 }
func (integrator) Clone() control.System { return integrator{} }
func (integrator) Step(dst, x, u []float64) {
	for i := range 2 {
		dst[i] = x[i] + u[i]
	}
}

// pocket is a point that has a target behind a wall of discs bent around it.
func pocket() Problem {
	p := Problem{System: integrator{}, Action: control.NewBox(2, -0.25, 0.25), Cost: &control.Cost{Nx: 2, Nu: 2, Horizon: 28}}
	position := func(x, y float64) control.Affine {
		r := control.NewAffine(2, 4)
		r.Set(0, 0, 1)
		r.Set(1, 1, 1)
		r.B[0], r.B[1] = -x, -y
		return r
	}
	p.Cost.Terms = []control.Term{{Name: "goal", Weight: 1, Norm: control.L1, Residual: position(3, 0), Terminal: true}}
	for _, c := range [][2]float64{{1.5, 0}, {1.3, 0.7}, {1.3, -0.7}, {0.8, 1.2}, {0.8, -1.2},
		{0.2, 1.5}, {0.2, -1.5}, {-0.4, 1.5}, {-0.4, -1.5}} {
		p.Cost.Terms = append(p.Cost.Terms,
			control.Term{Name: "wall", Weight: 1e5, Norm: control.Disc, Radius: 0.5, Residual: position(c[0], c[1])})
	}
	return p
}

// Every way out of the pocket begins with steps away from the goal.
func TestBeamGoesRoundWhereLocalSearchIsCaught(t *testing.T) {
	for seed := range uint64(3) {
		opts := BeamOptions{Keep: 200}
		opts.Iterations, opts.Seed = 60, seed
		beam, err := NewBeam(pocket(), opts)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := beam.Plan(context.Background(), make([]float64, 2), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !plan.Verified || plan.Objective > 0.1 {
			t.Errorf("seed %d: beam ends at %g, verified: %v", seed, plan.Objective, plan.Verified)
		}
		local := opts.CMAOptions
		local.Std, local.Iterations = 0.5, 150 // about as many steps
		cma, err := NewCMA(pocket(), local)
		if err != nil {
			t.Fatal(err)
		}
		caught, err := cma.Plan(context.Background(), make([]float64, 2), nil)
		if err != nil {
			t.Fatal(err)
		}
		if caught.Objective < 1 {
			t.Errorf("seed %d: cma gets out as well (%g): the test shows nothing", seed, caught.Objective)
		}
	}
}

func TestWayRoundIsAsLongAsItIs(t *testing.T) {
	p := pocket()
	p.Cost.Terms = p.Cost.Terms[:2] // one disc, in the middle of the way
	c := newStageCost(p.Cost)
	c.addWaysRound(p.Cost, []float64{0, 0})
	held := []float64{0, 0}
	// two tangents and the arc between them: d = 1.5 on either side, r = 0.5
	tangent, angle := math.Sqrt(1.5*1.5-0.5*0.5), math.Asin(0.5/1.5)
	want := 2*tangent + 0.5*2*angle
	if got := c.standing(1, []float64{0, 0}, held); math.Abs(got-want) > 0.05*want {
		t.Errorf("way round the disc: %g, want %g", got, want)
	}
	if got := c.standing(1, []float64{3, 2}, held); math.Abs(got-2) > 0.1 {
		t.Errorf("free way: %g, want 2", got)
	}
	if got := c.standing(28, []float64{0, 0}, held); got != 0 {
		t.Errorf("no step is left, but standing costs %g", got)
	}
	if got := c.standing(1, []float64{math.NaN(), 0}, held); !math.IsNaN(got) {
		t.Errorf("standing nowhere costs %g", got)
	}
}

func TestBeamRefusesBadOptions(t *testing.T) {
	for name, o := range map[string]BeamOptions{"keep": {Keep: -1}, "branching": {Branching: -1}, "cell": {Cell: -1}} {
		if _, err := NewBeam(pocket(), o); err == nil {
			t.Errorf("no error for a negative %s", name)
		}
	}
}

// Starts of tracks come by different ways, and lead where they are said to.
func TestBeamEndsComeByDifferentWays(t *testing.T) {
	opts := BeamOptions{Keep: 200}
	b, err := NewBeam(pocket(), opts)
	if err != nil {
		t.Fatal(err)
	}
	x0 := make([]float64, 2)
	b.r.start(x0, nil)
	b.search.start(x0)
	if !b.search.run(context.Background(), 0, 1) {
		t.Fatal("no pass")
	}
	ends := b.search.ends(beamEnds)
	if len(ends) != beamEnds || ends[0] != 0 {
		t.Fatalf("ends %v; want %d, the best first", ends, beamEnds)
	}
	from := map[int]bool{}
	tr := control.NewTrajectory(2, 2, b.Cost.Horizon)
	for _, k := range ends {
		from[b.search.ancestor(k, b.Cost.Horizon/2)] = true
		u := make([]float64, b.r.size())
		b.search.trace(u, k)
		b.r.trajectory(tr, u)
		for i, v := range tr.State(b.Cost.Horizon) {
			if want := b.search.states[0][k*2+i]; math.Abs(v-want) > 1e-9 {
				t.Errorf("end %d: coordinate %d is %g, want %g", k, i, v, want)
			}
		}
	}
	all := map[int]bool{}
	for k := range b.search.kept {
		all[b.search.ancestor(k, b.Cost.Horizon/2)] = true
	}
	if want := min(len(all), beamEnds); len(from) != want {
		t.Errorf("the ends come from %d states, want %d", len(from), want)
	}
}

func TestBeamIsTheSameForAnyWorkers(t *testing.T) {
	var first *control.Plan
	for _, workers := range []int{1, 2, 5} {
		opts := BeamOptions{Keep: 100}
		opts.Iterations, opts.Seed, opts.Workers, opts.Samples = 1200, 3, workers, 32
		b, err := NewBeam(pocket(), opts)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := b.Plan(context.Background(), make([]float64, 2), nil)
		if err != nil {
			t.Fatal(err)
		}
		if b.passes < 2 || b.serial <= beamEnds {
			t.Fatalf("%d passes, %d starts: too few to see anything", b.passes, b.serial)
		}
		if first == nil {
			first = plan
		}
		if plan.Objective != first.Objective || !slices.Equal(plan.U, first.U) {
			t.Errorf("cost %.17g with %d workers, %.17g with one", plan.Objective, workers, first.Objective)
		}
	}
}
