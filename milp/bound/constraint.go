package bound

import (
	"math"

	"hinge/control"
	"hinge/internal/vec"
	"hinge/milp/relu"
)

// Hard constraints enter in two ways. Multipliers y >= 0 add y (X x_T + U u_{T-1} +
// Next u_T + B), which is <= 0 for every plan, to the objective that is pulled back
// ([Dual.Rows]). And the states a plan can reach lie in boxes: those of one step,
// clipped by the rows there, with the actions of that step give the next ones. A
// linear form on its way back may end at any step's box instead of going on to the
// actions. All bounds of a constrained program, masses included, hold for plans
// that keep the constraints, not for every point of the box.

// limits is what the constraints say of the actions alone.
type limits struct {
	box   control.Box // of the actions, clipped
	empty bool        // no plan
}

// free sets the ranges of states to what is known without work.
func (r *Ranges) free(p *relu.Program) {
	for i := range r.stateLower {
		r.stateLower[i], r.stateUpper[i] = math.Inf(-1), math.Inf(1)
	}
	copy(r.stateLower, p.X0)
	copy(r.stateUpper, p.X0)
}

// Infeasible reports that the constraints leave no plan: some step's box is empty.
// The ranges are then those without constraints.
func (b *Bounder) Infeasible() bool { return b.infeasible }

// Box returns the box of actions that the constraints leave of the program's; read
// only.
func (b *Bounder) Box() control.Box {
	if b.limits == nil {
		return b.p.Box
	}
	return b.limits.box
}

// StateBox returns the box that x_t of every plan is in; read only.
func (b *Bounder) StateBox(t int) (lower, upper []float64) {
	nx := b.p.Nx
	return b.root.stateLower[t*nx : (t+1)*nx], b.root.stateUpper[t*nx : (t+1)*nx]
}

// meet intersects the box of x_t with [xl, xu] and clips it by the rows of step t.
// xl and xu receive the result. It returns false if no plan is left.
func (b *Bounder) meet(r Ranges, box control.Box, t int, xl, xu []float64) bool {
	if r.stateLower == nil {
		return true
	}
	nx := b.p.Nx
	lower, upper := r.stateLower[t*nx:(t+1)*nx], r.stateUpper[t*nx:(t+1)*nx]
	for i := range lower {
		lower[i], upper[i] = max(lower[i], xl[i]), min(upper[i], xu[i])
		if lower[i] > upper[i] {
			return false
		}
	}
	ok := b.clipStep(r, box, t)
	copy(xl, lower)
	copy(xu, upper)
	return ok
}

// clipStep clips the boxes of x_t, u_{t-1} and u_t by the rows of step t. It returns
// false if one becomes empty.
func (b *Bounder) clipStep(r Ranges, box control.Box, t int) bool {
	p := b.p
	nx, nu := p.Nx, p.Nu
	first, last := max(t-1, 0)*nu, min(t+1, p.Horizon)*nu
	s := b.side
	joint := control.Box{Lower: append(s.lower[:0], r.stateLower[t*nx:(t+1)*nx]...), Upper: append(s.upper[:0], r.stateUpper[t*nx:(t+1)*nx]...)}
	joint.Lower = append(joint.Lower, box.Lower[first:last]...)
	joint.Upper = append(joint.Upper, box.Upper[first:last]...)
	for range 2 {
		for _, rows := range b.clips[t] {
			if !joint.Clip(rows) {
				return false
			}
		}
	}
	copy(r.stateLower[t*nx:], joint.Lower[:nx])
	copy(r.stateUpper[t*nx:], joint.Upper[:nx])
	copy(box.Lower[first:], joint.Lower[nx:])
	copy(box.Upper[first:], joint.Upper[nx:])
	return p.Inwards(box)
}

