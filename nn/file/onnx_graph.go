package file

import (
	"fmt"
	"slices"
	"strings"

	"hinge/nn"
)

// Limits of what a small file may ask for.
const (
	maxCoefficients = 1 << 26 // of all forms together
	maxTerms        = 1 << 31 // added to make them
)

// value is a tensor of the graph, row-major. It is one of three things: numbers,
// a run of activations, or affine functions of activations.
type value struct {
	kind  int64 // of the elements
	shape []int
	data  []float64 // numbers
	whole []int64   // numbers of an int64 or bool tensor; no arithmetic
	units bool      // activations first, first+1, ..
	first int
	forms []form // affine functions
}

func (v *value) size() int { return product(v.shape) }

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func (v *value) constant() bool { return v.data != nil || v.whole != nil }

// withShape returns the same elements in another shape.
func (v *value) withShape(shape []int) *value {
	w := *v
	w.shape = shape
	return &w
}

// addTo adds k times element i to s.
func (v *value) addTo(s *sum, k factor, i int) {
	switch {
	case v.units:
		s.addUnit(k, int32(v.first+i))
	case v.forms != nil:
		s.addForm(k, &v.forms[i])
	default:
		s.addConstant(k, v.data[i], 0)
	}
}

// composer turns a graph into a network: every value is a number, an activation
// or an affine function of activations, and only a Relu makes activations.
type composer struct {
	in      int
	starts  []int    // of the inputs and of the layers in the buffer
	width   int      // of the buffer so far
	layers  [][]form // pre-activations
	values  map[string]*value
	weights map[string]*onnxTensor // not yet in values
	sum     sum
	memory  int // coefficients made so far
}

// net returns the network of a graph and the errors of its parameters.
func (g *onnxGraph) net() (*nn.Net, []float64, error) {
	c := &composer{values: map[string]*value{}, weights: map[string]*onnxTensor{}}
	for i := range g.weights {
		t := &g.weights[i]
		if t.name == "" || c.weights[t.name] != nil {
			return nil, nil, fmt.Errorf("initializer %d: name is %.80q; it must be unique and not empty", i, t.name)
		}
		c.weights[t.name] = t
	}
	if err := c.addInput(g.inputs); err != nil {
		return nil, nil, err
	}
	if len(g.outputs) != 1 {
		return nil, nil, fmt.Errorf("graph has %d outputs; it must have one", len(g.outputs))
	}
	out := g.outputs[0]
	needed := g.needed(out.name)
	for i := range g.nodes {
		if !needed[i] {
			continue
		}
		if err := c.apply(&g.nodes[i]); err != nil {
			return nil, nil, fmt.Errorf("node %d, %s %.80q: %w", i, g.nodes[i].op, g.nodes[i].name, err)
		}
	}
	y, err := c.value(out.name)
	if err == nil {
		err = checkOutput(&out, y)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("output %.80q: %w", out.name, err)
	}
	forms, err := c.asForms(y)
	if err != nil {
		return nil, nil, fmt.Errorf("output %.80q: %w", out.name, err)
	}
	c.layers = append(c.layers, forms)
	return c.net()
}

// needed says which nodes the value of the given name depends on.
func (g *onnxGraph) needed(name string) []bool {
	needed, wanted := make([]bool, len(g.nodes)), map[string]bool{name: true}
	for i := len(g.nodes) - 1; i >= 0; i-- {
		n := &g.nodes[i]
		needed[i] = slices.ContainsFunc(n.outputs, func(o string) bool { return o != "" && wanted[o] })
		if needed[i] {
			for _, input := range n.inputs {
				wanted[input] = true
			}
		}
	}
	return needed
}

