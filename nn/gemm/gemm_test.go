package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/internal/assert"
)

// variant is one of the products, with the shapes of its operands for an m x n
// result and inner length k.
type variant[T Float] struct {
	name   string
	run    func(c, a, b Matrix[T])
	shapes func(m, n, k int) (ar, ac, br, bc int)
	ta, tb bool
	adds   bool // to what c holds
}

func variants[T Float]() []variant[T] {
	nn := func(m, n, k int) (int, int, int, int) { return m, k, k, n }
	return []variant[T]{
		{"AddNN", AddNN[T], nn, false, false, true},
		{"MulNN", MulNN[T], nn, false, false, false},
		{"AddNT", AddNT[T], func(m, n, k int) (int, int, int, int) { return m, k, n, k }, false, true, true},
		{"AddTN", AddTN[T], func(m, n, k int) (int, int, int, int) { return k, m, k, n }, true, false, true},
	}
}

// naive computes a product by its definition, in float64.
func (p *variant[T]) naive(c, a, b Matrix[T], k int) {
	at := func(m Matrix[T], trans bool, i, j int) float64 {
		if trans {
			i, j = j, i
		}
		return float64(m.Data[i*m.Stride+j])
	}
	for i := range c.Rows {
		for j := range c.Cols {
			sum := 0.0
			if p.adds {
				sum = float64(c.Data[i*c.Stride+j])
			}
			for l := range k {
				sum += at(a, p.ta, i, l) * at(b, p.tb, l, j)
			}
			c.Data[i*c.Stride+j] = T(sum)
		}
	}
}

// random returns a matrix of normal entries with some unused columns, at an
// address that is no multiple of a register's size.
func random[T Float](rows, cols int, rng *rand.Rand) Matrix[T] {
	m := Matrix[T]{Rows: rows, Cols: cols, Stride: cols + rng.IntN(3)}
	m.Data = normals[T](rows*m.Stride+1, rng)[1:]
	return m
}

func normals[T Float](n int, rng *rand.Rand) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = T(rng.NormFloat64())
	}
	return v
}

func clone[T Float](m Matrix[T]) Matrix[T] {
	m.Data = slices.Clone(m.Data)
	return m
}

// assertNear compares the whole memory: nothing outside the view may change.
func assertNear[T Float](t *testing.T, what string, got, want Matrix[T], tol float64) int {
	t.Helper()
	for i := range got.Data {
		if d := math.Abs(float64(got.Data[i] - want.Data[i])); !(d <= tol) {
			t.Fatalf("%s: entry %d is %g, want %g", what, i, got.Data[i], want.Data[i])
		}
	}
	return len(got.Data)
}

func TestAgainstNaive32(t *testing.T) { testAgainstNaive[float32](t, 1e-6) }
func TestAgainstNaive64(t *testing.T) { testAgainstNaive[float64](t, 1e-15) }

