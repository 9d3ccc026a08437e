package vec

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// with runs f with another set of kernels.
func with(k kernelSet, f func()) {
	defer func(before kernelSet) { kernels = before }(kernels)
	kernels = k
	f()
}

func randomLayer(rng *rand.Rand, n int) *Layer {
	abs := func() []float64 {
		v := random(rng, n)
		for i := range v {
			v[i] = math.Abs(v[i])
		}
		return v
	}
	return &Layer{Low: abs(), Up: abs(), Cut: abs(), Split: random(rng, n), Edge: random(rng, n), Bias: random(rng, n), Mass: abs()}
}

// What a layer becomes must be what the documentation says, for lengths that fill registers
// and that do not.
func TestLayersAgree(t *testing.T) {
	for _, set := range available() {
		rng := rand.New(rand.NewPCG(5, 6))
		for n := range 70 {
			l := randomLayer(rng, n)
			v, z, adjoint, k := random(rng, n), random(rng, n), random(rng, n), make([]float64, n)
			x, mean, square := random(rng, n), random(rng, n), random(rng, n)
			for i := range square {
				square[i] = math.Abs(square[i])
			}
			rates := Rates{Beta1: .7, One1: .3, Beta2: .9, One2: .1, Scale1: .4, Scale2: 2, Tiny: 1e-12, Lo: -.2, Hi: .3}
			y, grad, sum, xs := make([]float64, n), make([]float64, n), slices.Clone(z), slices.Clone(x)
			var c, m float64
			with(set, func() {
				c, m = Release(k, v, l)
				ActivateUnits(y, grad, sum, adjoint, l)
				Ascend(xs, slices.Clone(mean), slices.Clone(square), v, &rates)
			})
			var wantC, wantM float64
			for i := range n {
				p, q := max(v[i], 0), min(v[i], 0)
				w := l.Low[i]*p + l.Up[i]*q - l.Split[i]
				near(t, set.name+": k", k[i], w, 10)
				wantC += l.Cut[i]*q + l.Bias[i]*w + l.Split[i]*l.Edge[i]
				wantM += l.Mass[i]*(math.Abs(w)-q+math.Abs(l.Split[i])) + math.Abs(l.Split[i]*l.Edge[i])

				a := z[i] + l.Bias[i]
				near(t, set.name+": z", sum[i], a, 10)
				near(t, set.name+": gradient", grad[i], a*max(adjoint[i], 0), 10)
				if adjoint[i] > 0 {
					near(t, set.name+": y above", y[i], l.Low[i]*a, 10)
				} else {
					near(t, set.name+": y", y[i], l.Up[i]*a+l.Cut[i], 10)
				}

				first, second := .7*mean[i]+.3*v[i], .9*square[i]+.1*v[i]*v[i]
				near(t, set.name+": x", xs[i], min(max(x[i]+.4*first/(math.Sqrt(2*second)+1e-12), -.2), .3), 10)
			}
			near(t, set.name+": c", c, wantC, 1000)
			near(t, set.name+": m", m, wantM, 1000)
		}
	}
}

// A layer of a panel must become what its units become one by one.
func TestRelaxLayerAgrees(t *testing.T) {
	for _, set := range available() {
		rng := rand.New(rand.NewPCG(9, 10))
		for n := range 30 { // inputs
			units := rng.IntN(9)
			l := randomLayer(rng, units)
			g, v, w := random(rng, n*Lanes), random(rng, units*Lanes), random(rng, units*n)
			c, m := (*Column)(random(rng, Lanes)), (*Column)(random(rng, Lanes))
			var index []int32
			for h := range units {
				if rng.IntN(4) > 0 {
					index = append(index, int32(h))
				}
			}
			wantG, wantC, wantM := slices.Clone(g), *c, *m
			with(portable, func() {
				for _, h := range index {
					u := Unit{Low: l.Low[h], Up: l.Up[h], Cut: l.Cut[h], Bias: l.Bias[h], Mass: l.Mass[h], CutMass: l.Mass[h]}
					Relax(wantG, (*Column)(v[int(h)*Lanes:]), w[int(h)*n:][:n], &u, &wantC, &wantM)
				}
			})
			with(set, func() { RelaxLayer(g, v, make([]float64, units*Lanes), w, index, l, c, m) })
			for i := range g {
				near(t, set.name+": g", g[i], wantG[i], 100)
			}
			for r := range c {
				near(t, set.name+": c", c[r], wantC[r], 100)
				near(t, set.name+": m", m[r], wantM[r], 100)
			}
		}
	}
}

// Wherever a number that is none stands, the bound has to become one.
func TestLayersKeepNaN(t *testing.T) {
	for _, set := range available() {
		for i := range 7 {
			for which := range 3 {
				l := randomLayer(rand.New(rand.NewPCG(7, 8)), 7)
				v, k := make([]float64, 7), make([]float64, 7)
				[...][]float64{v, l.Split, l.Bias}[which][i] = math.NaN()
				with(set, func() {
					var panel, rows, cs, ms = make([]float64, 7*Lanes), make([]float64, 7*Lanes), new(Column), new(Column)
					copy(panel[i*Lanes:], v[i:i+1])
					RelaxLayer(rows, panel, make([]float64, 7*Lanes), make([]float64, 49), []int32{int32(i)}, l, cs, ms)
					if which != 1 && (!math.IsNaN(cs[0]) || which == 0 && (!math.IsNaN(ms[0]) || !math.IsNaN(rows[0]))) {
						t.Errorf("%s: NaN %d of %d is hidden in a panel: %g %g %g", set.name, i, which, cs[0], ms[0], rows[0])
					}
					if c, m := Release(k, v, l); !math.IsNaN(c) || which == 0 && (!math.IsNaN(m) || !math.IsNaN(k[i])) {
						t.Errorf("%s: NaN %d of %d is hidden: c %g, m %g, k %g", set.name, i, which, c, m, k[i])
					}
				})
			}
		}
	}
}

func TestLayerShapesPanic(t *testing.T) {
	l, two, one := randomLayer(rand.New(rand.NewPCG(1, 1)), 2), make([]float64, 2), make([]float64, 1)
	for name, f := range map[string]func(){
		"release":       func() { Release(two, one, l) },
		"release layer": func() { Release(one, one, l) },
		"activateUnits": func() { ActivateUnits(two, two, one, two, l) },
		"relaxLayer":    func() { RelaxLayer(two, make([]float64, 2*Lanes), two, two, []int32{0}, l, new(Column), new(Column)) },
		"relaxLayer index": func() {
			RelaxLayer(make([]float64, Lanes), make([]float64, 2*Lanes), make([]float64, Lanes), two, []int32{2}, l, new(Column), new(Column))
		},
		"ascend": func() { Ascend(two, two, one, two, new(Rates)) },
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
