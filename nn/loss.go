package nn

import "hinge/nn/gemm"

// MSE returns the mean of (y - target)^2 over all entries of y, and writes its
// gradient with respect to y to grad. Both slices have the entries of y row by
// row, as [Batch.Backward] takes them.
func MSE[T Float](grad []T, y gemm.Matrix[T], target []T) float64 {
	size := y.Rows * y.Cols
	if len(grad) != size || len(target) != size {
		panic("nn: MSE: gradient, outputs and target differ in size")
	}
	if size == 0 {
		return 0
	}
	sum, scale := 0.0, T(2/float64(size))
	for r := range y.Rows {
		g, t := grad[r*y.Cols:(r+1)*y.Cols], target[r*y.Cols:(r+1)*y.Cols]
		for j, v := range y.Row(r) {
			d := v - t[j]
			sum += float64(d) * float64(d)
			g[j] = scale * d
		}
	}
	return sum / float64(size)
}
