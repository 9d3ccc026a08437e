package certificate

import (
	"context"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"
)

// exact is J(u) in rational arithmetic.
func exact(p *Program, u []float64) *big.Rat {
	sum, all := new(big.Rat), rats(u)
	for t, x := range exactStates(p, all) {
		for _, k := range p.Cost {
			if k.T == t {
				sum.Add(sum, new(big.Rat).Mul(rat(k.Factor), exactNorm(p, &k, x, all)))
			}
		}
	}
	return sum
}

// exactStates are x_0 .. x_H.
func exactStates(p *Program, u []*big.Rat) [][]*big.Rat {
	x := rats(p.X0)
	states := [][]*big.Rat{x}
	for t := range p.Horizon {
		buf := slices.Concat(x, u[t*p.Nu:(t+1)*p.Nu])
		for _, y := range p.Network.Layers {
			in := slices.Clone(buf[y.From:y.To])
			for i := range y.Bias {
				z := rowRat(y.Weights[i*len(in):(i+1)*len(in)], in, y.Bias[i])
				if y.Gates[i] == Zero || y.Gates[i] == ReLU && z.Sign() < 0 {
					z = new(big.Rat)
				}
				buf = append(buf, z)
			}
		}
		x = buf[len(buf)-p.Nx:]
		states = append(states, x)
	}
	return states
}

func rat(v float64) *big.Rat { return new(big.Rat).SetFloat64(v) }

func rats(v []float64) (r []*big.Rat) {
	for _, x := range v {
		r = append(r, rat(x))
	}
	return r
}

func rowRat(w []float64, v []*big.Rat, b float64) *big.Rat {
	z := rat(b)
	for j, x := range v {
		z.Add(z, new(big.Rat).Mul(rat(w[j]), x))
	}
	return z
}

func exactNorm(p *Program, k *Term, x, u []*big.Rat) *big.Rat {
	l1, linf, squares, over := new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat)
	var top *big.Rat
	for i := range k.B {
		r := rowRat(k.X[i*p.Nx:(i+1)*p.Nx], x, k.B[i])
		r.Add(r, rowRat(k.U[i*p.Nu:(i+1)*p.Nu], u[(k.T-1)*p.Nu:k.T*p.Nu], 0))
		if k.Prev != nil {
			before := rats(p.Before)
			if k.T > 1 {
				before = u[(k.T-2)*p.Nu : (k.T-1)*p.Nu]
			}
			r.Add(r, rowRat(k.Prev[i*p.Nu:(i+1)*p.Nu], before, 0))
		}
		a := new(big.Rat).Abs(r)
		l1.Add(l1, a)
		squares.Add(squares, new(big.Rat).Mul(r, r))
		if a.Cmp(linf) > 0 {
			linf = a
		}
		if r.Sign() > 0 {
			over.Add(over, r)
		}
		if top == nil || r.Cmp(top) > 0 {
			top = r
		}
	}
	disc := new(big.Rat).Mul(rat(k.Radius), rat(k.Radius))
	if disc.Sub(disc, squares); disc.Sign() < 0 {
		disc.SetInt64(0)
	}
	depth := new(big.Rat)
	if top.Sign() < 0 {
		depth.Neg(top)
	}
	return map[string]*big.Rat{L1: l1, LInf: linf, SquaredL2: squares, Max: top, Disc: disc,
		Hinge: over, Polygon: depth}[k.Norm]
}

