package nn

import (
	"math"

	"hinge/nn/gemm"
)

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

// gateLimits holds what the gates of a network do to all units of a batch at
// once: an activation is the pre-activation between lo and hi, and an adjoint
// passes where the activation is above bar.
type gateLimits[T Float] struct {
	lo, hi, bar []T // at the places of the activation buffer
}

func newGateLimits[T Float](n *Net) gateLimits[T] {
	g := gateLimits[T]{make([]T, n.width), make([]T, n.width), make([]T, n.width)}
	inf := T(math.Inf(1))
	for i := range n.Layers {
		l := &n.Layers[i]
		for j := range l.Out {
			k := l.at + j
			switch l.Gate(j) {
			case ReLU:
				g.lo[k], g.hi[k], g.bar[k] = 0, inf, 0
			case Identity:
				g.lo[k], g.hi[k], g.bar[k] = -inf, inf, -inf
			case Zero:
				g.lo[k], g.hi[k], g.bar[k] = 0, 0, inf
			}
		}
	}
	return g
}

// of returns the limits of the units of l.
func (g *gateLimits[T]) of(l *Layer) (lo, hi []T) {
	return g.lo[l.at : l.at+l.Out], g.hi[l.at : l.at+l.Out]
}

// mixScratch holds the coefficients of a [GateMix] and their gradients by gate,
// at the places of the activation buffer, as kernels read them.
type mixScratch[T Float] struct {
	relu, identity, reluGrad, identityGrad []T
}

// readMix takes the coefficients of b.Mix, and memory if this is the first.
func (b *Batch[T]) readMix() {
	width, m := b.rowsOf.width, &b.mixed
	if len(b.Mix) != width*GateCount || (b.MixGrad != nil && len(b.MixGrad) != len(b.Mix)) {
		panic("nn: Batch: Mix or MixGrad does not fit the network")
	}
	if b.z == nil {
		b.z = make([]T, len(b.v))
		*m = mixScratch[T]{make([]T, width), make([]T, width), make([]T, width), make([]T, width)}
	}
	for k := range width {
		p := b.Mix.Unit(k)
		m.relu[k], m.identity[k] = p[ReLU], p[Identity]
	}
}

// mixForward writes the mixed z to a, the activations of l.
func (b *Batch[T]) mixForward(a, z gemm.Matrix[T], l *Layer) {
	relu, identity := b.mixed.relu[l.at:l.at+l.Out], b.mixed.identity[l.at:l.at+l.Out]
	for r := range a.Rows {
		b.set.MixForward(a.Row(r), z.Row(r), relu, identity)
	}
}

// mixBackward turns the adjoints d of the activations of l into those of the
// pre-activations, whose rows it adds to db, and adds the gradient of the
// coefficients to MixGrad. That of the zero gate is zero.
func (b *Batch[T]) mixBackward(d gemm.Matrix[T], db []T, l *Layer) {
	z, m, units := b.view(b.z, l.at, l.at+l.Out), &b.mixed, span{l.at, l.at + l.Out}
	reluGrad, identityGrad := m.reluGrad[units.from:units.to], m.identityGrad[units.from:units.to]
	clear(reluGrad)
	clear(identityGrad)
	for r := range d.Rows {
		b.set.MixBackward(d.Row(r), z.Row(r), m.relu[units.from:units.to], m.identity[units.from:units.to], reluGrad, identityGrad)
		b.set.Add(db, d.Row(r))
	}
	if b.MixGrad == nil {
		return
	}
	for j := range l.Out {
		g := b.MixGrad.Unit(l.at + j)
		g[ReLU] += reluGrad[j]
		g[Identity] += identityGrad[j]
	}
}
