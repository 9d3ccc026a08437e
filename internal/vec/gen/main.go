// Command gen writes the assembly of package vec:
//
//	cd internal/vec/gen && go run . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg vec
//
// It is a module of its own, so that users of hinge do not need the generator.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// lanes is vec.Lanes.
const lanes = 16

// isa is what the two instruction sets differ in.
type isa struct {
	name  string
	width int // doubles in a register
	reg   func() VecVirtual
	zero  func(r VecVirtual)
}

func main() {
	ConstraintExpr("amd64,!purego")
	for _, s := range []isa{
		{"AVX2", 4, func() VecVirtual { return YMM() }, func(r VecVirtual) { VXORPD(r, r, r) }},
		{"AVX512", 8, func() VecVirtual { return ZMM() }, func(r VecVirtual) { VPXORQ(r, r, r) }},
	} {
		relax(s, false)
		relax(s, true)
		gather(s)
		activate(s)
		adam(s)
		concretise(s)
		axpy(s)
		dot(s)
		dotPairs(s)
		dots(s)
		addRows(s)
	}
	Generate()
}

func (s isa) broadcast(m Mem) VecVirtual {
	r := s.reg()
	VBROADCASTSD(m, r)
	return r
}

// at returns register i of the lanes that start at base.
func (s isa) at(base Register, i int) Mem {
	return Mem{Base: base, Disp: i * s.width * 8}
}

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

// axpy: see vec.Axpy.
func axpy(s isa) {
	TEXT("axpy"+s.name, NOSPLIT, "func(s float64, x, y *float64, n int)")
	f := XMM()
	Load(Param("s"), f)
	x, y, n := Load(Param("x"), GP64()), Load(Param("y"), GP64()), Load(Param("n"), GP64())
	a := s.reg()
	VBROADCASTSD(f, a)
	main, tail, one, end := "axpy"+s.name+"Main", "axpy"+s.name+"Tail", "axpy"+s.name+"One", "axpy"+s.name+"End"
	Label(main)
	CMPQ(n, Imm(uint64(s.width)))
	JLT(LabelRef(tail))
	r := s.reg()
	VMOVUPD(Mem{Base: y}, r)
	VFMADD231PD(Mem{Base: x}, a, r)
	VMOVUPD(r, Mem{Base: y})
	ADDQ(Imm(uint64(8*s.width)), x)
	ADDQ(Imm(uint64(8*s.width)), y)
	SUBQ(Imm(uint64(s.width)), n)
	JMP(LabelRef(main))
	Label(tail)
	TESTQ(n, n)
	JZ(LabelRef(end))
	Label(one)
	q := XMM()
	VMOVSD(Mem{Base: y}, q)
	VFMADD231SD(Mem{Base: x}, f, q)
	VMOVSD(q, Mem{Base: y})
	ADDQ(Imm(8), x)
	ADDQ(Imm(8), y)
	DECQ(n)
	JNZ(LabelRef(one))
	Label(end)
	VZEROUPPER()
	RET()
}

// dot: see vec.Dot.
func dot(s isa) {
	TEXT("dot"+s.name, NOSPLIT, "func(x, y *float64, n int) float64")
	x, y, n := Load(Param("x"), GP64()), Load(Param("y"), GP64()), Load(Param("n"), GP64())
	acc := s.reg()
	s.zero(acc)
	main, fold, one, end := "dot"+s.name+"Main", "dot"+s.name+"Fold", "dot"+s.name+"One", "dot"+s.name+"End"
	Label(main)
	CMPQ(n, Imm(uint64(s.width)))
	JLT(LabelRef(fold))
	r := s.reg()
	VMOVUPD(Mem{Base: x}, r)
	VFMADD231PD(Mem{Base: y}, r, acc)
	ADDQ(Imm(uint64(8*s.width)), x)
	ADDQ(Imm(uint64(8*s.width)), y)
	SUBQ(Imm(uint64(s.width)), n)
	JMP(LabelRef(main))
	Label(fold)
	sum := s.sum(acc)
	TESTQ(n, n)
	JZ(LabelRef(end))
	Label(one)
	q := XMM()
	VMOVSD(Mem{Base: x}, q)
	VFMADD231SD(Mem{Base: y}, q, sum)
	ADDQ(Imm(8), x)
	ADDQ(Imm(8), y)
	DECQ(n)
	JNZ(LabelRef(one))
	Label(end)
	VZEROUPPER()
	Store(sum, ReturnIndex(0))
	RET()
}

