package dense

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// random returns n normal numbers whose address is no multiple of a register's
// size, and a few behind them that belong to nobody.
func random[T Float](rng *rand.Rand, n int) []T {
	v := make([]T, n+6)[1+rng.IntN(3):]
	for i := range v {
		if rng.IntN(8) > 0 { // zeros as well
			v[i] = T(rng.NormFloat64())
		}
	}
	return v[:n+3]
}

// randomTiles returns a product of that shape: with a matrix or a row to start
// from, A transposed or not, clamped or not.
func randomTiles[T Float](rng *rand.Rand, m, n, k int) *Tiles[T] {
	t := &Tiles[T]{M: m, N: n, K: k, LDC: n + rng.IntN(4), LDB: n + rng.IntN(4), RSA: k + rng.IntN(4), CSA: 1}
	if rng.IntN(2) == 0 {
		t.RSA, t.CSA = 1, m+rng.IntN(4)
	}
	t.C, t.B = random[T](rng, m*t.LDC), random[T](rng, k*t.LDB)
	t.A = random[T](rng, (m-1)*t.RSA+max(k-1, 0)*t.CSA+1)
	t.X, t.LDX = t.C, t.LDC
	if rng.IntN(2) == 0 {
		t.X, t.LDX = random[T](rng, n), 0
	}
	if rng.IntN(2) == 0 {
		t.Lo, t.Hi = random[T](rng, n), random[T](rng, n)
		for j, lo := range t.Lo {
			t.Hi[j] = max(t.Hi[j], lo)
		}
	}
	return t
}

// clone returns a product that can be computed without changing t.
func (t *Tiles[T]) clone() *Tiles[T] {
	c := *t
	c.C = slices.Clone(t.C)
	if t.LDX != 0 {
		c.X = c.C
	}
	return &c
}

// entry is the definition of an entry of C, in float64, and the magnitudes in it.
func (t *Tiles[T]) entry(i, j int) (value, size float64) {
	value = float64(t.X[i*t.LDX+j])
	size = math.Abs(value)
	for l := range t.K {
		term := float64(t.A[i*t.RSA+l*t.CSA]) * float64(t.B[l*t.LDB+j])
		value, size = value+term, size+math.Abs(term)
	}
	if t.Lo != nil {
		value = min(max(value, float64(t.Lo[j])), float64(t.Hi[j]))
	}
	return value, size
}

// precision returns the distance from 1 to the next number.
func precision[T Float]() float64 {
	if _, ok := any(T(0)).(float32); ok {
		return 0x1p-23
	}
	return 0x1p-52
}

func TestProduct(t *testing.T) {
	t.Run("float32", testProduct[float32])
	t.Run("float64", testProduct[float64])
}

func testProduct[T Float](t *testing.T) {
	for _, set := range Sets[T]() {
		t.Run(set.Name, func(t *testing.T) {
			rng, checked := rand.New(rand.NewPCG(1, 2)), 0
			for m := 1; m <= 33; m++ {
				for n := 1; n <= set.Columns; n++ {
					for _, k := range []int{0, 1, 2, 5, 33} {
						checked += set.checkProduct(t, randomTiles[T](rng, m, n, k))
					}
				}
			}
			if checked == 0 {
				t.Fatal("nothing checked")
			}
		})
	}
}

// checkProduct compares all memory of C with the definition: nothing outside the
// tile may change.
func (s *Set[T]) checkProduct(t *testing.T, p *Tiles[T]) int {
	t.Helper()
	got := p.clone()
	s.Product(got)
	for at, v := range got.C {
		i, j := at/p.LDC, at%p.LDC
		if i >= p.M || j >= p.N {
			if v != p.C[at] {
				t.Fatalf("%d x %d x %d: wrote outside, to row %d, column %d", p.M, p.N, p.K, i, j)
			}
			continue
		}
		want, size := p.entry(i, j)
		if !(math.Abs(float64(v)-want) <= float64(p.K+2)*precision[T]()*size) {
			t.Fatalf("%d x %d x %d: entry (%d, %d) is %g, want %g", p.M, p.N, p.K, i, j, v, want)
		}
	}
	return len(got.C)
}

