package bound_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/milp/bound"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

var shapes = relutest.Shapes()

// No point of a box may leave the ranges found for it, or lie below the
// objective's bound or its linear form, whatever the dual.
func TestBoundsHoldAtSampledPoints(t *testing.T) {
	points := 0
	for seed := range uint64(60) {
		points += checkSound(t, seed)
	}
	if points < 5000 {
		t.Fatalf("only %d points were checked", points)
	}
}

func checkSound(t *testing.T, seed uint64) (points int) {
	rng := rand.New(rand.NewPCG(seed, 7))
	s := shapes[int(seed)%len(shapes)]
	p := relutest.Random(rng, s)
	b := bound.New(p)
	ws := p.NewWorkspace()
	n := p.Inputs()
	lower, upper, u := make([]float64, n), make([]float64, n), make([]float64, n)
	form := bound.Form{A: make([]float64, n)}
	for range 5 {
		relutest.SubBox(rng, p, lower, upper)
		r, d := b.NewRanges(), b.NewDual()
		b.Root().Copy(r)
		if !b.Tighten(r, lower, upper, 0) {
			t.Fatalf("seed %d: Tighten calls a box with points empty", seed)
		}
		b.PlainDual(d, r, lower, upper)
		for i := range d.Low { // any dual must do
			d.Low[i] += rng.NormFloat64()
		}
		for i := range d.Mult {
			d.Mult[i] += rng.NormFloat64()
		}
		v := b.Objective(d, &form, r, lower, upper, bound.Ascent{Steps: rng.IntN(20), Rate: .1, Cutoff: math.Inf(1)})
		for range 40 {
			relutest.Point(rng, u, lower, upper)
			j := p.Objective(u, ws)
			at := form.C
			for k, a := range form.A {
				at += a * u[k]
			}
			if tol := 1e-12 * (1 + math.Abs(j)); j < v-tol || j < at-tol {
				t.Errorf("seed %d: J = %.17g is below the bound %.17g or the form %.17g", seed, j, v, at)
			}
			checkRanges(t, seed, b, r, func(step int) []float64 { return ws.PreActivations(step) })
			points++
		}
	}
	return points
}

// Where the phases of some units are given, the bound must hold for the points of
// the box that have them, whatever the multipliers of the phases.
func TestBoundsHoldWherePhasesDo(t *testing.T) {
	judged := 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 17))
		p := relutest.Random(rng, shapes[int(seed)%len(shapes)])
		b := bound.New(p)
		ws := p.NewWorkspace()
		n := p.Inputs()
		lower, upper, u := make([]float64, n), make([]float64, n), make([]float64, n)
		for range 10 {
			relutest.SubBox(rng, p, lower, upper)
			r, d := b.NewRanges(), b.NewDual()
			b.Root().Copy(r)
			relutest.Point(rng, u, lower, upper) // has the phases, so there is one
			p.Objective(u, ws)
			split := splitSome(rng, b, r, ws)
			if !b.Tighten(r, lower, upper, 0) {
				t.Fatalf("seed %d: a box with points is called empty", seed)
			}
			b.PlainDual(d, r, lower, upper)
			for i := range d.Split {
				d.Split[i] = rng.NormFloat64()
			}
			v := b.Objective(d, nil, r, lower, upper, bound.Ascent{Steps: rng.IntN(30), Rate: .1, Cutoff: math.Inf(1)})
			for range 60 {
				j := p.Objective(u, ws)
				if hasPhases(b, split, ws) {
					if judged++; j < v-1e-12*(1+math.Abs(j)) {
						t.Errorf("seed %d: J = %.17g is below the bound %.17g", seed, j, v)
					}
				}
				relutest.Point(rng, u, lower, upper)
			}
		}
	}
	if judged < 3000 {
		t.Fatalf("only %d points had the phases", judged)
	}
}

