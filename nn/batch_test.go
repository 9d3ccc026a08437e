package nn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/internal/assert"
)

// randomMix returns coefficients that are no hard gates.
func randomMix(n *Net, rng *rand.Rand) GateMix[float64] {
	return GateMix[float64](normal(n.Width()*GateCount, rng))
}

func TestBatchForwardIsForward(t *testing.T) {
	checked := 0
	for i := range 200 {
		rng := newRand(t, i)
		n := randomNet(rng)
		b := NewBatch[float64](n, 9)
		for _, rows := range []int{9, 1, 4, 0} {
			x := normal(rows*n.In, rng)
			b.Forward(n.Params, x, rows)
			for r := range rows {
				assertClose(t, fmt.Sprintf("net %d", i), b.Output().Row(r), naiveForward(n, x[r*n.In:(r+1)*n.In]), 1e-13)
				checked++
			}
		}
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

// loss is a scalar function of everything a batch depends on, sum_ri c_ri y_ri,
// so c is its gradient with respect to the outputs.
type loss struct {
	b            *Batch[float64]
	params, x, c []float64
	rows         int
}

func (l *loss) value() float64 {
	l.b.Forward(l.params, l.x, l.rows)
	sum := 0.0
	for r := range l.rows {
		sum += dot(l.b.Output().Row(r), l.c[r*l.b.out:(r+1)*l.b.out])
	}
	return sum
}

// assertGradient compares grad with central differences of l over v, returns
// the number of entries compared. Samples near a kink are avoided by the caller.
func (l *loss) assertGradient(t *testing.T, what string, v, grad []float64) int {
	t.Helper()
	const h = 1e-5
	for i := range v {
		keep := v[i]
		v[i] = keep + h
		up := l.value()
		v[i] = keep - h
		down := l.value()
		v[i] = keep
		if want := (up - down) / (2 * h); !closeTo(grad[i], want, 1e-7) {
			t.Fatalf("%s: gradient %d is %.12g, central difference %.12g", what, i, grad[i], want)
		}
	}
	return len(v)
}

// kinkFree draws inputs until no pre-activation is near zero.
func (l *loss) kinkFree(n *Net, rng *rand.Rand) bool {
	for range 100 {
		fillNormal(l.x, 1, rng)
		l.value()
		near := false
		for r := range l.rows {
			for _, z := range preActivations(n, l.x[r*n.In:(r+1)*n.In], l.b.Mix) {
				near = near || (z > -1e-3 && z < 1e-3)
			}
		}
		if !near {
			return true
		}
	}
	return false
}

// preActivations returns those of all units, by the definition of a network; its
// own gates count if mix is nil.
func preActivations(n *Net, x []float64, mix GateMix[float64]) []float64 {
	if mix == nil {
		mix = NewGateMix[float64](n)
	}
	v, zs := slices.Clone(x), []float64(nil)
	for i := range n.Layers {
		l := &n.Layers[i]
		for j := range l.Out {
			z := n.Bias(i)[j] + dot(n.Weight(i)[j*l.In():(j+1)*l.In()], v[l.From:l.To])
			p := mix.Unit(l.at + j)
			v, zs = append(v, p[ReLU]*max(0, z)+p[Identity]*z), append(zs, z)
		}
	}
	return zs
}

func TestBatchGradients(t *testing.T) {
	var nets, checked int
	for i := range 60 {
		rng := newRand(t, i)
		n := randomNet(rng)
		l := &loss{b: NewBatch[float64](n, 4), rows: 3, params: n.Params}
		l.x, l.c = make([]float64, l.rows*n.In), normal(l.rows*n.Out(), rng)
		if i%2 == 1 {
			l.b.Mix, l.b.MixGrad = randomMix(n, rng), make(GateMix[float64], n.Width()*GateCount)
		}
		if !l.kinkFree(n, rng) {
			continue
		}
		nets++
		checked += l.assertAll(t, fmt.Sprintf("net %d", i))
	}
	if nets < 40 || checked < 3000 {
		t.Fatalf("only %d entries of %d nets checked", checked, nets)
	}
}

// assertAll checks the gradients of parameters, inputs and coefficients.
func (l *loss) assertAll(t *testing.T, what string) int {
	t.Helper()
	grad := make([]float64, len(l.params))
	l.value()
	l.b.Backward(grad, l.c)
	var dx []float64
	for r := range l.rows {
		dx = append(dx, l.b.InputGrad().Row(r)...)
	}
	checked := l.assertGradient(t, what+" parameters", l.params, grad)
	checked += l.assertGradient(t, what+" inputs", l.x, dx)
	if l.b.Mix != nil {
		inputs := l.b.in * GateCount // their coefficients have no effect
		checked += l.assertGradient(t, what+" mix", l.b.Mix[inputs:], l.b.MixGrad[inputs:])
	}
	return checked
}

func TestBackwardAccumulates(t *testing.T) {
	rng := newRand(t, 0)
	n := randomMLP(3, []int{5}, 2, rng)
	b := NewBatch[float64](n, 4)
	b.Mix, b.MixGrad = randomMix(n, rng), make(GateMix[float64], n.Width()*GateCount)
	grad, c := make([]float64, len(n.Params)), normal(8, rng)
	b.Forward(n.Params, normal(12, rng), 4)
	b.Backward(grad, c)
	once, onceMix := slices.Clone(grad), slices.Clone(b.MixGrad)
	b.Backward(nil, c)
	if !slices.Equal(grad, once) {
		t.Error("Backward without a parameter gradient changed it")
	}
	b.Backward(grad, c)
	for i := range once {
		once[i] *= 2
	}
	for i := range onceMix {
		onceMix[i] *= 3
	}
	assertClose(t, "parameters", grad, once, 1e-13)
	assertClose(t, "mix", b.MixGrad, onceMix, 1e-13)
}

// TestRollOutGradient checks back-propagation through three steps of
// x' = x + net(x), the way a multi-step loss uses one batch a step.
func TestRollOutGradient(t *testing.T) {
	const rows, nx, steps = 2, 3, 3
	rng := newRand(t, 0)
	n := randomMLP(nx, []int{6}, nx, rng)
	var batches [steps]*Batch[float64]
	for i := range batches {
		batches[i] = NewBatch[float64](n, rows)
	}
	x0, c := normal(rows*nx, rng), normal(rows*nx, rng)
	rollOut := func() float64 {
		x := slices.Clone(x0)
		for _, b := range batches {
			b.Forward(n.Params, x, rows)
			for r := range rows {
				for j, y := range b.Output().Row(r) {
					x[r*nx+j] += y
				}
			}
		}
		return dot(x, c)
	}
	rollOut()
	grad, adjoint := make([]float64, len(n.Params)), slices.Clone(c)
	for _, b := range slices.Backward(batches[:]) {
		b.Backward(grad, adjoint)
		for r := range rows {
			for j, g := range b.InputGrad().Row(r) {
				adjoint[r*nx+j] += g
			}
		}
	}
	const h = 1e-6
	for _, f := range []struct{ v, grad []float64 }{{n.Params, grad}, {x0, adjoint}} {
		for i, keep := range f.v {
			f.v[i] = keep + h
			up := rollOut()
			f.v[i] = keep - h
			down := rollOut()
			f.v[i] = keep
			if want := (up - down) / (2 * h); !closeTo(f.grad[i], want, 1e-6) {
				t.Fatalf("gradient %d is %.12g, central difference %.12g", i, f.grad[i], want)
			}
		}
	}
}

func TestBatchDoesNotAllocate(t *testing.T) {
	rng := newRand(t, 0)
	n := randomMLP(8, []int{128, 128}, 4, rng)
	const rows = 100
	params, x := make([]float32, len(n.Params)), make([]float32, rows*n.In)
	Convert(params, n.Params)
	Convert(x, normal(len(x), rng))
	grad, c := make([]float32, len(params)), make([]float32, rows*n.Out())
	b := NewBatch[float32](n, rows)
	b.Mix, b.MixGrad = NewGateMix[float32](n), make(GateMix[float32], n.Width()*GateCount)
	step := func() {
		b.Forward(params, x, rows)
		b.Backward(grad, c)
	}
	if a := testing.AllocsPerRun(3, step); a != 0 {
		t.Errorf("%g allocations a step", a)
	}
}

func TestBatchRefusesWrongShapes(t *testing.T) {
	n := NewMLP(3, []int{2}, 1, false)
	b := NewBatch[float64](n, 2)
	const forward = "nn: Batch.Forward: wrong number of samples, inputs or parameters"
	assert.Panics(t, forward, func() { b.Forward(n.Params, make([]float64, 9), 3) })
	assert.Panics(t, forward, func() { b.Forward(n.Params, make([]float64, 5), 2) })
	assert.Panics(t, forward, func() { b.Forward(n.Params[1:], make([]float64, 6), 2) })
	b.Forward(n.Params, make([]float64, 6), 2)
	const backward = "nn: Batch.Backward: wrong number of output gradients or parameters"
	assert.Panics(t, backward, func() { b.Backward(nil, make([]float64, 3)) })
	assert.Panics(t, backward, func() { b.Backward(make([]float64, 1), make([]float64, 2)) })
	b.Mix = make(GateMix[float64], 3)
	assert.Panics(t, "nn: Batch: Mix or MixGrad does not fit the network", func() { b.Forward(n.Params, make([]float64, 6), 2) })
	assert.Panics(t, "nn: NewBatch: a batch needs a capacity of at least 1", func() { NewBatch[float32](n, 0) })
}
