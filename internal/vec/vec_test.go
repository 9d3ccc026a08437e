package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Every implementation must agree with exact arithmetic up to a few roundings of
// the magnitudes that were added, for lengths that fill registers and that do not.
func TestKernelsAgree(t *testing.T) {
	if len(available()) == 0 {
		t.Fatal("no implementation")
	}
	for _, k := range available() {
		t.Run(k.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			for n := range 70 {
				checkVectors(t, k, rng, n)
				checkRowKernels(t, k, rng, n)
				checkPanels(t, k, rng, n)
			}
		})
	}
}

func random(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		if rng.IntN(6) > 0 {
			v[i] = rng.NormFloat64()
		}
	}
	return v
}

func near(t *testing.T, what string, got, want, size float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-14*(size+1)) {
		t.Errorf("%s: %.17g, want %.17g", what, got, want)
	}
}

func checkVectors(t *testing.T, k kernelSet, rng *rand.Rand, n int) {
	x, y := random(rng, n+1)[:n], random(rng, n+3)
	s := rng.NormFloat64()
	var want, size float64
	for i, v := range x {
		want += v * y[i]
		size += math.Abs(v * y[i])
	}
	z := append([]float64(nil), y...)
	if n > 0 {
		near(t, "dot", k.dot(&x[0], &y[0], n), want, size)
		k.axpy(s, &x[0], &z[0], n)
	}
	for i, v := range z {
		exact := y[i]
		if i < n {
			exact += s * x[i]
		}
		near(t, "axpy", v, exact, math.Abs(exact))
	}
}

func checkPanels(t *testing.T, k kernelSet, rng *rand.Rand, n int) {
	w := random(rng, n+1)[:n+1]
	g := random(rng, Lanes*(n+2))
	v, c, m := (*Column)(random(rng, Lanes)), (*Column)(random(rng, Lanes)), (*Column)(random(rng, Lanes))
	u := Unit{Low: rng.Float64(), Up: rng.Float64(), Cut: rng.Float64(), Bias: rng.NormFloat64(), Mass: rng.Float64(), CutMass: rng.Float64()}
	g2, c2, m2 := append([]float64(nil), g...), *c, *m
	k.relax(&g[0], &v[0], &w[0], n, &u.Low, &c[0], &m[0])
	for r, x := range v {
		coef := u.Low*max(x, 0) + u.Up*min(x, 0)
		near(t, "relax c", c[r], c2[r]+u.Cut*min(x, 0)+u.Bias*coef, 10)
		near(t, "relax m", m[r], m2[r]+u.Mass*math.Abs(coef)-u.CutMass*min(x, 0), 10)
		for j := range n + 2 {
			exact := g2[j*Lanes+r]
			if j < n {
				exact += w[j] * coef
			}
			near(t, "relax g", g[j*Lanes+r], exact, 10)
		}
	}
	lower, upper, size := random(rng, n+1), random(rng, n+1), random(rng, n+1)
	c2, m2 = *c, *m
	k.concretise(&g[0], &lower[0], &upper[0], &size[0], n, &c[0], &m[0])
	for r := range Lanes {
		for j := range n {
			x := g[j*Lanes+r]
			c2[r] += lower[j]*max(x, 0) + upper[j]*min(x, 0)
			m2[r] += size[j] * math.Abs(x)
		}
		near(t, "concretise c", c[r], c2[r], 100)
		near(t, "concretise m", m[r], m2[r], 100)
	}
}

// The kernels of an ascent must agree with the portable ones, whose formulas their
// documentation gives.
func TestAscentKernelsAgree(t *testing.T) {
	for _, k := range available() {
		rng := rand.New(rand.NewPCG(3, 4))
		for n := range 40 {
			w, g := random(rng, n+1), random(rng, Lanes*(n+1))
			slope, adjoint, z := (*Column)(random(rng, Lanes)), (*Column)(random(rng, Lanes)), (*Column)(random(rng, Lanes))
			u := Unit{Up: rng.Float64(), Cut: rng.Float64(), Bias: rng.NormFloat64(), Mass: rng.Float64(), CutMass: rng.Float64()}
			for r := range slope {
				slope[r] = math.Abs(slope[r])
			}
			type state struct{ c, m, out, y, grad, x, mean, square Column }
			run := func(k kernelSet) (state, []float64) {
				s, h := state{square: Column{1: 2}}, append([]float64(nil), g...)
				k.relaxEach(&h[0], &adjoint[0], &w[0], n, &u.Low, &slope[0], &s.c[0], &s.m[0])
				k.gather(&s.out[0], &g[0], &w[0], n)
				k.activate(&s.y[0], &s.grad[0], &z[0], &adjoint[0], &slope[0], &u.Low)
				rates := Rates{Beta1: .7, One1: .3, Beta2: .9, One2: .1, Scale1: .4, Scale2: 2, Tiny: 1e-12, Lo: -.2, Hi: .3}
				k.adam(&s.x[0], &s.mean[0], &s.square[0], &s.grad[0], &rates.Beta1)
				return s, h
			}
			got, gotRows := run(k)
			want, wantRows := run(portable)
			for r := range Lanes {
				near(t, "relaxEach c", got.c[r], want.c[r], 10)
				near(t, "relaxEach m", got.m[r], want.m[r], 10)
				near(t, "gather", got.out[r], want.out[r], 100)
				near(t, "activate y", got.y[r], want.y[r], 10)
				near(t, "activate grad", got.grad[r], want.grad[r], 10)
				near(t, "adam x", got.x[r], want.x[r], 10)
				near(t, "adam m", got.mean[r], want.mean[r], 10)
				near(t, "adam v", got.square[r], want.square[r], 10)
			}
			for i := range wantRows {
				near(t, "relaxEach rows", gotRows[i], wantRows[i], 10)
			}
		}
	}
}

