package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// relax: see vec.Relax, and vec.RelaxEach where every form has its own slope.
func relax(s isa, each bool) {
	name, args := "relax"+s.name, "func(rows, v, w *float64, n int, u, c, m *float64)"
	if each {
		name, args = "relaxEach"+s.name, "func(rows, v, w *float64, n int, u, slope, c, m *float64)"
	}
	TEXT(name, NOSPLIT, args)
	g, v, w := Load(Param("rows"), GP64()), Load(Param("v"), GP64()), Load(Param("w"), GP64())
	n, u := Load(Param("n"), GP64()), Load(Param("u"), GP64())
	c, m := Load(Param("c"), GP64()), Load(Param("m"), GP64())
	field := func(i int) VecVirtual { return s.broadcast(Mem{Base: u, Disp: 8 * i}) }
	var slope Register
	if each {
		slope = Load(Param("slope"), GP64())
	}
	low, up, cut, bias, mass, cutMass := field(0), field(1), field(2), field(3), field(4), field(5)
	zero := s.reg()
	s.zero(zero)
	regs := lanes / s.width
	ws := make([]VecVirtual, regs)
	for i := range regs {
		p, q, x := s.reg(), s.reg(), s.reg()
		VMOVUPD(s.at(v, i), x)
		VMAXPD(x, zero, p) // not a number stays one: the second source wins
		VMINPD(x, zero, q)
		cc, mm := s.reg(), s.reg()
		VMOVUPD(s.at(c, i), cc)
		VMOVUPD(s.at(m, i), mm)
		VFMADD231PD(cut, q, cc)
		VFNMADD231PD(cutMass, q, mm)
		if each {
			VMULPD(s.at(slope, i), p, p)
		} else {
			VMULPD(low, p, p)
		}
		VMULPD(up, q, q)
		ws[i] = s.reg()
		VADDPD(p, q, ws[i])
		VSUBPD(q, p, p) // |w|, slopes are not negative
		VFMADD231PD(bias, ws[i], cc)
		VFMADD231PD(mass, p, mm)
		VMOVUPD(cc, s.at(c, i))
		VMOVUPD(mm, s.at(m, i))
	}
	loop, end := name+"Loop", name+"End"
	TESTQ(n, n)
	JZ(LabelRef(end))
	Label(loop)
	x := s.broadcast(Mem{Base: w})
	for i := range regs {
		y := s.reg()
		VMOVUPD(s.at(g, i), y)
		VFMADD231PD(x, ws[i], y)
		VMOVUPD(y, s.at(g, i))
	}
	ADDQ(Imm(8), w)
	ADDQ(Imm(8*lanes), g)
	DECQ(n)
	JNZ(LabelRef(loop))
	Label(end)
	VZEROUPPER()
	RET()
}

// concretise: see vec.Concretise.
func concretise(s isa) {
	TEXT("concretise"+s.name, NOSPLIT, "func(a, lower, upper, size *float64, n int, c, m *float64)")
	a, lower, upper := Load(Param("a"), GP64()), Load(Param("lower"), GP64()), Load(Param("upper"), GP64())
	size, n := Load(Param("size"), GP64()), Load(Param("n"), GP64())
	c, m := Load(Param("c"), GP64()), Load(Param("m"), GP64())
	zero := s.reg()
	s.zero(zero)
	regs := lanes / s.width
	cs, ms := make([]VecVirtual, regs), make([]VecVirtual, regs)
	for i := range regs {
		cs[i], ms[i] = s.reg(), s.reg()
		VMOVUPD(s.at(c, i), cs[i])
		VMOVUPD(s.at(m, i), ms[i])
	}
	loop, end := "concretise"+s.name+"Loop", "concretise"+s.name+"End"
	TESTQ(n, n)
	JZ(LabelRef(end))
	Label(loop)
	lo, hi, mag := s.broadcast(Mem{Base: lower}), s.broadcast(Mem{Base: upper}), s.broadcast(Mem{Base: size})
	for i := range regs {
		x, p, q := s.reg(), s.reg(), s.reg()
		VMOVUPD(s.at(a, i), x)
		VMAXPD(x, zero, p) // not a number stays one: the second source wins
		VMINPD(x, zero, q)
		VFMADD231PD(lo, p, cs[i])
		VFMADD231PD(hi, q, cs[i])
		VSUBPD(q, p, p)
		VFMADD231PD(mag, p, ms[i])
	}
	ADDQ(Imm(8), lower)
	ADDQ(Imm(8), upper)
	ADDQ(Imm(8), size)
	ADDQ(Imm(8*lanes), a)
	DECQ(n)
	JNZ(LabelRef(loop))
	Label(end)
	for i := range regs {
		VMOVUPD(cs[i], s.at(c, i))
		VMOVUPD(ms[i], s.at(m, i))
	}
	VZEROUPPER()
	RET()
}

