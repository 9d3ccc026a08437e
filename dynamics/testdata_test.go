package dynamics

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
	"hinge/nn"
)

// kinked is a plant with kinks and a part that never changes:
//
//	x_0' = x_0 + u_0 + |x_1| / 2,   x_1' = 0.8 x_1 + u_1,   x_2' = x_2
type kinked struct{}

func (kinked) Dims() (nx, nu int)    { return 3, 2 }
func (kinked) Clone() control.System { return kinked{} }
func (kinked) Step(dst, x, u []float64) {
	dst[0], dst[1], dst[2] = x[0]+u[0]+math.Abs(x[1])/2, 0.8*x[1]+u[1], x[2]
}

func kinkedStart(rng *rand.Rand) []float64 {
	return []float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
}

func kinkedSample(dst, _ []float64, rng *rand.Rand) {
	dst[0], dst[1] = rng.NormFloat64(), rng.NormFloat64()
}

func kinkedData(t testing.TB, episodes, workers int) *Dataset {
	t.Helper()
	d, err := Collect(context.Background(), kinked{}, nil, Exploring(kinkedStart, kinkedSample), CollectOptions{
		Episodes: episodes, Steps: 6, Seed: 3, Workers: workers,
		Meta: DataMeta{Signals: Signals{
			Task: "kinked", Period: 0.1,
			StateNames: []string{"a", "b", "c"}, StateUnits: []string{"m", "m", "m"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func randomAffine(rows, cols int, rng *rand.Rand) control.Affine {
	a := control.NewAffine(rows, cols)
	for i := range a.W {
		a.W[i] = rng.NormFloat64()
	}
	for i := range a.B {
		a.B[i] = rng.NormFloat64()
	}
	return a
}

func randomNormalizer(n int, rng *rand.Rand) Normalizer {
	z := Normalizer{Mean: make([]float64, n), Scale: make([]float64, n)}
	for i := range n {
		z.Mean[i], z.Scale[i] = rng.NormFloat64(), 0.5+rng.Float64()
	}
	return z
}

// randomModel returns a model of 4 state and 2 action coordinates with 5
// features and all kinds of gates.
func randomModel(seed uint64) *Model {
	rng := rand.New(rand.NewPCG(seed, 0))
	net := nn.NewMLP(5, []int{7, 6}, 4, true)
	net.Layers[0].Gates = []nn.Gate{nn.ReLU, nn.Identity, nn.ReLU, nn.Zero, nn.ReLU, nn.ReLU, nn.ReLU}
	net.Init(nn.HeNormal, rng)
	m := &Model{
		Features: randomAffine(5, 6, rng), Base: randomAffine(4, 6, rng),
		In: randomNormalizer(5, rng), Out: randomNormalizer(4, rng), Net: net,
	}
	m.Out.Scale[2] = 0 // a coordinate the network has no say in
	return m
}

func randomVector(n int, rng *rand.Rand) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

// largestDifference returns max |a_i - b_i|.
func largestDifference(a, b []float64) float64 {
	worst := 0.0
	for i := range a {
		worst = max(worst, math.Abs(a[i]-b[i]))
	}
	return worst
}
