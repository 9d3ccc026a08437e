package vec

import (
	"math"
	"unsafe"
)

// Layer is how the units y = phi(z) of a layer, z = w'x + Bias, are replaced by their
// pre-activations in one lower bound: Low z <= y <= Up z + Cut, slopes not negative, and
// Split (z - Edge) >= 0. Mass is what the rounding allowance grows by per unit of a
// coefficient. All slices are as long as the layer.
type Layer struct {
	Low, Up, Cut, Split, Edge, Bias, Mass []float64
}

// Release replaces the units of a layer, whose coefficients are v, by their pre-activations
// without bias, whose coefficients are k:
//
//	k = Low max(v, 0) + Up min(v, 0) - Split
//
// and returns what that adds to the constant of the bound and to its allowance:
//
//	c = sum  Cut min(v, 0) + Bias k + Split Edge
//	m = sum  Mass (|k| - min(v, 0) + |Split|) + |Split Edge|
func Release(k, v []float64, l *Layer) (c, m float64) {
	n := len(k)
	for _, s := range [...][]float64{v, l.Low, l.Up, l.Cut, l.Split, l.Edge, l.Bias, l.Mass} {
		if len(s) != n {
			panic("vec: Release: lengths do not match")
		}
	}
	whole := n - n%kernels.units
	if whole > 0 {
		c, m = kernels.release(&k[0], &v[0], &l.Low[0], &l.Up[0], &l.Cut[0], &l.Split[0], &l.Edge[0], &l.Bias[0], &l.Mass[0], whole)
	}
	if i := whole; i < n {
		restC, restM := releasePortable(&k[i], &v[i], &l.Low[i], &l.Up[i], &l.Cut[i], &l.Split[i], &l.Edge[i], &l.Bias[i], &l.Mass[i], n-i)
		c, m = c+restC, m+restM
	}
	return c, m
}

// RelaxLayer replaces, in every form of a panel, the listed units of a layer by their inputs,
// as [Relax] does one by one with Mass as CutMass, too; Split takes no part. v holds the coefficients of all units of
// the layer, g those of their inputs, w a row of weights a unit. k is memory for as many
// columns as units are listed.
func RelaxLayer(g, v, k, w []float64, index []int32, l *Layer, c, m *Column) {
	n := len(g) / Lanes
	units := len(l.Low)
	if len(l.Up) != units || len(l.Cut) != units || len(l.Bias) != units || len(l.Mass) != units ||
		len(v) != units*Lanes || len(w) != units*n || len(k) < len(index)*Lanes {
		panic("vec: RelaxLayer: lengths do not match")
	}
	if len(index) == 0 {
		return
	}
	for _, h := range index {
		if h < 0 || int(h) >= units {
			panic("vec: RelaxLayer: a unit is not in the layer")
		}
	}
	kernels.releasePanel(&k[0], &v[0], &index[0], len(index), &l.Low[0], &l.Up[0], &l.Cut[0], &l.Bias[0], &l.Mass[0], &c[0], &m[0])
	if n > 0 {
		kernels.addPanels(&g[0], &k[0], &w[0], n, &index[0], len(index), n)
	}
}

// ActivateUnits adds Bias to z and runs the relaxed layer forward: y is Low z where the
// adjoint of a unit is positive, Up z + Cut elsewhere, and grad = z max(adjoint, 0) the
// derivative with respect to Low.
func ActivateUnits(y, grad, z, adjoint []float64, l *Layer) {
	n := len(y)
	for _, s := range [...][]float64{grad, z, adjoint, l.Low, l.Up, l.Cut, l.Bias} {
		if len(s) != n {
			panic("vec: ActivateUnits: lengths do not match")
		}
	}
	whole := n - n%kernels.units
	if whole > 0 {
		kernels.activateUnits(&y[0], &grad[0], &z[0], &adjoint[0], &l.Low[0], &l.Up[0], &l.Cut[0], &l.Bias[0], whole)
	}
	if i := whole; i < n {
		activateUnitsPortable(&y[i], &grad[i], &z[i], &adjoint[i], &l.Low[i], &l.Up[i], &l.Cut[i], &l.Bias[i], n-i)
	}
}