// gather: see vec.Gather.
func gather(s isa) {
	TEXT("gather"+s.name, NOSPLIT, "func(out, rows, w *float64, n int)")
	out, rows := Load(Param("out"), GP64()), Load(Param("rows"), GP64())
	w, n := Load(Param("w"), GP64()), Load(Param("n"), GP64())
	regs := lanes / s.width
	acc := make([]VecVirtual, regs)
	for i := range regs {
		acc[i] = s.reg()
		VMOVUPD(s.at(out, i), acc[i])
	}
	loop, end := "gather"+s.name+"Loop", "gather"+s.name+"End"
	TESTQ(n, n)
	JZ(LabelRef(end))
	Label(loop)
	x := s.broadcast(Mem{Base: w})
	for i := range regs {
		VFMADD231PD(s.at(rows, i), x, acc[i])
	}
	ADDQ(Imm(8), w)
	ADDQ(Imm(8*lanes), rows)
	DECQ(n)
	JNZ(LabelRef(loop))
	Label(end)
	for i := range regs {
		VMOVUPD(acc[i], s.at(out, i))
	}
	VZEROUPPER()
	RET()
}

// activate: see vec.Activate.
func activate(s isa) {
	TEXT("activate"+s.name, NOSPLIT, "func(y, grad, z, adjoint, slope, u *float64)")
	y, grad, z := Load(Param("y"), GP64()), Load(Param("grad"), GP64()), Load(Param("z"), GP64())
	adjoint, slope, u := Load(Param("adjoint"), GP64()), Load(Param("slope"), GP64()), Load(Param("u"), GP64())
	up, cut := s.broadcast(Mem{Base: u, Disp: 8}), s.broadcast(Mem{Base: u, Disp: 16})
	zero := s.reg()
	s.zero(zero)
	for i := range lanes / s.width {
		x, a, p, q, g := s.reg(), s.reg(), s.reg(), s.reg(), s.reg()
		VMOVUPD(s.at(z, i), x)
		VMOVUPD(s.at(adjoint, i), a)
		VMULPD(s.at(slope, i), x, p)
		VMOVAPD(cut, q)
		VFMADD231PD(up, x, q)
		s.positive(a, zero, q, p, p)
		VMAXPD(a, zero, g)
		VMULPD(x, g, g)
		VMOVUPD(p, s.at(y, i))
		VMOVUPD(g, s.at(grad, i))
	}
	VZEROUPPER()
	RET()
}

// positive writes p where a > 0 and q elsewhere to dst.
func (s isa) positive(a, zero, q, p, dst VecVirtual) {
	const greater = 0x1e
	if s.width == 8 {
		k := K()
		VCMPPD(Imm(greater), zero, a, k)
		VBLENDMPD(p, q, k, dst)
		return
	}
	m := s.reg()
	VCMPPD(Imm(greater), zero, a, m)
	VBLENDVPD(m, p, q, dst)
}

// adam: see vec.Adam.
func adam(s isa) {
	TEXT("adam"+s.name, NOSPLIT, "func(x, m, v, grad, r *float64)")
	x, m, v := Load(Param("x"), GP64()), Load(Param("m"), GP64()), Load(Param("v"), GP64())
	grad, r := Load(Param("grad"), GP64()), Load(Param("r"), GP64())
	field := func(i int) VecVirtual { return s.broadcast(Mem{Base: r, Disp: 8 * i}) }
	b1, n1, b2, n2 := field(0), field(1), field(2), field(3)
	c1, c2, tiny, lo, hi := field(4), field(5), field(6), field(7), field(8)
	for i := range lanes / s.width {
		g, mm, vv, t := s.reg(), s.reg(), s.reg(), s.reg()
		VMOVUPD(s.at(grad, i), g)
		VMULPD(s.at(m, i), b1, mm)
		VFMADD231PD(n1, g, mm)
		VMOVUPD(mm, s.at(m, i))
		VMULPD(s.at(v, i), b2, vv)
		VMULPD(g, g, g)
		VFMADD231PD(n2, g, vv)
		VMOVUPD(vv, s.at(v, i))
		VMULPD(c2, vv, vv)
		VSQRTPD(vv, vv)
		VADDPD(tiny, vv, vv)
		VMULPD(c1, mm, mm)
		VDIVPD(vv, mm, t)
		VADDPD(s.at(x, i), t, t)
		VMAXPD(lo, t, t) // not a number becomes lo
		VMINPD(hi, t, t)
		VMOVUPD(t, s.at(x, i))
	}
	VZEROUPPER()
	RET()
}
