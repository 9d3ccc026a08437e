package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tileColumns is the width of a tile in registers.
const tileColumns = 2

// products writes the variants of the product kernel: whole tiles, tiles of
// fewer columns, and such that fit into one register.
func products(m machine) {
	if m.wide() {
		// Masked loads and stores cost nothing here.
		product{m, "product", tileColumns, true, []int{12, 4, 2, 1}}.write()
		product{m, "productHalf", 1, true, []int{12, 4, 2, 1}}.write()
		return
	}
	product{m, "product", tileColumns, false, []int{6, 4, 2, 1}}.write()
	product{m, "productPart", tileColumns, true, []int{4, 2, 1}}.write()
	product{m, "productHalf", 1, true, []int{6, 4, 2, 1}}.write()
}

// product is a kernel that computes tiles of C = clamp(X + A B) one below the
// other: all rows of a tile and its columns lie in registers while k runs, a row
// of B is loaded once for the tile, an entry of A is broadcast.
type product struct {
	machine
	kernel  string
	columns int // registers a row
	masked  bool
	heights []int // rows of a tile, falling to 1
}

func (p product) write() {
	name := p.function(p.kernel, "func(c, a, b, x, lo, hi *T, m, n, k, ldc, rsa, csa, ldb, ldx int)")
	s := &productState{product: p, c: pointer("c"), a: pointer("a"), x: pointer("x"), rows: pointer("m"),
		rsa: p.scale(pointer("rsa")), csa: p.scale(pointer("csa")), ldb: p.scale(pointer("ldb")),
		masks: make([]mask, p.columns)}
	if p.masked {
		s.masks = p.machine.masks(pointer("n"), p.columns)
	}
	for i, height := range p.heights {
		tile, next := fmt.Sprintf("%sTile%d", name, height), fmt.Sprintf("%sAfter%d", name, height)
		Label(tile)
		CMPQ(s.rows, Imm(uint64(height)))
		JLT(LabelRef(next))
		s.tile(height, tile)
		SUBQ(Imm(uint64(height)), s.rows)
		if i < len(p.heights)-1 || height == 1 {
			JMP(LabelRef(tile))
		}
		Label(next)
	}
	VZEROUPPER()
	RET()
}

// productState is the registers that live from tile to tile. Strides are in bytes.
type productState struct {
	product
	c, a, x, rows GPVirtual
	rsa, csa, ldb GPVirtual
	masks         []mask
}

// tile computes the next height rows and moves c, a and x below them.
func (s *productState) tile(height int, name string) {
	acc := s.start(height)
	s.accumulate(acc, name)
	s.clamp(acc, name)
	ldc := s.scale(pointer("ldc"))
	for _, row := range acc {
		for j, r := range row {
			s.store(r, s.at(s.c, j), s.masks[j])
		}
		ADDQ(ldc, s.c)
	}
}

// start returns the tile with X in it.
func (s *productState) start(height int) [][]VecVirtual {
	ldx := s.scale(pointer("ldx"))
	acc := make([][]VecVirtual, height)
	for i := range acc {
		acc[i] = make([]VecVirtual, s.columns)
		for j := range acc[i] {
			acc[i][j] = s.load(s.at(s.x, j), s.masks[j])
		}
		ADDQ(ldx, s.x)
	}
	return acc
}

// accumulate adds A B to the tile. Three rows of A share a pointer.
func (s *productState) accumulate(acc [][]VecVirtual, name string) {
	height := len(acc)
	var rows []GPVirtual
	for i := 0; i < height; i += 3 {
		p := GP64()
		MOVQ(s.a, p)
		rows = append(rows, p)
		for range min(3, height-i) {
			ADDQ(s.rsa, s.a)
		}
	}
	b, k := pointer("b"), pointer("k")
	loop, end := name+"Loop", name+"End"
	TESTQ(k, k)
	JZ(LabelRef(end))
	Label(loop)
	bs := make([]VecVirtual, s.columns)
	for j := range bs {
		bs[j] = s.load(s.at(b, j), s.masks[j])
	}
	for i, row := range acc {
		entry := Mem{Base: rows[i/3]}
		if i%3 > 0 {
			entry.Index, entry.Scale = s.rsa, uint8(i%3)
		}
		x := s.broadcast(entry)
		for j, r := range row {
			s.float.fma(bs[j], x, r)
		}
	}
	for _, p := range rows {
		ADDQ(s.csa, p)
	}
	ADDQ(s.ldb, b)
	DECQ(k)
	JNZ(LabelRef(loop))
	Label(end)
}

// clamp brings the columns between lo and hi, unless these are nil.
func (s *productState) clamp(acc [][]VecVirtual, name string) {
	lo, hi := pointer("lo"), pointer("hi")
	end := name + "Clamped"
	TESTQ(lo, lo)
	JZ(LabelRef(end))
	for j := range s.columns {
		low, high := s.load(s.at(lo, j), s.masks[j]), s.load(s.at(hi, j), s.masks[j])
		for _, row := range acc {
			s.float.max(row[j], low, row[j]) // not a number stays one: the second source wins
			s.float.min(row[j], high, row[j])
		}
	}
	Label(end)
}
