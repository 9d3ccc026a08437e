package planner

import (
	"math"
	"testing"

	"hinge/control"
	"hinge/internal/assert"
)

func randomBatch(n, dim, seed int) []float64 {
	v := make([]float64, n*dim)
	control.NewBox(n*dim, -1, 1).Sample(v, newRand(seed))
	return v
}

func TestNetSystemAgreesWithTheFormula(t *testing.T) {
	checked := 0
	for seed, hidden := range [][]int{nil, {4}, {9, 3}, {17, 30, 5}} {
		const nx, nu = 4, 3
		net := testStep(nx, nu, hidden, seed)
		judge := &formula{net, nx, nu}
		double := NewNetSystem(net, nx, nu)
		for _, c := range []struct {
			sys *NetSystem
			tol float64
		}{{double, 1e-13}, {double.Single(), 1e-5}, {double.Single().Clone().(*NetSystem), 1e-5}} {
			for _, n := range []int{1, 2, batchRows - 1, batchRows, 2*batchRows + 3} {
				x, u := randomBatch(n, nx, n), randomBatch(n, nu, n+1)
				got, want, one := make([]float64, n*nx), make([]float64, nx), make([]float64, nx)
				c.sys.StepBatch(got, x, u, n)
				for i := range n {
					xi, ui := x[i*nx:(i+1)*nx], u[i*nu:(i+1)*nu]
					judge.Step(want, xi, ui)
					c.sys.Step(one, xi, ui)
					for k := range nx {
						if d := math.Abs(got[i*nx+k] - want[k]); !(d <= c.tol) {
							t.Fatalf("hidden %v, batch of %d: off by %g", hidden, n, d)
						}
						if d := math.Abs(one[k] - want[k]); !(d <= 1e-13) {
							t.Fatalf("hidden %v, one step: off by %g", hidden, d)
						}
						checked++
					}
				}
				c.sys.StepBatch(x, x, u, n) // dst may alias x
				for k := range x {
					if x[k] != got[k] {
						t.Fatalf("hidden %v: stepping in place gives another state", hidden)
					}
				}
			}
		}
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

func TestNetSystemVJPAgainstDifferences(t *testing.T) {
	const nx, nu, h = 4, 3, 1e-6
	sys := NewNetSystem(testStep(nx, nu, []int{12, 8}, 3), nx, nu)
	checked := 0
	for i := range 20 {
		v, lambda := randomBatch(1, nx+nu, i), randomBatch(1, nx, i+100)
		dv := make([]float64, nx+nu)
		sys.VJP(dv[:nx], dv[nx:], v[:nx], v[nx:], lambda)
		value := func() float64 {
			y, sum := make([]float64, nx), 0.0
			sys.Step(y, v[:nx], v[nx:])
			for k := range y {
				sum += lambda[k] * y[k]
			}
			return sum
		}
		for k := range v {
			old := v[k]
			v[k] = old + h
			up := value()
			v[k] = old - h
			down := value()
			v[k] = old
			if slope := (up - down) / (2 * h); math.Abs(slope-dv[k]) > 1e-6 {
				t.Errorf("point %d, input %d: derivative %g, differences %g", i, k, dv[k], slope)
			}
			checked++
		}
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

func TestNetSystemDoesNotAllocate(t *testing.T) {
	const nx, nu, n = 4, 3, 2*batchRows + 1
	double := NewNetSystem(testStep(nx, nu, []int{40, 30}, 3), nx, nu)
	x, u := randomBatch(n, nx, 1), randomBatch(n, nu, 2)
	dx, du := make([]float64, nx), make([]float64, nu)
	for name, f := range map[string]func(){
		"Step":             func() { double.Step(x[:nx], x[:nx], u[:nu]) },
		"VJP":              func() { double.VJP(dx, du, x[:nx], u[:nu], dx) },
		"StepBatch":        func() { double.StepBatch(x, x, u, n) },
		"StepBatch single": func() { double.single = nil },
	} {
		if a := testing.AllocsPerRun(10, f); a != 0 {
			t.Errorf("%s allocates %g times", name, a)
		}
	}
	single := double.Single()
	if a := testing.AllocsPerRun(10, func() { single.StepBatch(x, x, u, n) }); a != 0 {
		t.Errorf("StepBatch in float32 allocates %g times", a)
	}
}

func TestNetSystemRefusesWrongShapes(t *testing.T) {
	net := testStep(4, 3, nil, 1)
	sys := NewNetSystem(net, 4, 3)
	assert.Panics(t, "planner: NewNetSystem: the network does not map [x; u] to x'", func() { NewNetSystem(net, 3, 4) })
	assert.Panics(t, "planner: NetSystem: wrong length of state or action", func() { sys.Step(make([]float64, 4), make([]float64, 3), make([]float64, 3)) })
	assert.Panics(t, "planner: NetSystem: wrong size of a batch", func() { sys.StepBatch(make([]float64, 8), make([]float64, 8), make([]float64, 5), 2) })
	assert.Panics(t, "planner: NetSystem: wrong length of a gradient", func() {
		sys.VJP(make([]float64, 3), make([]float64, 3), make([]float64, 4), make([]float64, 3), make([]float64, 4))
	})
}

func BenchmarkStepBatch(b *testing.B) {
	const nx, nu = 10, 2
	double := NewNetSystem(testStep(nx, nu, []int{128, 256, 256, 128}, 1), nx, nu)
	x, u, dst := randomBatch(batchRows, nx, 1), randomBatch(batchRows, nu, 2), make([]float64, batchRows*nx)
	for name, sys := range map[string]*NetSystem{"float64": double, "float32": double.Single()} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				sys.StepBatch(dst, x, u, batchRows)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchRows), "ns/step")
		})
	}
}
