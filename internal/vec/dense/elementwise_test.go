package dense

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// near fails unless got is want up to a few roundings of magnitudes below size.
func near[T Float](t *testing.T, what string, got T, want, size float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) <= 8*precision[T]()*(1+size)) {
		t.Fatalf("%s is %.17g, want %.17g", what, got, want)
	}
}

// eachLength calls check for every set and for lengths that fill registers and
// that do not.
func eachLength[T Float](t *testing.T, check func(t *testing.T, s *Set[T], rng *rand.Rand, n int)) {
	for _, set := range Sets[T]() {
		t.Run(set.Name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			for n := range 70 {
				check(t, &set, rng, n)
			}
		})
	}
}

func TestAdd(t *testing.T) {
	t.Run("float32", func(t *testing.T) { eachLength(t, checkAdd[float32]) })
	t.Run("float64", func(t *testing.T) { eachLength(t, checkAdd[float64]) })
}

func checkAdd[T Float](t *testing.T, s *Set[T], rng *rand.Rand, n int) {
	x, sum := random[T](rng, n), random[T](rng, n)
	want := slices.Clone(sum)
	for i := range n {
		want[i] += x[i]
	}
	s.Add(sum[:n], x[:n])
	if !slices.Equal(sum, want) {
		t.Fatalf("%d entries: %v, want %v", n, sum, want)
	}
}

func TestNorm(t *testing.T) {
	t.Run("float32", func(t *testing.T) { eachLength(t, checkNorm[float32]) })
	t.Run("float64", func(t *testing.T) { eachLength(t, checkNorm[float64]) })
}

func checkNorm[T Float](t *testing.T, s *Set[T], rng *rand.Rand, n int) {
	x := random[T](rng, n)
	sum := 0.0
	for _, v := range x[:n] {
		sum += float64(v) * float64(v)
	}
	near(t, "norm", s.Norm(x[:n]), math.Sqrt(sum), math.Sqrt(sum))
}

func TestAdam(t *testing.T) {
	t.Run("float32", func(t *testing.T) { eachLength(t, checkAdam[float32]) })
	t.Run("float64", func(t *testing.T) { eachLength(t, checkAdam[float64]) })
}

func checkAdam[T Float](t *testing.T, s *Set[T], rng *rand.Rand, n int) {
	x, m, v, g := random[T](rng, n), random[T](rng, n), random[T](rng, n), random[T](rng, n)
	for i := range v {
		v[i] *= v[i]
	}
	r := &AdamRates[T]{Beta1: .75, One1: .25, Beta2: .875, One2: .125, Rate: -.5, Floor: .0625}
	x0, m0, v0 := slices.Clone(x), slices.Clone(m), slices.Clone(v)
	s.Adam(x[:n], m[:n], v[:n], g[:n], r)
	for i := range x {
		wantX, wantM, wantV := float64(x0[i]), float64(m0[i]), float64(v0[i])
		if i < n {
			grad := float64(g[i])
			wantM, wantV = .75*wantM+.25*grad, .875*wantV+.125*grad*grad
			wantX -= .5 * wantM / (math.Sqrt(wantV) + .0625)
		}
		near(t, "m", m[i], wantM, 10)
		near(t, "v", v[i], wantV, 10)
		near(t, "x", x[i], wantX, 10+math.Abs(wantX))
	}
}

func TestCloseGates(t *testing.T) {
	t.Run("float32", func(t *testing.T) { eachLength(t, checkCloseGates[float32]) })
	t.Run("float64", func(t *testing.T) { eachLength(t, checkCloseGates[float64]) })
}

func checkCloseGates[T Float](t *testing.T, s *Set[T], rng *rand.Rand, n int) {
	rows, ldd, lda := rng.IntN(5), n+rng.IntN(3), n+rng.IntN(3)
	d, a, bar, sum := random[T](rng, rows*ldd), random[T](rng, rows*lda), random[T](rng, n), random[T](rng, n)
	for j := range n / 2 {
		bar[j] = 0 // as ReLUs have it, and a has zeros
	}
	want, wantSum := slices.Clone(d), slices.Clone(sum)
	for i := range rows {
		for j := range n {
			if a[i*lda+j] <= bar[j] {
				want[i*ldd+j] = 0
			}
			wantSum[j] += want[i*ldd+j]
		}
	}
	s.CloseGates(d, a, bar, sum, rows, n, ldd, lda)
	if !slices.Equal(d, want) || !slices.Equal(sum, wantSum) {
		t.Fatalf("%d rows of %d: %v, sums %v, want %v, %v", rows, n, d, sum, want, wantSum)
	}
}

func TestMix(t *testing.T) {
	t.Run("float32", func(t *testing.T) { eachLength(t, checkMix[float32]) })
	t.Run("float64", func(t *testing.T) { eachLength(t, checkMix[float64]) })
}

func checkMix[T Float](t *testing.T, s *Set[T], rng *rand.Rand, n int) {
	z, relu, identity := random[T](rng, n), random[T](rng, n), random[T](rng, n)
	a, d := random[T](rng, n), random[T](rng, n)
	dp, dq := random[T](rng, n), random[T](rng, n)
	a0, d0, dp0, dq0 := slices.Clone(a), slices.Clone(d), slices.Clone(dp), slices.Clone(dq)
	s.MixForward(a[:n], z[:n], relu[:n], identity[:n])
	s.MixBackward(d[:n], z[:n], relu[:n], identity[:n], dp[:n], dq[:n])
	for i := range a {
		wantA, wantD, wantP, wantQ := float64(a0[i]), float64(d0[i]), float64(dp0[i]), float64(dq0[i])
		if i < n {
			x, p, q := float64(z[i]), float64(relu[i]), float64(identity[i])
			wantP, wantQ = wantP+wantD*max(0, x), wantQ+wantD*x
			slope := q
			if x > 0 {
				slope += p
			}
			wantA, wantD = p*max(0, x)+q*x, wantD*slope
		}
		near(t, "a", a[i], wantA, 20)
		near(t, "d", d[i], wantD, 20)
		near(t, "gradient of the ReLU", dp[i], wantP, 20)
		near(t, "gradient of the identity", dq[i], wantQ, 20)
	}
}

func TestPeakRoundCountsItsOperations(t *testing.T) {
	for _, set := range Sets[float32]() {
		one, three := set.PeakRound(1), set.PeakRound(3)
		if one <= 0 || three != 3*one || set.PeakRound(0) != 0 {
			t.Errorf("%s: %d operations in a round, %d in three", set.Name, one, three)
		}
	}
}
