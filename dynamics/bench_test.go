package dynamics

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"hinge/nn"
)

// pokeSized returns a model of 8 state and 4 action coordinates, as for pushing
// a T by its keypoints.
func pokeSized(hidden ...int) *Model {
	rng := rand.New(rand.NewPCG(1, 0))
	net := nn.NewMLP(10, hidden, 8, true)
	net.Init(nn.HeNormal, rng)
	return &Model{
		Features: randomAffine(10, 12, rng), Base: randomAffine(8, 12, rng),
		In: randomNormalizer(10, rng), Out: randomNormalizer(8, rng), Net: net,
	}
}

func BenchmarkStep(b *testing.B) {
	for _, hidden := range [][]int{{12, 12}, {64, 64}, {128, 128}} {
		b.Run(fmt.Sprint(hidden), func(b *testing.B) {
			m, x, u := pokeSized(hidden...), make([]float64, 8), make([]float64, 4)
			dst := make([]float64, 8)
			for b.Loop() {
				m.Step(dst, x, u)
			}
		})
	}
}

// BenchmarkStepBatch steps 512 states at once; compare with 512 Steps.
func BenchmarkStepBatch(b *testing.B) {
	for _, hidden := range [][]int{{12, 12}, {64, 64}, {128, 128}} {
		b.Run(fmt.Sprint(hidden), func(b *testing.B) {
			const n = 512
			rng := rand.New(rand.NewPCG(2, 0))
			m, x, u := pokeSized(hidden...), randomVector(8*n, rng), randomVector(4*n, rng)
			dst := make([]float64, 8*n)
			b.ReportAllocs()
			for b.Loop() {
				m.StepBatch(dst, x, u, n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/state")
		})
	}
}

// BenchmarkEpoch trains for one epoch of 25,000 windows of three steps.
func BenchmarkEpoch(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 0))
	d := NewDataset(1200, 25, 8, 4)
	copy(d.X, randomVector(len(d.X), rng))
	copy(d.U, randomVector(len(d.U), rng))
	for _, steps := range []int{1, 3} {
		for _, hidden := range [][]int{{12, 12}, {64, 64}, {128, 128}} {
			b.Run(fmt.Sprintf("%d/%v", steps, hidden), func(b *testing.B) {
				for b.Loop() {
					t, err := NewTrainer(pokeSized(hidden...), d, TrainOptions{Horizon: steps, OneStep: -1, Epochs: 1, Workers: 1})
					if err != nil {
						b.Fatal(err)
					}
					if _, _, err := t.Run(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
