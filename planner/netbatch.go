package planner

import (
	"sync"

	"hinge/nn"
	"hinge/nn/gemm"
)

// batchRows is how many samples go through the network together: enough for
// the matrix products to pay, few enough to stay in the cache.
const batchRows = 64

// batchWeights holds the parameters of a network as [batch] reads them, once
// for all goroutines.
type batchWeights struct {
	net    *nn.Net
	double []float64
	single func() []float32 // made when first asked for
}

func newBatchWeights(net *nn.Net) *batchWeights {
	double := transposed(net)
	return &batchWeights{net: net, double: double, single: sync.OnceValue(func() []float32 {
		w := make([]float32, len(double))
		for i, v := range double {
			w[i] = float32(v)
		}
		return w
	})}
}

// transposed returns W_1', b_1, W_2', b_2, ..: the layout of Params with every
// weight matrix transposed. Products then run along rows of activations, and the
// kernel passes over activations that are zero, about half of them.
func transposed(net *nn.Net) []float64 {
	dst := make([]float64, 0, len(net.Params))
	for l := range net.Layers {
		in, out, w := net.Layers[l].In(), net.Layers[l].Out, net.Weight(l)
		for j := range in {
			for i := range out {
				dst = append(dst, w[i*in+j])
			}
		}
		dst = append(dst, net.Bias(l)...)
	}
	return dst
}

// batch is the forward pass of many samples, float32 or float64.
type batch[T gemm.Float] struct {
	net     *nn.Net
	weights []T
	v       []T // batchRows x Width activation buffers
}

func newBatch[T gemm.Float](net *nn.Net, weights []T) *batch[T] {
	return &batch[T]{net: net, weights: weights, v: make([]T, batchRows*net.Width())}
}

// step writes the outputs for n samples [x; u] to dst, which may alias x.
func (b *batch[T]) step(dst, x, u []float64, nx, nu, n int) {
	for ; n > 0; n -= batchRows {
		rows := min(n, batchRows)
		b.load(x, u, nx, nu, rows)
		b.forward(rows)
		b.store(dst, nx, rows)
		dst, x, u = dst[rows*nx:], x[rows*nx:], u[rows*nu:]
	}
}

func (b *batch[T]) load(x, u []float64, nx, nu, rows int) {
	for r := range rows {
		v := b.v[r*b.net.Width():]
		for i, s := range x[r*nx : (r+1)*nx] {
			v[i] = T(s)
		}
		for i, s := range u[r*nu : (r+1)*nu] {
			v[nx+i] = T(s)
		}
	}
}

func (b *batch[T]) store(dst []float64, nx, rows int) {
	width := b.net.Width()
	for r := range rows {
		for i, s := range b.v[(r+1)*width-nx : (r+1)*width] {
			dst[r*nx+i] = float64(s)
		}
	}
}

// forward computes z_l = v W_l' + b_l and its gates, layer by layer, in place.
func (b *batch[T]) forward(rows int) {
	all := gemm.Matrix[T]{Rows: rows, Cols: b.net.Width(), Stride: b.net.Width(), Data: b.v}
	weights := b.weights
	for i := range b.net.Layers {
		l := &b.net.Layers[i]
		size := l.In() * l.Out
		w, bias := gemm.New(l.In(), l.Out, weights[:size]), weights[size:size+l.Out]
		weights = weights[size+l.Out:]
		z := all.Columns(l.At(), l.At()+l.Out)
		for r := range rows {
			copy(z.Row(r), bias)
		}
		gemm.AddNN(z, all.Columns(l.From, l.To), w)
		activate(z, l)
	}
}

// activate applies the gates of l to z.
func activate[T gemm.Float](z gemm.Matrix[T], l *nn.Layer) {
	for r := range z.Rows {
		row := z.Row(r)
		if l.Gates == nil {
			for j, v := range row {
				row[j] = max(0, v)
			}
			continue
		}
		for j, g := range l.Gates {
			switch g {
			case nn.ReLU:
				row[j] = max(0, row[j])
			case nn.Zero:
				row[j] = 0
			}
		}
	}
}
