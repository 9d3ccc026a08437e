package problems

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// hdForm is one linear row at one step, c'v + g'y + b <= 0 or == 0: v = [x; u], y
// the auxiliaries and, behind them, the cost e they are charged.
type hdForm struct {
	v, y  []float64
	b     float64
	equal bool
	label string // where it comes from
	start bool   // holds at t = 0 only
}

// hdCharge is a convex cost at one step: the largest of its rows over [x; u].
type hdCharge struct {
	name  string
	rows  []hdForm // y is empty
	first int      // auxiliary that is charged
}

// hdStuck says why an auxiliary cannot be eliminated.
type hdStuck struct {
	auxiliary int
	problem   string
}

func (e *hdStuck) Error() string { return e.problem }

func stuck(auxiliary int, format string, args ...any) error {
	return &hdStuck{auxiliary, fmt.Sprintf(format, args...)}
}

// hdSystem is what holds at one step once the auxiliaries are gone.
type hdSystem struct {
	limits  []hdForm // y is empty
	charges []hdCharge
}

// maxForms bounds the rows that an elimination may make.
const maxForms = 2000

// eliminate removes the auxiliaries from the rows of one step. cost is what each is
// charged there; a plan pays the least that the rows allow. With e >= cost'y as
// one more row this is the projection of a polyhedron,
//
//	{ (v, e) : there is y with  rows(v, y),  e >= cost'y },
//
// found by substitution of equalities and by Fourier-Motzkin elimination, exact but
// for rounding. What remains are rows of v alone, which are limits, and rows
// e >= r(v), whose largest is the cost. Auxiliaries that share no row are
// eliminated apart. names are those of the auxiliaries.
func eliminate(rows []hdForm, cost []float64, names []string) (hdSystem, error) {
	var s hdSystem
	groups := components(rows, len(names))
	for _, group := range groups {
		if err := s.eliminateGroup(rows, group, cost, names); err != nil {
			return s, err
		}
	}
	for _, r := range rows {
		if !slices.ContainsFunc(r.y, notZero) {
			s.limit(r)
		}
	}
	return s, nil
}

func notZero(v float64) bool { return v != 0 }

// components groups auxiliaries that share rows, in order of the first of each.
func components(rows []hdForm, n int) [][]int {
	root := make([]int, n)
	for i := range root {
		root[i] = i
	}
	var find func(i int) int
	find = func(i int) int {
		if root[i] != i {
			root[i] = find(root[i])
		}
		return root[i]
	}
	for _, r := range rows {
		first := -1
		for i, g := range r.y[:n] {
			switch {
			case g == 0:
			case first < 0:
				first = find(i)
			default:
				a, b := find(i), find(first)
				root[max(a, b)] = min(a, b)
			}
		}
	}
	groups := make([][]int, n)
	for i := range n {
		groups[find(i)] = append(groups[find(i)], i)
	}
	return slices.DeleteFunc(groups, func(g []int) bool { return len(g) == 0 })
}

// eliminateGroup removes the auxiliaries of one group and appends what remains.
func (s *hdSystem) eliminateGroup(rows []hdForm, group []int, cost []float64, names []string) error {
	var mine []hdForm
	for _, r := range rows {
		if slices.ContainsFunc(group, func(i int) bool { return r.y[i] != 0 }) {
			r.v, r.y = slices.Clone(r.v), slices.Clone(r.y)
			mine = append(mine, r)
		}
	}
	var charged []string
	var first int
	e := len(cost)
	price := hdForm{y: make([]float64, e+1), label: "reward"}
	for _, i := range group {
		if price.y[i] = cost[i]; cost[i] != 0 {
			if len(charged) == 0 {
				first = i
			}
			charged = append(charged, names[i])
		}
	}
	if len(charged) > 0 {
		if len(mine) == 0 {
			return stuck(first, "the reward of %s has no limit: no constraint speaks of it", strings.Join(charged, ", "))
		}
		price.v, price.y[e] = make([]float64, len(mine[0].v)), -1
		mine = append(mine, price)
	}
	for _, i := range group {
		var err error
		if mine, err = eliminateOne(mine, i, names[i]); err != nil {
			return err
		}
	}
	charge := hdCharge{name: strings.Join(charged, " "), first: first}
	for _, r := range mine {
		if w := -r.y[e]; w > 0 {
			r.scale(1 / w)
			charge.add(r)
		} else {
			s.limit(r)
		}
	}
	switch {
	case len(charged) == 0:
	case len(charge.rows) == 0:
		return stuck(first, "the reward of %s has no limit: the constraints let it grow for ever", strings.Join(charged, ", "))
	default:
		s.charges = append(s.charges, charge)
	}
	return nil
}

