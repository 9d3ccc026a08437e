package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// floatType is an element type and the instructions that differ with it.
type floatType struct {
	name        string
	size, shift int // bytes, and their logarithm

	mov, broadcast     func(...Op)
	movZero, movMasked func(a, b, c Op)

	fma, add, mul, div, max, min, sqrt, cmp, and func(...Op)
}

var float32s = floatType{
	name: "float32", size: 4, shift: 2,
	mov: VMOVUPS, broadcast: VBROADCASTSS,
	movZero: VMOVUPS_Z, movMasked: VMASKMOVPS,
	fma: VFMADD231PS, add: VADDPS, mul: VMULPS, div: VDIVPS, max: VMAXPS, min: VMINPS, sqrt: VSQRTPS, cmp: VCMPPS, and: VANDPS,
}

var float64s = floatType{
	name: "float64", size: 8, shift: 3,
	mov: VMOVUPD, broadcast: VBROADCASTSD,
	movZero: VMOVUPD_Z, movMasked: VMASKMOVPD,
	fma: VFMADD231PD, add: VADDPD, mul: VMULPD, div: VDIVPD, max: VMAXPD, min: VMINPD, sqrt: VSQRTPD, cmp: VCMPPD, and: VANDPD,
}

// replaceT returns a signature with the element type in place of T.
func replaceT(signature, name string) string { return strings.ReplaceAll(signature, "*T", "*"+name) }