func testAgainstNaive[T Float](t *testing.T, tol float64) {
	rng := rand.New(rand.NewPCG(1, 1))
	checked := 0
	for _, p := range variants[T]() {
		for i := range 150 {
			sizes := []int{0, 1, 2, 3, 4, 5, 7, 9, 15, 16, 17, 31, 32, 33}
			if i < 30 {
				sizes = []int{0, 1, 8, 17, 63, 130, 270}
			}
			size := func() int { return sizes[rng.IntN(len(sizes))] }
			m, n, k := size(), size(), size()
			ar, ac, br, bc := p.shapes(m, n, k)
			a, b, c := random[T](ar, ac, rng), random[T](br, bc, rng), random[T](m, n, rng)
			want := clone(c)
			p.naive(want, a, b, k)
			p.run(c, a, b)
			checked += assertNear(t, fmt.Sprintf("%s %d x %d x %d", p.name, m, n, k), c, want, tol*float64(10+k))
		}
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

func TestPacked(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	var packed Packed[float64] // one for all, as weights of all shapes
	checked := 0
	for i := range 100 {
		m, n, k := rng.IntN(20), rng.IntN(70), rng.IntN(300)
		a, w, c := random[float64](m, k, rng), random[float64](n, k, rng), random[float64](m, n, rng)
		bias, want := normals[float64](n, rng), clone(c)
		for r := range m {
			copy(want.Row(r), bias)
		}
		(&variant[float64]{tb: true, adds: true}).naive(want, a, w, k)
		lo, hi := []float64(nil), []float64(nil)
		if rng.IntN(2) == 0 {
			lo, hi = make([]float64, n), make([]float64, n)
			for j := range n {
				lo[j], hi[j] = -1, 2*rng.Float64()
				for r := range m {
					v := &want.Row(r)[j]
					*v = min(max(*v, lo[j]), hi[j])
				}
			}
		}
		packed.PackT(w)
		if i%2 == 0 {
			packed.Affine(c, a, bias, lo, hi)
		} else {
			for r := range m {
				copy(c.Row(r), bias)
			}
			packed.Add(c, a, lo, hi)
		}
		checked += assertNear(t, fmt.Sprintf("%d x %d x %d", m, n, k), c, want, 1e-12)
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

func TestNoAllocation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, p := range variants[float32]() {
		ar, ac, br, bc := p.shapes(256, 256, 100)
		a, b, c := random[float32](ar, ac, rng), random[float32](br, bc, rng), random[float32](256, 256, rng)
		if n := testing.AllocsPerRun(3, func() { p.run(c, a, b) }); n != 0 {
			t.Errorf("%s allocates %g times", p.name, n)
		}
	}
	a, w, c, bias := random[float32](64, 100, rng), random[float32](50, 100, rng), random[float32](64, 50, rng), make([]float32, 50)
	var packed Packed[float32]
	packed.PackT(w)
	if n := testing.AllocsPerRun(3, func() { packed.PackT(w); packed.Affine(c, a, bias, nil, nil) }); n != 0 {
		t.Errorf("packing and Affine allocate %g times", n)
	}
}

func TestWrongShapesPanic(t *testing.T) {
	m := func(rows, cols int) Matrix[float64] { return New(rows, cols, make([]float64, rows*cols)) }
	for _, p := range variants[float64]() {
		for _, wrong := range [][2]int{{4, 3}, {2, 4}} {
			ar, ac, br, bc := p.shapes(2, 3, 5)
			assert.Panics(t, "gemm: "+p.name+": shapes do not match", func() { p.run(m(wrong[0], wrong[1]), m(ar, ac), m(br, bc)) })
		}
	}
	var packed Packed[float64]
	packed.PackT(m(3, 5))
	bias := make([]float64, 3)
	assert.Panics(t, "gemm: Packed: shapes do not match", func() { packed.Affine(m(2, 4), m(2, 5), bias, nil, nil) })
	assert.Panics(t, "gemm: Affine: bias has not one entry per column", func() { packed.Affine(m(2, 3), m(2, 5), bias[1:], nil, nil) })
	const limits = "gemm: Packed: limits have not one entry per column"
	assert.Panics(t, limits, func() { packed.Affine(m(2, 3), m(2, 5), bias, bias, nil) })
	assert.Panics(t, limits, func() { packed.Add(m(2, 3), m(2, 5), bias[1:], bias[1:]) })
}

func BenchmarkProducts(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 3))
	benchmarkProducts[float32](b, rng)
	benchmarkProducts[float64](b, rng)
}

func benchmarkProducts[T Float](b *testing.B, rng *rand.Rand) {
	const m, n, k = 256, 128, 128
	for _, p := range variants[T]() {
		b.Run(fmt.Sprintf("%s/%T/%dx%dx%d", p.name, T(0), m, n, k), func(b *testing.B) {
			ar, ac, br, bc := p.shapes(m, n, k)
			x, y, z := random[T](ar, ac, rng), random[T](br, bc, rng), random[T](m, n, rng)
			for b.Loop() {
				p.run(z, x, y)
			}
			b.ReportMetric(2*m*n*k*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