// eliminateOne removes auxiliary i: by substitution if an equality reads it, else by
// adding every row that limits it from above to every row that does from below.
func eliminateOne(rows []hdForm, i int, name string) ([]hdForm, error) {
	if k := slices.IndexFunc(rows, func(r hdForm) bool { return r.equal && r.y[i] != 0 }); k >= 0 {
		pivot := rows[k]
		rest := slices.Delete(slices.Clone(rows), k, k+1)
		for j := range rest {
			if w := rest[j].y[i]; w != 0 {
				rest[j] = combine(rest[j], 1, pivot, -w/pivot.y[i], i)
			}
		}
		return rest, nil
	}
	var rest, above, below []hdForm
	for _, r := range rows {
		switch w := r.y[i]; {
		case w == 0:
			rest = append(rest, r)
		case w > 0:
			above = append(above, r)
		default:
			below = append(below, r)
		}
	}
	if len(rest)+len(above)*len(below) > maxForms {
		return nil, stuck(i, "auxiliary %s: %d rows limit it from above and %d from below; that is too many to eliminate it", name, len(above), len(below))
	}
	for _, a := range above {
		for _, b := range below {
			rest = append(rest, combine(a, 1/a.y[i], b, -1/b.y[i], i))
		}
	}
	return rest, nil
}

// combine returns p a + q b, in which auxiliary i cancels.
func combine(a hdForm, p float64, b hdForm, q float64, i int) hdForm {
	c := hdForm{v: make([]float64, len(a.v)), y: make([]float64, len(a.y)), equal: a.equal && b.equal,
		label: a.label, start: a.start || b.start}
	if a.label == "reward" || a.label == "" {
		c.label = b.label
	}
	for j := range c.v {
		c.v[j] = cancel(p*a.v[j], q*b.v[j])
	}
	for j := range c.y {
		c.y[j] = cancel(p*a.y[j], q*b.y[j])
	}
	c.b = cancel(p*a.b, q*b.b)
	c.y[i] = 0
	return c
}

// cancel returns a + b, zero where nothing but rounding remains.
func cancel(a, b float64) float64 {
	if s := a + b; math.Abs(s) > 1e-13*(math.Abs(a)+math.Abs(b)) {
		return s
	}
	return 0
}

func (r *hdForm) scale(f float64) {
	for j := range r.v {
		r.v[j] *= f
	}
	r.b *= f
}

// limit appends a row, unless it says nothing or something that is there.
func (s *hdSystem) limit(r hdForm) {
	r.y = nil
	if !slices.ContainsFunc(r.v, notZero) && (r.b == 0 || r.b < 0 && !r.equal) {
		return
	}
	if !slices.ContainsFunc(s.limits, func(o hdForm) bool { return o.same(r) }) {
		s.limits = append(s.limits, r)
	}
}

func (r hdForm) same(o hdForm) bool {
	return r.equal == o.equal && r.b == o.b && slices.Equal(r.v, o.v)
}

// add appends a row of the maximum; of two that differ by a constant the larger
// one stays.
func (c *hdCharge) add(r hdForm) {
	r.y = nil
	for k := range c.rows {
		if slices.Equal(c.rows[k].v, r.v) {
			c.rows[k].b = max(c.rows[k].b, r.b)
			return
		}
	}
	c.rows = append(c.rows, r)
}
