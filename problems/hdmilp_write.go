package problems

import (
	"math"
	"slices"

	"hinge/control"
)

// hdWriter writes what is left of a problem once the auxiliaries are gone.
type hdWriter struct {
	*hdProblem
	keepBox     bool // write rows of one action too, which the box says
	constraints []control.Constraint
	terms       []control.Term
	charges     []hdStepCharge
}

// limits writes the limits of a system that holds at steps from..to. A row that is
// there up to the step before is carried on.
func (w *hdWriter) limits(s hdSystem, from, to int) {
	if from > to {
		return
	}
	for _, r := range s.limits {
		c := control.Constraint{Name: r.label, First: from, Last: to, Residual: w.residual(r)}
		if !w.keepBox && w.inBox(r) {
			continue
		}
		if i := slices.IndexFunc(w.constraints, func(o control.Constraint) bool {
			return o.Last == from-1 && slices.Equal(o.Residual.W, c.Residual.W) && slices.Equal(o.Residual.B, c.Residual.B)
		}); i >= 0 {
			w.constraints[i].Last = to
		} else {
			w.constraints = append(w.constraints, c)
		}
	}
}

// inBox reports whether a row of the constraints limits one action alone: the box
// says the same.
func (w *hdWriter) inBox(r hdForm) bool {
	count := 0
	for _, v := range r.v {
		if v != 0 {
			count++
		}
	}
	return count == 1 && slices.ContainsFunc(r.v[w.states():], notZero) && !r.start
}

// residual writes a row over [x_t; u_{t-1}; u_t].
func (w *hdWriter) residual(r hdForm) control.Affine {
	nx, nu := w.states(), w.actions()
	rows := 1
	if r.equal {
		rows = 2
	}
	a := control.NewAffine(rows, nx+2*nu)
	for i := range rows {
		sign := 1 - 2*float64(i)
		a.B[i] = sign * r.b
		for j, v := range r.v {
			if v == 0 {
				continue
			}
			if j >= nx {
				j += nu
			}
			a.Set(i, j, sign*v)
		}
	}
	return a
}

// rounding ties the whole value of a state to what is predicted of it.
func (w *hdWriter) rounding() {
	states := w.of(hdState)
	for k, i := range w.whole {
		radius := 0.0 // a transition is exact
		if w.net.outputs[i] >= 0 {
			radius = .5
		}
		a := control.NewAffine(2, w.states()+2*w.actions())
		for r, sign := range []float64{1, -1} {
			a.Set(r, i, sign)
			a.Set(r, w.count[hdState]+k, -sign)
			a.B[r] = -radius
		}
		w.constraints = append(w.constraints, control.Constraint{Name: "whole " + states[i].name, First: 1, Last: w.horizon, Residual: a})
	}
}

// hdStepCharge is a charge written over [x_T; u_{T-1}], and the steps T it is paid.
type hdStepCharge struct {
	hdCharge
	steps []bool // H
}

// costs writes the cost: auxiliaries, then what is linear in states and actions,
// then what depends on nothing.
func (w *hdWriter) costs(first, path, last hdSystem) error {
	var constant float64
	for _, c := range first.charges {
		for i := range c.rows { // x_0 is known
			r := &c.rows[i]
			for j, v := range w.x0 {
				r.b += r.v[j] * v
				r.v[j] = 0
			}
		}
		if w.charge(c, 0, 0) == 0 {
			constant += c.value()
		}
	}
	for _, c := range path.charges {
		switch w.charge(c, 1, w.horizon-1) {
		case 0:
			constant += float64(w.horizon-1) * c.value()
		case 2:
			return w.charged(c.first).errorf("the reward of %s depends on state and action of one step together; it may depend on one of them", c.name)
		}
	}
	for _, c := range last.charges {
		if w.charge(c, w.horizon, w.horizon) == 0 {
			constant += c.value()
		}
	}
	constant += w.linear()
	for i := range w.charges {
		w.terms = append(w.terms, w.term(&w.charges[i]))
	}
	if constant != 0 {
		r := control.NewAffine(1, w.states()+w.actions())
		r.B[0] = constant
		w.terms = append(w.terms, control.Term{Name: "constant", Weight: 1, Norm: control.Max, Terminal: true, Residual: r})
	}
	return nil
}

