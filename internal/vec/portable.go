package vec

import "unsafe"

// portable is the set every machine can run, and the reference of the others.
var portable = kernelSet{
	name:          "portable",
	relax:         relaxPortable,
	concretise:    concretisePortable,
	relaxEach:     relaxEachPortable,
	gather:        gatherPortable,
	activate:      activatePortable,
	adam:          adamPortable,
	axpy:          axpyPortable,
	dot:           dotPortable,
	dotPairs:      dotPairsPortable,
	dots:          dotsPortable,
	addRows:       addRowsPortable,
	units:         1,
	release:       releasePortable,
	activateUnits: activateUnitsPortable,
	releasePanel:  releasePanelPortable,
	addPanels:     addPanelsPortable,
}

func column(p *float64) *Column { return (*Column)(unsafe.Pointer(p)) }

func relaxPortable(g, v, w *float64, n int, u, c, m *float64) {
	var slope Column
	for r := range slope {
		slope[r] = (*Unit)(unsafe.Pointer(u)).Low
	}
	relaxEachPortable(g, v, w, n, u, &slope[0], c, m)
}

func relaxEachPortable(g, v, w *float64, n int, u, slope, c, m *float64) {
	unit, vs, low, cs, ms := (*Unit)(unsafe.Pointer(u)), column(v), column(slope), column(c), column(m)
	var k Column
	for r, x := range vs {
		p, q := max(x, 0), min(x, 0)
		cs[r] += unit.Cut * q
		ms[r] -= unit.CutMass * q
		p *= low[r]
		q *= unit.Up
		k[r] = p + q
		cs[r] += unit.Bias * k[r]
		ms[r] += unit.Mass * (p - q)
	}
	for j, x := range unsafe.Slice(w, n) {
		row := (*Column)(unsafe.Add(unsafe.Pointer(g), j*Lanes*8))
		for r := range row {
			row[r] += x * k[r]
		}
	}
}

func concretisePortable(a, lower, upper, size *float64, n int, c, m *float64) {
	cs, ms := column(c), column(m)
	lo, hi, mag := unsafe.Slice(lower, n), unsafe.Slice(upper, n), unsafe.Slice(size, n)
	for k := range n {
		row := (*Column)(unsafe.Add(unsafe.Pointer(a), k*Lanes*8))
		for r, x := range row {
			p, q := max(x, 0), min(x, 0)
			cs[r] += lo[k]*p + hi[k]*q
			ms[r] += mag[k] * (p - q)
		}
	}
}

func gatherPortable(out, g, w *float64, n int) {
	os := column(out)
	for j, x := range unsafe.Slice(w, n) {
		for r, v := range (*Column)(unsafe.Add(unsafe.Pointer(g), j*Lanes*8)) {
			os[r] += x * v
		}
	}
}

func activatePortable(y, grad, z, adjoint, slope, u *float64) {
	ys, gs, low, unit := column(y), column(grad), column(slope), (*Unit)(unsafe.Pointer(u))
	zs, as := column(z), column(adjoint)
	for r, a := range as {
		x := zs[r]
		ys[r], gs[r] = unit.Up*x+unit.Cut, max(a, 0)*x
		if a > 0 {
			ys[r] = low[r] * x
		}
	}
}

func adamPortable(x, m, v, grad, r *float64) {
	xs, ms, vs := column(x), column(m), column(v)
	for i, g := range column(grad) {
		adamOne(&xs[i], &ms[i], &vs[i], g, (*Rates)(unsafe.Pointer(r)))
	}
}

func axpyPortable(s float64, x, y *float64, n int) {
	ys := unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		ys[i] += s * v
	}
}

func dotPortable(x, y *float64, n int) float64 {
	ys := unsafe.Slice(y, n)
	var sum float64
	for i, v := range unsafe.Slice(x, n) {
		sum += v * ys[i]
	}
	return sum
}

func dotPairsPortable(p, q, a *float64, stride int, index *int32, rows int, x, y *float64, n int) {
	ps, qs, xs, ys := unsafe.Slice(p, rows), unsafe.Slice(q, rows), unsafe.Slice(x, n), unsafe.Slice(y, n)
	for i, k := range unsafe.Slice(index, rows) {
		row := rowOf(a, stride, k, n)
		var first, second float64
		for j, v := range row {
			first += v * xs[j]
			second += v * ys[j]
		}
		ps[i], qs[i] = first, second
	}
}

// rowOf returns n entries of row k of a matrix.
func rowOf(a *float64, stride int, k int32, n int) []float64 {
	return unsafe.Slice((*float64)(unsafe.Add(unsafe.Pointer(a), int(k)*stride*8)), n)
}

func dotsPortable(dst, a *float64, stride int, index *int32, rows int, x *float64, n int) {
	ds := unsafe.Slice(dst, rows)
	for i, k := range unsafe.Slice(index, rows) {
		ds[i] = dotPortable(&rowOf(a, stride, k, n)[0], x, n)
	}
}

func addRowsPortable(y, f, a *float64, stride int, index *int32, rows int, n int) {
	fs := unsafe.Slice(f, rows)
	for i, k := range unsafe.Slice(index, rows) {
		axpyPortable(fs[i], &rowOf(a, stride, k, n)[0], y, n)
	}
}
