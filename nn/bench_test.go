//go:build unix

package nn

import (
	"syscall"
	"testing"
)

func BenchmarkForward(b *testing.B) {
	rng := newRand(b, 0)
	n := randomMLP(12, []int{128, 128}, 8, rng)
	ws, x, y := n.NewWorkspace(), normal(12, rng), make([]float64, 8)
	for b.Loop() {
		n.Forward(y, x, ws)
	}
}

func BenchmarkVJP(b *testing.B) {
	rng := newRand(b, 0)
	n := randomMLP(12, []int{128, 128}, 8, rng)
	ws, x, y := n.NewWorkspace(), normal(12, rng), make([]float64, 8)
	n.Forward(y, x, ws)
	for b.Loop() {
		n.VJP(x, y, ws)
	}
}

// cpuSeconds returns the processor time of this process, which other load on
// the machine does not change much.
func cpuSeconds(b *testing.B) float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

// BenchmarkTrainingStep measures forward, loss, backward and Adam.
func BenchmarkTrainingStep(b *testing.B) {
	b.Run("float32", benchmarkTrainingStep[float32])
	b.Run("float64", benchmarkTrainingStep[float64])
}

func benchmarkTrainingStep[T Float](b *testing.B) {
	const rows = 256
	rng := newRand(b, 0)
	n := NewMLP(8, []int{128, 128, 128}, 4, false)
	n.Init(HeNormal, rng)
	params, grad := make([]T, len(n.Params)), make([]T, len(n.Params))
	Convert(params, n.Params)
	x, target, dOut := make([]T, rows*n.In), make([]T, rows*n.Out()), make([]T, rows*n.Out())
	Convert(x, normal(len(x), rng))
	Convert(target, normal(len(target), rng))
	batch, adam := NewBatch[T](n, rows), Adam[T]{}
	step := func() {
		batch.Forward(params, x, rows)
		MSE(dOut, batch.Output(), target)
		clear(grad)
		batch.Backward(grad, dOut)
		adam.Step(params, grad, 1e-3)
	}
	step() // the first one takes memory
	b.ReportAllocs()
	start := cpuSeconds(b)
	for b.Loop() {
		step()
	}
	b.ReportMetric(rows*float64(b.N)/(cpuSeconds(b)-start), "samples/CPU-s")
}
