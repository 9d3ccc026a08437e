package nn

import "hinge/nn/gemm"

// GateCount is the number of gates a unit can have.
const GateCount = len(gateNames)

// GateMix holds how much of every gate each unit is: the coefficient of gate g
// of the unit at place k of the activation buffer is at k*GateCount + g. The
// unit computes
//
//	a = p_relu max(0, z) + p_identity z + p_zero 0
//
// A hard gate has one coefficient 1 and the others 0; values between relax the
// choice of gates, so that it can be trained. The coefficients of the inputs
// have no meaning.
type GateMix[T Float] []T

// NewGateMix returns the gates of n as coefficients 0 and 1.
func NewGateMix[T Float](n *Net) GateMix[T] {
	m := make(GateMix[T], n.width*GateCount)
	for i := range n.Layers {
		l := &n.Layers[i]
		for j := range l.Out {
			m.Unit(l.at + j)[l.Gate(j)] = 1
		}
	}
	return m
}

// Unit returns the coefficients of the unit at place k of the activation
// buffer, indexed by [Gate], sharing memory.
func (m GateMix[T]) Unit(k int) []T { return m[k*GateCount : (k+1)*GateCount] }

// activate writes the gated z to a; the mix starts with the first unit.
func activate[T Float](a, z gemm.Matrix[T], mix GateMix[T]) {
	for r := range a.Rows {
		zr, ar := z.Row(r), a.Row(r)
		for j, zj := range zr {
			p := mix.Unit(j)
			ar[j] = p[ReLU]*max(0, zj) + p[Identity]*zj
		}
	}
}

// deactivate turns the adjoints of activations into those of pre-activations.
// The slope of the ReLU at its kink is 0, as in [Net.VJP].
func deactivate[T Float](d, z gemm.Matrix[T], mix GateMix[T]) {
	for r := range d.Rows {
		zr, dr := z.Row(r), d.Row(r)
		for j, zj := range zr {
			p, active := mix.Unit(j), 0
			if zj > 0 { // in this form no jump, which half of the units would miss
				active = 1
			}
			dr[j] *= p[Identity] + T(active)*p[ReLU]
		}
	}
}

// addMixGrad adds the gradient of the coefficients to grad, given the adjoints
// d of the activations. That of the zero gate is zero.
func addMixGrad[T Float](grad GateMix[T], d, z gemm.Matrix[T]) {
	for r := range d.Rows {
		zr, dr := z.Row(r), d.Row(r)
		for j, zj := range zr {
			g := grad.Unit(j)
			g[ReLU] += dr[j] * max(0, zj)
			g[Identity] += dr[j] * zj
		}
	}
}

// addRows adds every row of m to sum.
func addRows[T Float](sum []T, m gemm.Matrix[T]) {
	for r := range m.Rows {
		for j, v := range m.Row(r) {
			sum[j] += v
		}
	}
}
