package nn

import (
	"fmt"
	"math"
	"slices"
)

// Gate is the kind of a unit.
type Gate uint8

// The gates. The zero value is the ReLU.
const (
	ReLU     Gate = iota // max(0, z)
	Identity             // z
	Zero                 // 0
)

var gateNames = [...]string{"relu", "identity", "zero"}

// String returns the name used in files.
func (g Gate) String() string {
	if int(g) < len(gateNames) {
		return gateNames[g]
	}
	return fmt.Sprintf("gate(%d)", uint8(g))
}

// ParseGate returns the gate of a name.
func ParseGate(name string) (Gate, error) {
	i := slices.Index(gateNames[:], name)
	if i < 0 {
		return 0, fmt.Errorf("gate is %.80q; valid are %q", name, gateNames)
	}
	return Gate(i), nil
}

// Layer is one layer of a [Net].
type Layer struct {
	From, To int    // window of the activation buffer it reads
	Out      int    // units
	Gates    []Gate // Out; nil means all ReLU
	offset   int    // of W in Params; b follows W
	at       int    // of the layer's activations in the buffer
}

// In returns the number of activations the layer reads.
func (l *Layer) In() int { return l.To - l.From }

// At returns where the layer's activations start in the buffer.
func (l *Layer) At() int { return l.at }

// Gate returns the gate of unit i.
func (l *Layer) Gate(i int) Gate {
	if l.Gates == nil {
		return ReLU
	}
	return l.Gates[i]
}

// Net is a gated perceptron. Its fields are read-only while it is in use; any
// number of goroutines may then share it, each with its own [Workspace].
type Net struct {
	In     int
	Layers []Layer
	// Params holds W_1, b_1, W_2, b_2, ..: W is Out x In row-major.
	Params []float64
	width  int // of the activation buffer
}

// New returns a zero network of the given layers, of which only From, To, Out
// and Gates are read. It panics if a window reads what is not computed yet.
func New(in int, layers []Layer) *Net {
	n := &Net{In: in, Layers: slices.Clone(layers), width: in}
	params := 0
	for i := range n.Layers {
		l := &n.Layers[i]
		if l.From < 0 || l.To <= l.From || l.To > n.width || l.Out < 0 {
			panic("nn: New: a layer reads outside the activations computed before it")
		}
		if l.Gates != nil && len(l.Gates) != l.Out {
			panic("nn: New: a layer has not one gate per unit")
		}
		l.offset, l.at = params, n.width
		params += l.Out*l.In() + l.Out
		n.width += l.Out
	}
	n.Params = make([]float64, params)
	return n
}

// NewMLP returns a zero perceptron in -> hidden.. -> out: ReLU hidden layers,
// each reading the one before, and an output layer of identities. With skip the
// output layer reads the input and every hidden layer.
func NewMLP(in int, hidden []int, out int, skip bool) *Net {
	layers := make([]Layer, 0, len(hidden)+1)
	from, to := 0, in
	for _, h := range hidden {
		layers = append(layers, Layer{From: from, To: to, Out: h})
		from, to = to, to+h
	}
	if skip {
		from = 0
	}
	layers = append(layers, Layer{From: from, To: to, Out: out, Gates: repeat(Identity, out)})
	return New(in, layers)
}

func repeat(g Gate, n int) []Gate {
	gates := make([]Gate, n)
	for i := range gates {
		gates[i] = g
	}
	return gates
}

// Out returns the number of outputs.
func (n *Net) Out() int { return n.Layers[len(n.Layers)-1].Out }

// Width returns the length of the activation buffer: inputs and all units.
func (n *Net) Width() int { return n.width }

// Weight returns W of layer l (Out x In, row-major), sharing memory with Params.
func (n *Net) Weight(l int) []float64 {
	y := &n.Layers[l]
	return n.Params[y.offset : y.offset+y.Out*y.In()]
}

// Bias returns b of layer l (Out), sharing memory with Params.
func (n *Net) Bias(l int) []float64 {
	y := &n.Layers[l]
	end := y.offset + y.Out*y.In()
	return n.Params[end : end+y.Out]
}

// Count returns the number of units of gate g outside the output layer.
func (n *Net) Count(g Gate) int {
	count := 0
	for i := range n.Layers[:len(n.Layers)-1] {
		l := &n.Layers[i]
		for j := range l.Out {
			if l.Gate(j) == g {
				count++
			}
		}
	}
	return count
}

// Clone returns a network that shares no memory with n.
func (n *Net) Clone() *Net {
	c := *n
	c.Params = slices.Clone(n.Params)
	c.Layers = slices.Clone(n.Layers)
	for i := range c.Layers {
		c.Layers[i].Gates = slices.Clone(c.Layers[i].Gates)
	}
	return &c
}

// Validate reports the first parameter that is not finite.
func (n *Net) Validate() error {
	for l := range n.Layers {
		for i, w := range n.Weight(l) {
			if math.IsNaN(w) || math.IsInf(w, 0) {
				in := n.Layers[l].In()
				return fmt.Errorf("layer %d: weight (%d, %d) is %g; it must be finite", l, i/in, i%in, w)
			}
		}
		for i, b := range n.Bias(l) {
			if math.IsNaN(b) || math.IsInf(b, 0) {
				return fmt.Errorf("layer %d: bias %d is %g; it must be finite", l, i, b)
			}
		}
	}
	return nil
}

// Convert copies src to dst, which are equally long, rounding if need be.
func Convert[D, S Float](dst []D, src []S) {
	if len(dst) != len(src) {
		panic("nn: Convert: lengths differ")
	}
	for i, v := range src {
		dst[i] = D(v)
	}
}
