package pusht

import (
	"math"
	"math/rand/v2"
	"testing"
)

// subSteps returns the number of sub-steps of a displacement.
func subSteps(dx, dy float64) int { return int(math.Ceil(math.Hypot(dx, dy) / 0.5e-3)) }

// BenchmarkContact pushes from a place that touches the T, so that nearly every
// sub-step solves a contact.
func BenchmarkContact(b *testing.B) { benchmarkPokes(b, 0, 0.6) }

// BenchmarkApproach starts up to 10 mm away from the T, as a planner would.
func BenchmarkApproach(b *testing.B) { benchmarkPokes(b, 0.010, 1) }

func benchmarkPokes(b *testing.B, away, turn float64) {
	s := mustPoke(b, Options{})
	rng := rand.New(rand.NewPCG(1, 0))
	const pokes = 256
	var actions [pokes][4]float64
	x := []float64{0.01, -0.02, 0.4, 0, 0}
	for i := range actions {
		actions[i] = pokeAtOutline(rng, x, away, turn)
	}
	dst := make([]float64, NX)
	steps, i := 0, 0
	for b.Loop() {
		u := &actions[i%pokes]
		s.Step(dst, x, u[:])
		steps += subSteps(u[2], u[3])
		i++
	}
	b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "substeps/s")
}
