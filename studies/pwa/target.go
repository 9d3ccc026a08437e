package pwa

import "hinge/nn"

// Target is a function of the plane that is to be learned, as the smallest network
// that equals it.
type Target struct {
	Name string
	Net  *nn.Net // 2 -> 1
}

// Targets returns f1 and f2.
func Targets() []Target {
	return []Target{
		{"f1", hinges([3]float64{-1, -1, 0},
			hinge{2, [3]float64{1, 0, 0}}, hinge{2, [3]float64{0, 1, 0}})},
		{"f2", hinges([3]float64{0.2, 0, 0},
			hinge{1, [3]float64{1, 0.5, -0.2}}, hinge{-1.5, [3]float64{-0.3, 1, 0.1}})},
	}
}

// hinge is the function factor relu(w_1 x_1 + w_2 x_2 + w_3).
type hinge struct {
	factor float64
	w      [3]float64
}

// hinges returns the network of w_1 x_1 + w_2 x_2 + w_3 and a sum of hinges.
func hinges(w [3]float64, terms ...hinge) *nn.Net {
	n := nn.NewMLP(2, []int{len(terms)}, 1, true)
	out := n.Weight(1)
	out[0], out[1], n.Bias(1)[0] = w[0], w[1], w[2]
	for i, h := range terms {
		copy(n.Weight(0)[2*i:], h.w[:2])
		n.Bias(0)[i] = h.w[2]
		out[2+i] = h.factor
	}
	return n
}
