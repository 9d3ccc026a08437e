package dense

import (
	"math"
	"unsafe"
)

// portable returns the set every machine can run.
func portable[T Float]() Set[T] {
	return Set[T]{
		Name: "portable", Columns: 4, lanes: 4,
		whole: productPortable[T], part: productNarrow[T], half: productNarrow[T],
		block: 1, transpose: transposePortable[T],
		add: addPortable[T], adam: adamPortable[T], sumSquares: sumSquaresPortable[T],
		closeGates: closeGatesPortable[T], mixForward: mixForwardPortable[T], mixBackward: mixBackwardPortable[T],
		peak: peakPortable[T],
	}
}

// four is a row of a tile. The compiler keeps it in registers.
type four[T Float] struct{ a, b, c, d T }

// plus returns s + x b.
func (s four[T]) plus(x T, b four[T]) four[T] {
	return four[T]{s.a + x*b.a, s.b + x*b.b, s.c + x*b.c, s.d + x*b.d}
}

// load returns the four elements at p.
func load[T Float](p *T) four[T] { return *(*four[T])(unsafe.Pointer(p)) }

// store writes s, clamped if lo is not nil.
func (s four[T]) store(p, lo, hi *T) {
	if lo != nil {
		l, h := load(lo), load(hi)
		s = four[T]{min(max(s.a, l.a), h.a), min(max(s.b, l.b), h.b), min(max(s.c, l.c), h.c), min(max(s.d, l.d), h.d)}
	}
	*(*four[T])(unsafe.Pointer(p)) = s
}

// at returns the address i elements behind p.
func at[T Float](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(*p))))
}

// productPortable is for tiles of four columns.
func productPortable[T Float](c, a, b, x, lo, hi *T, m, _, k, ldc, rsa, csa, ldb, ldx int) {
	i := 0
	for ; i+4 <= m; i += 4 {
		r0, r1, r2, r3 := load(at(x, i*ldx)), load(at(x, (i+1)*ldx)), load(at(x, (i+2)*ldx)), load(at(x, (i+3)*ldx))
		for l := range k {
			row, entry := load(at(b, l*ldb)), at(a, i*rsa+l*csa)
			r0, r1 = r0.plus(*entry, row), r1.plus(*at(entry, rsa), row)
			r2, r3 = r2.plus(*at(entry, 2*rsa), row), r3.plus(*at(entry, 3*rsa), row)
		}
		r0.store(at(c, i*ldc), lo, hi)
		r1.store(at(c, (i+1)*ldc), lo, hi)
		r2.store(at(c, (i+2)*ldc), lo, hi)
		r3.store(at(c, (i+3)*ldc), lo, hi)
	}
	for ; i < m; i++ {
		r := load(at(x, i*ldx))
		for l := range k {
			r = r.plus(*at(a, i*rsa+l*csa), load(at(b, l*ldb)))
		}
		r.store(at(c, i*ldc), lo, hi)
	}
}

// productNarrow is for fewer columns.
func productNarrow[T Float](c, a, b, x, lo, hi *T, m, n, k, ldc, rsa, csa, ldb, ldx int) {
	for i := range m {
		for j := range n {
			sum := *at(x, i*ldx+j)
			for l := range k {
				sum += *at(a, i*rsa+l*csa) * *at(b, l*ldb+j)
			}
			if lo != nil {
				sum = min(max(sum, *at(lo, j)), *at(hi, j))
			}
			*at(c, i*ldc+j) = sum
		}
	}
}

func transposePortable[T Float](dst, src *T, blocks, ldd, _ int) {
	for j, v := range unsafe.Slice(src, blocks) {
		*at(dst, j*ldd) = v
	}
}

func addPortable[T Float](sum, x *T, n int) {
	out := unsafe.Slice(sum, n)
	for i, v := range unsafe.Slice(x, n) {
		out[i] += v
	}
}

func adamPortable[T Float](x, m, v, grad *T, n int, rates *T) {
	xs, ms, vs, r := unsafe.Slice(x, n), unsafe.Slice(m, n), unsafe.Slice(v, n), (*AdamRates[T])(unsafe.Pointer(rates))
	for i, g := range unsafe.Slice(grad, n) {
		ms[i] = r.Beta1*ms[i] + r.One1*g
		vs[i] = r.Beta2*vs[i] + r.One2*g*g
		// Rounding the float64 root of a float32 gives the float32 root.
		xs[i] += r.Rate * ms[i] / (T(math.Sqrt(float64(vs[i]))) + r.Floor)
	}
}

func sumSquaresPortable[T Float](x *T, n int) float64 {
	sum := 0.0
	for _, v := range unsafe.Slice(x, n) {
		sum += float64(v) * float64(v)
	}
	return sum
}

func closeGatesPortable[T Float](d, a, bar, sum *T, rows, n, ldd, lda int) {
	bars, sums := unsafe.Slice(bar, n), unsafe.Slice(sum, n)
	for i := range rows {
		ds := unsafe.Slice(at(d, i*ldd), n)
		for j, v := range unsafe.Slice(at(a, i*lda), n) {
			open := 0
			if v > bars[j] { // in this form no jump, which half of the units would miss
				open = 1
			}
			ds[j] *= T(open)
			sums[j] += ds[j]
		}
	}
}

func mixForwardPortable[T Float](a, z, relu, identity *T, n int) {
	out, p, q := unsafe.Slice(a, n), unsafe.Slice(relu, n), unsafe.Slice(identity, n)
	for j, v := range unsafe.Slice(z, n) {
		out[j] = p[j]*max(0, v) + q[j]*v
	}
}

func mixBackwardPortable[T Float](d, z, relu, identity, reluGrad, identityGrad *T, n int) {
	ds, p, q := unsafe.Slice(d, n), unsafe.Slice(relu, n), unsafe.Slice(identity, n)
	dp, dq := unsafe.Slice(reluGrad, n), unsafe.Slice(identityGrad, n)
	for j, v := range unsafe.Slice(z, n) {
		dp[j] += ds[j] * max(0, v)
		dq[j] += ds[j] * v
		active := 0
		if v > 0 {
			active = 1
		}
		ds[j] *= q[j] + T(active)*p[j]
	}
}

func peakPortable[T Float](x *T, rounds int) {
	var sums [peakSums]four[T]
	y := four[T]{*x, *x, *x, *x}
	for range rounds {
		for i := range sums {
			sums[i] = sums[i].plus(*x, y)
		}
	}
	*x = sums[0].a
}