// Refined ranges must hold at the points that are better than the cutoff, and the
// bound on them below all of those.
func TestRefinedRangesHold(t *testing.T) {
	judged, sharper := 0, 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 19))
		p := relutest.Random(rng, shapes[int(seed)%len(shapes)])
		b := bound.New(p)
		ws := p.NewWorkspace()
		n := p.Inputs()
		lower, upper, u := make([]float64, n), make([]float64, n), make([]float64, n)
		for range 4 {
			relutest.SubBox(rng, p, lower, upper)
			var costs []float64
			for range 50 {
				relutest.Point(rng, u, lower, upper)
				costs = append(costs, p.Objective(u, ws))
			}
			cutoff := slices.Sorted(slices.Values(costs))[rng.IntN(50)]
			if rng.IntN(4) == 0 {
				cutoff = math.Inf(1)
			}
			r, d := b.NewRanges(), b.NewDual()
			b.Root().Copy(r)
			b.Tighten(r, lower, upper, 0)
			b.PlainDual(d, r, lower, upper)
			v := b.Objective(d, nil, r, lower, upper, bound.Ascent{Steps: 20, Rate: .1, Cutoff: math.Inf(1)})
			plain := width(r)
			how := &bound.Refinement{Steps: 1 + rng.IntN(30), Rate: .2, Cutoff: cutoff, Bound: v, Mult: d.Mult}
			feasible := b.Refine(r, lower, upper, rng.IntN(p.Horizon), how)
			if width(r) < plain-1e-9 {
				sharper++
			}
			v = b.Objective(d, nil, r, lower, upper, bound.Ascent{Steps: 20, Rate: .1, Cutoff: math.Inf(1)})
			for range 60 {
				relutest.Point(rng, u, lower, upper)
				j := p.Objective(u, ws)
				if j >= cutoff {
					continue
				}
				judged++
				if !feasible {
					t.Fatalf("seed %d: a box with a point of J = %g is called empty for the cutoff %g", seed, j, cutoff)
				}
				checkRanges(t, seed, b, r, ws.PreActivations)
				if j < v-1e-12*(1+math.Abs(j)) {
					t.Errorf("seed %d: J = %.17g is below the bound %.17g", seed, j, v)
				}
			}
		}
	}
	if judged < 3000 || sharper < 100 {
		t.Fatalf("only %d points were judged, %d boxes sharpened", judged, sharper)
	}
}

func width(r bound.Ranges) float64 {
	var w float64
	for i, l := range r.Lower {
		w += r.Upper[i] - l
	}
	return w
}

// splitSome gives up to three unstable units the phase they have at the last
// evaluation and returns them, by index, as +1 or -1.
func splitSome(rng *rand.Rand, b *bound.Bounder, r bound.Ranges, ws *relu.Workspace) map[int]float64 {
	split := map[int]float64{}
	for range 3 {
		i := rng.IntN(len(r.Lower))
		if r.Lower[i] >= 0 || r.Upper[i] <= 0 {
			continue
		}
		if preActivation(b, i, ws) >= 0 {
			split[i], r.Lower[i] = 1, 0
		} else {
			split[i], r.Upper[i] = -1, 0
		}
	}
	return split
}

func preActivation(b *bound.Bounder, i int, ws *relu.Workspace) float64 {
	p := b.Program()
	return ws.PreActivations(i / b.Units())[p.Nx+p.Nu+i%b.Units()]
}

func hasPhases(b *bound.Bounder, split map[int]float64, ws *relu.Workspace) bool {
	for i, sign := range split {
		if sign*preActivation(b, i, ws) < 0 {
			return false
		}
	}
	return true
}

func checkRanges(t *testing.T, seed uint64, b *bound.Bounder, r bound.Ranges, z func(int) []float64) {
	p := b.Program()
	for step := range p.Horizon {
		for h := range b.Units() {
			v := z(step)[p.Nx+p.Nu+h]
			l, u := r.Lower[step*b.Units()+h], r.Upper[step*b.Units()+h]
			if tol := 1e-12 * (1 + math.Abs(v)); v < l-tol || v > u+tol {
				t.Errorf("seed %d: step %d unit %d: %.17g outside [%.17g, %.17g]", seed, step, h, v, l, u)
			}
		}
	}
}

// On a box that is one point the bound must be J itself, up to rounding: every
// relaxation closes there.
func TestBoundIsTightAtAPoint(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 8))
		p := relutest.Random(rng, shapes[int(seed)%len(shapes)])
		b := bound.New(p)
		u := make([]float64, p.Inputs())
		p.Box.Sample(u, rng)
		r, d := b.NewRanges(), b.NewDual()
		b.Root().Copy(r)
		b.Tighten(r, u, u, 0)
		b.PlainDual(d, r, u, u)
		b.Objective(d, nil, r, u, u, bound.Ascent{})
		v := b.Objective(d, nil, r, u, u, bound.Ascent{Steps: 200, Rate: .1, Cutoff: math.Inf(1)})
		j := p.Objective(u, p.NewWorkspace())
		if v > j+1e-12*(1+j) || v < j-1e-2*(1+j) {
			t.Errorf("seed %d: bound %g at a point of J = %g", seed, v, j)
		}
	}
}

// Children inherit ranges: tightening from a later step on must leave earlier
// steps alone and still be sound, which the sampling test covers for step 0.
func TestTightenOnlyShrinks(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	p := relutest.Random(rng, shapes[1])
	b := bound.New(p)
	r := b.NewRanges()
	b.Root().Copy(r)
	lower, upper := append([]float64(nil), p.Box.Lower...), append([]float64(nil), p.Box.Upper...)
	last := p.Inputs() - 1
	upper[last] = 0
	b.Tighten(r, lower, upper, p.Horizon-1)
	for i := range r.Lower {
		if r.Lower[i] < b.Root().Lower[i] || r.Upper[i] > b.Root().Upper[i] {
			t.Fatalf("range %d grew", i)
		}
		if i < (p.Horizon-1)*b.Units() && (r.Lower[i] != b.Root().Lower[i] || r.Upper[i] != b.Root().Upper[i]) {
			t.Fatalf("range %d of an earlier step changed", i)
		}
	}
}

