package dynamics

import (
	"hinge/nn"
	"hinge/nn/gemm"
)

// batchRows is the number of states stepped at once: the activations of that
// many stay in the cache between layers.
const batchRows = 128

// batchWorkspace is the folded model and the activations of up to batchRows
// states. Unlike in training, a row holds one unit for all states: the products
// then run along many states, which is fast for layers of any width, also of
// the dozen units a sparse model has.
type batchWorkspace struct {
	net *nn.Net
	v   []float64 // Width x batchRows: [x; u; a_1; ..; x']
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
		m.batch = &batchWorkspace{net: net, v: make([]float64, net.Width()*batchRows)}
	}
	for i := 0; i < n; i += batchRows {
		end := min(i+batchRows, n)
		m.batch.step(dst[i*nx:end*nx], x[i*nx:end*nx], u[i*nu:end*nu], end-i)
	}
}

func (b *batchWorkspace) step(dst, x, u []float64, rows int) {
	nx, nu := len(x)/rows, len(u)/rows
	for r := range rows {
		for i, v := range x[r*nx : (r+1)*nx] {
			b.v[i*batchRows+r] = v
		}
		for i, v := range u[r*nu : (r+1)*nu] {
			b.v[(nx+i)*batchRows+r] = v
		}
	}
	for i := range b.net.Layers {
		b.layer(i, rows)
	}
	y := b.units(b.net.Width()-nx, b.net.Width(), rows)
	for r := range rows {
		for i := range nx {
			dst[r*nx+i] = y.Data[i*batchRows+r]
		}
	}
}

// layer computes A_l = gate(W V + b) for all rows.
func (b *batchWorkspace) layer(i, rows int) {
	l := &b.net.Layers[i]
	a := b.units(l.At(), l.At()+l.Out, rows)
	for j, bias := range b.net.Bias(i) {
		z := a.Row(j)
		for r := range z {
			z[r] = bias
		}
	}
	gemm.AddNN(a, gemm.New(l.Out, l.In(), b.net.Weight(i)), b.units(l.From, l.To, rows))
	if i == len(b.net.Layers)-1 {
		return // a folded network has ReLUs in front of its output layer only
	}
	for j := range l.Out {
		z := a.Row(j)
		for r, v := range z {
			z[r] = max(0, v)
		}
	}
}

// units returns the activations of units [from, to) for rows states.
func (b *batchWorkspace) units(from, to, rows int) gemm.Matrix[float64] {
	return gemm.Matrix[float64]{Rows: to - from, Cols: rows, Stride: batchRows, Data: b.v[from*batchRows : to*batchRows]}
}
