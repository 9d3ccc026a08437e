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
	double *nn.Packed[float64]
	single func() *nn.Packed[float32] // made when first asked for
}

func newBatchWeights(net *nn.Net) *batchWeights {
	return &batchWeights{double: nn.NewPacked[float64](net),
		single: sync.OnceValue(func() *nn.Packed[float32] { return nn.NewPacked[float32](net) })}
}

// batch steps many samples at once, in float32 or float64.
type batch[T gemm.Float] struct{ net *nn.Evaluator[T] }

func newBatch[T gemm.Float](weights *nn.Packed[T]) *batch[T] {
	return &batch[T]{net: weights.NewEvaluator(batchRows)}
}

// step writes the outputs for n samples [x; u] to dst, which may alias x.
func (b *batch[T]) step(dst, x, u []float64, nx, nu, n int) {
	for ; n > 0; n -= batchRows {
		rows := min(n, batchRows)
		in := b.net.Inputs(rows)
		for r := range rows {
			v := in.Row(r)
			nn.Convert(v[:nx], x[r*nx:(r+1)*nx])
			nn.Convert(v[nx:], u[r*nu:(r+1)*nu])
		}
		out := b.net.Forward(rows)
		for r := range rows {
			nn.Convert(dst[r*nx:(r+1)*nx], out.Row(r))
		}
		dst, x, u = dst[rows*nx:], x[rows*nx:], u[rows*nu:]
	}
}
