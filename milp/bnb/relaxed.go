package bnb

import (
	"math"

	"hinge/milp/bound"
	"hinge/milp/lp"
)

// relaxed bounds nodes by their linear relaxation and splits phases of units. It
// serves one worker.
type relaxed struct {
	r    *relaxation
	dual *bound.Dual
	form bound.Form
	u    []float64

	y, d, rayCost []float64 // see follow
	split         []int     // what may be split, of r.units; see choose
	score         []float64 // of r.units
	solved        lp.Snapshot
	reached       float64 // its bound
}

func newRelaxed(p *problem, b *bound.Bounder) *relaxed {
	n := p.Inputs()
	x := &relaxed{r: newRelaxation(p, b), dual: b.NewDual(), form: bound.Form{A: make([]float64, n)}, u: make([]float64, n)}
	x.y, x.d, x.rayCost = make([]float64, x.r.lp.Rows()), make([]float64, x.r.lp.Cols()), make([]float64, x.r.lp.Cols())
	x.score = make([]float64, len(x.r.units))
	return x
}

// Limits of the simplex at a node that starts from its parent's basis, and at a
// root. Wherever it stops, its multipliers give a bound.
const (
	nodeIterations = 400
	rootIterations = 5000
)

// process bounds c by its relaxation, offers its solution as an incumbent and
// chooses the unit to split. It returns false if no unit is left to split.
func (x *relaxed) process(e *expander, c *node, cutoff float64, out *expansion) bool {
	r := x.r
	r.load(c.ranges, c.lower, c.upper)
	limit := rootIterations
	if c.basis != nil {
		r.lp.SetBasis(c.basis)
		if c.depth > 0 {
			limit = nodeIterations
		}
	}
	beyond := cutoff + 1e-7*(1+math.Abs(cutoff)) // what rounding takes away again
	status := r.lp.Solve(beyond, lp.Options{MaxIterations: limit, Stop: e.stop})
	out.work += (r.lp.Iterations + 4) * r.size
	x.certify(e, c)
	clipping := c.rec.copyDual(c, x.dual) // whose form clips
	if status == lp.Infeasible && c.bound < cutoff && x.r.p.Constrained() && x.refute(e, c) {
		c.bound = math.Inf(1)
		c.rec.refute(c, x.dual)
	}
	if status == lp.Infeasible && c.bound < cutoff && !math.IsInf(cutoff, 1) {
		x.follow(e, c, cutoff)
	}
	if c.bound >= cutoff {
		return true
	}
	c.basis = new(lp.Basis)
	r.lp.Basis(c.basis)
	e.p.Box.Clamp(x.u, r.lp.X()[:len(x.u)])
	out.found.offer(x.u, e.p.value(x.u, e.d.ws))
	if e.p.follows {
		c.form = &bound.Form{C: x.form.C, A: append([]float64(nil), x.form.A...)}
	}
	out.guess = append(out.guess[:0], x.u...)
	if e.p.follows {
		c.rec.leanOn(clipping)
	}
	e.keepBox(c)
	if clip(&x.form, c.lower, c.upper, cutoff) > 0 {
		out.dropped = min(out.dropped, cutoff)
		c.rec = c.rec.clip(c, e.before, clipping, cutoff, false)
	}
	return x.chooseWhole(c) || x.choose(e, c, cutoff, out)
}

// certify turns the multipliers of the relaxation into a bound that holds.
func (x *relaxed) certify(e *expander, c *node) {
	c.dual.Copy(x.dual)
	x.r.dual(x.dual, x.r.lp.RowDual(), x.r.lp.ReducedCost())
	v := e.b.Objective(x.dual, &x.form, c.ranges, c.lower, c.upper, bound.Ascent{})
	c.rec.prove(c, x.dual, v)
	if v > c.bound {
		c.bound = v
		x.dual.Copy(c.dual)
	}
}

// follow goes along the ray that proves a relaxation infeasible until the bound
// passes the cutoff.
func (x *relaxed) follow(e *expander, c *node, cutoff float64) {
	y, d := x.r.lp.RowDual(), x.r.lp.ReducedCost()
	x.r.lp.RayCost(x.rayCost)
	for step := 1.0; step < 1e7 && c.bound < cutoff; step *= 10 {
		for i, v := range x.r.lp.Ray() {
			x.y[i] = y[i] + step*v
		}
		for j, v := range x.rayCost {
			x.d[j] = d[j] + step*v
		}
		x.r.dual(x.dual, x.y, x.d)
		v := e.b.Objective(x.dual, nil, c.ranges, c.lower, c.upper, bound.Ascent{})
		c.rec.prove(c, x.dual, v)
		if v > c.bound {
			c.bound = v
			x.dual.Copy(c.dual)
		}
	}
}

// choose picks the unit to split: where the solution's activation a is furthest from
// max(0, z), in units of the objective, which the multiplier of the facet a <= s
// (z - l) that holds it there converts to. Where no price says anything trials decide, and
// where units are few a look-ahead, whatever prices say.
func (x *relaxed) choose(e *expander, c *node, cutoff float64, out *expansion) bool {
	sol, y := x.r.lp.X(), x.r.lp.RowDual()
	best, at := -1.0, -1
	x.split = x.split[:0]
	for i := range x.r.units {
		t := &x.r.units[i]
		l, u := c.ranges.Lower[t.unit], c.ranges.Upper[t.unit]
		if l >= 0 || u <= 0 {
			continue
		}
		a := sol[t.column]
		gap := min(a, a-t.preActivation(sol))
		if gap < 1e-7*(u-l) {
			continue
		}
		x.split = append(x.split, i)
		x.score[i] = math.Abs(y[t.below]) * gap
		if x.score[i] > best {
			best, at = x.score[i], t.unit
		}
	}
	c.branch = branch{unit: at, onUnit: true}
	again := x.again(c)
	switch {
	case again >= 0:
		c.branch.unit = again
	case at < 0 || math.IsInf(cutoff, 1):
	case best < flatPrice*(cutoff-c.bound) && !(e.few && e.ahead):
		c.branch.unit = x.tryUnits(e, c, cutoff, out)
	case e.ahead && len(x.split) > 1:
		c.branch.unit = x.lookAhead(e, c, cutoff, out)
	}
	return at >= 0
}

// preActivation returns z at a solution.
func (t *triangle) preActivation(x []float64) float64 {
	n := len(t.z) - 1
	z := t.z[n]
	for j, w := range t.z[:n] {
		z += w * x[j]
	}
	return z
}
