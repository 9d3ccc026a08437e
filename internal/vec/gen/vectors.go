package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

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

// dots: see vec.Dots, and vec.DotPairs where there are two vectors. Four sums are under way
// at a time, so that one product need not wait for the one before.
func dots(s isa, vectors int) {
	name, args := "dots"+s.name, "func(p, a *float64, stride int, index *int32, rows int, x *float64, n int)"
	outs, ins := []string{"p"}, []string{"x"}
	if vectors == 2 {
		name, args = "dotPairs"+s.name, "func(p, q, a *float64, stride int, index *int32, rows int, x, y *float64, n int)"
		outs, ins = []string{"p", "q"}, []string{"x", "y"}
	}
	TEXT(name, NOSPLIT, args)
	load := func(names []string) (regs []Register) {
		for _, v := range names {
			regs = append(regs, Load(Param(v), GP64()))
		}
		return regs
	}
	dst, xs := load(outs), load(ins)
	a, stride, index := Load(Param("a"), GP64()), Load(Param("stride"), GP64()), Load(Param("index"), GP64())
	rows, n := Load(Param("rows"), GP64()), Load(Param("n"), GP64())
	SHLQ(Imm(3), stride)
	row, end := name+"Row", name+"End"
	r := GP64()
	TESTQ(rows, rows)
	JZ(LabelRef(end))
	Label(row)
	s.row(r, a, stride, index)
	for i, sum := range s.products(name, r, n, xs) {
		VMOVSD(sum, Mem{Base: dst[i]})
		ADDQ(Imm(8), dst[i])
	}
	ADDQ(Imm(4), index)
	DECQ(rows)
	JNZ(LabelRef(row))
	Label(end)
	VZEROUPPER()
	RET()
}

// products multiplies the n doubles at r with each of one or two vectors.
func (s isa) products(name string, r, n Register, xs []Register) (sums []VecVirtual) {
	const under = 4
	main, single, fold, one, next := name+"Main", name+"Single", name+"Fold", name+"One", name+"Next"
	at, left := GP64(), GP64()
	mem := func(base Register, i int) Mem { return Mem{Base: base, Index: at, Scale: 8, Disp: i * s.width * 8} }
	var acc [under]VecVirtual
	XORQ(at, at)
	MOVQ(n, left)
	for i := range acc {
		acc[i] = s.reg()
		s.zero(acc[i])
	}
	// block takes as many registers of r, and goes on at over where there are fewer.
	block := func(regs int, label, over string) {
		Label(label)
		CMPQ(left, Imm(uint64(regs*s.width)))
		JLT(LabelRef(over))
		for i := range regs {
			v := s.reg()
			VMOVUPD(mem(r, i), v)
			for k, x := range xs {
				VFMADD231PD(mem(x, i), v, acc[i*len(xs)+k])
			}
		}
		ADDQ(Imm(uint64(regs*s.width)), at)
		SUBQ(Imm(uint64(regs*s.width)), left)
		JMP(LabelRef(label))
	}
	block(under/len(xs), main, single)
	block(1, single, fold)
	Label(fold)
	for k := range xs {
		for i := k + len(xs); i < under; i += len(xs) {
			VADDPD(acc[k], acc[i], acc[k])
		}
		sums = append(sums, s.sum(acc[k]))
	}
	TESTQ(left, left)
	JZ(LabelRef(next))
	Label(one)
	v := XMM()
	VMOVSD(mem(r, 0), v)
	for k, x := range xs {
		VFMADD231SD(mem(x, 0), v, sums[k])
	}
	INCQ(at)
	DECQ(left)
	JNZ(LabelRef(one))
	Label(next)
	return sums
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
