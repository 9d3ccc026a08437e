package file

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

// operator is what the composer knows of an operator.
type operator struct {
	least, most int      // inputs
	attributes  []string // all it may have
	run         func(c *composer, k *call) (*value, error)
}

var operators = map[string]operator{
	"Add":      {2, 2, nil, func(c *composer, k *call) (*value, error) { return c.add(k.in[0], k.in[1], 1) }},
	"Concat":   {1, math.MaxInt, []string{"axis"}, (*composer).concat},
	"Constant": {0, 0, []string{"value", "value_float", "value_floats", "value_int", "value_ints"}, (*composer).constant},
	"Dropout":  {1, 3, []string{"ratio", "seed"}, (*composer).dropout},
	"Flatten":  {1, 1, []string{"axis"}, (*composer).flatten},
	"Gemm":     {2, 3, []string{"alpha", "beta", "transA", "transB"}, (*composer).gemm},
	"Identity": {1, 1, nil, func(_ *composer, k *call) (*value, error) { return k.in[0], nil }},
	"MatMul":   {2, 2, nil, func(c *composer, k *call) (*value, error) { return c.matMul(k.in[0], k.in[1]) }},
	"Relu":     {1, 1, nil, func(c *composer, k *call) (*value, error) { return c.relu(k.in[0]) }},
	"Reshape":  {2, 2, []string{"allowzero"}, (*composer).reshape},
	"Sub":      {2, 2, nil, func(c *composer, k *call) (*value, error) { return c.add(k.in[0], k.in[1], -1) }},
}

// call is a node with the values it reads; nil for an input left out.
type call struct {
	node *onnxNode
	in   []*value
}

// apply computes the first output of a node.
func (c *composer) apply(n *onnxNode) error {
	op, err := n.operator()
	if err != nil {
		return err
	}
	k := &call{node: n, in: make([]*value, len(n.inputs))}
	for i, name := range n.inputs {
		if name == "" && i >= op.least {
			continue
		}
		if k.in[i], err = c.value(name); err != nil {
			return err
		}
	}
	if len(n.outputs) == 0 || n.outputs[0] == "" {
		return fmt.Errorf("has no output; it must have one")
	}
	if name := n.outputs[0]; c.values[name] != nil || c.weights[name] != nil {
		return fmt.Errorf("computes %.80q, which is there already; names must be unique", name)
	}
	v, err := op.run(c, k)
	if err != nil {
		return err
	}
	if v.size() > maxWidth {
		return fmt.Errorf("the result has shape %v; it may have %d elements at most", v.shape, maxWidth)
	}
	c.values[n.outputs[0]] = v
	return nil
}

// operator returns what the node asks for, if it is supported.
func (n *onnxNode) operator() (operator, error) {
	op, known := operators[n.op]
	if !known || !defaultDomain(n.domain) {
		var names []string
		for name := range operators {
			names = append(names, name)
		}
		sort.Strings(names)
		of := ""
		if n.domain != "" {
			of = fmt.Sprintf(" of domain %.80q", n.domain)
		}
		return op, fmt.Errorf("the operator%s is not supported; valid are %s", of, strings.Join(names, ", "))
	}
	if len(n.inputs) < op.least || len(n.inputs) > op.most {
		return op, fmt.Errorf("has %d inputs; it must have %d to %d", len(n.inputs), op.least, op.most)
	}
	for i := range n.attributes {
		a := &n.attributes[i]
		if !slices.Contains(op.attributes, a.name) {
			return op, fmt.Errorf("attribute %.80q is not supported; valid are %q", a.name, op.attributes)
		}
	}
	return op, nil
}

// Types of attributes, AttributeProto.AttributeType.
const (
	attributeFloat = 1
	attributeInt   = 2
)

func (n *onnxNode) attribute(name string) *onnxAttribute {
	for i := range n.attributes {
		if n.attributes[i].name == name {
			return &n.attributes[i]
		}
	}
	return nil
}

// integer returns an attribute, or else a default.
func (k *call) integer(name string, missing int64) (int64, error) {
	switch a := k.node.attribute(name); {
	case a == nil:
		return missing, nil
	case a.i != nil:
		return *a.i, nil
	case a.kind == attributeInt:
		return 0, nil // writers may leave zeros out
	}
	return 0, fmt.Errorf("attribute %s is no int; it must be one", name)
}

// real returns an attribute, or else a default.
func (k *call) real(name string, missing float64) (float64, error) {
	switch a := k.node.attribute(name); {
	case a == nil:
		return missing, nil
	case a.f != nil && isFinite(float64(*a.f)):
		return float64(*a.f), nil
	case a.f != nil:
		return 0, fmt.Errorf("attribute %s is %g; it must be finite", name, *a.f)
	case a.kind == attributeFloat:
		return 0, nil
	}
	return 0, fmt.Errorf("attribute %s is no float; it must be one", name)
}

