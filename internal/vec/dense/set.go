package dense

// Float is the type of elements.
type Float interface{ float32 | float64 }

// Set is one implementation of the kernels.
type Set[T Float] struct {
	Name string // "avx512", "avx2" or "portable"
	// Columns is the width of a tile. A matrix B is read fastest in panels of that
	// many columns, each stored row after row.
	Columns int
	lanes   int // elements in a register

	// whole is for tiles of Columns, part for fewer, half for at most half of them.
	whole, part, half func(c, a, b, x, lo, hi *T, m, n, k, ldc, rsa, csa, ldb, ldx int)

	block       int // transpose takes squares of that size
	transpose   func(dst, src *T, blocks, ldd, lds int)
	add         func(sum, x *T, n int)
	adam        func(x, m, v, grad *T, n int, rates *T)
	sumSquares  func(x *T, n int) float64
	closeGates  func(d, a, bar, sum *T, rows, n, ldd, lda int)
	mixForward  func(a, z, relu, identity *T, n int)
	mixBackward func(d, z, relu, identity, reluGrad, identityGrad *T, n int)
	peak        func(x *T, rounds int)
}

var (
	sets32 = available32()
	sets64 = available64()
)

// Sets returns all implementations this processor can run, best first.
func Sets[T Float]() []Set[T] {
	if sets, ok := any(sets32).([]Set[T]); ok {
		return sets
	}
	return any(sets64).([]Set[T])
}

// Best returns the implementation to use.
func Best[T Float]() *Set[T] { return &Sets[T]()[0] }

// Tiles are at most [Set.Columns] columns of a product:
//
//	C = clamp(X + A B, Lo, Hi)      // m x n, m x k, k x n
//
// Entry (i, j) of C and of B is at i*LDC + j and i*LDB + j, entry (i, j) of A at
// i*RSA + j*CSA, so A may be a transposed matrix. LDX is 0 if X is one row for
// all. Lo and Hi have n entries, or are nil: no clamp. C may be X but neither A
// nor B.
type Tiles[T Float] struct {
	C, A, B, X, Lo, Hi      []T
	M, N, K                 int
	LDC, RSA, CSA, LDB, LDX int
}

// Product computes t.
func (s *Set[T]) Product(t *Tiles[T]) {
	if t.M <= 0 || t.N <= 0 {
		return
	}
	kernel := s.whole
	switch {
	case t.N > s.Columns:
		panic("dense: Product: more columns than a tile has")
	case t.N <= s.Columns/2:
		kernel = s.half
	case t.N < s.Columns:
		kernel = s.part
	}
	// The last entries, so that the kernel stays within the slices.
	_, _ = t.C[(t.M-1)*t.LDC+t.N-1], t.X[(t.M-1)*t.LDX+t.N-1]
	var a, b, lo, hi *T
	if t.K > 0 {
		_, _ = t.A[(t.M-1)*t.RSA+(t.K-1)*t.CSA], t.B[(t.K-1)*t.LDB+t.N-1]
		a, b = &t.A[0], &t.B[0]
	}
	if t.Lo != nil {
		_, _ = t.Lo[t.N-1], t.Hi[t.N-1]
		lo, hi = &t.Lo[0], &t.Hi[0]
	}
	kernel(&t.C[0], a, b, &t.X[0], lo, hi, t.M, t.N, t.K, t.LDC, t.RSA, t.CSA, t.LDB, t.LDX)
}

// Transpose writes the transpose of src (rows x cols, lds from row to row) to dst
// (cols x rows, ldd), which must not overlap it.
func (s *Set[T]) Transpose(dst, src []T, rows, cols, ldd, lds int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	_, _ = dst[(cols-1)*ldd+rows-1], src[(rows-1)*lds+cols-1]
	blocks := cols / s.block
	i := 0
	for ; i+s.block <= rows && blocks > 0; i += s.block {
		s.transpose(&dst[i], &src[i*lds], blocks, ldd, lds)
		transposeRest(dst[i:], src[i*lds:], s.block, blocks*s.block, cols, ldd, lds)
	}
	transposeRest(dst[i:], src[min(i*lds, len(src)):], rows-i, 0, cols, ldd, lds)
}

// transposeRest transposes columns [from, to) of rows rows.
func transposeRest[T Float](dst, src []T, rows, from, to, ldd, lds int) {
	for i := range rows {
		for j, v := range src[i*lds+from : i*lds+to] {
			dst[(from+j)*ldd+i] = v
		}
	}
}
