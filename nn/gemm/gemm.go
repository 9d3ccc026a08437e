// Package gemm adds products of strided row-major matrices, the one operation
// that batched training spends its time in. It is the seam between networks and
// kernels: whoever brings a faster kernel changes this package only.
//
// Every product is computed by the calling goroutine, without allocation, and
// in an order that depends on the shapes alone.
//
// Read first: [Matrix], [AddNT].
package gemm

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
)

// Float is the type of matrix elements.
type Float interface{ float32 | float64 }

// Matrix is a view of a row-major matrix: entry (i, j) is Data[i*Stride+j].
type Matrix[T Float] struct {
	Rows, Cols, Stride int
	Data               []T
}

// New returns the matrix of adjoining rows stored in data.
func New[T Float](rows, cols int, data []T) Matrix[T] {
	return Matrix[T]{Rows: rows, Cols: cols, Stride: cols, Data: data}
}

// Row returns row i, sharing memory.
func (m Matrix[T]) Row(i int) []T { return m.Data[i*m.Stride : i*m.Stride+m.Cols] }

// Columns returns the view of columns [from, to).
func (m Matrix[T]) Columns(from, to int) Matrix[T] { return m.block(0, m.Rows, from, to) }

// block returns the view of rows [i0, i1) and columns [j0, j1).
func (m Matrix[T]) block(i0, i1, j0, j1 int) Matrix[T] {
	b := Matrix[T]{Rows: i1 - i0, Cols: j1 - j0}
	if b.Rows > 0 && b.Cols > 0 { // else it has no memory, and rows of length 0
		b.Stride, b.Data = m.Stride, m.Data[i0*m.Stride+j0:(i1-1)*m.Stride+j1]
	}
	return b
}

// AddNN adds a b to c, which must not overlap them.
func AddNN[T Float](c, a, b Matrix[T]) { // m x n, m x k, k x n
	if a.Rows != c.Rows || b.Cols != c.Cols || a.Cols != b.Rows {
		panic("gemm: AddNN: shapes do not match")
	}
	if a.Cols == 0 {
		return
	}
	panels(c, func(p Matrix[T], i0, i1, j0, j1 int) {
		add(p, blas.NoTrans, blas.NoTrans, a.Cols, a.block(i0, i1, 0, a.Cols), b.block(0, b.Rows, j0, j1))
	})
}

// AddNT adds a b' to c, which must not overlap them.
func AddNT[T Float](c, a, b Matrix[T]) { // m x n, m x k, n x k
	if a.Rows != c.Rows || b.Rows != c.Cols || a.Cols != b.Cols {
		panic("gemm: AddNT: shapes do not match")
	}
	if a.Cols == 0 {
		return
	}
	panels(c, func(p Matrix[T], i0, i1, j0, j1 int) {
		add(p, blas.NoTrans, blas.Trans, a.Cols, a.block(i0, i1, 0, a.Cols), b.block(j0, j1, 0, b.Cols))
	})
}

// AddTN adds a' b to c, which must not overlap them.
func AddTN[T Float](c, a, b Matrix[T]) { // m x n, k x m, k x n
	if a.Cols != c.Rows || b.Cols != c.Cols || a.Rows != b.Rows {
		panic("gemm: AddTN: shapes do not match")
	}
	if a.Rows == 0 {
		return
	}
	panels(c, func(p Matrix[T], i0, i1, j0, j1 int) {
		add(p, blas.Trans, blas.NoTrans, a.Rows, a.block(0, a.Rows, i0, i1), b.block(0, b.Rows, j0, j1))
	})
}

// gonum starts goroutines, and allocates for them, from 4 blocks of 64 x 64
// on. Smaller panels stay in the caller's goroutine, and in its cache.
const panelRows, panelCols = 64, 128

// panels calls f for blocks that cover c.
func panels[T Float](c Matrix[T], f func(p Matrix[T], i0, i1, j0, j1 int)) {
	for i := 0; i < c.Rows; i += panelRows {
		for j := 0; j < c.Cols; j += panelCols {
			i1, j1 := min(i+panelRows, c.Rows), min(j+panelCols, c.Cols)
			f(c.block(i, i1, j, j1), i, i1, j, j1)
		}
	}
}

// add adds op(a) op(b) to c, k being the inner length; none of them is empty.
func add[T Float](c Matrix[T], ta, tb blas.Transpose, k int, a, b Matrix[T]) {
	switch cd := any(c.Data).(type) {
	case []float32:
		ad, bd := any(a.Data).([]float32), any(b.Data).([]float32)
		blas32.Implementation().Sgemm(ta, tb, c.Rows, c.Cols, k, 1, ad, a.Stride, bd, b.Stride, 1, cd, c.Stride)
	case []float64:
		ad, bd := any(a.Data).([]float64), any(b.Data).([]float64)
		blas64.Implementation().Dgemm(ta, tb, c.Rows, c.Cols, k, 1, ad, a.Stride, bd, b.Stride, 1, cd, c.Stride)
	}
}
