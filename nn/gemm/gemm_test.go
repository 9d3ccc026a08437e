package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// product is one of the three, with the shapes of its operands for an m x n
// result and inner length k.
type product[T Float] struct {
	name   string
	add    func(c, a, b Matrix[T])
	shapes func(m, n, k int) (ar, ac, br, bc int)
	ta, tb bool
}

func products[T Float]() []product[T] {
	return []product[T]{
		{"NN", AddNN[T], func(m, n, k int) (int, int, int, int) { return m, k, k, n }, false, false},
		{"NT", AddNT[T], func(m, n, k int) (int, int, int, int) { return m, k, n, k }, false, true},
		{"TN", AddTN[T], func(m, n, k int) (int, int, int, int) { return k, m, k, n }, true, false},
	}
}

// naive adds op(a) op(b) to c.
func naive[T Float](c, a, b Matrix[T], ta, tb bool, k int) {
	at := func(m Matrix[T], trans bool, i, j int) float64 {
		if trans {
			i, j = j, i
		}
		return float64(m.Data[i*m.Stride+j])
	}
	for i := range c.Rows {
		for j := range c.Cols {
			sum := float64(c.Data[i*c.Stride+j])
			for l := range k {
				sum += at(a, ta, i, l) * at(b, tb, l, j)
			}
			c.Data[i*c.Stride+j] = T(sum)
		}
	}
}

// random returns a matrix of normal entries with some unused columns.
func random[T Float](rows, cols int, rng *rand.Rand) Matrix[T] {
	m := Matrix[T]{Rows: rows, Cols: cols, Stride: cols + rng.IntN(3)}
	m.Data = make([]T, rows*m.Stride)
	for i := range m.Data {
		m.Data[i] = T(rng.NormFloat64())
	}
	return m
}

func clone[T Float](m Matrix[T]) Matrix[T] {
	m.Data = append([]T(nil), m.Data...)
	return m
}

func TestAgainstNaive32(t *testing.T) { testAgainstNaive[float32](t, 1e-5) }
func TestAgainstNaive64(t *testing.T) { testAgainstNaive[float64](t, 1e-14) }

func testAgainstNaive[T Float](t *testing.T, tol float64) {
	rng := rand.New(rand.NewPCG(1, 1))
	sizes := []int{0, 1, 3, 8, 17, 63, 65, 130, 200}
	checked := 0
	for _, p := range products[T]() {
		for range 150 {
			m, n, k := sizes[rng.IntN(len(sizes))], sizes[rng.IntN(len(sizes))], sizes[rng.IntN(len(sizes))]
			ar, ac, br, bc := p.shapes(m, n, k)
			a, b, c := random[T](ar, ac, rng), random[T](br, bc, rng), random[T](m, n, rng)
			want := clone(c)
			naive(want, a, b, p.ta, p.tb, k)
			p.add(c, a, b)
			// The whole memory is compared: nothing outside the view may change.
			for i := range c.Data {
				if d := math.Abs(float64(c.Data[i] - want.Data[i])); d > tol*float64(10+k) {
					t.Fatalf("%s %d x %d x %d: entry %d is %g, want %g", p.name, m, n, k, i, c.Data[i], want.Data[i])
				}
				checked++
			}
		}
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

func TestNoAllocation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, p := range products[float32]() {
		ar, ac, br, bc := p.shapes(256, 256, 100)
		a, b, c := random[float32](ar, ac, rng), random[float32](br, bc, rng), random[float32](256, 256, rng)
		if n := testing.AllocsPerRun(3, func() { p.add(c, a, b) }); n != 0 {
			t.Errorf("%s allocates %g times", p.name, n)
		}
	}
}

func TestWrongShapesPanic(t *testing.T) {
	m := func(rows, cols int) Matrix[float64] { return New(rows, cols, make([]float64, rows*cols)) }
	for _, p := range products[float64]() {
		message := "gemm: Add" + p.name + ": shapes do not match"
		for _, wrong := range [][2]int{{4, 3}, {2, 4}} {
			ar, ac, br, bc := p.shapes(2, 3, 5)
			func() {
				defer func() {
					if r := recover(); r != message {
						t.Errorf("%s: panic %v, want %q", p.name, r, message)
					}
				}()
				p.add(m(wrong[0], wrong[1]), m(ar, ac), m(br, bc))
			}()
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 3))
	benchmarkAdd[float32](b, rng)
	benchmarkAdd[float64](b, rng)
}

func benchmarkAdd[T Float](b *testing.B, rng *rand.Rand) {
	const m, n, k = 256, 128, 128
	for _, p := range products[T]() {
		b.Run(fmt.Sprintf("%s/%T/%dx%dx%d", p.name, T(0), m, n, k), func(b *testing.B) {
			ar, ac, br, bc := p.shapes(m, n, k)
			x, y, z := random[T](ar, ac, rng), random[T](br, bc, rng), random[T](m, n, rng)
			for b.Loop() {
				p.add(z, x, y)
			}
			b.ReportMetric(2*m*n*k*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
