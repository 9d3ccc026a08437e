package bnb

import (
	"context"
	"math"
	"slices"

	"hinge/control"
	"hinge/milp/bound"
	"hinge/milp/relu"
)

// Tolerance is what an action sequence may break rows of the constraints by, all of
// them added up, and still be a plan. Whole coordinates are whole exactly.
const Tolerance = 1e-7

// value returns J(u), +Inf if u is no plan. It makes whole coordinates of u whole.
func (p *problem) value(u []float64, ws *relu.Workspace) float64 {
	j, broken := p.judge(u, ws)
	if !(broken <= Tolerance) {
		return math.Inf(1)
	}
	return j
}

// judge makes whole coordinates of u whole and returns J(u) and what u breaks, all
// rows added up; +Inf where the box has no whole number.
func (p *problem) judge(u []float64, ws *relu.Workspace) (j, broken float64) {
	if !p.Constrained() {
		return p.Objective(u, ws), 0
	}
	if !p.Round(u) {
		return p.Objective(u, ws), math.Inf(1)
	}
	j = p.Objective(u, ws)
	for i := range p.Constraints {
		k := &p.Constraints[i]
		for r := range k.Rows {
			if v := k.Residual(r, p.Program, ws.States(), u); v > 0 || math.IsNaN(v) {
				broken += v
			}
		}
	}
	return j, broken
}

// isWhole reports whether stacked action k must be whole.
func (p *problem) isWhole(k int) bool { return slices.Contains(p.Integer, k%p.Nu) }

// limit collects what the constraints say of the actions alone: the states at
// their least.
func (p *problem) limit(b *bound.Bounder) {
	nx, nu := p.Nx, p.Nu
	for i := range p.Constraints {
		k := &p.Constraints[i]
		if k.U == nil && k.Next == nil {
			continue
		}
		rows := control.NewAffine(k.Rows, p.Inputs())
		for r := range k.Rows {
			rows.B[r] = k.B[r]
			if k.X != nil {
				lower, upper := b.StateBox(k.T)
				mass := math.Abs(k.B[r])
				for j, w := range k.X[r*nx : (r+1)*nx] {
					part := min(w*lower[j], w*upper[j])
					rows.B[r] += part
					mass += math.Abs(part)
				}
				rows.B[r] -= 0x1p-51 * float64(nx+2) * mass // above the rounding of the sum
			}
			if k.U != nil {
				copy(rows.Row(r)[(k.T-1)*nu:], k.U[r*nu:(r+1)*nu])
			}
			if k.Next != nil {
				copy(rows.Row(r)[k.T*nu:], k.Next[r*nu:(r+1)*nu])
			}
		}
		p.limits = append(p.limits, rows)
	}
}

// confine shrinks a box of actions by what the constraints say of them alone. It
// returns false if no plan is left.
func (p *problem) confine(lower, upper []float64) bool {
	box := control.Box{Lower: lower, Upper: upper}
	for _, rows := range p.limits {
		if !box.Clip(rows) {
			return false
		}
	}
	return p.Inwards(box)
}

// follows reports whether the search follows the boxes of states: always where there
// are constraints. Without them it does so, so far, where the cost is the largest of
// several rows and actions are many.
func follows(p *relu.Program) bool {
	if p.Constrained() {
		return true
	}
	return isLinear(p) && p.Inputs() >= 6 && p.ReLUs() <= maxTrianglesConstrained &&
		slices.ContainsFunc(p.Terms, func(k relu.Term) bool { return k.Norm == control.Max && k.Rows > 1 })
}

// competeConstrained searches where the boxes of states are followed:
// by the tree on phases, whose relaxation holds the constraints as they are, and by
// the tree on actions where there is no relaxation.
func (s *search) competeConstrained(ctx context.Context) {
	b := s.bounder
	if b.Infeasible() {
		s.proven = math.Inf(1)
		return
	}
	s.p.limit(b)
	t := newTree()
	if n := b.Root().Unstable(); n > maxTrianglesConstrained || !isLinear(s.p.Program) {
		root := s.rootNode()
		s.rec.open(t, root, s.p.Box)
		s.plant(ctx, t, root)
	} else {
		t.splitPhases(len(b.Root().Lower))
		s.plantConstrained(ctx, t)
	}
	s.race.add(grower{s, t})
	s.race.run(ctx, math.MaxInt)
}

// maxTrianglesConstrained is maxTriangles where there is no other way.
const maxTrianglesConstrained = 1000