// TestArithmetic: against rational arithmetic there is no tolerance. On a box that is
// a point the relaxation has nothing to lose, so that only the rounding allowance
// separates the bound from J; it must be there and it must be small.
func TestArithmetic(t *testing.T) {
	judged, worst := 0, 0.0
	for seed := range uint64(1200) {
		rng := rand.New(rand.NewPCG(seed, 12))
		s := shapes[int(seed)%len(shapes)]
		s.norms = []string{norms[rng.IntN(len(norms))]}
		p := randomProgram(rng, s)
		scale := math.Pow(10, float64(rng.IntN(7)-3))
		for l := range p.Network.Layers {
			for i := range p.Network.Layers[l].Weights {
				p.Network.Layers[l].Weights[i] *= scale
			}
		}
		u := make([]float64, len(p.Lower))
		sample(rng, u, p.Lower, p.Upper)
		copy(p.Lower, u)
		copy(p.Upper, u)
		w := newWorker(newModel(p))
		r, _ := w.open(u, u)
		bound := w.bound(&Leaf{}, place{r: r, lower: u, upper: u})
		want := exact(p, u)
		if rat(bound).Cmp(want) > 0 {
			t.Fatalf("seed %d: the bound %v is above J = %v", seed, bound, want.FloatString(30))
		}
		var plan [][]float64
		for a := range p.Horizon {
			plan = append(plan, u[a*p.Nu:(a+1)*p.Nu])
		}
		above := CostAbove(p, plan)
		if rat(above).Cmp(want) < 0 {
			t.Fatalf("seed %d: the cost %v is below J = %v", seed, above, want.FloatString(30))
		}
		v, _ := want.Float64()
		judged++
		worst = max(worst, (above-bound)/(1+math.Abs(v))/math.Max(1, math.Pow(scale, 12)))
	}
	t.Logf("%d programs, largest allowance %.2g", judged, worst)
	if judged < 1200 || worst > 1e-9 {
		t.Errorf("%d programs were judged, the largest allowance is %g; want 1200 and at most 1e-9", judged, worst)
	}
}

// TestExactSamples: no bound of a leaf lies above J at a point of it, in rational
// arithmetic.
func TestExactSamples(t *testing.T) {
	judged := 0
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 13))
		p := randomProgram(rng, shapes[int(seed)%len(shapes)])
		u := make([]float64, len(p.Lower))
		for range 20 {
			sample(rng, u, p.Lower, p.Upper)
			lower, upper := slices.Clone(u), slices.Clone(u)
			for k := range u { // a small box with u at a corner or inside
				d := math.Pow(10, -8*rng.Float64())
				lower[k] -= d * float64(rng.IntN(2))
				upper[k] += d * float64(rng.IntN(2))
			}
			w := newWorker(newModel(p))
			r, _ := w.open(lower, upper)
			bound := w.bound(&Leaf{}, place{r: r, lower: lower, upper: upper})
			judged++
			if rat(bound).Cmp(exact(p, u)) > 0 {
				t.Fatalf("seed %d: the bound %v is above J at a corner", seed, bound)
			}
		}
	}
	if judged < 3000 {
		t.Errorf("only %d points were judged", judged)
	}
}

// touch adds random rows to p, at random steps, that the plan u keeps. Two of three it
// keeps only just: the next float64 of their b would be too much.
func touch(rng *rand.Rand, p *Program, u []float64) {
	states, all := exactStates(p, rats(u)), rats(u)
	for t := range p.Horizon + 1 {
		if rng.IntN(2) == 0 {
			continue
		}
		k := Constraint{T: t, X: vectorOf(rng, 2*p.Nx, 1)}
		if t > 0 && rng.IntN(3) == 0 {
			k.U = vectorOf(rng, 2*p.Nu, 1)
		}
		if t < p.Horizon && rng.IntN(2) == 0 {
			k.Next = vectorOf(rng, 2*p.Nu, 1)
		}
		if (k.U != nil || k.Next != nil) && rng.IntN(4) == 0 {
			k.X = nil
		}
		for i := range 2 {
			v := exactRow(p, &k, i, 0, states[t], all)
			b, _ := v.Neg(v).Float64()
			if rat(b).Cmp(v) > 0 {
				b = math.Nextafter(b, math.Inf(-1))
			}
			if rng.IntN(3) == 0 {
				b -= math.Pow(10, -3*rng.Float64())
			}
			k.B = append(k.B, b)
		}
		p.Constraints = append(p.Constraints, k)
	}
}

// exactRow is row i of k with the given b.
func exactRow(p *Program, k *Constraint, i int, b float64, x, u []*big.Rat) *big.Rat {
	v := rat(b)
	if k.X != nil {
		v.Add(v, rowRat(k.X[i*p.Nx:(i+1)*p.Nx], x, 0))
	}
	if k.U != nil {
		v.Add(v, rowRat(k.U[i*p.Nu:(i+1)*p.Nu], u[(k.T-1)*p.Nu:k.T*p.Nu], 0))
	}
	if k.Next != nil {
		v.Add(v, rowRat(k.Next[i*p.Nu:(i+1)*p.Nu], u[k.T*p.Nu:(k.T+1)*p.Nu], 0))
	}
	return v
}