// addInput makes the one input that is no weight the first activations.
func (c *composer) addInput(inputs []onnxValue) error {
	var found []onnxValue
	var names []string
	for _, v := range inputs {
		if c.weights[v.name] == nil {
			found, names = append(found, v), append(names, v.name)
		}
	}
	if len(found) != 1 {
		return fmt.Errorf("graph has %d inputs %.200q besides its initializers; it must have one", len(found), names)
	}
	v := found[0]
	shape, err := inputShape(v.dims)
	switch {
	case v.name == "":
		return fmt.Errorf("the input has no name; it must have one")
	case err != nil:
		return fmt.Errorf("input %.80q: %w", v.name, err)
	case v.kind != onnxFloat && v.kind != onnxDouble:
		return fmt.Errorf("input %.80q: its elements are %s; they must be float or double", v.name, kindName(v.kind))
	}
	x := &value{kind: v.kind, shape: shape, units: true}
	c.in, c.width, c.starts = x.size(), x.size(), []int{0}
	c.sum.grow(c.width)
	c.values[v.name] = x
	return nil
}

// inputShape returns the shape of an input for a batch of one.
func inputShape(dims []int64) ([]int, error) {
	if len(dims) > maxRank {
		return nil, fmt.Errorf("shape has %d numbers; it must have at most %d", len(dims), maxRank)
	}
	shape, size := make([]int, len(dims)), 1
	for i, d := range dims {
		if i == 0 && len(dims) > 1 && d < 1 {
			d = 1 // the batch
		}
		if d < 1 || d > maxWidth {
			return nil, fmt.Errorf("shape is %s; its numbers must be between 1 and %d (only a first one may be open, the batch)", dimsText(dims), maxWidth)
		}
		shape[i] = int(d)
		size = min(size*int(d), maxWidth+1) // neither overflows
	}
	if size > maxWidth {
		return nil, fmt.Errorf("shape %s has too many elements; there may be %d", dimsText(dims), maxWidth)
	}
	return shape, nil
}

// dimsText writes dimensions, those without a number as "?".
func dimsText(dims []int64) string {
	var words []string
	for _, d := range dims {
		if d < 0 {
			words = append(words, "?")
		} else {
			words = append(words, fmt.Sprint(d))
		}
	}
	return "[" + strings.Join(words, " ") + "]"
}

// checkOutput compares the output with what the file declares of it, as far as
// that consists of numbers.
func checkOutput(declared *onnxValue, y *value) error {
	if y.whole != nil {
		return fmt.Errorf("its elements are %s; they must be float or double", kindName(y.kind))
	}
	size := 1
	for i, d := range declared.dims {
		if i == 0 && d < 1 {
			d = 1 // the batch
		}
		if d < 1 || d > maxWidth {
			return nil // no number, so nothing is said
		}
		size = min(size*int(d), maxWidth+1)
	}
	if len(declared.dims) > 0 && size != y.size() {
		return fmt.Errorf("shape is declared as %s; the graph computes %v", dimsText(declared.dims), y.shape)
	}
	return nil
}

// value returns the value of a name.
func (c *composer) value(name string) (*value, error) {
	if v := c.values[name]; v != nil {
		return v, nil
	}
	t := c.weights[name]
	if t == nil {
		return nil, fmt.Errorf("reads %.80q, which is neither the input, nor an initializer, nor computed by a node before", name)
	}
	v, err := t.value()
	if err == nil {
		err = c.charge(v.size())
	}
	if err != nil {
		return nil, fmt.Errorf("initializer %.80q: %w", name, err)
	}
	c.values[name] = v
	return v, nil
}

// charge counts coefficients against the limit.
func (c *composer) charge(n int) error {
	c.memory += n
	if c.memory > maxCoefficients {
		return fmt.Errorf("its affine maps take more than %d coefficients; this program reads no larger networks", maxCoefficients)
	}
	if c.sum.terms > maxTerms {
		return fmt.Errorf("its affine maps take more than %d multiplications to compose; this program reads no larger networks", maxTerms)
	}
	return nil
}