// plantConstrained looks for a first plan from the relaxation of the root and
// sharpens its ranges with that, where every action sequence is a plan also its box.
func (s *search) plantConstrained(ctx context.Context, t *tree) {
	for _, w := range s.workers {
		w.relax = newRelaxed(s.p, w.b)
	}
	s.startCells(ctx)
	start, root := s.bounder.Work(), s.rootNode()
	scout := s.rootNode()
	s.rec.open(t, scout, s.p.Box)
	out := expansion{dropped: math.Inf(1), found: incumbent{value: math.Inf(1)}}
	e := s.workers[0]
	e.phases, e.gains, e.tries = true, t.gains, false
	e.process(scout, s.p.Horizon, math.Inf(1), &out)
	scout.rec.leanOn(nil) // the root's relaxation will say more
	s.nodes++
	s.proven = max(s.proven, scout.bound)
	s.best.offer(out.found.u, out.found.value)
	if s.explore(&out); s.errand != nil {
		s.runErrand(ctx)
		s.firstPlan()
	}
	root.basis, root.rec = scout.basis, scout.rec
	scout.rec.settle(scout.bound)
	scout.dual.Copy(root.dual)
	sharpen := s.sharpen
	if !s.p.Constrained() {
		sharpen = s.narrow
	}
	if !math.IsInf(scout.bound, 1) && sharpen(ctx, t, root) {
		s.plant(ctx, t, root)
	}
	t.work += s.bounder.Work() - start
}

// explore has somebody walk from the solution of a relaxation, unless there is another
// errand. Walks may take as much work as the tree while there is no plan, and a part of it
// later. Where every action sequence is a plan there are good ones before the tree begins,
// and nothing is free.
func (s *search) explore(x *expansion) {
	if s.cells == nil || x.guess == nil || s.errand != nil {
		return
	}
	share, free := 1.0, exploreFree
	switch {
	case !s.p.follows:
		share, free = walkShare, 0
	case s.best.u != nil:
		share = exploreShare
	}
	if float64(s.cells.work) > share*float64(s.work)+float64(free) || !s.p.follows && s.cells.known(x.guess) {
		return
	}
	guess := x.guess // x will hold another outcome by then
	s.errand = func(ctx context.Context) { s.cells.walkFrom(ctx, guess, &s.best) }
}

// Work of walks: a part of the tree's, and what is free.
const (
	exploreShare = .05
	walkShare    = .1
	exploreFree  = 5_000_000
)

// walkFrom walks from any action sequence, with J + price (what it breaks) for J, and
// offers the plans on the way to best.
func (c *cells) walkFrom(ctx context.Context, u []float64, best *incumbent) {
	c.found = incumbent{value: math.Inf(1)}
	for range 3 {
		at := incumbent{value: math.Inf(1)}
		copy(c.u, u)
		if c.offer(&at); at.u == nil {
			return
		}
		c.walk(ctx, &at)
		best.offer(c.found.u, c.found.value)
		if _, broken := c.p.judge(at.u, c.ws); broken <= Tolerance {
			return
		}
		c.price *= 10
	}
}

// offer rates the actions in c.u.
func (c *cells) offer(best *incumbent) {
	j, broken := c.p.judge(c.u, c.ws)
	if broken <= Tolerance {
		c.found.offer(c.u, j)
	}
	best.offer(c.u, j+c.price*broken)
}

// fixWhole fixes the whole coordinates at those of u.
func (c *cells) fixWhole(u []float64) {
	for _, i := range c.p.Integer {
		for k := i; k < len(u); k += c.p.Nu {
			c.lp.SetColumn(k, u[k], u[k])
		}
	}
}

// constraints adds the rows of all constraints and returns the first. With elastic >= 0
// columns from there on take up what a row is broken by, at a price.
func (r *rows) constraints(lin *linearisation, b *bound.Bounder, elastic int, price float64) int {
	first := r.lp.Rows()
	e := make([]float64, lin.cols+1)
	for i := range lin.p.Constraints {
		k, size := &lin.p.Constraints[i], b.Rows(i)
		for j := range k.Rows {
			lin.constraint(e, k, j)
			c, top := e[len(e)-1], 2*size[j]+1
			r.take(e, 1)
			if elastic >= 0 {
				top *= 1000
				r.with(elastic, -1)
				r.lp.SetColumn(elastic, 0, top)
				r.lp.SetCost(elastic, price)
				elastic++
			}
			r.add(-top-c, -c)
		}
	}
	return first
}

// constraintRows returns the number of rows of all constraints.
func constraintRows(p *relu.Program) int {
	n := 0
	for i := range p.Constraints {
		n += p.Constraints[i].Rows
	}
	return n
}

// refute tries to prove with the ray of an infeasible relaxation that c holds no
// plan.
func (x *relaxed) refute(e *expander, c *node) bool {
	x.r.lp.RayCost(x.rayCost)
	x.r.dual(x.dual, x.r.lp.Ray(), x.rayCost)
	return e.b.Refutes(x.dual, c.ranges, c.lower, c.upper)
}

// chooseWhole picks the whole coordinate that the solution leaves furthest from a
// whole number.
func (x *relaxed) chooseWhole(c *node) bool {
	p, sol := x.r.p, x.r.lp.X()
	best, at := 1e-6, -1
	for _, i := range p.Integer {
		for k := i; k < p.Inputs(); k += p.Nu {
			if d := math.Abs(sol[k] - math.Round(sol[k])); d > best && c.lower[k] < c.upper[k] {
				best, at = d, k
			}
		}
	}
	if at < 0 {
		return false
	}
	c.branch = branch{input: at, point: sol[at]}
	return true
}
