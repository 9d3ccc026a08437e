package sparsify

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"hinge/dynamics"
	"hinge/nn"
)

// Method is a way to choose the units that stay ReLUs. All methods get the same
// rounds, epochs and learning rates, so that they can be compared.
type Method uint8

// The methods.
const (
	// EndToEnd trains the choice among ReLU, identity and zero with the weights.
	EndToEnd Method = iota
	// Magnitude removes the units with the smallest weights: the norm of what a unit
	// reads times the norm of what reads it.
	Magnitude
	// Stability replaces the units whose phase changes least on the data, by the
	// identity if they are on more often than not, else by zero.
	Stability
	// HardConcrete trains a factor in [0, 1] for every unit with a price for each
	// that is not 0: the L0 regularisation of Louizos, Welling and Kingma (ICLR 2018).
	HardConcrete
	// Scratch trains a small network with random initial weights for as many epochs
	// as the others take down to its budget. Its layers are those of the dense model,
	// shrunk alike.
	Scratch
)

var methodNames = [...]string{"end_to_end", "magnitude", "stability", "hard_concrete", "scratch"}

// String returns the name of the method.
func (m Method) String() string {
	if int(m) < len(methodNames) {
		return methodNames[m]
	}
	return fmt.Sprintf("method(%d)", uint8(m))
}

// MethodNames returns the names of all methods.
func MethodNames() []string { return slices.Clone(methodNames[:]) }

// ParseMethod returns the method of a name.
func ParseMethod(name string) (Method, error) {
	i := slices.Index(methodNames[:], name)
	if i < 0 {
		return 0, fmt.Errorf("method is %.80q; valid are %q", name, methodNames)
	}
	return Method(i), nil
}

// selector chooses the gates of one round.
type selector interface {
	// gating relaxes the choice while the weights of the round are trained, nil if it
	// is made only afterwards.
	gating() dynamics.Gating
	// decide sets the gates of m for good, so that budget ReLUs stay.
	decide(m *dynamics.Model, budget int)
}

// newSelector returns the selector of a round; [Scratch] has none.
func newSelector(n *nn.Net, d *dynamics.Dataset, opts Options, rng *rand.Rand) selector {
	switch opts.Method {
	case EndToEnd:
		return newChoice(n, opts, rng)
	case Magnitude:
		return magnitude{}
	case Stability:
		return stability{data: d}
	case HardConcrete:
		return newHardConcrete(n, opts, rng)
	}
	panic("sparsify: no selector for method " + opts.Method.String())
}

// hiddenUnits returns the places of the hidden units in the activation buffer.
func hiddenUnits(n *nn.Net) []int {
	var units []int
	for i := range n.Layers[:len(n.Layers)-1] {
		l := &n.Layers[i]
		for j := range l.Out {
			units = append(units, l.At()+j)
		}
	}
	return units
}

// keepBest leaves the budget units with the largest scores ReLUs, the first of
// equals, and gives unit i of the others the gate otherwise(i).
func keepBest(n *nn.Net, scores []float64, budget int, otherwise func(i int) nn.Gate) {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	units := hiddenUnits(n)
	gates := make([]nn.Gate, n.Width()) // ReLU
	for _, i := range order[min(budget, len(order)):] {
		gates[units[i]] = otherwise(i)
	}
	for i := range n.Layers[:len(n.Layers)-1] {
		l := &n.Layers[i]
		l.Gates = gates[l.At() : l.At()+l.Out]
	}
}
