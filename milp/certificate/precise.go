package certificate

import (
	"math"
	"math/big"
)

// Over many steps intervals grow, by the norms of all layers multiplied, where a plan's
// states are known exactly in principle: they follow from numbers. With enough bits what is
// lost is still far below a float64.

// bits is the precision of the forward pass of a plan.
const bits = 320

// ball is a number and how far it may be from the true one.
type ball struct {
	v big.Float
	e float64
}

func (y *ball) set(v float64) { y.v.SetPrec(bits).SetFloat64(v); y.e = 0 }

// span encloses the true number.
func (y *ball) span() span {
	f, _ := y.v.Float64()
	return span{down(down(f) - y.e), up(up(f) + y.e)}
}

// pass holds the activations of one step.
type pass struct {
	v       []ball
	product big.Float
}

// precise encloses the states that follow from u.
func (m *model) precise(u []float64) *ranges {
	p, nx, nu := m.p, m.p.Nx, m.p.Nu
	r := m.newRanges()
	w := &pass{v: make([]ball, m.in+len(m.hidden))}
	w.product.SetPrec(bits)
	next := make([]ball, nx)
	for i, x := range p.X0 {
		next[i].set(x)
	}
	for t := range p.Horizon {
		for i := range next {
			w.v[i].v.Set(&next[i].v)
			w.v[i].e = next[i].e
		}
		for j, a := range u[t*nu : (t+1)*nu] {
			w.v[nx+j].set(a)
		}
		for h := range m.hidden {
			w.activate(&w.v[m.in+h], &m.hidden[h])
		}
		for i := range next {
			w.affine(&next[i], &m.out[i])
			s := next[i].span()
			r.xlo[(t+1)*nx+i], r.xhi[(t+1)*nx+i] = s.lo, s.hi
		}
	}
	return r
}

// activate sets dst to the activation of unit n. A gate never moves two numbers apart.
func (w *pass) activate(dst *ball, n *neuron) {
	if n.gate == Zero {
		dst.set(0)
		return
	}
	if w.affine(dst, n); n.gate == ReLU && dst.v.Sign() < 0 {
		dst.v.SetFloat64(0)
	}
}

// affine sets dst to the pre-activation of unit n. Each product and each sum is off by
// 2^-320 of itself at most, and no partial sum exceeds that of all magnitudes, whose sum
// more and tiny cover. Errors are rounded up one by one: the weights of later layers may
// make much of what underflows here.
func (w *pass) affine(dst *ball, n *neuron) {
	const more = 1 + 0x1p-20
	dst.set(n.b)
	size, e := math.Abs(n.b), n.slack
	for j, c := range n.w {
		y := &w.v[n.from+j]
		if c == 0 {
			continue
		}
		e = up(e + up(math.Abs(c)*y.e))
		if y.v.Sign() == 0 {
			continue
		}
		f, _ := y.v.Float64()
		size += math.Abs(c) * (math.Abs(f) + tiny)
		w.product.SetFloat64(c)
		w.product.Mul(&w.product, &y.v)
		dst.v.Add(&dst.v, &w.product)
	}
	dst.e = up(e + up(more*up(0x1p-318*float64(len(n.w)+1)*size)))
}
