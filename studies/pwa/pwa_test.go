package pwa

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/nn"
)

func TestTargets(t *testing.T) {
	formulas := []func(x, y float64) float64{
		func(x, y float64) float64 { return math.Abs(x) + math.Abs(y) },
		func(x, y float64) float64 {
			return max(0, x+0.5*y-0.2) - 1.5*max(0, -0.3*x+y+0.1) + 0.2*x
		},
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i, target := range Targets() {
		if n := len(Regions(target.Net, Square())); n != 4 {
			t.Errorf("%s has %d pieces, want 4", target.Name, n)
		}
		y, ws := make([]float64, 1), target.Net.NewWorkspace()
		for range 100 {
			x := []float64{2*rng.Float64() - 1, 2*rng.Float64() - 1}
			target.Net.Forward(y, x, ws)
			if want := formulas[i](x[0], x[1]); math.Abs(y[0]-want) > 1e-12 {
				t.Fatalf("%s(%v) is %g, want %g", target.Name, x, y[0], want)
			}
		}
	}
}

// TestRegionsTile checks random networks with skips and all kinds of gates: the
// regions fill the square without overlap, and on each the network is the function
// that it says.
func TestRegionsTile(t *testing.T) {
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 2))
		n := nn.NewMLP(2, []int{6, 5}, 1, true)
		n.Init(nn.HeNormal, rng)
		for i := range n.Params {
			n.Params[i] += 0.3 * rng.NormFloat64()
		}
		n.Layers[1].Gates = []nn.Gate{nn.ReLU, nn.Identity, nn.Zero, nn.ReLU, nn.ReLU}
		regions := Regions(n, Square())
		if len(regions) < 5 {
			t.Fatalf("seed %d: %d regions; the network is too simple for a test", seed, len(regions))
		}
		area, y, ws := 0.0, make([]float64, 1), n.NewWorkspace()
		for i := range regions {
			r := &regions[i]
			area += r.Area()
			for range 5 {
				p := inside(r.Corners, rng)
				n.Forward(y, []float64{p.X, p.Y}, ws)
				if want := r.Value.At(p); math.Abs(y[0]-want) > 1e-9 {
					t.Errorf("seed %d: the network is %g at %v, its region says %g", seed, y[0], p, want)
				}
			}
		}
		if math.Abs(area-4) > 1e-9 {
			t.Errorf("seed %d: the regions cover %g of the square's 4", seed, area)
		}
	}
}

// inside returns a random mean of the corners.
func inside(corners []Point, rng *rand.Rand) Point {
	var p Point
	sum := 0.0
	for _, c := range corners {
		w := rng.ExpFloat64()
		p.X, p.Y, sum = p.X+w*c.X, p.Y+w*c.Y, sum+w
	}
	return Point{p.X / sum, p.Y / sum}
}

func TestMatch(t *testing.T) {
	regions := func(n *nn.Net) []Region { return Regions(n, Square()) }
	cross := func(at, slope float64) []Region {
		return regions(hinges([3]float64{}, hinge{slope, [3]float64{1, 0, -at}}, hinge{1, [3]float64{0, 1, 0}}))
	}
	truth := cross(0, 1)
	if m := Match(truth, cross(0, 1)); !m.Exact() || m.MaxSlope != 0 || m.Misplaced > 1e-15 {
		t.Errorf("the truth matches itself with %+v", m)
	}
	// A line moved by .1 misplaces .1 x 2 of an area of 4.
	if m := Match(truth, cross(0.1, 1.5)); !m.Paired || math.Abs(m.MaxSlope-0.5) > 1e-12 || math.Abs(m.Misplaced-0.05) > 1e-12 {
		t.Errorf("a moved line and a slope that is .5 off match with %+v", m)
	}
	for name, learned := range map[string][]Region{
		"slopes .01 off": cross(0, 1.01),
		"lines .01 off":  cross(0.01, 1),
	} {
		if m := Match(truth, learned); !m.Paired || m.Exact() {
			t.Errorf("%s: %+v, exact %v; want a pair for every piece, but no exact one", name, m, m.Exact())
		}
	}
	for name, learned := range map[string][]Region{
		"one piece":               regions(hinges([3]float64{1, 1, 1})),
		"two of four in one half": cross(0.8, 1),
	} {
		if m := Match(truth, learned); m.Paired || m.Exact() || !math.IsInf(m.MaxSlope, 1) || m.Misplaced != 1 {
			t.Errorf("%s: %+v, want no match", name, m)
		}
	}
}

// TestDeadUnitsCount: a ReLU that never changes its phase is one of the model's all
// the same.
func TestDeadUnitsCount(t *testing.T) {
	target := Targets()[0]
	opts := Options{Hidden: []int{5, 4}, Samples: 60}.withDefaults()
	r := &run{opts: opts, data: samples(target, opts.Samples, 1)}
	m, err := r.train(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clear(m.Net.Weight(0)[:2])
	m.Net.Bias(0)[0] = -1
	if n := network(m).Count(nn.ReLU); n >= 9 {
		t.Fatalf("%d ReLUs of the plane's network; a dead one should be folded", n)
	}
	if l := learned(m, target); l.ReLUs != 9 {
		t.Errorf("%d ReLUs, want all 9", l.ReLUs)
	}
}

// TestRunFindsThePieces is the study with smaller networks.
func TestRunFindsThePieces(t *testing.T) {
	run := func(target Target, workers int) *Result {
		r, err := Run(context.Background(), target, Options{Seed: 1, Workers: workers, Samples: 3000, Hidden: []int{10, 10}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, target := range Targets() {
		r := run(target, 1)
		if r.Dense.ReLUs != 20 || r.Sparse.ReLUs != 2 {
			t.Errorf("%s: %d ReLUs before and %d after, want 20 and 2", target.Name, r.Dense.ReLUs, r.Sparse.ReLUs)
		}
		if !(r.Sparse.MaxError < 1e-3) || !r.Matching.Exact() {
			t.Errorf("%s: error %g, matching %+v", target.Name, r.Sparse.MaxError, r.Matching)
		}
	}
	target := Targets()[0]
	if !slices.Equal(run(target, 1).Sparse.Model.Net.Params, run(target, 2).Sparse.Model.Net.Params) {
		t.Error("two workers learned something else than one")
	}
}
