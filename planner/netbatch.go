package planner

import (
	"sync"

	"hinge/nn"
	"hinge/nn/gemm"
)

// batchRows is how many samples go through the network together: enough for
// the matrix products to pay, few enough to stay in the cache.
const batchRows = 64

// narrow is the number of units below which a layer is computed by dot products
// along its inputs, not by sums along its units.
const narrow = 32

// batchWeights holds the parameters of a network as [batch] reads them, once
// for all goroutines.
type batchWeights struct {
	double []batchLayer[float64]
	single func() []batchLayer[float32] // made when first asked for
}

// batchLayer is a layer as a sum of products, one for each piece of its window
// that has weights: a residual path reads the inputs and the last hidden layer,
// and nothing of what lies between.
type batchLayer[T gemm.Float] struct {
	*nn.Layer
	bias   []T
	pieces []batchPiece[T]
}

// batchPiece is the weights of activations [from, to): Out x n if the layer is
// narrow, else transposed. The kernel of the latter passes over activations that
// are zero, about half of them.
type batchPiece[T gemm.Float] struct {
	from, to int
	w        gemm.Matrix[T]
}

func newBatchWeights(net *nn.Net) *batchWeights {
	return &batchWeights{double: batchLayers[float64](net),
		single: sync.OnceValue(func() []batchLayer[float32] { return batchLayers[float32](net) })}
}

func batchLayers[T gemm.Float](net *nn.Net) []batchLayer[T] {
	ends := []int{net.In} // of the inputs and of every layer, in the buffer
	layers := make([]batchLayer[T], len(net.Layers))
	for i := range net.Layers {
		l := &net.Layers[i]
		layers[i] = batchLayer[T]{Layer: l, bias: make([]T, l.Out)}
		nn.Convert(layers[i].bias, net.Bias(i))
		from := l.From
		for _, end := range ends {
			if to := min(end, l.To); to > from {
				layers[i].add(net.Weight(i), from, to)
				from = to
			}
		}
		ends = append(ends, l.At()+l.Out)
	}
	return layers
}

// add appends the piece [from, to) of the weights w, unless it is zero.
func (b *batchLayer[T]) add(w []float64, from, to int) {
	n, in := to-from, b.In()
	piece := batchPiece[T]{from: from, to: to, w: gemm.New(n, b.Out, make([]T, n*b.Out))}
	if b.Out < narrow {
		piece.w = gemm.New(b.Out, n, piece.w.Data)
	}
	zero := true
	for i := range b.Out {
		for j := range n {
			v := w[i*in+from-b.From+j]
			zero = zero && v == 0
			if b.Out < narrow {
				piece.w.Data[i*n+j] = T(v)
			} else {
				piece.w.Data[j*b.Out+i] = T(v)
			}
		}
	}
	if !zero {
		b.pieces = append(b.pieces, piece)
	}
}

// batch is the forward pass of many samples, float32 or float64.
type batch[T gemm.Float] struct {
	net    *nn.Net
	layers []batchLayer[T]
	v      []T // batchRows x Width activation buffers
}

func newBatch[T gemm.Float](net *nn.Net, layers []batchLayer[T]) *batch[T] {
	return &batch[T]{net: net, layers: layers, v: make([]T, batchRows*net.Width())}
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

// forward computes z_l = W_l v + b_l and its gates, layer by layer, in place.
func (b *batch[T]) forward(rows int) {
	all := gemm.Matrix[T]{Rows: rows, Cols: b.net.Width(), Stride: b.net.Width(), Data: b.v}
	for i := range b.layers {
		l := &b.layers[i]
		z := all.Columns(l.At(), l.At()+l.Out)
		for r := range rows {
			copy(z.Row(r), l.bias)
		}
		for _, p := range l.pieces {
			if v := all.Columns(p.from, p.to); l.Out < narrow {
				gemm.AddNT(z, v, p.w)
			} else {
				gemm.AddNN(z, v, p.w)
			}
		}
		activate(z, l.Layer)
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