// More ascent steps never lower the bound that is returned.
func TestAscentImproves(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 9))
	p := relutest.Random(rng, shapes[1])
	b := bound.New(p)
	d := b.NewDual()
	b.PlainDual(d, b.Root(), p.Box.Lower, p.Box.Upper)
	plain := b.Objective(d, nil, b.Root(), p.Box.Lower, p.Box.Upper, bound.Ascent{})
	better := b.Objective(d, nil, b.Root(), p.Box.Lower, p.Box.Upper, bound.Ascent{Steps: 100, Rate: .1, Cutoff: math.Inf(1)})
	if better < plain {
		t.Errorf("the bound fell from %g to %g", plain, better)
	}
}

func TestBoundsDoNotAllocate(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(11, 9)), shapes[1])
	b := bound.New(p)
	r, d := b.NewRanges(), b.NewDual()
	how := &bound.Refinement{Steps: 3, Rate: .2, Cutoff: 10, Mult: d.Mult}
	if n := testing.AllocsPerRun(10, func() {
		b.Root().Copy(r)
		b.Tighten(r, p.Box.Lower, p.Box.Upper, 0)
		b.PlainDual(d, r, p.Box.Lower, p.Box.Upper)
		b.Objective(d, nil, r, p.Box.Lower, p.Box.Upper, bound.Ascent{Steps: 5, Rate: .1, Cutoff: math.Inf(1)})
		b.Refine(r, p.Box.Lower, p.Box.Upper, 0, how)
	}); n != 0 {
		t.Errorf("%g allocations per node", n)
	}
}

// The slope of a triangle may vanish, by overflow or underflow: its height does not.
func TestRangesHoldWhereSlopesVanish(t *testing.T) {
	for _, y := range []struct{ scale, offset, next float64 }{{1.5e308, 0, 1e-307}, {1e15, -.99e15, 1e-14}} {
		p := relutest.Random(rand.New(rand.NewPCG(1, 1)), relutest.Shape{Nx: 1, Nu: 1, Horizon: 1, Hidden: []int{1, 1}})
		net := p.Step
		for l := range net.Layers {
			clear(net.Weight(l))
			clear(net.Bias(l))
		}
		first, second := net.Weight(0), net.Weight(1)
		first[1], net.Bias(0)[0] = y.scale, y.offset
		second[len(second)-1], net.Bias(1)[0] = y.next, -.05
		b, ws := bound.New(p), p.NewWorkspace()
		if !b.Finite() {
			t.Fatal("a range is not finite")
		}
		for _, u := range []float64{-1, 0, .5, 1} {
			p.Objective([]float64{u}, ws)
			checkRanges(t, 0, b, b.Root(), func(step int) []float64 { return ws.PreActivations(step) })
		}
	}
}

// Of a unit whose range is not known nothing may be concluded.
func TestUnknownRangesProveNothing(t *testing.T) {
	judged := 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 27))
		p := relutest.Random(rng, shapes[int(seed)%len(shapes)])
		b := bound.New(p)
		ws, n := p.NewWorkspace(), p.Inputs()
		u := make([]float64, n)
		r, d := b.NewRanges(), b.NewDual()
		b.Root().Copy(r)
		for range 1 + rng.IntN(3) { // of the first step, so that the next ones lean on it
			i := rng.IntN(b.Units())
			r.Upper[i] = math.Inf(1)
			if rng.IntN(2) == 0 {
				r.Lower[i] = math.Inf(-1)
			}
		}
		if !b.Tighten(r, p.Box.Lower, p.Box.Upper, min(1, p.Horizon-1)) {
			t.Fatalf("seed %d: Tighten calls the box empty", seed)
		}
		b.PlainDual(d, r, p.Box.Lower, p.Box.Upper)
		v := b.Objective(d, nil, r, p.Box.Lower, p.Box.Upper, bound.Ascent{Steps: 5, Rate: .1, Cutoff: math.Inf(1)})
		for range 40 {
			relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
			if j := p.Objective(u, ws); !(v <= j+1e-12*(1+math.Abs(j))) {
				t.Errorf("seed %d: J = %.17g is below the bound %.17g", seed, j, v)
			}
			checkRanges(t, seed, b, r, func(step int) []float64 { return ws.PreActivations(step) })
			judged++
		}
	}
	if judged < 2000 {
		t.Fatalf("only %d points were judged", judged)
	}
}