// take ends the sum of element i of a value.
func (c *composer) take(i int) (form, error) {
	f, finite := c.sum.take()
	if !finite {
		return f, fmt.Errorf("element %d is not finite: weights are too large to be joined", i)
	}
	return f, c.charge(len(f.at) + formOverhead)
}

// asForms returns the elements of a value as forms.
func (c *composer) asForms(v *value) ([]form, error) {
	if v.forms != nil {
		return v.forms, nil
	}
	forms := make([]form, 0, min(v.size(), 1<<10))
	for i := range v.size() {
		v.addTo(&c.sum, factor{w: 1}, i)
		f, err := c.take(i)
		if err != nil {
			return nil, err
		}
		forms = append(forms, f)
	}
	return forms, nil
}

// affine returns the value of forms: numbers, if they are exact ones.
func affine(kind int64, shape []int, forms []form) *value {
	v := &value{kind: kind, shape: shape, forms: forms}
	for i := range forms {
		if !forms[i].exactConstant() {
			return v
		}
	}
	v.forms, v.data = nil, make([]float64, len(forms))
	for i := range forms {
		v.data[i] = forms[i].c
	}
	return v
}

// hidden appends a layer of ReLUs and returns its activations.
func (c *composer) hidden(kind int64, shape []int, forms []form) (*value, error) {
	if c.width+len(forms) > maxWidth {
		return nil, fmt.Errorf("there are more than %d inputs and units; this program reads no larger networks", maxWidth)
	}
	v := &value{kind: kind, shape: shape, units: true, first: c.width}
	c.layers, c.starts = append(c.layers, forms), append(c.starts, c.width)
	c.width += len(forms)
	c.sum.grow(c.width)
	return v, nil
}

// net builds the network of the layers, the last one the output.
func (c *composer) net() (*nn.Net, []float64, error) {
	layers := make([]nn.Layer, len(c.layers))
	params := 0
	for i, forms := range c.layers {
		l := &layers[i]
		l.From, l.To = c.window(i, forms)
		l.Out = len(forms)
		if params += l.Out * (l.In() + 1); params > maxCoefficients {
			return nil, nil, fmt.Errorf("the network has more than %d parameters; this program reads no larger ones", maxCoefficients)
		}
	}
	last := &layers[len(layers)-1]
	last.Gates = slices.Repeat([]nn.Gate{nn.Identity}, last.Out)
	n := nn.New(c.in, layers)
	errors, exact := make([]float64, len(n.Params)), true
	offset := 0
	for i, forms := range c.layers {
		in, out := layers[i].In(), layers[i].Out
		for j := range forms {
			f := &forms[j]
			for k, at := range f.at {
				n.Weight(i)[j*in+int(at)-layers[i].From] = f.w[k]
				if f.we != nil {
					errors[offset+j*in+int(at)-layers[i].From] = f.we[k]
					exact = false
				}
			}
			n.Bias(i)[j], errors[offset+out*in+j] = f.c, f.ce
			exact = exact && f.ce == 0
		}
		offset += out * (in + 1)
	}
	if exact {
		errors = nil
	}
	return n, errors, n.Validate()
}

// window returns the smallest run of whole layers, the inputs counted as one,
// that holds all that layer i reads; the one before it if it reads nothing.
func (c *composer) window(i int, forms []form) (from, to int) {
	lowest, highest := c.width, -1
	for j := range forms {
		if at := forms[j].at; len(at) > 0 {
			lowest, highest = min(lowest, int(at[0])), max(highest, int(at[len(at)-1]))
		}
	}
	if highest < 0 {
		lowest, highest = c.starts[i], c.starts[i]
	}
	for k, start := range c.starts {
		end := c.width
		if k+1 < len(c.starts) {
			end = c.starts[k+1]
		}
		if start <= lowest {
			from = start
		}
		if highest < end {
			return from, end
		}
	}
	panic("nn/file: a form reads an activation that is not computed")
}