// setClips writes the constraints of each step as rows over [x_t; u_{t-1}; u_t], as
// far as there are such actions.
func (b *Bounder) setClips() {
	p := b.p
	nx, nu := p.Nx, p.Nu
	b.clips = make([][]control.Affine, p.Horizon+1)
	for i := range p.Constraints {
		k := &p.Constraints[i]
		first, last := max(k.T-1, 0)*nu, min(k.T+1, p.Horizon)*nu
		rows := control.NewAffine(k.Rows, nx+last-first)
		copy(rows.B, k.B)
		for r := range k.Rows {
			row := rows.Row(r)
			put(row, k.X, r, nx)
			if k.U != nil {
				put(row[nx:], k.U, r, nu)
			}
			if k.Next != nil {
				put(row[nx+k.T*nu-first:], k.Next, r, nu)
			}
		}
		b.clips[k.T] = append(b.clips[k.T], rows)
	}
}

// put copies row r of m, which has n columns, to dst; nothing if m is nil.
func put(dst, m []float64, r, n int) {
	if m != nil {
		copy(dst, m[r*n:(r+1)*n])
	}
}

// tightenState narrows the box of x_{t+1} with the relaxations of the steps before.
// It returns false if no plan is left.
func (b *Bounder) tightenState(r Ranges, box control.Box, t int) bool {
	if r.stateLower == nil {
		return true
	}
	nx := b.p.Nx
	xl, xu := b.side.xl, b.side.xu
	for i := 0; i < nx; i += vec.Lanes / 2 {
		n := min(nx-i, vec.Lanes/2)
		b.stateBounds(r, t, i, n, box.Lower, box.Upper)
		for j := range n {
			xl[i+j], xu[i+j] = b.panel.low[2*j], -b.panel.low[2*j+1]
		}
	}
	return b.meet(r, box, t+1, xl, xu)
}

// stateBounds bounds the coordinates [first, first+n) of x_{t+1} on both sides; the
// bounds are left in b.panel.low, that of -x in odd lanes.
func (b *Bounder) stateBounds(r Ranges, t, first, n int, lower, upper []float64) {
	w := &b.panel
	w.reset()
	for j := range n {
		x := column(w.x, first+j)
		x[2*j], x[2*j+1] = 1, -1
	}
	b.pullOutput(t)
	b.pullHidden(t, len(b.units))
	b.pullInputs(t)
	b.back(r, t, 2*n, lower, upper)
}

// back pulls the forms of b.panel, count of them, which are at the state x_t, back to
// the actions and leaves the best of the bounds on the way in b.panel.low.
func (b *Bounder) back(r Ranges, t, count int, lower, upper []float64) {
	var best vec.Column
	for k := range best {
		best[k] = math.Inf(-1)
	}
	for ; ; t-- {
		b.endAt(r, t, count, &best, lower, upper)
		if t == 0 {
			break
		}
		b.pullOutput(t - 1)
		b.pullHidden(t-1, len(b.units))
		b.pullInputs(t - 1)
	}
	if b.side != nil {
		b.side.leanOnCut(b, count, lower, upper)
	}
	b.concretise(lower, upper)
	for k, v := range best {
		b.panel.low[k] = max(b.panel.low[k], v)
	}
}

// endAt raises best to the bounds of the forms, which are at x_t, on its box.
func (b *Bounder) endAt(r Ranges, t, count int, best *vec.Column, lower, upper []float64) {
	if r.stateLower == nil {
		return
	}
	w, nx := &b.panel, b.p.Nx
	xl, xu := r.stateLower[t*nx:(t+1)*nx], r.stateUpper[t*nx:(t+1)*nx]
	b.side.lean(b, t, count, xl, xu, lower, upper)
	c, mass := w.c, w.mass
	vec.Concretise(w.x, xl, xu, b.stateMag[t*nx:(t+1)*nx], &c, &mass)
	vec.Concretise(w.a, lower, upper, b.inputMag, &c, &mass)
	for k, v := range c {
		if v -= b.gammaPull * (mass[k] + math.Abs(w.c[k])); v > best[k] {
			best[k] = v
		}
	}
}

