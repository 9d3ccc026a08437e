package planner

import (
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
	"hinge/nn"
)

// newRand returns the stream of work item i.
func newRand(i int) *rand.Rand { return rand.New(rand.NewPCG(1, uint64(i))) }

// testStep returns a network [x; u] -> x' that pulls the state along with the
// action, bent by ReLUs.
func testStep(nx, nu int, hidden []int, seed int) *nn.Net {
	rng := newRand(seed)
	net := nn.NewMLP(nx+nu, hidden, nx, false)
	for i := range net.Layers {
		scale := 0.7 / math.Sqrt(float64(net.Layers[i].In()))
		for j := range net.Weight(i) {
			net.Weight(i)[j] = scale * rng.NormFloat64()
		}
		for j := range net.Bias(i) {
			net.Bias(i)[j] = 0.2 * rng.NormFloat64()
		}
	}
	s := nn.Shell{In: nx + nu, Weight: make([]float64, (nx+nu)*(nx+nu)), Residual: make([]float64, nx*(nx+nu))}
	for i := range nx + nu {
		s.Weight[i*(nx+nu)+i] = 1
	}
	for i := range nx {
		s.Residual[i*(nx+nu)+i] = 0.9
		s.Residual[i*(nx+nu)+nx+i%nu] = 0.5
	}
	return net.Wrap(s)
}

// formula steps a network sample by sample: the judge of the tests.
type formula struct {
	net    *nn.Net
	nx, nu int
}

func (f *formula) Dims() (nx, nu int)    { return f.nx, f.nu }
func (f *formula) Clone() control.System { return f }
func (f *formula) Step(dst, x, u []float64) {
	v := append(append([]float64(nil), x...), u...)
	for i, l := range f.net.Layers {
		window := v[l.From:l.To]
		for j := range l.Out {
			z := f.net.Bias(i)[j]
			for k, w := range f.net.Weight(i)[j*len(window) : (j+1)*len(window)] {
				z += w * window[k]
			}
			if l.Gate(j) == nn.ReLU {
				z = max(0, z)
			}
			v = append(v, z)
		}
	}
	copy(dst, v[len(v)-len(dst):])
}

// testCost charges the distance to a target with every norm, the size and the
// change of actions, and a keep-out disc.
func testCost(nx, nu, horizon int) *control.Cost {
	state := control.NewAffine(nx, nx+nu)
	for i := range nx {
		state.Set(i, i, 1)
		state.B[i] = -0.8
	}
	action := control.NewAffine(nu, nx+nu)
	for i := range nu {
		action.Set(i, nx+i, 1)
	}
	disc := control.NewAffine(2, nx+nu)
	disc.Set(0, 0, 1)
	disc.Set(1, 1, 1)
	disc.B[0], disc.B[1] = -0.5, -0.2
	ramp := make([]float64, horizon)
	reference := make([]float64, nx*horizon)
	for t := range horizon {
		ramp[t] = float64(t+1) / float64(horizon)
		for i := range nx {
			reference[t*nx+i] = 0.01 * float64(t)
		}
	}
	return &control.Cost{Nx: nx, Nu: nu, Horizon: horizon, Terms: []control.Term{
		{Name: "distance", Weight: 2, Norm: control.L1, Residual: state, TimeWeight: ramp, Reference: reference},
		{Name: "end", Weight: 1, Norm: control.LInf, Residual: state, Terminal: true},
		{Name: "effort", Weight: 0.1, Norm: control.SquaredL2, Residual: action},
		{Name: "rate", Weight: 0.05, Norm: control.L1, Residual: action, Rate: true},
		{Name: "disc", Weight: 100, Norm: control.Disc, Residual: disc, Radius: 0.2},
		{Name: "slope", Weight: 0.1, Norm: control.Max, Residual: state},
	}}
}

// linearCost is what solvers prove fast: the L1 and LInf terms.
func linearCost(nx, nu, horizon int) *control.Cost {
	c := testCost(nx, nu, horizon)
	c.Terms = append(c.Terms[:2:2], c.Terms[3])
	return c
}

func testProblem(horizon int) (Problem, []float64) {
	const nx, nu = 3, 2
	step := testStep(nx, nu, []int{5, 4}, 7)
	return Problem{Step: step, Judge: &formula{step, nx, nu}, Action: control.NewBox(nu, -1, 0.7),
		Cost: linearCost(nx, nu, horizon)}, []float64{-0.4, 0.3, 0.1}
}

func mustPlanner[T any](t testing.TB) func(p T, err error) T {
	t.Helper()
	return func(p T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}
