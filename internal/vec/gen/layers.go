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

// half is how many registers hold the lanes that are worked on at a time.
func (s isa) half() int { return lanes / 2 / s.width }

// releasePanel: see vec.RelaxLayer. Half the lanes at a time, so that constants and
// allowances stay in registers.
func releasePanel(s isa) {
	name := "releasePanel" + s.name
	TEXT(name, NOSPLIT, "func(k, v *float64, index *int32, rows int, low, up, cut, bias, mass, c, m *float64)")
	k, v, index, rows := pointer("k"), pointer("v"), pointer("index"), pointer("rows")
	low, up, cut := pointer("low"), pointer("up"), pointer("cut")
	bias, mass := pointer("bias"), pointer("mass")
	zero := s.reg()
	s.zero(zero)
	i, h, x := GP64(), GP64(), GP64()
	end := name + "End"
	TESTQ(rows, rows)
	JZ(LabelRef(end))
	for part := range 2 {
		loop := name + []string{"First", "Second"}[part]
		sum := func(param string) (regs []VecVirtual) {
			p := pointer(param)
			for r := range s.half() {
				regs = append(regs, s.reg())
				VMOVUPD(s.at(p, part*s.half()+r), regs[r])
			}
			return regs
		}
		c, m := sum("c"), sum("m")
		XORQ(i, i)
		to := GP64()
		MOVQ(k, to)
		Label(loop)
		MOVLQSX(Mem{Base: index, Index: i, Scale: 4}, h)
		unit := func(of Register) VecVirtual { return s.broadcast(Mem{Base: of, Index: h, Scale: 8}) }
		ls, us, cs, bs, ms := unit(low), unit(up), unit(cut), unit(bias), unit(mass)
		MOVQ(h, x)
		SHLQ(Imm(7), x) // of lanes doubles
		ADDQ(v, x)
		for r := range s.half() {
			p, q, w := s.reg(), s.reg(), s.reg()
			VMOVUPD(s.at(x, part*s.half()+r), w)
			VMAXPD(w, zero, p) // not a number stays one: the second source wins
			VMINPD(w, zero, q)
			VFMADD231PD(cs, q, c[r])
			VFNMADD231PD(ms, q, m[r])
			VMULPD(ls, p, p)
			VMULPD(us, q, q)
			VADDPD(p, q, w)
			VMOVUPD(w, s.at(to, part*s.half()+r))
			VSUBPD(q, p, p) // |w|, slopes are not negative
			VFMADD231PD(bs, w, c[r])
			VFMADD231PD(ms, p, m[r])
		}
		ADDQ(Imm(8*lanes), to)
		INCQ(i)
		CMPQ(i, rows)
		JLT(LabelRef(loop))
		pc, pm := pointer("c"), pointer("m")
		for r := range s.half() {
			VMOVUPD(c[r], s.at(pc, part*s.half()+r))
			VMOVUPD(m[r], s.at(pm, part*s.half()+r))
		}
	}
	Label(end)
	VZEROUPPER()
	RET()
}

// addPanels: see vec.RelaxLayer. Some rows of g stay in registers, half their lanes at a
// time, while the coefficients of all units are added.
func addPanels(s isa) {
	name := "addPanels" + s.name
	TEXT(name, NOSPLIT, "func(to, k, w *float64, stride int, index *int32, rows, n int)")
	g, k, w := pointer("to"), pointer("k"), pointer("w")
	stride, index := pointer("stride"), pointer("index")
	SHLQ(Imm(3), stride)
	i, r, from, left := GP64(), GP64(), GP64(), pointer("n")
	end := name + "End"
	rows := pointer("rows")
	TESTQ(rows, rows)
	JZ(LabelRef(end))
	block := func(height int, label, over string) {
		Label(label)
		CMPQ(left, Imm(uint64(height)))
		JLT(LabelRef(over))
		for part := range 2 {
			each := label + []string{"First", "Second"}[part]
			at := func(base Register, row, reg int) Mem {
				return Mem{Base: base, Disp: 8*lanes*row + (part*s.half()+reg)*s.width*8}
			}
			acc := make([][]VecVirtual, height)
			for j := range acc {
				for q := range s.half() {
					acc[j] = append(acc[j], s.reg())
					VMOVUPD(at(g, j, q), acc[j][q])
				}
			}
			XORQ(i, i)
			MOVQ(k, from)
			Label(each)
			MOVLQSX(Mem{Base: index, Index: i, Scale: 4}, r)
			IMULQ(stride, r)
			ADDQ(w, r)
			var ks []VecVirtual
			for q := range s.half() {
				ks = append(ks, s.reg())
				VMOVUPD(at(from, 0, q), ks[q])
			}
			for j := range acc {
				x := s.broadcast(Mem{Base: r, Disp: 8 * j})
				for q := range ks {
					VFMADD231PD(ks[q], x, acc[j][q])
				}
			}
			ADDQ(Imm(8*lanes), from)
			INCQ(i)
			CMPQ(i, rows)
			JLT(LabelRef(each))
			for j := range acc {
				for q := range acc[j] {
					VMOVUPD(acc[j][q], at(g, j, q))
				}
			}
		}
		ADDQ(I32(int32(8*lanes*height)), g)
		ADDQ(Imm(uint64(8*height)), w)
		SUBQ(Imm(uint64(height)), left)
		JMP(LabelRef(label))
	}
	wide, single := name+"Wide", name+"Single"
	block(6, wide, single)
	block(1, single, end)
	Label(end)
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
