package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func elementWise(m machine) {
	add(m)
	adam(m)
	sumSquares(m)
	closeGates(m)
	mixForward(m)
	mixBackward(m)
}

// sweep writes a loop over n elements, a register at a time and the rest under a
// mask. The body finds its elements where the pointers are, which move on.
func (m machine) sweep(name string, n GPVirtual, pointers []GPVirtual, body func(k mask)) {
	loop, rest, end := name+"Loop", name+"Rest", name+"End"
	Label(loop)
	CMPQ(n, Imm(uint64(m.lanes())))
	JLT(LabelRef(rest))
	body(nil)
	for _, p := range pointers {
		ADDQ(Imm(uint64(m.bytes)), p)
	}
	SUBQ(Imm(uint64(m.lanes())), n)
	JMP(LabelRef(loop))
	Label(rest)
	TESTQ(n, n)
	JZ(LabelRef(end))
	body(m.masks(n, 1)[0])
	Label(end)
}

func (m machine) finish() {
	VZEROUPPER()
	RET()
}

// add: see dense.Set.Add.
func add(m machine) {
	name := m.function("add", "func(sum, x *T, n int)")
	sum, x, n := pointer("sum"), pointer("x"), pointer("n")
	m.sweep(name, n, []GPVirtual{sum, x}, func(k mask) {
		s := m.load(Mem{Base: sum}, k)
		m.float.add(m.load(Mem{Base: x}, k), s, s)
		m.store(s, Mem{Base: sum}, k)
	})
	m.finish()
}

// adam: see dense.AdamRates.
func adam(m machine) {
	name := m.function("adam", "func(x, m, v, grad *T, n int, rates *T)")
	x, mean, square, grad, n := pointer("x"), pointer("m"), pointer("v"), pointer("grad"), pointer("n")
	rates := pointer("rates")
	var c [6]VecVirtual
	for i := range c {
		c[i] = m.broadcast(Mem{Base: rates, Disp: i * m.float.size})
	}
	f := m.float
	m.sweep(name, n, []GPVirtual{x, mean, square, grad}, func(k mask) {
		g, mm, vv := m.load(Mem{Base: grad}, k), m.load(Mem{Base: mean}, k), m.load(Mem{Base: square}, k)
		f.mul(c[0], mm, mm)
		f.fma(c[1], g, mm)
		m.store(mm, Mem{Base: mean}, k)
		f.mul(c[2], vv, vv)
		f.mul(g, g, g)
		f.fma(c[3], g, vv)
		m.store(vv, Mem{Base: square}, k)
		f.sqrt(vv, vv)
		f.add(c[5], vv, vv)
		f.mul(c[4], mm, mm)
		f.div(vv, mm, mm)
		y := m.load(Mem{Base: x}, k)
		f.add(mm, y, y) // the rate is negative
		m.store(y, Mem{Base: x}, k)
	})
	m.finish()
}

// sumSquares: see dense.Set.Norm. Sums are float64, in lanes.
func sumSquares(m machine) {
	name := m.function("sumSquares", "func(x *T, n int) float64")
	x, n := pointer("x"), pointer("n")
	sums := []VecVirtual{m.zero(), m.zero()}
	m.sweep(name, n, []GPVirtual{x}, func(k mask) {
		v := m.load(Mem{Base: x}, k)
		if m.float.size == 8 {
			VFMADD231PD(v, v, sums[0])
			return
		}
		for i, half := range m.halves(v) {
			d := m.reg()
			VCVTPS2PD(half, d)
			VFMADD231PD(d, d, sums[i])
		}
	})
	VADDPD(sums[1], sums[0], sums[0])
	Store(m.total(sums[0]), ReturnIndex(0))
	m.finish()
}

// total returns the sum of the float64 lanes of v, which it changes.
func (m machine) total(v VecVirtual) Register {
	if m.wide() {
		upper := YMM()
		VEXTRACTF64X4(Imm(1), v, upper)
		VADDPD(v.AsY(), upper, upper)
		v = upper
	}
	upper, sum := XMM(), XMM()
	VEXTRACTF128(Imm(1), v, upper)
	VADDPD(v.AsX(), upper, upper)
	VPERMILPD(Imm(1), upper, sum)
	VADDSD(upper, sum, sum)
	return sum
}

