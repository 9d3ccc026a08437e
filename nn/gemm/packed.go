package gemm

import (
	"sync"

	"hinge/internal/vec/dense"
)

// Packed is the right factor of a product as kernels read it fastest: panels of
// as many columns as a tile has, one after the other. Weights are packed once
// and multiplied with many batches. The zero value is an empty matrix.
type Packed[T Float] struct {
	rows, cols int
	data       []T
}

// PackT makes p the transpose of m. It takes memory only where p had less.
func (p *Packed[T]) PackT(m Matrix[T]) {
	set := dense.Best[T]()
	p.rows, p.cols = m.Cols, m.Rows
	panels := (p.cols + set.Columns - 1) / set.Columns
	size := panels * set.Columns * p.rows
	if cap(p.data) < size {
		p.data = make([]T, size)
	}
	p.data = p.data[:size]
	for i := 0; i < m.Rows && m.Cols > 0; i += set.Columns {
		set.Transpose(p.data[i*p.rows:], m.Data[i*m.Stride:], min(set.Columns, m.Rows-i), m.Cols, set.Columns, m.Stride)
	}
}

// Affine sets c, which must not overlap a, to a p with bias added to every row
// and every column j brought between lo_j and hi_j. With lo and hi nil there is
// no clamp.
func (p *Packed[T]) Affine(c, a Matrix[T], bias, lo, hi []T) { // m x n, m x k
	if len(bias) != p.cols {
		panic("gemm: Affine: bias has not one entry per column")
	}
	q := p.product(c, a, lo, hi)
	q.fromRow(bias)
	q.packed(p)
}

// Add adds a p to c, which must not overlap a, and clamps the sum as
// [Packed.Affine] does.
func (p *Packed[T]) Add(c, a Matrix[T], lo, hi []T) { // m x n, m x k
	if p.rows == 0 && lo == nil {
		return
	}
	q := p.product(c, a, lo, hi)
	q.packed(p)
}

func (p *Packed[T]) product(c, a Matrix[T], lo, hi []T) product[T] {
	if a.Rows != c.Rows || a.Cols != p.rows || c.Cols != p.cols {
		panic("gemm: Packed: shapes do not match")
	}
	if len(lo) != len(hi) || (lo != nil && len(lo) != p.cols) {
		panic("gemm: Packed: limits have not one entry per column")
	}
	q := newProduct(c, left[T]{a.Data, a.Stride, 1}, p.rows)
	q.lo, q.hi = lo, hi
	return q
}

var pool32, pool64 = newPool[float32](), newPool[float64]()

func newPool[T Float]() *sync.Pool { return &sync.Pool{New: func() any { return new(Packed[T]) }} }

func pool[T Float]() *sync.Pool {
	if _, ok := any(T(0)).(float32); ok {
		return pool32
	}
	return pool64
}

// borrow returns a matrix whose memory was used before, if there is one.
func borrow[T Float]() *Packed[T] { return pool[T]().Get().(*Packed[T]) }

func giveBack[T Float](p *Packed[T]) { pool[T]().Put(p) }