// setRowMass sets the mass of every row of the constraints.
func (b *Bounder) setRowMass() {
	p := b.p
	b.rowMass = make([][]float64, len(p.Constraints))
	for i := range p.Constraints {
		k := &p.Constraints[i]
		m := make([]float64, k.Rows)
		for r := range m {
			m[r] = math.Abs(k.B[r])
			if k.X != nil {
				m[r] += dotMass(k.X[r*p.Nx:(r+1)*p.Nx], b.stateMag[k.T*p.Nx:(k.T+1)*p.Nx], 0)
			}
			if k.U != nil {
				m[r] += dotMass(k.U[r*p.Nu:(r+1)*p.Nu], b.inputMag[(k.T-1)*p.Nu:k.T*p.Nu], 0)
			}
			if k.Next != nil {
				m[r] += dotMass(k.Next[r*p.Nu:(r+1)*p.Nu], b.inputMag[k.T*p.Nu:(k.T+1)*p.Nu], 0)
			}
		}
		b.rowMass[i] = m
	}
}

// Rows returns, for each row of constraint i, a bound of its magnitude over all
// plans; read only.
func (b *Bounder) Rows(i int) []float64 { return b.rowMass[i] }

// seedRows adds constraint i, whose first multiplier is mult[0], to the row.
func (b *Bounder) seedRows(i int, mult []float64) {
	k, w, nx, nu := &b.p.Constraints[i], &b.row, b.p.Nx, b.p.Nu
	for r := range k.Rows {
		m := mult[r]
		if m == 0 {
			continue
		}
		w.c += m * k.B[r]
		w.mass += 2 * m * b.rowMass[i][r]
		if k.X != nil {
			vec.Axpy(m, k.X[r*nx:(r+1)*nx], w.x)
		}
		if k.U != nil {
			vec.Axpy(m, k.U[r*nu:(r+1)*nu], w.a[(k.T-1)*nu:k.T*nu])
		}
		if k.Next != nil {
			vec.Axpy(m, k.Next[r*nu:(r+1)*nu], w.a[k.T*nu:(k.T+1)*nu])
		}
	}
}

// rowGradient writes the derivative of constraint i with respect to its multipliers,
// the states of the relaxed network being those of step T in s.x.
func (b *Bounder) rowGradient(dst []float64, i int) {
	k, s, nx, nu := &b.p.Constraints[i], b.ascent, b.p.Nx, b.p.Nu
	for r := range k.Rows {
		e := k.B[r]
		if k.X != nil {
			e += vec.Dot(k.X[r*nx:(r+1)*nx], s.x)
		}
		if k.U != nil {
			e += vec.Dot(k.U[r*nu:(r+1)*nu], s.u[(k.T-1)*nu:k.T*nu])
		}
		if k.Next != nil {
			e += vec.Dot(k.Next[r*nu:(r+1)*nu], s.u[k.T*nu:(k.T+1)*nu])
		}
		dst[r] = e
	}
}

// Refutes reports whether d proves that the box holds no plan: its multipliers of
// constraints and ranges, with the slopes it has, add up to something positive
// which is not positive for any plan. The objective takes no part.
func (b *Bounder) Refutes(d *Dual, r Ranges, lower, upper []float64) bool {
	b.begin(d, r)
	b.ascent.costless = true
	v := b.evaluate(d, r, lower, upper)
	b.ascent.costless = false
	return v > 0
}

// stepRows takes a step of Adam on the multipliers of the constraints: by a share of what
// they are, which may be of any size.
func (b *Bounder) stepRows() {
	s := b.ascent
	q := &s.rates
	for j, g := range s.grad.Rows {
		m, v := &s.m.Rows[j], &s.v.Rows[j]
		*m = q.Beta1**m + q.One1*g
		*v = q.Beta2**v + q.One2*g*g
		if *v > 0 {
			s.work.Rows[j] += q.Scale1 * *m / (math.Sqrt(*v*q.Scale2) + q.Tiny) * (s.work.Rows[j] + b.price0)
		}
	}
}
