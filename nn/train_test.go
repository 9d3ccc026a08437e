package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/internal/assert"
	"hinge/nn/gemm"
)

// The whole of a training run: draw, convert, forward, loss, backward, step.
func Example_training() {
	const rows, steps = 64, 400
	rng := rand.New(rand.NewPCG(1, 0))
	n := NewMLP(1, []int{32}, 1, false)
	n.Init(HeNormal, rng)
	params, grad := make([]float32, len(n.Params)), make([]float32, len(n.Params))
	Convert(params, n.Params)

	batch, adam := NewBatch[float32](n, rows), Adam[float32]{}
	x, target, dOut := make([]float32, rows), make([]float32, rows), make([]float32, rows)
	var loss float64
	for step := range steps {
		for i := range x {
			x[i] = 2*rng.Float32() - 1
			target[i] = max(x[i], -x[i]) // |x|
		}
		batch.Forward(params, x, rows)
		loss = MSE(dOut, batch.Output(), target)
		clear(grad)
		batch.Backward(grad, dOut)
		adam.Step(params, grad, Cosine(step, steps, 0.02, 0))
	}
	Convert(n.Params, params)
	fmt.Println("root mean square error below 0.01:", math.Sqrt(loss) < 0.01)
	// Output: root mean square error below 0.01: true
}

// train returns the parameters after a few steps from a seed.
func train(seed uint64) []float32 {
	const rows = 50
	rng := rand.New(rand.NewPCG(seed, 0))
	n := NewMLP(4, []int{70, 70}, 3, true)
	n.Init(HeUniform, rng)
	params, grad := make([]float32, len(n.Params)), make([]float32, len(n.Params))
	Convert(params, n.Params)
	b, adam := NewBatch[float32](n, rows), Adam[float32]{ClipNorm: 1}
	x, c := make([]float32, rows*4), make([]float32, rows*3)
	for range 5 {
		Convert(x, normal(len(x), rng))
		b.Forward(params, x, rows)
		MSE(c, b.Output(), make([]float32, len(c)))
		clear(grad)
		b.Backward(grad, c)
		adam.Step(params, grad, 1e-2)
	}
	return params
}

func TestTrainingIsDeterministic(t *testing.T) {
	a := train(1)
	if !slices.Equal(a, train(1)) {
		t.Error("the same seed gave other parameters")
	}
	if slices.Equal(a, train(2)) {
		t.Error("another seed gave the same parameters")
	}
}

// TestAdamByHand follows three steps of one parameter, worked out from the
// formula of the paper: corrected means 1, -0.5789.., -0.1808.. over
// corrected deviations 1, 1.5813.., 1.3227..
func TestAdamByHand(t *testing.T) {
	want := []float64{0.9000000009999999, 0.9366103534720748, 0.9502794196738215}
	a, got := Adam[float64]{}, []float64{1}
	for i, g := range []float64{1, -2, 0.5} {
		if norm := a.Step(got, []float64{g}, 0.1); norm != math.Abs(g) {
			t.Errorf("step %d: norm %g, want %g", i, norm, math.Abs(g))
		}
		assertClose(t, fmt.Sprintf("step %d", i), got, want[i:i+1], 1e-15)
	}
}

func TestAdamClips(t *testing.T) {
	// Clipping to 1 is the same as handing in the shortened gradient.
	grad := []float64{3, -4}
	clipped, plain := Adam[float64]{ClipNorm: 1}, Adam[float64]{}
	p, q := []float64{1, 1}, []float64{1, 1}
	for _, scale := range []float64{1, 0.1} { // norms 5 and 0.5: clipped and not
		g := []float64{scale * grad[0], scale * grad[1]}
		if norm := clipped.Step(p, g, 0.1); !closeTo(norm, 5*scale, 1e-15) {
			t.Errorf("norm %g, want %g", norm, 5*scale)
		}
		shrink := min(1, 1/(5*scale))
		plain.Step(q, []float64{shrink * g[0], shrink * g[1]}, 0.1)
	}
	assertClose(t, "parameters", p, q, 1e-14)
}

func TestAdamFindsAMinimum(t *testing.T) {
	params, grad, a := []float32{3, -2}, make([]float32, 2), Adam[float32]{}
	for step := range 500 {
		grad[0], grad[1] = 2*(params[0]-1), 20*(params[1]-0.5)
		a.Step(params, grad, Cosine(step, 500, 0.1, 1e-3))
	}
	if math.Abs(float64(params[0]-1)) > 1e-3 || math.Abs(float64(params[1]-0.5)) > 1e-3 {
		t.Errorf("minimum found at %v, want (1, 0.5)", params)
	}
}