// An entry depends on its row of A and its column of B alone, bit for bit, and
// not on which vector kernel computes it.
func TestProductIsTheSameEverywhere(t *testing.T) {
	t.Run("float32", testProductIsTheSameEverywhere[float32])
	t.Run("float64", testProductIsTheSameEverywhere[float64])
}

func testProductIsTheSameEverywhere[T Float](t *testing.T) {
	rng, compared := rand.New(rand.NewPCG(3, 4)), 0
	sets := Sets[T]()
	for range 300 {
		p := randomTiles[T](rng, 1+rng.IntN(40), 1+rng.IntN(sets[len(sets)-1].Columns), rng.IntN(50))
		var first *Tiles[T] // of the vector kernels, which come before the portable one
		for _, set := range sets {
			whole, one := p.clone(), p.clone()
			set.Product(whole)
			i, j := rng.IntN(p.M), rng.IntN(p.N)
			part := *one
			part.M, part.N, part.C, part.X = 1, 1, one.C[i*p.LDC+j:], one.X[i*p.LDX+j:]
			part.A, part.B = part.A[i*p.RSA:], part.B[min(j, len(part.B)):]
			if p.Lo != nil {
				part.Lo, part.Hi = p.Lo[j:], p.Hi[j:]
			}
			set.Product(&part)
			if part.C[0] != whole.C[i*p.LDC+j] {
				t.Fatalf("%s: entry (%d, %d) is %g in %d x %d x %d, %g alone", set.Name, i, j, whole.C[i*p.LDC+j], p.M, p.N, p.K, part.C[0])
			}
			compared++
			if set.Name == "portable" {
				continue
			}
			if first == nil {
				first = whole
			}
			if !slices.Equal(first.C, whole.C) {
				t.Fatalf("%s differs from %s", set.Name, sets[0].Name)
			}
		}
	}
	if compared == 0 {
		t.Fatal("nothing compared")
	}
}

func TestNotANumberStays(t *testing.T) {
	t.Run("float32", testNotANumberStays[float32])
	t.Run("float64", testNotANumberStays[float64])
}

func testNotANumberStays[T Float](t *testing.T) {
	nan, inf := T(math.NaN()), T(math.Inf(1))
	for _, set := range Sets[T]() {
		c := []T{0, 0, 0, 0}
		p := &Tiles[T]{C: c, X: []T{1, 1}, A: []T{nan, 1}, B: []T{1, -inf}, Lo: []T{0, 0}, Hi: []T{inf, 1},
			M: 2, N: 2, K: 1, LDC: 2, RSA: 1, CSA: 1, LDB: 2}
		set.Product(p)
		if !(c[0] != c[0] && c[1] != c[1] && c[2] == 2 && c[3] == 0) {
			t.Errorf("%s: clamped product is %v, want [NaN NaN 2 0]", set.Name, c)
		}
		d, sum := []T{1, 1, 1}, make([]T, 3)
		set.CloseGates(d, []T{nan, inf, -inf}, []T{0, 0, 0}, sum, 1, 3, 3, 3)
		if !slices.Equal(d, []T{0, 1, 0}) || !slices.Equal(sum, d) {
			t.Errorf("%s: adjoints behind gates are %v, sums %v, want 0 1 0", set.Name, d, sum)
		}
		if norm := set.Norm([]T{1, nan}); !math.IsNaN(norm) {
			t.Errorf("%s: norm with a NaN is %g", set.Name, norm)
		}
		a := []T{0, 0}
		set.MixForward(a, []T{nan, inf}, []T{1, 1}, []T{0, 0})
		if a[0] == a[0] || a[1] == a[1] { // 0 times infinity
			t.Errorf("%s: mixed gates give %v, want NaN twice", set.Name, a)
		}
		x := []T{1, 1}
		set.Adam(x, make([]T, 2), make([]T, 2), []T{nan, inf}, &AdamRates[T]{Beta1: .9, One1: .1, Beta2: .9, One2: .1, Rate: -1, Floor: 1})
		if x[0] == x[0] || x[1] == x[1] {
			t.Errorf("%s: Adam hides what is not finite: %v", set.Name, x)
		}
	}
}

