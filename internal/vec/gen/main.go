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
		dots(s, 1)
		dots(s, 2)
		addRows(s)
		if s.width == 4 { // processors with AVX-512 run these, too
			release(s)
			activateUnits(s)
			releasePanel(s)
			addPanels(s)
		}
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