// dotPairs: see vec.DotPairs. Each of both sums has two registers, so that one product need
// not wait for the one before.
func dotPairs(s isa) {
	name := "dotPairs" + s.name
	TEXT(name, NOSPLIT, "func(p, q, a *float64, stride int, index *int32, rows int, x, y *float64, n int)")
	p, q, a := Load(Param("p"), GP64()), Load(Param("q"), GP64()), Load(Param("a"), GP64())
	stride, index, rows := Load(Param("stride"), GP64()), Load(Param("index"), GP64()), Load(Param("rows"), GP64())
	x, y, n := Load(Param("x"), GP64()), Load(Param("y"), GP64()), Load(Param("n"), GP64())
	SHLQ(Imm(3), stride)
	row, main, single, fold, one, next, end := name+"Row", name+"Main", name+"Single", name+"Fold", name+"One", name+"Next", name+"End"
	at, left, r := GP64(), GP64(), GP64()
	acc := [4]VecVirtual{s.reg(), s.reg(), s.reg(), s.reg()}
	mem := func(base Register, i int) Mem { return Mem{Base: base, Index: at, Scale: 8, Disp: i * s.width * 8} }
	multiply := func(i int) {
		v := s.reg()
		VMOVUPD(mem(r, i), v)
		VFMADD231PD(mem(x, i), v, acc[2*i])
		VFMADD231PD(mem(y, i), v, acc[2*i+1])
	}
	step := func(width int) {
		ADDQ(Imm(uint64(width)), at)
		SUBQ(Imm(uint64(width)), left)
	}
	TESTQ(rows, rows)
	JZ(LabelRef(end))
	Label(row)
	s.row(r, a, stride, index)
	XORQ(at, at)
	MOVQ(n, left)
	for _, v := range acc {
		s.zero(v)
	}
	Label(main)
	CMPQ(left, Imm(uint64(2*s.width)))
	JLT(LabelRef(single))
	multiply(0)
	multiply(1)
	step(2 * s.width)
	JMP(LabelRef(main))
	Label(single)
	CMPQ(left, Imm(uint64(s.width)))
	JLT(LabelRef(fold))
	multiply(0)
	step(s.width)
	Label(fold)
	VADDPD(acc[0], acc[2], acc[0])
	VADDPD(acc[1], acc[3], acc[1])
	first, second := s.sum(acc[0]), s.sum(acc[1])
	TESTQ(left, left)
	JZ(LabelRef(next))
	Label(one)
	v := XMM()
	VMOVSD(mem(r, 0), v)
	VFMADD231SD(mem(x, 0), v, first)
	VFMADD231SD(mem(y, 0), v, second)
	step(1)
	JNZ(LabelRef(one))
	Label(next)
	VMOVSD(first, Mem{Base: p})
	VMOVSD(second, Mem{Base: q})
	ADDQ(Imm(8), p)
	ADDQ(Imm(8), q)
	ADDQ(Imm(4), index)
	DECQ(rows)
	JNZ(LabelRef(row))
	Label(end)
	VZEROUPPER()
	RET()
}

// sum adds up the doubles of a register.
func (s isa) sum(acc VecVirtual) VecVirtual {
	half := YMM()
	if s.width == 8 {
		VEXTRACTF64X4(Imm(1), acc, half)
		VADDPD(acc.AsY(), half, half)
	} else {
		VMOVAPD(acc, half)
	}
	hi := XMM()
	VEXTRACTF128(Imm(1), half, hi)
	VADDPD(half.AsX(), hi, hi)
	sum := XMM()
	VPERMILPD(Imm(1), hi, sum)
	VADDSD(hi, sum, sum)
	return sum
}

