package file

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"hinge/nn"
)

// ArchitectureKey is the metadata key of the architecture.
const ArchitectureKey = "hinge.net"

const version = 1

// maxWidth bounds inputs and units together, so that sizes cannot overflow.
const maxWidth = 1 << 20

// architecture is what a network is apart from its parameters.
type architecture struct {
	Version int     `json:"version"`
	In      int     `json:"in"`
	Layers  []layer `json:"layers"`
}

type layer struct {
	From  int      `json:"from"` // window of the activation buffer: inputs, then
	To    int      `json:"to"`   // the units of all layers before
	Out   int      `json:"out"`
	Gates []string `json:"gates,omitempty"` // out names; without them all are ReLU
}

func formatArchitecture(n *nn.Net) string {
	a := architecture{Version: version, In: n.In}
	for _, l := range n.Layers {
		y := layer{From: l.From, To: l.To, Out: l.Out}
		for _, g := range l.Gates {
			y.Gates = append(y.Gates, g.String())
		}
		a.Layers = append(a.Layers, y)
	}
	text, err := json.Marshal(a)
	if err != nil {
		panic("nn/file: architecture: " + err.Error()) // integers and strings only
	}
	return string(text)
}

// parseArchitecture returns what [nn.New] accepts, or an error.
func parseArchitecture(text string) (in int, layers []nn.Layer, err error) {
	var a architecture
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&a); err != nil {
		return 0, nil, fmt.Errorf("no valid JSON of an architecture: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return 0, nil, fmt.Errorf("text behind the JSON object at byte %d; it must end there", dec.InputOffset())
	}
	switch {
	case a.Version != version:
		return 0, nil, fmt.Errorf("version is %d; this program reads version %d", a.Version, version)
	case a.In < 1 || a.In > maxWidth:
		return 0, nil, fmt.Errorf("in is %d; it must be between 1 and %d", a.In, maxWidth)
	case len(a.Layers) == 0:
		return 0, nil, errors.New("layers are empty; a network needs at least one")
	}
	width := a.In
	for i, l := range a.Layers {
		parsed, err := l.parse(width)
		if err != nil {
			return 0, nil, fmt.Errorf("layer %d: %w", i, err)
		}
		layers = append(layers, parsed)
		width += l.Out
	}
	return a.In, layers, nil
}

// parse checks l against the width of what is computed before it.
func (l *layer) parse(width int) (nn.Layer, error) {
	y := nn.Layer{From: l.From, To: l.To, Out: l.Out}
	switch {
	case l.From < 0 || l.To <= l.From || l.To > width:
		return y, fmt.Errorf("window is [%d, %d); it must be a part of [0, %d) and not empty", l.From, l.To, width)
	case l.Out < 0 || l.Out > maxWidth-width:
		return y, fmt.Errorf("out is %d; it must be between 0 and %d", l.Out, maxWidth-width)
	case l.Gates != nil && len(l.Gates) != l.Out:
		return y, fmt.Errorf("%d gates; it needs one for each of the %d units", len(l.Gates), l.Out)
	}
	for i, name := range l.Gates {
		g, err := nn.ParseGate(name)
		if err != nil {
			return y, fmt.Errorf("unit %d: %w", i, err)
		}
		y.Gates = append(y.Gates, g)
	}
	return y, nil
}

func weightName(l int) string { return fmt.Sprintf("layers.%d.weight", l) }
func biasName(l int) string   { return fmt.Sprintf("layers.%d.bias", l) }

// netTensors returns the parameters of n in the narrowest type that is exact.
func netTensors(n *nn.Net) []tensor {
	dtype := float32Type
	if slices.ContainsFunc(n.Params, func(v float64) bool { return float64(float32(v)) != v }) {
		dtype = float64Type
	}
	var tensors []tensor
	for i := range n.Layers {
		l := &n.Layers[i]
		tensors = append(tensors,
			newTensor(weightName(i), dtype, []int{l.Out, l.In()}, n.Weight(i)),
			newTensor(biasName(i), dtype, []int{l.Out}, n.Bias(i)))
	}
	return tensors
}

// fillNet returns the network of the given layers and tensors. Memory for it is
// taken only when the tensors, which are in memory already, have its shapes.
func fillNet(in int, layers []nn.Layer, tensors []tensor) (*nn.Net, error) {
	byName := make(map[string]*tensor, len(tensors))
	for i := range tensors {
		byName[tensors[i].name] = &tensors[i]
	}
	var found []*tensor
	take := func(name string, shape ...int) error {
		t := byName[name]
		if t == nil {
			return fmt.Errorf("tensor %q is missing; the architecture needs it with shape %v", name, shape)
		}
		if !slices.Equal(t.shape, shape) {
			return fmt.Errorf("tensor %q: shape is %v; the architecture needs %v", name, t.shape, shape)
		}
		delete(byName, name)
		found = append(found, t)
		return nil
	}
	for i := range layers {
		l := &layers[i]
		if err := cmp.Or(take(weightName(i), l.Out, l.In()), take(biasName(i), l.Out)); err != nil {
			return nil, err
		}
	}
	for _, t := range tensors {
		if byName[t.name] != nil {
			return nil, fmt.Errorf("tensor %.80q is unknown; the network has weight and bias of layers 0 to %d", t.name, len(layers)-1)
		}
	}
	n := nn.New(in, layers)
	for i := range n.Layers {
		found[2*i].values(n.Weight(i))
		found[2*i+1].values(n.Bias(i))
	}
	return n, n.Validate()
}