func checkRowKernels(t *testing.T, k kernelSet, rng *rand.Rand, n int) {
	if n == 0 { // what calls the kernels sees to that
		return
	}
	const height = 6
	stride := n + rng.IntN(4) + 1
	a, x, y := random(rng, height*stride), random(rng, n+1), random(rng, n+1)
	index := make([]int32, 1+rng.IntN(height))
	for i := range index {
		index[i] = int32(rng.IntN(height))
	}
	p, q := make([]float64, len(index)), make([]float64, len(index))
	k.dotPairs(&p[0], &q[0], &a[0], stride, &index[0], len(index), &x[0], &y[0], n)
	for i, r := range index {
		var wantP, wantQ, sizeP, sizeQ float64
		for j, v := range a[int(r)*stride:][:n] {
			wantP, sizeP = wantP+v*x[j], sizeP+math.Abs(v*x[j])
			wantQ, sizeQ = wantQ+v*y[j], sizeQ+math.Abs(v*y[j])
		}
		near(t, "dotPairs first", p[i], wantP, sizeP)
		near(t, "dotPairs second", q[i], wantQ, sizeQ)
		k.dots(&p[0], &a[0], stride, &index[0], len(index), &x[0], n)
		near(t, "dots", p[i], wantP, sizeP)
	}
	z := append([]float64(nil), y...)
	k.addRows(&z[0], &p[0], &a[0], stride, &index[0], len(index), n)
	for j, v := range z {
		want, size := y[j], math.Abs(y[j])
		for i, r := range index {
			if j < n {
				want, size = want+p[i]*a[int(r)*stride+j], size+math.Abs(p[i]*a[int(r)*stride+j])
			}
		}
		near(t, "addRows", v, want, size)
	}
}

// A number that is none must not turn into one: bounds would be wrong unseen.
func TestNaNStays(t *testing.T) {
	for _, k := range available() {
		v, c, m := Column{3: math.NaN()}, Column{}, Column{}
		w, g := []float64{1}, make([]float64, Lanes)
		u := Unit{Low: 1, Up: 1}
		k.relax(&g[0], &v[0], &w[0], 1, &u.Low, &c[0], &m[0])
		if !math.IsNaN(g[3]) || !math.IsNaN(c[3]) || math.IsNaN(g[2]) {
			t.Errorf("%s: relax hides a NaN: %g %g", k.name, g[3], c[3])
		}
		y, none, first := []float64{1}, []float64{math.NaN()}, []int32{0}
		k.addRows(&y[0], &none[0], &w[0], 1, &first[0], 1, 1)
		z := make([]float64, 3)
		k.dots(&z[0], &w[0], 1, &first[0], 1, &none[0], 1)
		k.dotPairs(&z[1], &z[2], &w[0], 1, &first[0], 1, &none[0], &none[0], 1)
		for i, x := range append(z, y[0]) {
			if !math.IsNaN(x) {
				t.Errorf("%s: row kernel %d hides a NaN", k.name, i)
			}
		}
		k.concretise(&v[0], &w[0], &w[0], &w[0], 1, &c[0], &m[0])
		if !math.IsNaN(m[3]) {
			t.Errorf("%s: concretise hides a NaN", k.name)
		}
	}
}

func TestShapesPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"relax": func() { Relax(make([]float64, 15), new(Column), []float64{1}, new(Unit), new(Column), new(Column)) },
		"concretise": func() {
			Concretise(make([]float64, 15), []float64{1}, []float64{1}, []float64{1}, new(Column), new(Column))
		},
		"axpy": func() { Axpy(1, []float64{1}, nil) },
		"dot":  func() { Dot([]float64{1}, nil) },
		"dotPairs": func() {
			DotPairs([]float64{1}, []float64{1}, []float64{1, 2}, 1, []int32{2}, []float64{1}, []float64{1})
		},
		"dots":    func() { Dots([]float64{1}, []float64{1, 2}, 1, []int32{-1}, []float64{1}) },
		"addRows": func() { AddRows([]float64{1}, []float64{1}, []float64{1, 2}, 1, []int32{0, 1}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s takes slices that do not match", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkRelax(b *testing.B) {
	g, w := make([]float64, 16*Lanes), make([]float64, 16)
	var v, c, m Column
	u := Unit{Low: 1, Up: .5, Cut: .1, Bias: .2, Mass: 1}
	for _, k := range available() {
		b.Run(k.name, func(b *testing.B) {
			for b.Loop() {
				k.relax(&g[0], &v[0], &w[0], 16, &u.Low, &c[0], &m[0])
			}
		})
	}
}
