package certificate

import (
	"fmt"
	"math"
	"slices"
)

// Same compares the program that the certificate speaks of with another one. It
// returns the first field that differs, nil if none does.
func (c *Certificate) Same(problem *Program) error {
	p, q := &c.Program, problem
	d := differ{}
	d.count("nx", p.Nx, q.Nx)
	d.count("nu", p.Nu, q.Nu)
	d.count("horizon", p.Horizon, q.Horizon)
	d.vector("x0", p.X0, q.X0)
	d.vector("lower", p.Lower, q.Lower)
	d.vector("upper", p.Upper, q.Upper)
	d.vector("before", p.Before, q.Before)
	d.vector("rounded", p.Rounded, q.Rounded)
	d.count("network.layers: their number", len(p.Network.Layers), len(q.Network.Layers))
	for l := 0; l < len(p.Network.Layers) && d.err == nil; l++ {
		a, b, at := &p.Network.Layers[l], &q.Network.Layers[l], fmt.Sprintf("network.layers[%d].", l)
		d.count(at+"from", a.From, b.From)
		d.count(at+"to", a.To, b.To)
		d.vector(at+"weights", a.Weights, b.Weights)
		d.vector(at+"bias", a.Bias, b.Bias)
		if !slices.Equal(a.Gates, b.Gates) {
			d.say(at+"gates", a.Gates, b.Gates)
		}
	}
	d.count("cost: its number of terms", len(p.Cost), len(q.Cost))
	for i := 0; i < len(p.Cost) && d.err == nil; i++ {
		a, b, at := &p.Cost[i], &q.Cost[i], fmt.Sprintf("cost[%d].", i)
		d.count(at+"t", a.T, b.T)
		if a.Norm != b.Norm {
			d.say(at+"norm", a.Norm, b.Norm)
		}
		d.vector(at+"factor", []float64{a.Factor}, []float64{b.Factor})
		d.vector(at+"radius", []float64{a.Radius}, []float64{b.Radius})
		d.vector(at+"x", a.X, b.X)
		d.vector(at+"u", a.U, b.U)
		d.vector(at+"prev", a.Prev, b.Prev)
		d.vector(at+"b", a.B, b.B)
	}
	d.count("constraints: their number", len(p.Constraints), len(q.Constraints))
	for i := 0; i < len(p.Constraints) && d.err == nil; i++ {
		a, b, at := &p.Constraints[i], &q.Constraints[i], fmt.Sprintf("constraints[%d].", i)
		d.count(at+"t", a.T, b.T)
		d.vector(at+"x", a.X, b.X)
		d.vector(at+"u", a.U, b.U)
		d.vector(at+"next", a.Next, b.Next)
		d.vector(at+"b", a.B, b.B)
	}
	if !slices.Equal(p.Integer, q.Integer) {
		d.say("integer", p.Integer, q.Integer)
	}
	return d.err
}

// differ keeps the first difference.
type differ struct{ err error }

func (d *differ) say(name string, a, b any) {
	if d.err == nil {
		d.err = fmt.Errorf("program.%s is %v in the certificate and %v in the problem", name, a, b)
	}
}

func (d *differ) count(name string, a, b int) {
	if a != b {
		d.say(name, a, b)
	}
}

func (d *differ) vector(name string, a, b []float64) {
	if (a == nil) != (b == nil) {
		word := map[bool]string{true: "null", false: "given"}
		d.say(name, word[a == nil], word[b == nil])
		return
	}
	d.count(name+": its length", len(a), len(b))
	for i := 0; i < len(a) && d.err == nil; i++ {
		if a[i] != b[i] && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
			if len(a) > 1 {
				name = fmt.Sprintf("%s[%d]", name, i)
			}
			d.say(name, a[i], b[i])
		}
	}
}