// halves returns the lower and the upper half of a register.
func (m machine) halves(v VecVirtual) []Op {
	if m.wide() {
		upper := YMM()
		VEXTRACTF64X4(Imm(1), v, upper)
		return []Op{v.AsY(), upper}
	}
	upper := XMM()
	VEXTRACTF128(Imm(1), v, upper)
	return []Op{v.AsX(), upper}
}

const greater = 0x1e // ordered: false for what is not a number

// closed returns d where a > b, 0 elsewhere.
func (m machine) closed(d, a, b VecVirtual) VecVirtual {
	r := m.reg()
	if m.wide() {
		k := K()
		m.float.cmp(Imm(greater), b, a, k)
		if m.float.size == 4 {
			VMOVAPS_Z(d, k, r)
		} else {
			VMOVAPD_Z(d, k, r)
		}
		return r
	}
	m.float.cmp(Imm(greater), b, a, r)
	m.float.and(d, r, r)
	return r
}

// closeGates: see dense.Set.CloseGates. A column of registers after the other,
// so that bar and sum stay in registers.
func closeGates(m machine) {
	name := m.function("closeGates", "func(d, a, bar, sum *T, rows, n, ldd, lda int)")
	d, a, bar, sum, n := pointer("d"), pointer("a"), pointer("bar"), pointer("sum"), pointer("n")
	ldd, lda := m.scale(pointer("ldd")), m.scale(pointer("lda"))
	column := 0
	m.sweep(name, n, []GPVirtual{d, a, bar, sum}, func(k mask) {
		column++
		loop := name + "Rows" + string(rune('0'+column))
		limit, total := m.load(Mem{Base: bar}, k), m.load(Mem{Base: sum}, k)
		dp, ap, rows := GP64(), GP64(), pointer("rows")
		MOVQ(d, dp)
		MOVQ(a, ap)
		Label(loop)
		x := m.closed(m.load(Mem{Base: dp}, k), m.load(Mem{Base: ap}, k), limit)
		m.store(x, Mem{Base: dp}, k)
		m.float.add(x, total, total)
		ADDQ(ldd, dp)
		ADDQ(lda, ap)
		DECQ(rows)
		JNZ(LabelRef(loop))
		m.store(total, Mem{Base: sum}, k)
	})
	m.finish()
}

// mixForward: see dense.Set.MixForward.
func mixForward(m machine) {
	name := m.function("mixForward", "func(a, z, relu, identity *T, n int)")
	a, z, relu, identity, n := pointer("a"), pointer("z"), pointer("relu"), pointer("identity"), pointer("n")
	zero := m.zero()
	m.sweep(name, n, []GPVirtual{a, z, relu, identity}, func(k mask) {
		x, p := m.load(Mem{Base: z}, k), m.reg()
		m.float.max(x, zero, p) // not a number stays one
		y := m.load(Mem{Base: identity}, k)
		m.float.mul(x, y, y)
		m.float.fma(m.load(Mem{Base: relu}, k), p, y)
		m.store(y, Mem{Base: a}, k)
	})
	m.finish()
}

// mixBackward: see dense.Set.MixBackward.
func mixBackward(m machine) {
	name := m.function("mixBackward", "func(d, z, relu, identity, reluGrad, identityGrad *T, n int)")
	d, z, n := pointer("d"), pointer("z"), pointer("n")
	relu, identity := pointer("relu"), pointer("identity")
	reluGrad, identityGrad := pointer("reluGrad"), pointer("identityGrad")
	zero := m.zero()
	m.sweep(name, n, []GPVirtual{d, z, relu, identity, reluGrad, identityGrad}, func(k mask) {
		x, y, p := m.load(Mem{Base: z}, k), m.load(Mem{Base: d}, k), m.reg()
		m.float.max(x, zero, p)
		g := m.load(Mem{Base: reluGrad}, k)
		m.float.fma(p, y, g)
		m.store(g, Mem{Base: reluGrad}, k)
		g = m.load(Mem{Base: identityGrad}, k)
		m.float.fma(x, y, g)
		m.store(g, Mem{Base: identityGrad}, k)
		slope := m.closed(m.load(Mem{Base: relu}, k), x, zero)
		m.float.add(m.load(Mem{Base: identity}, k), slope, slope)
		m.float.mul(slope, y, y)
		m.store(y, Mem{Base: d}, k)
	})
	m.finish()
}
