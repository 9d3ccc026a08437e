package nn

import (
	"fmt"
	"testing"

	"hinge/internal/assert"
)

func TestEvaluatorIsForward(t *testing.T) {
	checked := 0
	for i := range 200 {
		rng := newRand(t, i)
		n := randomNet(rng)
		for l := range n.Layers { // blocks of zeros, which are left out
			if rng.IntN(3) == 0 {
				w, in := n.Weight(l), n.Layers[l].In()
				from := rng.IntN(in)
				for k := range w {
					if k%in >= from {
						w[k] = 0
					}
				}
			}
		}
		e := NewPacked[float64](n).NewEvaluator(9)
		for _, rows := range []int{9, 1, 4, 0} {
			x, in := normal(rows*n.In, rng), e.Inputs(rows)
			for r := range rows {
				copy(in.Row(r), x[r*n.In:(r+1)*n.In])
			}
			y := e.Forward(rows)
			for r := range rows {
				assertClose(t, fmt.Sprintf("net %d", i), y.Row(r), naiveForward(n, x[r*n.In:(r+1)*n.In]), 1e-13)
				checked++
			}
		}
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

func TestEvaluatorLeavesZerosOut(t *testing.T) {
	// The output layer of a residual network reads its window from 0 on, but has
	// weights for the last hidden layer only.
	n := randomMLP(3, []int{6, 5}, 2, newRand(t, 0))
	skip := NewMLP(3, []int{6, 5}, 2, true)
	for l := range 2 {
		copy(skip.Weight(l), n.Weight(l))
	}
	for i := range 2 {
		copy(skip.Weight(2)[i*14+9:(i+1)*14], n.Weight(2)[i*5:(i+1)*5])
	}
	if pieces := NewPacked[float32](skip).layers[2].pieces; len(pieces) != 1 || pieces[0].from != (span{9, 14}) {
		t.Errorf("the output layer has pieces %v, want only that of the last hidden layer", pieces)
	}
}

func TestEvaluatorDoesNotAllocate(t *testing.T) {
	n := randomMLP(8, []int{128, 70}, 4, newRand(t, 0))
	e := NewPacked[float32](n).NewEvaluator(64)
	if a := testing.AllocsPerRun(3, func() { e.Forward(64) }); a != 0 {
		t.Errorf("%g allocations a batch", a)
	}
}

func TestEvaluatorRefusesTooManySamples(t *testing.T) {
	p := NewPacked[float64](NewMLP(3, []int{2}, 1, false))
	assert.Panics(t, "nn: NewEvaluator: an evaluator needs a capacity of at least 1", func() { p.NewEvaluator(0) })
	e := p.NewEvaluator(2)
	const message = "nn: Evaluator: more samples than its capacity"
	assert.Panics(t, message, func() { e.Inputs(3) })
	assert.Panics(t, message, func() { e.Forward(3) })
}