func TestAdamRefusesOtherLengths(t *testing.T) {
	a := Adam[float64]{}
	a.Step(make([]float64, 2), make([]float64, 2), 0.1)
	const message = "nn: Adam.Step: the number of parameters changed or differs from that of gradients"
	assert.Panics(t, message, func() { a.Step(make([]float64, 3), make([]float64, 3), 0.1) })
	assert.Panics(t, message, func() { a.Step(make([]float64, 2), make([]float64, 1), 0.1) })
}

func TestAdamDoesNotAllocate(t *testing.T) {
	params, grad, a := make([]float32, 100), make([]float32, 100), Adam[float32]{ClipNorm: 1}
	if n := testing.AllocsPerRun(10, func() { a.Step(params, grad, 1e-3) }); n != 0 {
		t.Errorf("%g allocations a step", n)
	}
}

func TestCosine(t *testing.T) {
	for _, c := range []struct {
		step, steps int
		want        float64
	}{{0, 11, 1}, {5, 11, 0.55}, {10, 11, 0.1}, {0, 1, 1}, {0, 0, 1}} {
		if got := Cosine(c.step, c.steps, 1, 0.1); !closeTo(got, c.want, 1e-15) {
			t.Errorf("step %d of %d: rate %g, want %g", c.step, c.steps, got, c.want)
		}
	}
}

func TestInitializers(t *testing.T) {
	const in, out = 200, 300
	for _, c := range []struct {
		name      string
		draw      Initializer
		deviation float64
		limit     float64 // 0: none
	}{
		{"HeNormal", HeNormal, 0.1, 0},
		{"HeUniform", HeUniform, 0.1, math.Sqrt(0.03)},
		{"GlorotNormal", GlorotNormal, math.Sqrt(0.004), 0},
		{"GlorotUniform", GlorotUniform, math.Sqrt(0.004), math.Sqrt(0.012)},
	} {
		n := New(in, []Layer{{From: 0, To: in, Out: out}})
		n.Bias(0)[3] = 1
		n.Init(c.draw, newRand(t, 0))
		w := n.Weight(0)
		var mean, square, largest float64
		for _, v := range w {
			mean += v / float64(len(w))
			square += v * v / float64(len(w))
			largest = max(largest, math.Abs(v))
		}
		if math.Abs(mean) > 0.02*c.deviation || math.Abs(math.Sqrt(square)/c.deviation-1) > 0.01 {
			t.Errorf("%s: mean %g and deviation %g, want 0 and %g", c.name, mean, math.Sqrt(square), c.deviation)
		}
		if c.limit > 0 && (largest > c.limit || largest < 0.999*c.limit) {
			t.Errorf("%s: largest weight %g, want just under %g", c.name, largest, c.limit)
		}
		if slices.Max(n.Bias(0)) != 0 {
			t.Errorf("%s: biases are not zero", c.name)
		}
	}
}

func TestMSE(t *testing.T) {
	rng := newRand(t, 0)
	y := gemm.Matrix[float64]{Rows: 3, Cols: 2, Stride: 5, Data: normal(15, rng)}
	target, grad := normal(6, rng), make([]float64, 6)
	MSE(grad, y, target)
	checked := 0
	for i := range grad {
		v := &y.Row(i / 2)[i%2]
		keep, scratch := *v, make([]float64, 6)
		*v = keep + 1e-5
		up := MSE(scratch, y, target)
		*v = keep - 1e-5
		down := MSE(scratch, y, target)
		*v = keep
		assertClose(t, "gradient", grad[i:i+1], []float64{(up - down) / 2e-5}, 1e-9)
		checked++
	}
	if checked != 6 {
		t.Fatalf("%d entries checked, want 6", checked)
	}
	one := gemm.New(1, 2, []float64{1, 4})
	if got := MSE(make([]float64, 2), one, []float64{2, 2}); got != 2.5 {
		t.Errorf("MSE of errors 1 and 2 is %g, want 2.5", got)
	}
	assert.Panics(t, "nn: MSE: gradient, outputs and target differ in size", func() { MSE(nil, one, nil) })
}