func TestTranspose(t *testing.T) {
	t.Run("float32", testTranspose[float32])
	t.Run("float64", testTranspose[float64])
}

func testTranspose[T Float](t *testing.T) {
	for _, set := range Sets[T]() {
		rng, checked := rand.New(rand.NewPCG(5, 6)), 0
		for rows := range 20 {
			for cols := range 35 {
				lds, ldd := cols+rng.IntN(3), rows+rng.IntN(3)
				src, dst := random[T](rng, rows*lds), random[T](rng, cols*ldd)
				want := slices.Clone(dst)
				for i := range rows {
					for j := range cols {
						want[j*ldd+i] = src[i*lds+j]
						checked++
					}
				}
				set.Transpose(dst, src, rows, cols, ldd, lds)
				if !slices.Equal(dst, want) {
					t.Fatalf("%s: %d x %d is transposed wrongly", set.Name, rows, cols)
				}
			}
		}
		if checked == 0 {
			t.Fatal("nothing checked")
		}
	}
}

// Slices that are too short must stop a kernel before it runs.
func TestShortSlicesPanic(t *testing.T) {
	six := func() []float32 { return make([]float32, 6) }
	whole := Tiles[float32]{C: six(), X: six(), A: six(), B: six(), M: 2, N: 3, K: 2, LDC: 3, LDX: 3, RSA: 2, CSA: 1, LDB: 3, Lo: six(), Hi: six()}
	set := Best[float32]()
	set.Product(&whole)
	cut := func(change func(*Tiles[float32])) func() {
		return func() {
			p := whole
			change(&p)
			set.Product(&p)
		}
	}
	for name, f := range map[string]func(){
		"C":        cut(func(p *Tiles[float32]) { p.C = p.C[:5] }),
		"X":        cut(func(p *Tiles[float32]) { p.X = p.X[:5] }),
		"A":        cut(func(p *Tiles[float32]) { p.A = p.A[:3] }),
		"B":        cut(func(p *Tiles[float32]) { p.B = p.B[:5] }),
		"Lo":       cut(func(p *Tiles[float32]) { p.Lo = p.Lo[:2] }),
		"Hi":       cut(func(p *Tiles[float32]) { p.Hi = nil }),
		"columns":  cut(func(p *Tiles[float32]) { p.N = set.Columns + 1 }),
		"dst":      func() { set.Transpose(six()[:5], six(), 2, 3, 2, 3) },
		"src":      func() { set.Transpose(six(), six()[:5], 2, 3, 2, 3) },
		"add":      func() { set.Add(six(), six()[:5]) },
		"adam":     func() { set.Adam(six(), six(), six()[:5], six(), new(AdamRates[float32])) },
		"d":        func() { set.CloseGates(six()[:5], six(), six(), six(), 2, 3, 3, 3) },
		"bar":      func() { set.CloseGates(six(), six(), six()[:2], six(), 2, 3, 3, 3) },
		"forward":  func() { set.MixForward(six(), six(), six()[:5], six()) },
		"backward": func() { set.MixBackward(six(), six(), six(), six(), six()[:5], six()) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkProduct(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, set := range Sets[float32]() {
		const m, k = 48, 128
		p := randomTiles[float32](rng, m, set.Columns, k)
		b.Run(fmt.Sprintf("%s/%dx%dx%d", set.Name, m, set.Columns, k), func(b *testing.B) {
			for b.Loop() {
				set.Product(p)
			}
			b.ReportMetric(2*m*k*float64(set.Columns)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
