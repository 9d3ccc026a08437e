package gemm

import "hinge/internal/vec/dense"

// The rows of the left factor that are multiplied with one panel of the right
// one before the next panel, and the part of the inner length taken at once:
// such a panel of float32 fills half of a first cache, the rows half of a second.
const (
	blockRows  = 256
	blockInner = 256
)

// left is the left factor: entry (i, k) is data[i*row + k*inner].
type left[T Float] struct {
	data       []T
	row, inner int
}

// product is c = clamp(start + a b, lo, hi) before b is chosen.
type product[T Float] struct {
	set         *dense.Set[T]
	c           Matrix[T]
	a           left[T]
	inner       int
	start       []T // entry (i, j) is at i*startRow + j*startColumn
	startRow    int
	startColumn int // 1, or 0 if one row of a panel is for all
	lo, hi      []T // nil: no clamp
}

// newProduct returns the product that is added to c.
func newProduct[T Float](c Matrix[T], a left[T], inner int) product[T] {
	return product[T]{set: dense.Best[T](), c: c, a: a, inner: inner, start: c.Data, startRow: c.Stride, startColumn: 1}
}

// fromZero lets the product replace c.
func (p *product[T]) fromZero() {
	p.start, p.startRow, p.startColumn = zeros[T](), 0, 0
}

// fromRow lets every row start from row.
func (p *product[T]) fromRow(row []T) { p.start, p.startRow = row, 0 }

var (
	zeros32 [64]float32
	zeros64 [64]float64
)

// zeros returns as many zeros as a panel has columns, at least.
func zeros[T Float]() []T {
	if z, ok := any(zeros32[:]).([]T); ok {
		return z
	}
	return any(zeros64[:]).([]T)
}

// right computes the product with a matrix as it lies in memory.
func (p *product[T]) right(b Matrix[T]) {
	if p.empty() {
		return
	}
	p.panels(b.Data, p.set.Columns, b.Stride)
}

// packed computes the product with panels.
func (p *product[T]) packed(b *Packed[T]) {
	if p.empty() {
		return
	}
	p.panels(b.data, p.set.Columns*p.inner, p.set.Columns)
}

func (p *product[T]) empty() bool { return p.c.Rows == 0 || p.c.Cols == 0 }

// panels computes the product with the matrix whose panels start every next
// elements of b, rows of a panel ldb apart.
func (p *product[T]) panels(b []T, next, ldb int) {
	for i := 0; i < p.c.Rows; i += blockRows {
		rows := min(blockRows, p.c.Rows-i)
		for j := 0; j < p.c.Cols; j += p.set.Columns {
			p.panel(i, rows, j, b, j/p.set.Columns*next, ldb)
		}
	}
}

// panel computes rows [i, i + rows) and the columns from j on that are in the
// panel at b[at].
func (p *product[T]) panel(i, rows, j int, b []T, at, ldb int) {
	t := dense.Tiles[T]{
		C: p.c.Data[i*p.c.Stride+j:], LDC: p.c.Stride,
		X: p.start[i*p.startRow+j*p.startColumn:], LDX: p.startRow,
		RSA: p.a.row, CSA: p.a.inner, LDB: ldb,
		M: rows, N: min(p.set.Columns, p.c.Cols-j),
	}
	for k := 0; ; k += blockInner {
		t.K = min(blockInner, p.inner-k)
		if t.K > 0 {
			t.A, t.B = p.a.data[i*p.a.row+k*p.a.inner:], b[at+k*ldb:]
		}
		last := k+blockInner >= p.inner
		if last && p.lo != nil {
			t.Lo, t.Hi = p.lo[j:], p.hi[j:]
		}
		p.set.Product(&t)
		if last {
			return
		}
		t.X, t.LDX = t.C, t.LDC
	}
}