// dots: see vec.Dots.
func dots(s isa) {
	name := "dots" + s.name
	TEXT(name, NOSPLIT, "func(dst, a *float64, stride int, index *int32, rows int, x *float64, n int)")
	dst, a, stride := Load(Param("dst"), GP64()), Load(Param("a"), GP64()), Load(Param("stride"), GP64())
	index, rows := Load(Param("index"), GP64()), Load(Param("rows"), GP64())
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	SHLQ(Imm(3), stride)
	row, main, single, fold, one, next, end := name+"Row", name+"Main", name+"Single", name+"Fold", name+"One", name+"Next", name+"End"
	at, left, r := GP64(), GP64(), GP64()
	acc := [4]VecVirtual{s.reg(), s.reg(), s.reg(), s.reg()}
	mem := func(base Register, i int) Mem { return Mem{Base: base, Index: at, Scale: 8, Disp: i * s.width * 8} }
	multiply := func(i int) {
		v := s.reg()
		VMOVUPD(mem(r, i), v)
		VFMADD231PD(mem(x, i), v, acc[i])
	}
	step := func(width int) {
		ADDQ(Imm(uint64(width)), at)
		SUBQ(Imm(uint64(width)), left)
	}
	TESTQ(rows, rows)
	JZ(LabelRef(end))
	Label(row)
	s.row(r, a, stride, index)
	XORQ(at, at)
	MOVQ(n, left)
	for _, v := range acc {
		s.zero(v)
	}
	Label(main)
	CMPQ(left, Imm(uint64(4*s.width)))
	JLT(LabelRef(single))
	for i := range acc {
		multiply(i)
	}
	step(4 * s.width)
	JMP(LabelRef(main))
	Label(single)
	CMPQ(left, Imm(uint64(s.width)))
	JLT(LabelRef(fold))
	multiply(0)
	step(s.width)
	JMP(LabelRef(single))
	Label(fold)
	VADDPD(acc[0], acc[2], acc[0])
	VADDPD(acc[1], acc[3], acc[1])
	VADDPD(acc[0], acc[1], acc[0])
	sum := s.sum(acc[0])
	TESTQ(left, left)
	JZ(LabelRef(next))
	Label(one)
	v := XMM()
	VMOVSD(mem(r, 0), v)
	VFMADD231SD(mem(x, 0), v, sum)
	step(1)
	JNZ(LabelRef(one))
	Label(next)
	VMOVSD(sum, Mem{Base: dst})
	ADDQ(Imm(8), dst)
	ADDQ(Imm(4), index)
	DECQ(rows)
	JNZ(LabelRef(row))
	Label(end)
	VZEROUPPER()
	RET()
}

// row sets r to the address of the row that index points to.
func (s isa) row(r, a, stride, index Register) {
	MOVLQSX(Mem{Base: index}, r)
	IMULQ(stride, r)
	ADDQ(a, r)
}

// addRows: see vec.AddRows. Some columns at a time stay in registers while all rows are added.
func addRows(s isa) {
	name := "addRows" + s.name
	TEXT(name, NOSPLIT, "func(y, f, a *float64, stride int, index *int32, rows int, n int)")
	y, f, a := Load(Param("y"), GP64()), Load(Param("f"), GP64()), Load(Param("a"), GP64())
	stride, index, rows := Load(Param("stride"), GP64()), Load(Param("index"), GP64()), Load(Param("rows"), GP64())
	n := Load(Param("n"), GP64())
	SHLQ(Imm(3), stride)
	r, i, at := GP64(), GP64(), GP64()
	// each calls add for every row, with f[i] broadcast.
	each := func(label string, add func(f VecVirtual)) {
		XORQ(i, i)
		MOVQ(index, at)
		Label(label)
		s.row(r, a, stride, at)
		c := s.broadcast(Mem{Base: f, Index: i, Scale: 8})
		add(c)
		ADDQ(Imm(4), at)
		INCQ(i)
		CMPQ(i, rows)
		JLT(LabelRef(label))
	}
	block := func(regs int, label, over string) {
		width := regs * s.width
		Label(label)
		CMPQ(n, Imm(uint64(width)))
		JLT(LabelRef(over))
		acc := make([]VecVirtual, regs)
		for k := range acc {
			acc[k] = s.reg()
			VMOVUPD(s.at(y, k), acc[k])
		}
		each(label+"Row", func(c VecVirtual) {
			for k := range acc {
				VFMADD231PD(s.at(r, k), c, acc[k])
			}
		})
		for k := range acc {
			VMOVUPD(acc[k], s.at(y, k))
		}
		ADDQ(I32(int32(8*width)), y)
		ADDQ(I32(int32(8*width)), a)
		SUBQ(Imm(uint64(width)), n)
		JMP(LabelRef(label))
	}
	wide, single, one, end := name+"Wide", name+"Single", name+"One", name+"End"
	TESTQ(rows, rows)
	JZ(LabelRef(end))
	block(4, wide, single)
	block(1, single, one)
	Label(one)
	TESTQ(n, n)
	JZ(LabelRef(end))
	sum := XMM()
	VMOVSD(Mem{Base: y}, sum)
	each(one+"Row", func(c VecVirtual) { VFMADD231SD(Mem{Base: r}, c.AsX(), sum) })
	VMOVSD(sum, Mem{Base: y})
	ADDQ(Imm(8), y)
	ADDQ(Imm(8), a)
	DECQ(n)
	JMP(LabelRef(one))
	Label(end)
	VZEROUPPER()
	RET()
}
