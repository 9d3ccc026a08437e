package relu

import (
	"fmt"
	"math"
	"slices"

	"hinge/control"
)

// Constraint is the rows of one constraint at one step, with everything constant
// folded in: X x_T + U u_{T-1} + Next u_T + B <= 0. Matrices that are zero are nil.
type Constraint struct {
	Name string
	T    int // 0..H
	Rows int
	X    []float64 // Rows x Nx, row-major; nil at T = 0
	U    []float64 // Rows x Nu, of u_{T-1}
	Next []float64 // Rows x Nu, of u_T
	B    []float64 // Rows
}

// Constrain adds hard constraints and names the coordinates of an action that
// must be whole numbers, at every step. It belongs to the making of a program:
// call it once, after [New].
//
// A constrained program is no longer minimised over a box alone: an incumbent
// counts only if [Program.Violation] is within a tolerance the solver states, a
// dual bound of the program without them remains valid, and there may be no plan
// at all. A solver that does not know constraints must refuse such a program
// ([Program.Constrained]) rather than return a plan that breaks them.
func (p *Program) Constrain(list []control.Constraint, integer []int) error {
	for i := range list {
		if err := list[i].Validate(p.Nx, p.Nu, p.Horizon); err != nil {
			return fmt.Errorf("relu: %w", err)
		}
	}
	if integer = slices.Clone(integer); !slices.IsSorted(integer) {
		slices.Sort(integer)
	}
	for i, j := range integer {
		if j < 0 || j >= p.Nu || (i > 0 && j == integer[i-1]) {
			return fmt.Errorf("relu: action coordinate %d must be whole; coordinates are 0..%d, each named once", j, p.Nu-1)
		}
	}
	p.Constraints, p.Integer = p.flattenConstraints(list), integer
	return nil
}

// Constrained reports whether not every u of the box is a plan.
func (p *Program) Constrained() bool { return len(p.Constraints) > 0 || len(p.Integer) > 0 }

// flattenConstraints writes the constraints by step, dropping what always holds.
func (p *Program) flattenConstraints(list []control.Constraint) []Constraint {
	var flat []Constraint
	for t := range p.Horizon + 1 {
		for i := range list {
			if c := &list[i]; t >= c.First && t <= c.Last {
				if k := p.constraint(c, t); k.Rows > 0 {
					flat = append(flat, k)
				}
			}
		}
	}
	return flat
}

// constraint writes the rows that hold at step t.
func (p *Program) constraint(c *control.Constraint, t int) Constraint {
	nx, nu := p.Nx, p.Nu
	k := Constraint{Name: c.Name, T: t}
	for i := range c.Residual.Rows {
		row, b := c.Residual.Row(i), c.Residual.B[i]
		x, u, next := slices.Clone(row[:nx]), slices.Clone(row[nx:nx+nu]), row[nx+nu:]
		if t == 0 {
			if !zero(u) && p.before == nil {
				continue
			}
			for j, w := range x {
				b += w * p.X0[j]
			}
			for j, w := range u {
				if w != 0 {
					b += w * p.before[j]
				}
			}
			clear(x)
			clear(u)
		}
		if b <= 0 && zero(x) && zero(u) && zero(next) {
			continue
		}
		k.Rows++
		k.X, k.U, k.Next, k.B = append(k.X, x...), append(k.U, u...), append(k.Next, next...), append(k.B, b)
	}
	for _, m := range []*[]float64{&k.X, &k.U, &k.Next} {
		if zero(*m) {
			*m = nil
		}
	}
	return k
}

func zero(v []float64) bool {
	return !slices.ContainsFunc(v, func(w float64) bool { return w != 0 })
}

// Violation returns by how much the actions u (H x Nu) break a row or leave a
// whole number, at most; 0 if they do neither.
func (p *Program) Violation(u []float64, ws *Workspace) float64 {
	if !p.Constrained() {
		return 0
	}
	p.Objective(u, ws)
	var worst float64
	for i := range p.Constraints {
		k := &p.Constraints[i]
		for r := range k.Rows {
			worst = max(worst, k.Residual(r, p, ws.x, u))
		}
	}
	for t := range p.Horizon {
		for _, j := range p.Integer {
			v := u[t*p.Nu+j]
			worst = max(worst, math.Abs(v-math.Round(v)))
		}
	}
	return worst
}

// Residual returns row r for the states x ((H+1) x Nx) and actions u (H x Nu) of p.
func (k *Constraint) Residual(r int, p *Program, x, u []float64) float64 {
	s := k.B[r]
	s += dot(k.X, r, p.Nx, x, k.T)
	s += dot(k.U, r, p.Nu, u, k.T-1)
	return s + dot(k.Next, r, p.Nu, u, k.T)
}

// dot returns row r of m (n columns) times entry t of v, 0 if m is nil.
func dot(m []float64, r, n int, v []float64, t int) float64 {
	var s float64
	if m != nil {
		for j, w := range m[r*n : (r+1)*n] {
			s += w * v[t*n+j]
		}
	}
	return s
}
