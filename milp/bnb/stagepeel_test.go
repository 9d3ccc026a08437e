package bnb_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/milp/bnb"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

// firstState is where a roll-out of cost j is after its first action, and what it pays
// from there on.
type firstState struct {
	x       []float64
	j, toGo float64
}

// around returns roll-outs near the best plan u and all over the box.
func around(p *relu.Program, rng *rand.Rand, u []float64, n int) []firstState {
	ws, v := p.NewWorkspace(), make([]float64, len(u))
	var list []firstState
	for i := range n {
		relutest.Point(rng, v, p.Box.Lower, p.Box.Upper)
		if i%4 > 0 {
			spread := math.Exp(-6 * rng.Float64())
			for k := range v {
				v[k] = min(max(u[k]+spread*rng.NormFloat64(), p.Box.Lower[k]), p.Box.Upper[k])
			}
		}
		y := firstState{j: p.Objective(v, ws), x: slices.Clone(ws.States()[p.Nx : 2*p.Nx])}
		for i := range p.Terms { // L1 by hand
			k := &p.Terms[i]
			r := make([]float64, k.Rows)
			p.Residual(r, i, ws.States(), v)
			for _, e := range r {
				if k.T > 1 {
					y.toGo += k.Factor * math.Abs(e)
				}
			}
		}
		list = append(list, y)
	}
	return list
}

// Peeling takes away no start of a roll-out that is better than the cutoff; the parts it
// records hold every start, and no roll-out is better than the bound of a part it is in, or
// pays less after its start than the cuts there say.
func TestPeelingKeepsBetterPlans(t *testing.T) {
	var kept, gone, peeled, bounded int
	for seed := range uint64(24) {
		rng := rand.New(rand.NewPCG(seed, 44))
		p := relutest.Random(rng, stageShapes[int(seed)%len(stageShapes)])
		best := solve(t, p, bnb.Options{RelGap: 1e-6})
		cutoff := best.Objective + []float64{.003, .03, .3}[seed%3]*math.Abs(best.Objective)
		states := around(p, rng, best.U, 3000)
		parts, err := bnb.Peel(context.Background(), p, bnb.Options{}, cutoff, 4, func(v bnb.Peeling) {
			shrunk := false
			for _, y := range states {
				switch before, after := v.Before(y.x), v.After(y.x); {
				case after && !before:
					t.Fatalf("seed %d: the box grew", seed)
				case before && !after:
					shrunk = true
					gone++
					if y.j < cutoff {
						t.Errorf("seed %d: a plan of cost %.9g was peeled off with the cutoff %.9g", seed, y.j, cutoff)
					}
				case after && y.j < cutoff:
					kept++
				}
				if v.After(y.x) && y.toGo < v.ToGo(y.x)-1e-9 {
					t.Errorf("seed %d: %.9g is paid after a start, the cuts say %.9g", seed, y.toGo, v.ToGo(y.x))
				}
			}
			if v.Bound > best.Objective+1e-9 && v.Bound < cutoff {
				t.Errorf("seed %d: bound %.9g of a program with the optimum %.9g", seed, v.Bound, best.Objective)
			}
			if shrunk {
				peeled++
			}
		})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, y := range states {
			bounds := parts(y.x)
			if len(bounds) == 0 {
				t.Errorf("seed %d: no part holds a state of a plan of cost %.9g", seed, y.j)
			}
			for _, b := range bounds {
				if !math.IsInf(b, -1) {
					bounded++
				}
				if y.j < b-1e-9 {
					t.Errorf("seed %d: a plan of cost %.9g in a part with the bound %.9g", seed, y.j, b)
				}
			}
		}
	}
	t.Logf("%d passes peeled, %d starts gone, %d better ones kept, %d bounds of parts", peeled, gone, kept, bounded)
	if peeled < 12 || gone < 3000 || kept < 5000 || bounded < 10_000 {
		t.Errorf("%d passes peeled, %d starts gone, %d better ones kept, %d bounds of parts: too few", peeled, gone, kept, bounded)
	}
}

// A tilted cut lies below the cut it was made from in its half and above it, but for a
// margin, by the tilt times the distance in the other one.
func TestTiltedCuts(t *testing.T) {
	rng := rand.New(rand.NewPCG(45, 45))
	for i := range 200 {
		p := relutest.Random(rng, stageShapes[i%len(stageShapes)])
		before, after, tilt, sample := bnb.Tilted(p, rng)
		for range 200 {
			x, _ := sample(0)
			if a, b := before(x), after(x); a < b {
				t.Errorf("program %d: %.17g, tilted by %g in its half %.17g", i, a, tilt, b)
			}
			x, distance := sample(1)
			if a, b := before(x), after(x); !(b >= a+tilt*distance-1e-6*(1+tilt)) {
				t.Errorf("program %d: %g, tilted by %g at the distance %g %g", i, a, tilt, distance, b)
			}
		}
	}
}
