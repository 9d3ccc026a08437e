package nn

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// Workspace is the scratch memory of float64 inference, one per goroutine.
type Workspace struct {
	v    []float64 // activation buffer of the last Forward
	z    []float64 // pre-activations, same layout; inputs unused
	grad []float64 // adjoints of the buffer
	jac  []float64 // Width x In, made at the first Jacobian
}

// NewWorkspace returns scratch memory for n.
func (n *Net) NewWorkspace() *Workspace {
	return &Workspace{v: make([]float64, n.width), z: make([]float64, n.width), grad: make([]float64, n.width)}
}

// Activations returns the activation buffer of the last Forward, inputs first.
func (ws *Workspace) Activations() []float64 { return ws.v }

// PreActivations returns the pre-activations of the last Forward at the same
// places as the activations; the entries of the inputs have no meaning.
func (ws *Workspace) PreActivations() []float64 { return ws.z }

// Forward writes the output for x (In) to dst (Out).
func (n *Net) Forward(dst, x []float64, ws *Workspace) {
	if len(x) != n.In || len(dst) != n.Out() {
		panic("nn: Forward: wrong length of input or output")
	}
	copy(ws.v, x)
	for i := range n.Layers {
		l := &n.Layers[i]
		z := ws.z[l.at : l.at+l.Out]
		copy(z, n.Bias(i))
		gemv(blas.NoTrans, l, n.Weight(i), ws.v[l.From:l.To], z)
		a := ws.v[l.at : l.at+l.Out]
		for j, zj := range z {
			a[j] = l.Gate(j).apply(zj)
		}
	}
	copy(dst, ws.v[n.width-n.Out():])
}

// gemv adds W x, or W' x, to y.
func gemv(t blas.Transpose, l *Layer, w, x, y []float64) {
	if l.Out == 0 {
		return
	}
	m := blas64.General{Rows: l.Out, Cols: l.In(), Stride: l.In(), Data: w}
	blas64.Gemv(t, 1, m, blas64.Vector{N: len(x), Inc: 1, Data: x}, 1, blas64.Vector{N: len(y), Inc: 1, Data: y})
}

func (g Gate) apply(z float64) float64 {
	switch g {
	case ReLU:
		return max(0, z)
	case Identity:
		return z
	}
	return 0
}

// slope returns the derivative of the gate; 0 at the kink of a ReLU.
func (g Gate) slope(z float64) float64 {
	if g == Identity || (g == ReLU && z > 0) {
		return 1
	}
	return 0
}

// VJP writes lambda' dy/dx to dx (In), for lambda (Out) at the input of the
// last Forward with ws.
func (n *Net) VJP(dx, lambda []float64, ws *Workspace) {
	if len(dx) != n.In || len(lambda) != n.Out() {
		panic("nn: VJP: wrong length of gradient or lambda")
	}
	clear(ws.grad)
	copy(ws.grad[n.width-n.Out():], lambda)
	for i := len(n.Layers) - 1; i >= 0; i-- {
		l := &n.Layers[i]
		g := ws.grad[l.at : l.at+l.Out]
		for j := range g {
			g[j] *= l.Gate(j).slope(ws.z[l.at+j])
		}
		gemv(blas.Trans, l, n.Weight(i), g, ws.grad[l.From:l.To])
	}
	copy(dx, ws.grad[:n.In])
}

// Jacobian writes dy/dx (Out x In, row-major) at the input of the last Forward
// with ws to dst.
func (n *Net) Jacobian(dst []float64, ws *Workspace) {
	if len(dst) != n.Out()*n.In {
		panic("nn: Jacobian: wrong length of result")
	}
	if ws.jac == nil {
		ws.jac = make([]float64, n.width*n.In)
	}
	in := n.In
	clear(ws.jac)
	for i := range in {
		ws.jac[i*in+i] = 1
	}
	for i := range n.Layers {
		l := &n.Layers[i]
		w := n.Weight(i)
		for j := range l.Out {
			s := l.Gate(j).slope(ws.z[l.at+j])
			if s == 0 {
				continue
			}
			row := ws.jac[(l.at+j)*in : (l.at+j+1)*in]
			for k, wk := range w[j*l.In() : (j+1)*l.In()] {
				for c, v := range ws.jac[(l.From+k)*in : (l.From+k+1)*in] {
					row[c] += wk * v
				}
			}
		}
	}
	copy(dst, ws.jac[(n.width-n.Out())*in:])
}
