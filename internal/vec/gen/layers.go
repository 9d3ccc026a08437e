package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// release: see vec.Release. n is a multiple of the width.
func release(s isa) {
	name := "release" + s.name
	TEXT(name, NOSPLIT, "func(k, v, low, up, cut, split, edge, bias, mass *float64, n int) (c, m float64)")
	k, v, low, up, cut := pointer("k"), pointer("v"), pointer("low"), pointer("up"), pointer("cut")
	split, edge, bias, mass := pointer("split"), pointer("edge"), pointer("bias"), pointer("mass")
	zero, c, m := s.reg(), s.reg(), s.reg()
	for _, r := range []VecVirtual{zero, c, m} {
		s.zero(r)
	}
	s.units(name, func(at func(Register) Mem) {
		x, p, q, w, h, e := s.reg(), s.reg(), s.reg(), s.reg(), s.reg(), s.reg()
		VMOVUPD(at(v), x)
		VMAXPD(x, zero, p) // not a number stays one: the second source wins
		VMINPD(x, zero, q)
		VFMADD231PD(at(cut), q, c)
		VMULPD(at(low), p, w)
		VFMADD231PD(at(up), q, w)
		VMOVUPD(at(split), h)
		VSUBPD(h, w, w)
		VMOVUPD(w, at(k))
		VFMADD231PD(at(bias), w, c)
		VMULPD(at(edge), h, e)
		VADDPD(e, c, c)
		s.magnitude(w, zero)
		s.magnitude(h, zero)
		s.magnitude(e, zero)
		VSUBPD(q, w, w)
		VADDPD(h, w, w)
		VFMADD231PD(at(mass), w, m)
		VADDPD(e, m, m)
	})
	sumC, sumM := s.sum(c), s.sum(m)
	VZEROUPPER()
	Store(sumC, ReturnIndex(0))
	Store(sumM, ReturnIndex(1))
	RET()
}

// activateUnits: see vec.ActivateUnits. n is a multiple of the width.
func activateUnits(s isa) {
	name := "activateUnits" + s.name
	TEXT(name, NOSPLIT, "func(y, grad, z, adjoint, low, up, cut, bias *float64, n int)")
	y, grad, z, adjoint := pointer("y"), pointer("grad"), pointer("z"), pointer("adjoint")
	low, up, cut, bias := pointer("low"), pointer("up"), pointer("cut"), pointer("bias")
	zero := s.reg()
	s.zero(zero)
	s.units(name, func(at func(Register) Mem) {
		x, a, p, q := s.reg(), s.reg(), s.reg(), s.reg()
		VMOVUPD(at(z), x)
		VADDPD(at(bias), x, x)
		VMOVUPD(x, at(z))
		VMOVUPD(at(adjoint), a)
		VMULPD(at(low), x, p)
		VMOVUPD(at(cut), q)
		VFMADD231PD(at(up), x, q)
		s.positive(a, zero, q, p, p)
		VMOVUPD(p, at(y))
		VMAXPD(a, zero, a)
		VMULPD(x, a, a)
		VMOVUPD(a, at(grad))
	})
	VZEROUPPER()
	RET()
}

func pointer(name string) Register { return Load(Param(name), GP64()) }

// units repeats body for as many units at a time as a register holds, n in all; at gives
// where they are in a slice.
func (s isa) units(name string, body func(at func(Register) Mem)) {
	n, i := Load(Param("n"), GP64()), GP64()
	loop, end := name+"Loop", name+"End"
	XORQ(i, i)
	TESTQ(n, n)
	JZ(LabelRef(end))
	Label(loop)
	body(func(base Register) Mem { return Mem{Base: base, Index: i, Scale: 8} })
	ADDQ(Imm(uint64(s.width)), i)
	CMPQ(i, n)
	JLT(LabelRef(loop))
	Label(end)
}

// magnitude replaces r by |r|.
func (s isa) magnitude(r, zero VecVirtual) {
	minus := s.reg()
	VSUBPD(r, zero, minus)
	VMAXPD(r, minus, r) // not a number stays one
}