// Ascend takes a step of x along grad, with moments m and v, as [Adam] does.
func Ascend(x, m, v, grad []float64, r *Rates) {
	n := len(x)
	if len(m) != n || len(v) != n || len(grad) != n {
		panic("vec: Ascend: lengths do not match")
	}
	i := 0
	for ; i+Lanes <= n; i += Lanes {
		kernels.adam(&x[i], &m[i], &v[i], &grad[i], &r.Beta1)
	}
	for ; i < n; i++ {
		adamOne(&x[i], &m[i], &v[i], grad[i], r)
	}
}

func releasePortable(k, v, low, up, cut, split, edge, bias, mass *float64, n int) (c, m float64) {
	ks, vs := unsafe.Slice(k, n), unsafe.Slice(v, n)
	lows, ups, cuts := unsafe.Slice(low, n), unsafe.Slice(up, n), unsafe.Slice(cut, n)
	splits, edges := unsafe.Slice(split, n), unsafe.Slice(edge, n)
	biases, masses := unsafe.Slice(bias, n), unsafe.Slice(mass, n)
	for i, x := range vs {
		p, q, h := max(x, 0), min(x, 0), splits[i]
		w := lows[i]*p + ups[i]*q - h
		ks[i] = w
		c += cuts[i]*q + biases[i]*w + h*edges[i]
		m += masses[i]*(math.Abs(w)-q+math.Abs(h)) + math.Abs(h*edges[i])
	}
	return c, m
}

func releasePanelPortable(k, v *float64, index *int32, rows int, low, up, cut, bias, mass, c, m *float64) {
	cs, ms := column(c), column(m)
	for i, h := range unsafe.Slice(index, rows) {
		of := func(p *float64) float64 { return *(*float64)(unsafe.Add(unsafe.Pointer(p), int(h)*8)) }
		vs, ks := columnOf(v, int(h)), columnOf(k, i)
		for r, x := range vs {
			p, q := max(x, 0), min(x, 0)
			cs[r] += of(cut) * q
			ms[r] -= of(mass) * q
			p *= of(low)
			q *= of(up)
			ks[r] = p + q
			cs[r] += of(bias) * ks[r]
			ms[r] += of(mass) * (p - q)
		}
	}
}

func addPanelsPortable(g, k, w *float64, stride int, index *int32, rows, n int) {
	for i, h := range unsafe.Slice(index, rows) {
		ks := columnOf(k, i)
		for j, x := range rowOf(w, stride, h, n) {
			row := columnOf(g, j)
			for r := range row {
				row[r] += x * ks[r]
			}
		}
	}
}

// columnOf returns row i of a panel.
func columnOf(p *float64, i int) *Column {
	return (*Column)(unsafe.Add(unsafe.Pointer(p), i*Lanes*8))
}

func activateUnitsPortable(y, grad, z, adjoint, low, up, cut, bias *float64, n int) {
	ys, gs, zs, as := unsafe.Slice(y, n), unsafe.Slice(grad, n), unsafe.Slice(z, n), unsafe.Slice(adjoint, n)
	lows, ups, cuts, biases := unsafe.Slice(low, n), unsafe.Slice(up, n), unsafe.Slice(cut, n), unsafe.Slice(bias, n)
	for i, a := range as {
		x := zs[i] + biases[i]
		zs[i], gs[i] = x, max(a, 0)*x
		ys[i] = ups[i]*x + cuts[i]
		if a > 0 {
			ys[i] = lows[i] * x
		}
	}
}

// adamOne is [Adam] for one variable.
func adamOne(x, m, v *float64, g float64, q *Rates) {
	*m = q.Beta1**m + q.One1*g
	*v = q.Beta2**v + q.One2*g*g
	y := *x + q.Scale1**m/(math.Sqrt(q.Scale2**v)+q.Tiny)
	if !(y > q.Lo) { // also NaN
		y = q.Lo
	}
	*x = min(y, q.Hi)
}
