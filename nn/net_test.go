package nn

import (
	"math"
	"testing"

	"hinge/internal/assert"
)

func TestNewRefusesImpossibleLayers(t *testing.T) {
	const window = "nn: New: a layer reads outside the activations computed before it"
	for _, layers := range [][]Layer{
		{{From: 0, To: 4, Out: 1}},
		{{From: -1, To: 2, Out: 1}},
		{{From: 2, To: 2, Out: 1}},
		{{From: 0, To: 3, Out: -1}},
		{{From: 0, To: 3, Out: 2}, {From: 0, To: 6, Out: 1}},
	} {
		assert.Panics(t, window, func() { New(3, layers) })
	}
	assert.Panics(t, "nn: New: a layer has not one gate per unit", func() {
		New(3, []Layer{{From: 0, To: 3, Out: 2, Gates: []Gate{ReLU}}})
	})
}

func TestMLPWindows(t *testing.T) {
	for _, skip := range []bool{false, true} {
		n := NewMLP(3, []int{5, 4}, 2, skip)
		want := [][2]int{{0, 3}, {3, 8}, {8, 12}}
		if skip {
			want[2][0] = 0
		}
		for i, l := range n.Layers {
			if l.From != want[i][0] || l.To != want[i][1] {
				t.Errorf("skip %v: layer %d reads [%d, %d), want %v", skip, i, l.From, l.To, want[i])
			}
		}
		if n.Width() != 14 || n.Out() != 2 || n.Count(ReLU) != 9 || n.Count(Identity) != 0 {
			t.Errorf("skip %v: width %d, %d outputs, %d ReLUs, %d identities", skip, n.Width(), n.Out(), n.Count(ReLU), n.Count(Identity))
		}
	}
}

func TestCloneSharesNothing(t *testing.T) {
	n := NewMLP(2, []int{3}, 1, false)
	c := n.Clone()
	c.Params[0], c.Layers[1].Gates[0], c.Layers[0].Out = 1, Zero, 9
	if n.Params[0] != 0 || n.Layers[1].Gates[0] != Identity || n.Layers[0].Out != 3 {
		t.Error("the clone shares memory with the original")
	}
}

func TestValidateNamesTheParameter(t *testing.T) {
	n := NewMLP(2, []int{3}, 1, false)
	if err := n.Validate(); err != nil {
		t.Errorf("zero network: %v", err)
	}
	n.Weight(0)[5] = math.NaN()
	if err := n.Validate(); err == nil || err.Error() != "layer 0: weight (2, 1) is NaN; it must be finite" {
		t.Errorf("error %v", err)
	}
	n.Weight(0)[5] = 0
	n.Bias(1)[0] = math.Inf(-1)
	if err := n.Validate(); err == nil || err.Error() != "layer 1: bias 0 is -Inf; it must be finite" {
		t.Errorf("error %v", err)
	}
}

func TestConvert(t *testing.T) {
	got := make([]float32, 2)
	Convert(got, []float64{0.5, 1 + 1e-12})
	if got[0] != 0.5 || got[1] != 1 {
		t.Errorf("got %v, want [0.5 1]", got)
	}
	assert.Panics(t, "nn: Convert: lengths differ", func() { Convert(got, []float64{1}) })
}
