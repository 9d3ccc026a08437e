package problems

import "hinge/nn"

// maxWidth bounds the size of a layer, so that sizes can be multiplied.
const maxWidth = 1 << 16

// readNetwork reads {"layers": [{"out", "in", "W" [out][in], "b" [out]}, ..]}:
// a perceptron in -> .. -> out with ReLUs after every layer but the last.
func readNetwork(path string, in, out int) (*nn.Net, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parseNetwork(path, data, in, out)
}

func parseNetwork(path string, data []byte, in, out int) (*nn.Net, error) {
	o, err := parseObject(path, data)
	if err != nil {
		return nil, err
	}
	list, err := o.list("layers")
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, o.errorf("layers", "empty; a network needs at least one layer")
	}
	layers := make([]layer, len(list))
	width := in
	for i, l := range list {
		if layers[i], err = parseLayer(l, width); err != nil {
			return nil, err
		}
		width = layers[i].out
	}
	if width != out {
		return nil, list[len(list)-1].errorf("out", "%d; the last layer must have %d outputs", width, out)
	}
	return assemble(in, layers), nil
}

type layer struct {
	out  int
	w, b []float64
}

func parseLayer(o object, in int) (l layer, err error) {
	width, err := o.integer("in", 1, maxWidth)
	if err != nil {
		return l, err
	}
	if width != in {
		return l, o.errorf("in", "%d; what it reads has %d values", width, in)
	}
	if l.out, err = o.integer("out", 1, maxWidth); err != nil {
		return l, err
	}
	if l.w, err = o.matrix("W", l.out, in); err != nil {
		return l, err
	}
	l.b, err = o.vector("b", l.out)
	return l, err
}

func assemble(in int, layers []layer) *nn.Net {
	var hidden []int
	last := len(layers) - 1
	for _, l := range layers[:last] {
		hidden = append(hidden, l.out)
	}
	net := nn.NewMLP(in, hidden, layers[last].out, false)
	for i, l := range layers {
		copy(net.Weight(i), l.w)
		copy(net.Bias(i), l.b)
	}
	return net
}
