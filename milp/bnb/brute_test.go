package bnb_test

import (
	"math"
	"slices"

	"hinge/control"
	"hinge/milp/relu"
)

// bruteForce minimises a program with L1 or Max costs over two or three inputs. J
// is piecewise linear, so its minimum on the box lies where as many kinks meet as
// there are inputs: faces of the box, units at zero, residuals at zero or equal.
// In each activation pattern these are hyperplanes; J is evaluated at every
// crossing of them inside the box that keeps the constraints, whose rows are
// hyperplanes too. It shares nothing with the solver but the
// program.
func bruteForce(p *relu.Program) float64 {
	best := math.Inf(1)
	ws := p.NewWorkspace()
	for pattern := range 1 << p.ReLUs() {
		crossings(kinks(p, pattern), p.Inputs(), func(u []float64) {
			if p.Box.Contains(u, 1e-12) {
				p.Box.Clamp(u, u)
				if p.Violation(u, ws) <= 1e-9 {
					best = min(best, p.Objective(u, ws))
				}
			}
		})
	}
	return best
}

// form is an affine function of the stacked actions.
type form struct {
	a []float64
	c float64
}

func (f form) add(s float64, g form) form {
	f.a = slices.Clone(f.a)
	for i, v := range g.a {
		f.a[i] += s * v
	}
	f.c += s * g.c
	return f
}

// kinks returns the hyperplanes of a pattern: bit k says that unit k is active.
func kinks(p *relu.Program, pattern int) []form {
	n := p.Inputs()
	constant := func(c float64) form { return form{a: make([]float64, n), c: c} }
	var planes, inputs []form
	for i := range n {
		f := constant(0)
		f.a[i] = 1
		inputs = append(inputs, f)
		planes = append(planes, f.add(-1, constant(p.Box.Lower[i])), f.add(-1, constant(p.Box.Upper[i])))
	}
	x := make([][]form, p.Horizon+1)
	for _, v := range p.X0 {
		x[0] = append(x[0], constant(v))
	}
	for t := range p.Horizon {
		buf := append(slices.Clone(x[t]), inputs[t*p.Nu:(t+1)*p.Nu]...)
		for l := range p.Step.Layers {
			layer := &p.Step.Layers[l]
			var out []form
			for j := range layer.Out {
				z := constant(p.Step.Bias(l)[j])
				for k, w := range p.Step.Weight(l)[j*layer.In() : (j+1)*layer.In()] {
					z = z.add(w, buf[layer.From+k])
				}
				if l < len(p.Step.Layers)-1 {
					planes = append(planes, z)
					if pattern&1 == 0 {
						z = constant(0)
					}
					pattern >>= 1
				}
				out = append(out, z)
			}
			buf = append(buf, out...)
		}
		x[t+1] = buf[len(buf)-p.Nx:]
	}
	planes = append(planes, limits(p, x, inputs, constant)...)
	return append(planes, residuals(p, x, inputs, constant)...)
}

// limits returns the rows of the constraints.
func limits(p *relu.Program, x [][]form, inputs []form, constant func(float64) form) []form {
	var e []form
	for i := range p.Constraints {
		k := &p.Constraints[i]
		for j := range k.Rows {
			f := constant(k.B[j])
			if k.X != nil {
				for c, w := range k.X[j*p.Nx : (j+1)*p.Nx] {
					f = f.add(w, x[k.T][c])
				}
			}
			if k.U != nil {
				for c, w := range k.U[j*p.Nu : (j+1)*p.Nu] {
					f = f.add(w, inputs[(k.T-1)*p.Nu+c])
				}
			}
			if k.Next != nil {
				for c, w := range k.Next[j*p.Nu : (j+1)*p.Nu] {
					f = f.add(w, inputs[k.T*p.Nu+c])
				}
			}
			e = append(e, f)
		}
	}
	return e
}

func residuals(p *relu.Program, x [][]form, inputs []form, constant func(float64) form) []form {
	var e []form
	for i := range p.Terms {
		k := &p.Terms[i]
		first := len(e)
		for j := range k.Rows {
			f := constant(k.B[j])
			for c, w := range k.X[j*p.Nx : (j+1)*p.Nx] {
				f = f.add(w, x[k.T][c])
			}
			for c, w := range k.U[j*p.Nu : (j+1)*p.Nu] {
				f = f.add(w, inputs[(k.T-1)*p.Nu+c])
			}
			if k.Prev != nil {
				for c, w := range k.Prev[j*p.Nu : (j+1)*p.Nu] {
					f = f.add(w, inputs[(k.T-2)*p.Nu+c])
				}
			}
			e = append(e, f)
		}
		if k.Norm == control.Max { // kinks where rows are equal
			rows := e[first:]
			for j, f := range rows {
				for _, g := range rows[:j] {
					e = append(e, f.add(-1, g))
				}
			}
		}
	}
	return e
}

// crossings calls visit with every point where n of the planes meet.
func crossings(planes []form, n int, visit func(u []float64)) {
	chosen := make([]form, 0, n)
	var choose func(from int)
	choose = func(from int) {
		if len(chosen) == n {
			if u := meet(chosen); u != nil {
				visit(u)
			}
			return
		}
		for i := from; i < len(planes); i++ {
			chosen = append(chosen, planes[i])
			choose(i + 1)
			chosen = chosen[:len(chosen)-1]
		}
	}
	choose(0)
}

// meet solves a'u + c = 0 for n planes by elimination with pivoting; nil where
// they do not meet in a point.
func meet(planes []form) []float64 {
	n := len(planes)
	m := make([][]float64, n)
	for i, f := range planes {
		m[i] = append(slices.Clone(f.a), -f.c)
	}
	for k := range n {
		pivot := k
		for i := k; i < n; i++ {
			if math.Abs(m[i][k]) > math.Abs(m[pivot][k]) {
				pivot = i
			}
		}
		if math.Abs(m[pivot][k]) < 1e-10 {
			return nil
		}
		m[k], m[pivot] = m[pivot], m[k]
		for i := range n {
			if i == k {
				continue
			}
			f := m[i][k] / m[k][k]
			for j := k; j <= n; j++ {
				m[i][j] -= f * m[k][j]
			}
		}
	}
	u := make([]float64, n)
	for i := range n {
		u[i] = m[i][n] / m[i][i]
	}
	return u
}