// TestExactConstraints: a plan, mostly on the edge of its constraints in rational arithmetic,
// is in the box, in the boxes of states and above every bound, and no multipliers refute it.
func TestExactConstraints(t *testing.T) {
	judged, clipped := 0, 0
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 14))
		free := randomProgram(rng, shapes[int(seed)%len(shapes)])
		u := make([]float64, len(free.Lower))
		for range 10 {
			p := *free
			sample(rng, u, p.Lower, p.Upper)
			touch(rng, &p, u)
			if len(p.Constraints) == 0 {
				continue
			}
			m := newModel(&p)
			w := newWorker(m)
			lower, upper := slices.Clone(u), slices.Clone(u)
			for k := range u { // a box with u at a corner or inside
				d := math.Pow(10, -8*rng.Float64())
				lower[k] -= d * float64(rng.IntN(2))
				upper[k] += d * float64(rng.IntN(2))
			}
			wide := slices.Concat(lower, upper)
			r, some := w.open(lower, upper)
			if !some {
				t.Fatalf("seed %d: a box with a plan is called empty", seed)
			}
			if !slices.Equal(wide, slices.Concat(lower, upper)) {
				clipped++
			}
			for k, v := range u {
				if v < lower[k] || v > upper[k] {
					t.Fatalf("seed %d: action %d of a plan is %v, outside [%v, %v]", seed, k, v, lower[k], upper[k])
				}
			}
			for s, x := range exactStates(&p, rats(u)) {
				for i, v := range x {
					if at := s*p.Nx + i; rat(r.xlo[at]).Cmp(v) > 0 || rat(r.xhi[at]).Cmp(v) < 0 {
						t.Fatalf("seed %d: state %d of step %d is %s, outside [%v, %v]", seed, i, s, v.FloatString(20), r.xlo[at], r.xhi[at])
					}
				}
			}
			rows := make([]float64, m.hardRows)
			for i := range rows {
				rows[i] = rng.ExpFloat64()
			}
			at := place{r: r, lower: lower, upper: upper}
			for _, y := range []*Leaf{{}, {Rows: rows}} {
				judged++
				if bound := w.bound(y, at); rat(bound).Cmp(exact(&p, u)) > 0 {
					t.Fatalf("seed %d: the bound %v is above J of a plan", seed, bound)
				}
			}
			if !math.IsInf(w.bound(&Leaf{Empty: true, Rows: rows}, at), -1) {
				t.Fatalf("seed %d: a box with a plan is refuted", seed)
			}
		}
	}
	t.Logf("%d bounds, %d boxes clipped", judged, clipped)
	if judged < 1500 || clipped < 300 {
		t.Errorf("only %d bounds were judged and %d boxes clipped", judged, clipped)
	}
}

// TestExactViolation: what a plan is said to break a row by is not below what it does, and
// hardly above it.
func TestExactViolation(t *testing.T) {
	judged := 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 15))
		p := randomProgram(rng, shapes[int(seed)%len(shapes)])
		u := make([]float64, len(p.Lower))
		sample(rng, u, p.Lower, p.Upper)
		touch(rng, p, u)
		states, all, want := exactStates(p, rats(u)), rats(u), new(big.Rat)
		for i := range p.Constraints {
			k := &p.Constraints[i]
			for j := range k.B {
				k.B[j] += math.Pow(10, -9*rng.Float64())
				if v := exactRow(p, k, j, k.B[j], states[k.T], all); v.Cmp(want) > 0 {
					want = v
				}
			}
		}
		if want.Sign() == 0 {
			continue
		}
		judged++
		var plan [][]float64
		for a := range p.Horizon {
			plan = append(plan, u[a*p.Nu:(a+1)*p.Nu])
		}
		got := ViolationAbove(p, plan)
		if over, _ := new(big.Rat).Sub(rat(got), want).Float64(); over < 0 || over > 1e-9 {
			t.Errorf("seed %d: the violation %v, which is %s", seed, got, want.FloatString(25))
		}
	}
	if judged < 200 {
		t.Errorf("only %d plans were judged", judged)
	}
}

