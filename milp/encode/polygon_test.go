package encode_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bound"
	"hinge/milp/encode"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

// withPolygon returns a random program with a polygon of the given number of sides around
// a point that states come near, or far from all of them.
func withPolygon(rng *rand.Rand, sides int, far bool) *relu.Program {
	p := relutest.Random(rng, relutest.Shape{Nx: 2, Nu: 1, Horizon: 2, Hidden: []int{4}, Norm: control.L1})
	r := control.NewAffine(sides, 3)
	cx, cy := p.X0[0]+rng.NormFloat64(), p.X0[1]+rng.NormFloat64()
	if far {
		cx += 1e6
	}
	for i := range sides {
		s, c := math.Sincos(2 * math.Pi * (float64(i) + rng.Float64()/2) / float64(sides))
		r.Set(i, 0, c)
		r.Set(i, 1, s)
		r.B[i] = -c*cx - s*cy - 3
	}
	cost := *p.Cost()
	cost.Terms = append(cost.Terms[:1:1], control.Term{Name: "keep out", Weight: 1.5, Norm: control.Polygon, Residual: r})
	q, err := relu.New(p.Step, p.X0, control.NewBox(1, -1, 1), &cost, nil)
	if err != nil {
		panic(err)
	}
	return q
}

// A roll-out costs in the rows what it costs in the program, and no point with its actions
// costs less, whichever side is chosen.
func TestPolygonRows(t *testing.T) {
	inside, cheapest, chosen := 0, 0, 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 77))
		sides := 1 + int(seed)%5
		p := withPolygon(rng, sides, false)
		root := bound.New(p).Root()
		e, err := encode.BigM(p, root)
		if err != nil {
			t.Fatal(err)
		}
		depths, phases := polygons(e, p)
		if want := root.Unstable() + len(phases)*sides; sides > 1 && e.Binaries != want {
			t.Errorf("seed %d: %d binaries, want %d", seed, e.Binaries, want)
		}
		ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
		for range 20 {
			relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
			x := rollOut(t, seed, e, p, u, ws)
			for k, depth := range depths {
				if x[depth] < 1e-3 {
					continue
				}
				inside++
				least := math.Inf(1)
				for choice := range max(1, sides) {
					if sides > 1 {
						for i, d := range phases[k] {
							x[d] = 0
							if i == choice {
								x[d] = 1
							}
						}
						chosen++
					}
					least = min(least, leastDepth(e.Problem, x, depth))
				}
				q := e.Start(u, ws)
				if math.Abs(least-q[depth]) > 1e-9 {
					t.Errorf("seed %d: a depth of %g costs %g at least", seed, q[depth], least)
				}
				cheapest++
				x = q
			}
		}
	}
	if inside < 200 || cheapest != inside || chosen < 500 {
		t.Errorf("%d depths, %d of them judged, by %d choices", inside, cheapest, chosen)
	}
}

// polygons returns for every term of norm Polygon that has columns its depth, and its sides:
// they stand behind all columns of the terms before, in their order.
func polygons(e *encode.Encoding, p *relu.Program) (depths []milp.Var, phases [][]milp.Var) {
	for v := range e.Problem.Vars() {
		if e.Problem.Cost[v] == 1.5 {
			depths = append(depths, milp.Var(v))
			var list []milp.Var
			for d := v + 1; d < e.Problem.Vars() && e.Problem.Integer[d]; d++ {
				list = append(list, milp.Var(d))
			}
			phases = append(phases, list)
		}
	}
	return depths, phases
}

// leastDepth returns the least value of a column that the rows allow, all others given.
func leastDepth(p *milp.Problem, x []float64, depth milp.Var) float64 {
	least := 0.0
	for i := range p.Rows() {
		var sum, own float64
		for k := p.Start[i]; k < p.Start[i+1]; k++ {
			if p.Index[k] == depth {
				own = p.Value[k]
			} else {
				sum += p.Value[k] * x[p.Index[k]]
			}
		}
		if own > 0 {
			least = max(least, (p.RowLower[i]-sum)/own)
		}
	}
	return least
}

// A polygon out of reach has no columns.
func TestPolygonOutOfReach(t *testing.T) {
	p := withPolygon(rand.New(rand.NewPCG(1, 78)), 4, true)
	root := bound.New(p).Root()
	e, err := encode.BigM(p, root)
	if err != nil {
		t.Fatal(err)
	}
	if depths, _ := polygons(e, p); len(depths) != 0 || e.Binaries != root.Unstable() {
		t.Errorf("%d depths and %d binaries for %d unstable units", len(depths), e.Binaries, root.Unstable())
	}
	ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
	rollOut(t, 1, e, p, u, ws)
}
