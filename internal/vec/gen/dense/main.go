// Command dense writes the assembly of package hinge/internal/vec/dense:
//
//	cd internal/vec/gen && go run ./dense -out ../dense/kernels_amd64.s -stubs ../dense/kernels_amd64.go -pkg dense
//
// What every kernel computes is said in that package; here is how.
//
// Read first: machine, product.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	prefix := prefixTable()
	for _, float := range []floatType{float32s, float64s} {
		for _, bytes := range []int{32, 64} {
			m := machine{float: float, bytes: bytes, prefix: prefix}
			products(m)
			transpose(m)
			elementWise(m)
			peak(m)
		}
	}
	Generate()
}

// machine is an instruction set and an element type: AVX2 if registers have 32
// bytes, AVX-512 if they have 64.
type machine struct {
	float  floatType
	bytes  int // of a register
	prefix Mem // see prefixTable
}

func (m machine) lanes() int { return m.bytes / m.float.size }

func (m machine) wide() bool { return m.bytes == 64 }

// name returns the name of a kernel, such as product32AVX2.
func (m machine) name(kernel string) string {
	isa := "AVX2"
	if m.wide() {
		isa = "AVX512"
	}
	return fmt.Sprintf("%s%d%s", kernel, 8*m.float.size, isa)
}

// function opens a kernel; T in the signature is the element type.
func (m machine) function(kernel, signature string) string {
	name := m.name(kernel)
	TEXT(name, NOSPLIT, replaceT(signature, m.float.name))
	Pragma("noescape")
	return name
}

func (m machine) reg() VecVirtual {
	if m.wide() {
		return ZMM()
	}
	return YMM()
}

func (m machine) zero() VecVirtual {
	r := m.reg()
	if m.wide() {
		VPXORQ(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
	return r
}

// broadcast returns a register with the element at a in every lane.
func (m machine) broadcast(a Mem) VecVirtual {
	r := m.reg()
	m.float.broadcast(a, r)
	return r
}

// pointer returns a parameter in a register of its own.
func pointer(name string) GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

// at returns the place of register i of the elements that start at base.
func (m machine) at(base Register, i int) Mem { return Mem{Base: base, Disp: i * m.bytes} }

// scale multiplies a count of elements in r, which it changes, by their size.
func (m machine) scale(r GPVirtual) GPVirtual {
	SHLQ(Imm(uint64(m.float.shift)), r)
	return r
}

// mask selects the first lanes of a register: a mask register with AVX-512, a
// vector of all ones and zeros with AVX2, nil for all lanes.
type mask Op

// masks returns the masks of n elements in the given number of registers.
func (m machine) masks(n GPVirtual, registers int) []mask {
	masks := make([]mask, registers)
	if m.wide() {
		bits := GP64()
		XORQ(bits, bits)
		NOTQ(bits)
		BZHIQ(n, bits, bits)
		for i := range masks {
			k := K()
			KMOVW(bits.As32(), k)
			masks[i] = k
			SHRQ(Imm(uint64(m.lanes())), bits)
		}
		return masks
	}
	// The table holds 64 bytes of ones, then zeros: n elements before its middle.
	table, back := GP64(), GP64()
	LEAQ(m.prefix, table)
	MOVQ(n, back)
	m.scale(back)
	SUBQ(back, table)
	for i := range masks {
		r := YMM()
		VMOVDQU(Mem{Base: table, Disp: 64 + i*m.bytes}, r)
		masks[i] = r
	}
	return masks
}

// prefixTable writes 64 bytes of ones and 64 bytes of zeros.
func prefixTable() Mem {
	t := GLOBL("prefix", RODATA|NOPTR)
	for i := range 16 {
		ones := uint64(0)
		if i < 8 {
			ones = ^ones
		}
		DATA(8*i, U64(ones))
	}
	return t
}

// load reads the lanes of k; the others become 0.
func (m machine) load(a Mem, k mask) VecVirtual {
	r := m.reg()
	switch {
	case k == nil:
		m.float.mov(a, r)
	case m.wide():
		m.float.movZero(a, k, r)
	default:
		m.float.movMasked(a, k, r)
	}
	return r
}

// store writes the lanes of k.
func (m machine) store(r VecVirtual, a Mem, k mask) {
	switch {
	case k == nil:
		m.float.mov(r, a)
	case m.wide():
		m.float.mov(r, k, a)
	default:
		m.float.movMasked(r, k, a)
	}
}