// TestRounded: with masses the certificate holds for weights off by what they allow.
func TestRounded(t *testing.T) {
	judged := 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 14))
		p := randomProgram(rng, shapes[int(seed)%3])
		units := 0
		for _, y := range p.Network.Layers {
			units += len(y.Bias)
		}
		for range units {
			p.Rounded = append(p.Rounded, 1e9) // so much that it shows
		}
		c := prove(rng, p, 3, false)
		if r := check(t, c); !r.Valid {
			t.Errorf("seed %d: %s", seed, r.Reason)
		}
		q := clone(t, c).Program
		for l := range q.Network.Layers {
			y := &q.Network.Layers[l]
			for i := range y.Bias {
				y.Bias[i] += (2*rng.Float64() - 1) * float64(y.To-y.From+2) * 0x1p-52 * 1e9
			}
		}
		u := make([]float64, len(p.Lower))
		for range 200 {
			sample(rng, u, p.Lower, p.Upper)
			judged++
			if v, _ := naive(&q, u); v < c.Claim.DualBound {
				t.Fatalf("seed %d: %v is below %v", seed, v, c.Claim.DualBound)
			}
		}
	}
	if judged < 10_000 {
		t.Errorf("only %d samples were judged", judged)
	}
}

// TestWithoutPath: leaves without paths are accepted where they
// claim no more than the dual bound, for which one leaf in many is decisive.
func TestWithoutPath(t *testing.T) {
	accepted, judged := 0, 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 15))
		c := prove(rng, randomProgram(rng, shapes[int(seed)%len(shapes)]), 6, seed%2 == 0)
		c.Claim.DualBound -= 1e-3 * math.Abs(c.Claim.Objective)
		for i := range c.Leaves {
			c.Leaves[i].Bound, c.Leaves[i].Path = c.Claim.DualBound, ""
		}
		rng.Shuffle(len(c.Leaves), func(i, j int) { c.Leaves[i], c.Leaves[j] = c.Leaves[j], c.Leaves[i] })
		judged++
		if r := check(t, c); r.Valid {
			accepted++
		} else {
			t.Logf("seed %d: %s", seed, r.Reason)
		}
	}
	t.Logf("%d of %d", accepted, judged)
	if accepted < judged*9/10 {
		t.Errorf("%d of %d certificates were accepted", accepted, judged)
	}
}

// TestProcessors: the report does not depend on their number.
func TestProcessors(t *testing.T) {
	failed := 0
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 16))
		c := prove(rng, randomProgram(rng, shapes[int(seed)%len(shapes)]), 6, false)
		for range 5 {
			c.Leaves[rng.IntN(len(c.Leaves))].Bound += .05 * float64(seed%2) * math.Abs(c.Claim.Objective)
		}
		old := runtime.GOMAXPROCS(1)
		one, err := Check(context.Background(), c)
		runtime.GOMAXPROCS(4)
		many, err2 := Check(context.Background(), c)
		runtime.GOMAXPROCS(old)
		if err != nil || err2 != nil || !reflect.DeepEqual(one, many) {
			t.Errorf("seed %d: %+v (%v), with four processors %+v (%v)", seed, one, err, many, err2)
		}
		if !one.Valid {
			failed++
		}
	}
	if failed < 4 {
		t.Errorf("only %d certificates failed", failed)
	}
}

// TestUnderflowIsNoLoss: what is lost of a number in one layer may underflow in the next and
// be made large again by the weights of those after it; the claim must cover it all the same.
func TestUnderflowIsNoLoss(t *testing.T) {
	layer := func(from int, w, b float64) Layer {
		return Layer{From: from, To: from + 1, Weights: []float64{w}, Bias: []float64{b}, Gates: []string{ReLU}}
	}
	u := 0x1p-200
	p := &Program{Network: Network{[]Layer{layer(1, 0x1p-200, 1), layer(2, 1, -1), layer(3, 0x1p-800, 0), layer(4, 0x1p800, 0), layer(5, 0x1p600, 0)}},
		Nx: 1, Nu: 1, Horizon: 1, X0: []float64{0}, Lower: []float64{u}, Upper: []float64{u},
		Cost: []Term{{T: 1, Norm: L1, Factor: 1, X: []float64{1}, U: []float64{0}, B: []float64{0}}}}
	p.Network.Layers[4].Gates = []string{Identity}
	want := exact(p, []float64{u})
	if claim := CostAbove(p, [][]float64{{u}}); math.IsNaN(claim) || !math.IsInf(claim, 1) && rat(claim).Cmp(want) < 0 {
		t.Errorf("the plan is said to cost at most %g; it costs %s", claim, want.FloatString(3))
	}
}
