// Package gemm adds products of strided row-major matrices, the one operation
// that batched training spends its time in. It cuts them into the tiles that the
// kernels of [hinge/internal/vec/dense] compute.
//
// Every product is computed by the calling goroutine, and an entry gathers its
// terms in the order of the inner index, whatever the shapes around it.
//
// Read first: [Matrix], [AddNN], [Packed].
package gemm

import "hinge/internal/vec/dense"

// Float is the type of matrix elements.
type Float = dense.Float

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
func (m Matrix[T]) Columns(from, to int) Matrix[T] {
	c := Matrix[T]{Rows: m.Rows, Cols: to - from}
	if c.Rows > 0 && c.Cols > 0 { // else it has no memory, and rows of length 0
		c.Stride, c.Data = m.Stride, m.Data[from:(m.Rows-1)*m.Stride+to]
	}
	return c
}

// AddNN adds a b to c, which must not overlap them.
func AddNN[T Float](c, a, b Matrix[T]) { // m x n, m x k, k x n
	if a.Rows != c.Rows || b.Cols != c.Cols || a.Cols != b.Rows {
		panic("gemm: AddNN: shapes do not match")
	}
	add(c, left[T]{a.Data, a.Stride, 1}, b)
}

// MulNN sets c, which must not overlap them, to a b.
func MulNN[T Float](c, a, b Matrix[T]) { // m x n, m x k, k x n
	if a.Rows != c.Rows || b.Cols != c.Cols || a.Cols != b.Rows {
		panic("gemm: MulNN: shapes do not match")
	}
	p := newProduct(c, left[T]{a.Data, a.Stride, 1}, b.Rows)
	p.fromZero()
	p.right(b)
}

// AddNT adds a b' to c, which must not overlap them.
func AddNT[T Float](c, a, b Matrix[T]) { // m x n, m x k, n x k
	if a.Rows != c.Rows || b.Rows != c.Cols || a.Cols != b.Cols {
		panic("gemm: AddNT: shapes do not match")
	}
	packed := borrow[T]()
	packed.PackT(b)
	packed.Add(c, a, nil, nil)
	giveBack(packed)
}

// AddTN adds a' b to c, which must not overlap them.
func AddTN[T Float](c, a, b Matrix[T]) { // m x n, k x m, k x n
	if a.Cols != c.Rows || b.Cols != c.Cols || a.Rows != b.Rows {
		panic("gemm: AddTN: shapes do not match")
	}
	add(c, left[T]{a.Data, 1, a.Stride}, b)
}

func add[T Float](c Matrix[T], a left[T], b Matrix[T]) {
	if b.Rows == 0 {
		return
	}
	p := newProduct(c, a, b.Rows)
	p.right(b)
}
