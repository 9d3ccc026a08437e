package vec

import "unsafe"

// portable is the set every machine can run, and the reference of the others.
var portable = kernelSet{"portable", relaxPortable, concretisePortable, axpyPortable, dotPortable}

func relaxPortable(g, v, w *float64, n int, u, c, m *float64) {
	unit, vs := (*Unit)(unsafe.Pointer(u)), (*Column)(unsafe.Pointer(v))
	cs, ms := (*Column)(unsafe.Pointer(c)), (*Column)(unsafe.Pointer(m))
	var k Column
	for r, x := range vs {
		p, q := max(x, 0), min(x, 0)
		cs[r] += unit.Cut * q
		ms[r] -= unit.CutMass * q
		p *= unit.Low
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
	cs, ms := (*Column)(unsafe.Pointer(c)), (*Column)(unsafe.Pointer(m))
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
