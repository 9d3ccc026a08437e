package dynamics

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"

	"hinge/nn"
)

// batchRows is the number of states stepped at once: the activations of that
// many stay in the cache between layers.
const batchRows = 128

// batchWorkspace is the folded model and its activations for batchRows rows.
type batchWorkspace struct {
	net *nn.Net
	v   []float64 // batchRows x Width, row-major: [x | u | a_1 | .. | x']
}

// StepBatch writes the next states of n rows to dst (n x Nx), which may alias
// x, by one matrix product a layer.
func (m *Model) StepBatch(dst, x, u []float64, n int) {
	nx, nu := m.Dims()
	if len(dst) != n*nx || len(x) != n*nx || len(u) != n*nu {
		panic("dynamics: Model: StepBatch: wrong length of states or actions")
	}
	if m.batch == nil {
		net := m.Stepping()
		m.batch = &batchWorkspace{net: net, v: make([]float64, batchRows*net.Width())}
	}
	for i := 0; i < n; i += batchRows {
		rows := min(batchRows, n-i)
		m.batch.step(dst[i*nx:(i+rows)*nx], x[i*nx:(i+rows)*nx], u[i*nu:(i+rows)*nu], rows)
	}
}

func (b *batchWorkspace) step(dst, x, u []float64, rows int) {
	nx, nu, width := len(x)/rows, len(u)/rows, b.net.Width()
	for r := range rows {
		v := b.v[r*width:]
		copy(v, x[r*nx:(r+1)*nx])
		copy(v[nx:], u[r*nu:(r+1)*nu])
	}
	for l := range b.net.Layers {
		b.layer(l, rows)
	}
	for r := range rows {
		copy(dst[r*nx:(r+1)*nx], b.v[(r+1)*width-nx:(r+1)*width])
	}
}

// layer computes a_l = gate(W v + b) for all rows: Z = V[:, From:To) W' + b.
func (b *batchWorkspace) layer(i, rows int) {
	l := &b.net.Layers[i]
	width, at := b.net.Width(), l.At()
	for r := range rows {
		copy(b.v[r*width+at:r*width+at+l.Out], b.net.Bias(i))
	}
	in := blas64.General{Rows: rows, Cols: l.In(), Stride: width, Data: b.v[l.From:]}
	w := blas64.General{Rows: l.Out, Cols: l.In(), Stride: l.In(), Data: b.net.Weight(i)}
	z := blas64.General{Rows: rows, Cols: l.Out, Stride: width, Data: b.v[at:]}
	blas64.Gemm(blas.NoTrans, blas.Trans, 1, in, w, 1, z)
	if i == len(b.net.Layers)-1 {
		return // a folded network has ReLUs in front of its output layer only
	}
	for r := range rows {
		a := b.v[r*width+at : r*width+at+l.Out]
		for j, z := range a {
			a[j] = max(0, z)
		}
	}
}
