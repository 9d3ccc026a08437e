package bound_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
	"hinge/milp/bound"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

var constrained = []relutest.Shape{
	{Nx: 2, Nu: 2, Horizon: 3, Hidden: []int{6}, Rate: true},
	{Nx: 3, Nu: 1, Horizon: 2, Hidden: []int{5, 4}, Chain: true},
	{Nx: 2, Nu: 2, Horizon: 4, Hidden: []int{4}, Norm: control.Max},
	{Nx: 9, Nu: 2, Horizon: 3, Hidden: []int{7}},
}

// draw writes a random point of a box to u, whole coordinates whole; it reports
// whether the box has one.
func draw(rng *rand.Rand, p *relu.Program, u, lower, upper []float64) bool {
	relutest.Point(rng, u, lower, upper)
	for _, j := range p.Integer {
		for k := j; k < len(u); k += p.Nu {
			if u[k] = math.Round(u[k]); u[k] < lower[k] || u[k] > upper[k] {
				return false
			}
		}
	}
	return true
}

// Every plan lies in the ranges, the boxes of states and the box of actions, and no
// multipliers bound its J from above or refute a box that holds it.
func TestConstrainedBoundsHold(t *testing.T) {
	plans, phased, narrower, refuted, infeasible := 0, 0, 0, 0, 0
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 71))
		p := relutest.Random(rng, constrained[int(seed)%len(constrained)])
		free := *p
		relutest.Constrain(rng, p, 1+int(seed)%3)
		if !p.Constrained() {
			continue // all rows always hold
		}
		b, wide := bound.New(p), bound.New(&free)
		if b.Infeasible() {
			infeasible++
		}
		for i, l := range b.Root().Lower {
			if l > wide.Root().Lower[i] || b.Root().Upper[i] < wide.Root().Upper[i] {
				narrower++
			}
		}
		lower, upper, u := make([]float64, p.Inputs()), make([]float64, p.Inputs()), make([]float64, p.Inputs())
		ws := p.NewWorkspace()
		for range 30 {
			relutest.SubBox(rng, p, lower, upper)
			r, d := b.NewRanges(), b.NewDual()
			b.Root().Copy(r)
			chosen := splitAt(rng, p, b, r, u, lower, upper)
			nonempty := b.Tighten(r, lower, upper, 0)
			randomDual(rng, d)
			refutes := b.Infeasible() || !nonempty || b.Refutes(d, r, lower, upper)
			randomDual(rng, d)
			value := math.Inf(-1)
			if nonempty {
				value = b.Objective(d, nil, r, lower, upper, bound.Ascent{Steps: 5 * rng.IntN(3), Rate: .1, Cutoff: math.Inf(1)})
			}
			if refutes {
				refuted++
			}
			for range 40 {
				if !draw(rng, p, u, lower, upper) || p.Violation(u, ws) > 0 || !keeps(p, b, chosen, ws) {
					continue
				}
				plans++
				if len(chosen) > 0 {
					phased++
				}
				j := p.Objective(u, ws)
				if refutes {
					t.Fatalf("seed %d: a box with a plan is refuted", seed)
				}
				if j < value-1e-12 {
					t.Fatalf("seed %d: a plan has J = %g below the bound %g", seed, j, value)
				}
				inside(t, b, p, r, u, ws)
			}
		}
	}
	if plans < 20_000 || phased < 5_000 || narrower < 300 || refuted < 300 || infeasible < 3 {
		t.Errorf("%d plans, %d in given phases, %d narrower ranges, %d boxes refuted, %d programs infeasible; each must occur", plans, phased, narrower, refuted, infeasible)
	}
}