// flag returns an attribute that is 0 or 1.
func (k *call) flag(name string) (bool, error) {
	v, err := k.integer(name, 0)
	if err == nil && v != 0 && v != 1 {
		err = fmt.Errorf("attribute %s is %d; it must be 0 or 1", name, v)
	}
	return v == 1, err
}

// axis returns an attribute that counts dimensions of rank, from the end if it
// is negative; at most is the largest valid one.
func (k *call) axis(missing int64, rank, most int) (int, error) {
	v, err := k.integer("axis", missing)
	if err != nil {
		return 0, err
	}
	if v < -int64(rank) || v > int64(most) {
		return 0, fmt.Errorf("attribute axis is %d; a tensor of rank %d needs %d to %d", v, rank, -rank, most)
	}
	if v < 0 {
		v += int64(rank)
	}
	return int(v), nil
}

// sameKind returns the type of values that are computed with each other.
func sameKind(values ...*value) (int64, error) {
	kind := values[0].kind
	for i, v := range values {
		switch {
		case v.whole != nil:
			return 0, fmt.Errorf("input %d is %s; it must be float or double", i, kindName(v.kind))
		case v.kind != kind:
			return 0, fmt.Errorf("input %d is %s, input 0 is %s; they must be the same", i, kindName(v.kind), kindName(kind))
		}
	}
	return kind, nil
}

// add returns a + sign b.
func (c *composer) add(a, b *value, sign float64) (*value, error) {
	kind, err := sameKind(a, b)
	if err != nil {
		return nil, err
	}
	shape, err := broadcast(a.shape, b.shape)
	if err != nil {
		return nil, err
	}
	forms, err := c.newForms(shape)
	if err != nil {
		return nil, err
	}
	err = eachIndex(shape, a.shape, b.shape, func(i, ia, ib int) (err error) {
		a.addTo(&c.sum, factor{w: 1}, ia)
		b.addTo(&c.sum, factor{w: sign}, ib)
		forms[i], err = c.take(i)
		return err
	})
	if err != nil {
		return nil, err
	}
	return affine(kind, shape, forms), nil
}

// newForms makes room for the elements of shape.
func (c *composer) newForms(shape []int) ([]form, error) {
	size := 1
	for _, d := range shape {
		if size = min(size*d, maxWidth+1); size > maxWidth { // factors are below 2^31
			return nil, fmt.Errorf("the result has shape %v; it may have %d elements at most", shape, maxWidth)
		}
	}
	return make([]form, size), nil
}

// relu makes units, unless its input is numbers or units already.
func (c *composer) relu(v *value) (*value, error) {
	kind, err := sameKind(v)
	if err != nil {
		return nil, err
	}
	switch {
	case v.constant():
		w := v.withShape(v.shape)
		w.data = make([]float64, len(v.data))
		for i, x := range v.data {
			w.data[i] = max(0, x)
		}
		return w, nil
	case v.units && v.first >= c.in:
		return v, nil
	}
	forms, err := c.asForms(v)
	if err != nil {
		return nil, err
	}
	return c.hidden(kind, v.shape, forms)
}

// constant is a node that holds its value.
func (c *composer) constant(k *call) (*value, error) {
	if len(k.node.attributes) != 1 {
		return nil, fmt.Errorf("has %d attributes; it must have one", len(k.node.attributes))
	}
	t := onnxTensor{}
	switch a := &k.node.attributes[0]; {
	case a.t != nil:
		t = *a.t
	case a.name == "value_float" && a.f != nil:
		t = onnxTensor{kind: onnxFloat, floats: []float32{*a.f}}
	case a.name == "value_floats":
		t = onnxTensor{kind: onnxFloat, floats: a.floats, dims: []int64{int64(len(a.floats))}}
	case a.name == "value_int" && a.i != nil:
		t = onnxTensor{kind: onnxInt64, int64s: []int64{*a.i}}
	case a.name == "value_ints":
		t = onnxTensor{kind: onnxInt64, int64s: a.ints, dims: []int64{int64(len(a.ints))}}
	default:
		return nil, fmt.Errorf("attribute %s has no value; it must have one", a.name)
	}
	v, err := t.value()
	if err != nil {
		return nil, fmt.Errorf("attribute %s: %w", k.node.attributes[0].name, err)
	}
	return v, c.charge(v.size())
}

// dropout does nothing outside of training.
func (c *composer) dropout(k *call) (*value, error) {
	if len(k.in) == 3 && k.in[2] != nil && (k.in[2].whole == nil || !slices.Equal(k.in[2].whole, []int64{0})) {
		return nil, fmt.Errorf("input 2, training_mode, is not the constant false; it must be")
	}
	return k.in[0], nil
}
