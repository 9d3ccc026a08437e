package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// peakRegisters are enough sums to hide the latency of an addition.
const peakRegisters = 12

// peak writes the kernel that does nothing but multiply and add, from registers:
// what no product can outrun.
func peak(m machine) {
	name := m.function("peak", "func(x *T, rounds int)")
	x, rounds := m.broadcast(Mem{Base: pointer("x")}), pointer("rounds")
	acc := make([]VecVirtual, peakRegisters)
	for i := range acc {
		acc[i] = m.zero()
	}
	loop, end := name+"Loop", name+"End"
	Label(loop)
	TESTQ(rounds, rounds)
	JZ(LabelRef(end))
	for _, r := range acc {
		m.float.fma(x, x, r)
	}
	DECQ(rounds)
	JMP(LabelRef(loop))
	Label(end)
	m.finish()
}
