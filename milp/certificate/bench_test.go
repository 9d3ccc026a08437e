package certificate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkCheck checks certificates of 2^10 leaves of a program with three steps
// of a four-layer network.
func BenchmarkCheck(b *testing.B) {
	for _, width := range []int{8, 16} {
		rng := rand.New(rand.NewPCG(1, 8))
		p := randomProgram(rng, shape{nx: 6, nu: 2, horizon: 3, hidden: []int{width, width, width}, norms: []string{L1}, skip: true})
		c := prove(rng, p, 10, false)
		b.Run(fmt.Sprintf("%dx3", 3*width), func(b *testing.B) {
			for b.Loop() {
				if r, err := Check(context.Background(), c); err != nil || !r.Valid {
					b.Fatal(err, r)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(c.Leaves)), "us/leaf")
		})
	}
}

// BenchmarkCover rebuilds the tree of 2^17 leaves over ten coordinates.
func BenchmarkCover(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 9))
	lower, upper := make([]float64, 10), make([]float64, 10)
	for k := range upper {
		upper[k] = 1
	}
	leaves := []Leaf{{Lower: lower, Upper: upper}}
	for len(leaves) < 1<<17 {
		i, k := rng.IntN(len(leaves)), rng.IntN(10)
		y := leaves[i]
		mid := center(y.Lower, y.Upper)[k]
		low, high := append([]float64(nil), y.Upper...), append([]float64(nil), y.Lower...)
		low[k], high[k] = mid, mid
		leaves[i] = Leaf{Lower: y.Lower, Upper: low}
		leaves = append(leaves, Leaf{Lower: high, Upper: y.Upper})
	}
	for b.Loop() {
		if t, g, err := newTree(context.Background(), &Certificate{Leaves: leaves}, lower, upper); t == nil {
			b.Fatal(g, err)
		}
	}
}