// value returns a charge that reads nothing.
func (c *hdCharge) value() float64 {
	v := math.Inf(-1)
	for _, r := range c.rows {
		v = max(v, r.b)
	}
	return v
}

// charge notes a charge over [x_s; u_s] at steps s in from..to, if it reads states or
// actions, not both, and returns how many of the two it reads.
func (w *hdWriter) charge(c hdCharge, from, to int) int {
	nx := w.states()
	var x, u int
	for _, r := range c.rows {
		if slices.ContainsFunc(r.v[:nx], notZero) {
			x = 1
		}
		if slices.ContainsFunc(r.v[nx:], notZero) {
			u = 1
		}
	}
	if x+u == 1 {
		w.note(c, from+u, to+u) // u_s is u_{T-1} of T = s + 1
	}
	return x + u
}

// note adds the steps from..to to an equal charge, or a new one.
func (w *hdWriter) note(c hdCharge, from, to int) {
	if from > to {
		return
	}
	i := slices.IndexFunc(w.charges, func(o hdStepCharge) bool {
		return o.name == c.name && slices.EqualFunc(o.rows, c.rows, hdForm.same)
	})
	if i < 0 {
		i = len(w.charges)
		w.charges = append(w.charges, hdStepCharge{c, make([]bool, w.horizon)})
	}
	for t := from; t <= to; t++ {
		w.charges[i].steps[t-1] = true
	}
}

// linear notes the reward of states and actions themselves and returns what x_0
// contributes.
func (w *hdWriter) linear() (constant float64) {
	nx, n := w.states(), w.states()+w.actions()
	before, end := make([]float64, n), make([]float64, n)
	for _, t := range w.reward {
		v := w.vars[t.v]
		if v.role == hdAuxiliary {
			continue
		}
		j := w.column(t.v)
		switch {
		case v.role == hdAction:
			before[j] -= t.coef
			end[j] -= t.coef
		case t.primed:
			before[j] -= t.coef
			end[j] -= t.coef
		default:
			before[j] -= t.coef // at t = 0 and on the way, not at the end
			constant -= t.coef * w.x0[j]
		}
	}
	note := func(name string, v []float64, from, to int) {
		if slices.ContainsFunc(v, notZero) {
			w.note(hdCharge{name: name, rows: []hdForm{{v: v}}}, from, to)
		}
	}
	// States and actions apart: they may differ at the end.
	for _, part := range []struct {
		name     string
		from, to int
	}{{"states", 0, nx}, {"actions", nx, n}} {
		b, e := make([]float64, n), make([]float64, n)
		copy(b[part.from:part.to], before[part.from:part.to])
		copy(e[part.from:part.to], end[part.from:part.to])
		note(part.name, b, 1, w.horizon-1)
		note(part.name, e, w.horizon, w.horizon)
	}
	return constant
}

// term writes a charge as a term: r and -r are an absolute value, everything else is
// the largest of its rows. The weight is the largest coefficient.
func (w *hdWriter) term(c *hdStepCharge) control.Term {
	rows := c.rows
	k := control.Term{Name: c.name, Norm: control.Max}
	if len(rows) == 2 && opposite(rows[0], rows[1]) {
		k.Norm, rows = control.L1, rows[:1]
	}
	for _, r := range rows {
		for _, v := range r.v {
			k.Weight = max(k.Weight, math.Abs(v))
		}
	}
	k.Residual = control.NewAffine(len(rows), w.states()+w.actions())
	for i, r := range rows {
		k.Residual.B[i] = r.b / k.Weight
		for j, v := range r.v {
			if v != 0 {
				k.Residual.Set(i, j, v/k.Weight)
			}
		}
	}
	if slices.Contains(c.steps, false) {
		k.TimeWeight = make([]float64, w.horizon)
		for t, paid := range c.steps {
			if paid {
				k.TimeWeight[t] = 1
			}
		}
	}
	return k
}

func opposite(a, b hdForm) bool {
	return a.b == -b.b && slices.EqualFunc(a.v, b.v, func(p, q float64) bool { return p == -q })
}
