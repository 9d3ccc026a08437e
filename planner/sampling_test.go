package planner

import (
	"math"
	"slices"
	"testing"

	"hinge/control"
)

// point is a point in the plane that moves by its action.
type point struct{}

func (point) Dims() (nx, nu int)       { return 2, 2 }
func (point) Clone() control.System    { return point{} }
func (point) Step(dst, x, u []float64) { dst[0], dst[1] = x[0]+u[0], x[1]+u[1] }

// detour is the way from (0, 0) to (2, 0) around a disc at (1, 0).
func detour() (Problem, []float64) {
	position := func(x, y float64) control.Affine {
		r := control.NewAffine(2, 4)
		r.Set(0, 0, 1)
		r.Set(1, 1, 1)
		r.B[0], r.B[1] = -x, -y
		return r
	}
	return Problem{System: point{}, Action: control.NewBox(2, -0.3, 0.3), Cost: &control.Cost{Nx: 2, Nu: 2, Horizon: 12,
		Terms: []control.Term{
			{Name: "goal", Weight: 1, Norm: control.L1, Residual: position(2, 0), Terminal: true},
			{Name: "disc", Weight: 1e5, Norm: control.Disc, Radius: 0.5, Residual: position(1, 0)},
		}}}, []float64{0, 0}
}

func TestSamplersGoAroundADisc(t *testing.T) {
	p, x0 := detour()
	for name, most := range map[string]float64{"cem": 0.1, "cma": 0.02, "mppi": 0.3, "ps": 0.3} {
		pl, err := New(name, p, Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pl.Plan(t.Context(), x0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !(plan.Objective < most) {
			t.Errorf("%s: cost %g, want less than %g", name, plan.Objective, most)
		}
		for step := range plan.Len() {
			if x := plan.State(step + 1); math.Hypot(x[0]-1, x[1]) < 0.5 {
				t.Errorf("%s: step %d is inside the disc: %v", name, step+1, x)
			}
		}
	}
}

func TestNoiseIsCorrelatedInTime(t *testing.T) {
	p, err := Problem{System: point{}, Action: control.NewBox(2, -100, 100), Cost: &control.Cost{Nx: 2, Nu: 2, Horizon: 6}}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	const n, rho = 20_000, 0.7
	size := 12
	mean, std, row := make([]float64, size), make([]float64, size), make([]float64, size)
	for k := range std {
		mean[k], std[k] = float64(k), 0.5+0.1*float64(k)
	}
	moments := make([]float64, size) // of neighbouring steps
	variances := make([]float64, size)
	for i := range n {
		p.perturb(row, mean, std, rho, newRand(i))
		for k := range row {
			e := (row[k] - mean[k]) / std[k]
			variances[k] += e * e / n
			if k >= 2 {
				moments[k] += e * (row[k-2] - mean[k-2]) / std[k-2] / n
			}
		}
	}
	for k := range size {
		if math.Abs(variances[k]-1) > 0.05 || (k >= 2 && math.Abs(moments[k]-rho) > 0.05) {
			t.Errorf("coordinate %d: variance %g, correlation %g; want 1 and %g", k, variances[k], moments[k], rho)
		}
	}
}

func TestPopulationSortsAndCounts(t *testing.T) {
	s := newPopulation(5, 1)
	copy(s.costs, []float64{3, math.Inf(1), 1, 3, math.Inf(1)})
	s.sort()
	if !slices.Equal(s.order, []int{2, 0, 3, 1, 4}) || s.usable() != 3 {
		t.Errorf("order %v, %d usable", s.order, s.usable())
	}
}

func TestAdaptiveFindsTheBottomOfAValley(t *testing.T) {
	const n, lambda = 10, 24
	d := newAdaptive(n, lambda)
	d.reset(0.5, 0.5, 2)
	target := make([]float64, n)
	for k := range target {
		target[k] = 0.1 * float64(k-5)
	}
	// A rotated ellipsoid of condition 1e4.
	value := func(x []float64) float64 {
		sum := 0.0
		for i := range n {
			s := 0.0
			for j := range n {
				s += math.Cos(float64(1+i*j)) * (x[j] - target[j])
			}
			sum += math.Pow(1e4, float64(i)/(n-1)) * s * s
		}
		return sum
	}
	s := newPopulation(lambda, n)
	for iteration := range 800 {
		for i := range lambda {
			d.sample(i, newRand(iteration*lambda+i))
			s.costs[i] = value(d.row(i))
		}
		s.sort()
		if !d.update(s.order) {
			break
		}
	}
	if v := value(d.mean); v > 1e-9 {
		t.Errorf("value %g after 800 iterations; the minimum is 0", v)
	}
}

func TestAdaptiveFactorsAndSolves(t *testing.T) {
	const n = 6
	d := newAdaptive(n, 8)
	d.reset(1, 0.8, 2)
	checked := 0
	for i := range n {
		for j := range i + 1 {
			product := 0.0
			for k := range j + 1 {
				product += d.a[i*n+k] * d.a[j*n+k]
			}
			if math.Abs(product-d.c[i*n+j]) > 1e-12 {
				t.Errorf("entry (%d, %d) of A A' is %g, want %g", i, j, product, d.c[i*n+j])
			}
			checked++
		}
	}
	for k := range d.yw {
		d.yw[k] = float64(k) - 2
	}
	d.solve()
	for i := range n {
		y := 0.0
		for k := range i + 1 {
			y += d.a[i*n+k] * d.zw[k]
		}
		if math.Abs(y-d.yw[i]) > 1e-12 {
			t.Errorf("entry %d of A z is %g, want %g", i, y, d.yw[i])
		}
		checked++
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
	d.c[0] = -1
	if d.factor() {
		t.Error("a negative variance was factored")
	}
}

func TestCMAOptionsAreChecked(t *testing.T) {
	p, _ := testProblem(2)
	for _, o := range []CMAOptions{{Sampling: Sampling{Samples: 3}}, {Std: -1}, {Correlation: 1}, {Std: math.NaN()}} {
		if _, err := NewCMA(p, o); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}

func TestHotLoopsDoNotAllocate(t *testing.T) {
	p, x0 := testProblem(4)
	p.Cost = testCost(3, 2, 4)
	c := mustPlanner[*CMA](t)(NewCMA(p, CMAOptions{Sampling: Sampling{Samples: batchRows}}))
	e := mustPlanner[*CEM](t)(NewCEM(p, CEMOptions{Sampling: Sampling{Samples: batchRows}, Instances: 1}))
	for _, r := range []*rollouts{c.r, e.r} {
		r.start(x0, nil)
	}
	c.best.reset(c.r, c.held, nil, startClock())
	e.best.reset(e.r, e.held, nil, startClock())
	c.begin()
	e.begin()
	s := &c.samples
	for name, f := range map[string]func(){
		"roll-outs": func() { c.r.workers[0].run(c.r, s.costs, s.u) },
		"cem draw":  func() { e.draw(t.Context(), 1) },
		"cem fit":   func() { e.refine(0) },
		"cma draw":  func() { c.draw(t.Context(), 1) },
		"cma fit":   func() { s.sort(); c.dist.update(s.order) },
	} {
		f()
		// Each iteration may make its closures, no sample may make anything.
		if a := testing.AllocsPerRun(20, f); a > 4 {
			t.Errorf("%s: %g allocations for %d samples", name, a, batchRows)
		}
	}
}