// What is found below a cutoff holds for every plan below it, and following states is
// right without constraints too.
func TestRangesBelowCutoff(t *testing.T) {
	judged, sharper, cut := 0, 0, 0
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 72))
		p := relutest.Random(rng, constrained[int(seed)%len(constrained)])
		if seed%2 == 0 {
			relutest.Constrain(rng, p, 1+int(seed)%3)
		}
		b := bound.Following(p)
		if b.Infeasible() {
			continue
		}
		lower, upper, u := make([]float64, p.Inputs()), make([]float64, p.Inputs()), make([]float64, p.Inputs())
		ws := p.NewWorkspace()
		relutest.SubBox(rng, p, lower, upper)
		r, d, form := b.NewRanges(), b.NewDual(), bound.Form{A: make([]float64, p.Inputs())}
		b.Root().Copy(r)
		if !b.Tighten(r, lower, upper, 0) {
			continue
		}
		b.PlainDual(d, r, lower, upper)
		value := b.Objective(d, &form, r, lower, upper, bound.Ascent{Steps: 10, Rate: .1, Cutoff: math.Inf(1)})
		relutest.Point(rng, u, lower, upper)
		cutoff := value + rng.Float64()*(p.Objective(u, ws)-value)
		before := b.NewRanges()
		r.Copy(before)
		b.Below(&form, cutoff)
		nonempty := b.Tighten(r, lower, upper, 0)
		b.Below(nil, 0)
		for i := range r.Lower {
			if r.Lower[i] > before.Lower[i]+1e-9 || r.Upper[i] < before.Upper[i]-1e-9 {
				sharper++
			}
		}
		for range 400 {
			if !draw(rng, p, u, lower, upper) || p.Violation(u, ws) > 0 {
				continue
			}
			if p.Objective(u, ws) >= cutoff {
				cut++
				continue
			}
			judged++
			if !nonempty {
				t.Fatalf("seed %d: a box with a plan below the cutoff is called empty", seed)
			}
			inside(t, b, p, r, u, ws)
		}
	}
	if judged < 5_000 || sharper < 300 || cut < 5_000 {
		t.Errorf("%d plans below their cutoff, %d above, %d ranges sharper; each must occur", judged, cut, sharper)
	}
}

// splitAt fixes the phases of some units at those of a random point, mostly, and
// returns them: z <= 0 or, if on, z >= 0.
func splitAt(rng *rand.Rand, p *relu.Program, b *bound.Bounder, r bound.Ranges, u, lower, upper []float64) map[int]bool {
	chosen := map[int]bool{}
	ws := p.NewWorkspace()
	draw(rng, p, u, lower, upper)
	p.Objective(u, ws)
	for range rng.IntN(4) {
		i := rng.IntN(len(r.Lower))
		if r.Lower[i] >= 0 || r.Upper[i] <= 0 {
			continue
		}
		chosen[i] = preActivation(b, i, ws) >= 0
		if chosen[i] {
			r.Lower[i] = 0
		} else {
			r.Upper[i] = 0
		}
	}
	return chosen
}

func keeps(p *relu.Program, b *bound.Bounder, chosen map[int]bool, ws *relu.Workspace) bool {
	for i, on := range chosen {
		if z := preActivation(b, i, ws); on && z < 0 || !on && z > 0 {
			return false
		}
	}
	return true
}

// inside checks that a plan, of which ws holds the forward pass, is where it may be.
func inside(t *testing.T, b *bound.Bounder, p *relu.Program, r bound.Ranges, u []float64, ws *relu.Workspace) {
	t.Helper()
	const slack = 1e-12
	if !b.Box().Contains(u, slack) {
		t.Fatalf("plan %g is outside the box", u)
	}
	n := b.Units()
	for step := range p.Horizon {
		for h, z := range ws.PreActivations(step)[p.Nx+p.Nu:][:n] {
			if i := step*n + h; z < r.Lower[i]-slack || z > r.Upper[i]+slack {
				t.Fatalf("pre-activation %d is %g, outside [%g, %g]", i, z, r.Lower[i], r.Upper[i])
			}
		}
		lower, upper := b.StateBox(step + 1)
		for i, x := range ws.States()[(step+1)*p.Nx:][:p.Nx] {
			if x < lower[i]-slack || x > upper[i]+slack {
				t.Fatalf("state %d of step %d is %g, outside [%g, %g]", i, step+1, x, lower[i], upper[i])
			}
		}
	}
}

func randomDual(rng *rand.Rand, d *bound.Dual) {
	for i := range d.Low {
		d.Low[i], d.Split[i] = rng.Float64(), 0
		if rng.IntN(4) == 0 {
			d.Split[i] = .3 * rng.NormFloat64()
		}
	}
	for i := range d.Mult {
		d.Mult[i] = rng.NormFloat64()
	}
	for i := range d.Rows {
		if d.Rows[i] = 0; rng.IntN(2) == 0 {
			d.Rows[i] = rng.ExpFloat64()
		}
	}
}
