package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transpose writes the kernel that transposes blocks of 32 x 32 bytes that lie
// side by side. Both instruction sets use the same: it moves data only.
func transpose(m machine) {
	if m.wide() {
		return
	}
	name := m.function("transpose", "func(dst, src *T, blocks, ldd, lds int)")
	dst, src, blocks := pointer("dst"), pointer("src"), pointer("blocks")
	ldd, lds := m.scale(pointer("ldd")), m.scale(pointer("lds"))
	loop, end := name+"Loop", name+"End"
	Label(loop)
	TESTQ(blocks, blocks)
	JZ(LabelRef(end))
	from, rows := GP64(), make([]VecVirtual, m.lanes())
	MOVQ(src, from)
	for i := range rows {
		rows[i] = m.load(Mem{Base: from}, nil)
		ADDQ(lds, from)
	}
	for _, r := range m.transposed(rows) {
		m.store(r, Mem{Base: dst}, nil)
		ADDQ(ldd, dst)
	}
	ADDQ(Imm(uint64(m.bytes)), src)
	DECQ(blocks)
	JMP(LabelRef(loop))
	Label(end)
	VZEROUPPER()
	RET()
}

// transposed returns the columns of a square of rows.
func (m machine) transposed(rows []VecVirtual) []VecVirtual {
	half := len(rows) / 2
	quads := make([]VecVirtual, len(rows)) // columns i and i + half of the upper or lower rows
	if m.float.size == 4 {
		for upper := 0; upper < 8; upper += 4 {
			copy(quads[upper:], columns4(rows[upper:upper+4]))
		}
	} else {
		for upper := 0; upper < 4; upper += 2 {
			lo, hi := m.reg(), m.reg()
			VUNPCKLPD(rows[upper+1], rows[upper], lo)
			VUNPCKHPD(rows[upper+1], rows[upper], hi)
			quads[upper], quads[upper+1] = lo, hi
		}
	}
	columns := make([]VecVirtual, len(rows))
	for i := range half {
		columns[i], columns[i+half] = m.reg(), m.reg()
		VPERM2F128(Imm(0x20), quads[i+half], quads[i], columns[i])
		VPERM2F128(Imm(0x31), quads[i+half], quads[i], columns[i+half])
	}
	return columns
}

// columns4 returns columns i and i + 4 of four rows of eight float32, i = 0..3.
func columns4(rows []VecVirtual) []VecVirtual {
	var pairs [4]VecVirtual
	for i := range pairs {
		pairs[i] = YMM()
	}
	VUNPCKLPS(rows[1], rows[0], pairs[0])
	VUNPCKHPS(rows[1], rows[0], pairs[1])
	VUNPCKLPS(rows[3], rows[2], pairs[2])
	VUNPCKHPS(rows[3], rows[2], pairs[3])
	columns := make([]VecVirtual, 4)
	for i := range columns {
		columns[i] = YMM()
		select4 := Imm(0x44) // the lower halves of both
		if i%2 == 1 {
			select4 = Imm(0xee)
		}
		VSHUFPS(select4, pairs[2+i/2], pairs[i/2], columns[i])
	}
	return columns
}
