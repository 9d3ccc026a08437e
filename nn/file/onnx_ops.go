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

// broadcast returns the shape of two tensors combined element by element.
func broadcast(a, b []int) ([]int, error) {
	shape := make([]int, max(len(a), len(b)))
	for i := range shape {
		x, y := fromEnd(a, len(shape)-i), fromEnd(b, len(shape)-i)
		if x != y && x != 1 && y != 1 {
			return nil, fmt.Errorf("shapes %v and %v do not fit; a dimension must be the same, or 1 in one of them", a, b)
		}
		shape[i] = max(x, y)
	}
	return shape, nil
}

// fromEnd returns the i-th dimension from the end, 1 beyond the first.
func fromEnd(shape []int, i int) int {
	if i > len(shape) {
		return 1
	}
	return shape[len(shape)-i]
}

// eachIndex calls visit for the elements of shape in order, with their places in
// tensors of the shapes a and b that are broadcast to it.
func eachIndex(shape, a, b []int, visit func(i, ia, ib int) error) error {
	sa, sb := strides(a, len(shape)), strides(b, len(shape))
	index, ia, ib := make([]int, len(shape)), 0, 0
	for i := range product(shape) {
		if err := visit(i, ia, ib); err != nil {
			return err
		}
		for d := len(shape) - 1; d >= 0; d-- {
			index[d]++
			ia, ib = ia+sa[d], ib+sb[d]
			if index[d] < shape[d] {
				break
			}
			ia, ib = ia-index[d]*sa[d], ib-index[d]*sb[d]
			index[d] = 0
		}
	}
	return nil
}

// strides returns the steps of a row-major tensor in each of rank dimensions, 0
// where it is broadcast.
func strides(shape []int, rank int) []int {
	s, step := make([]int, rank), 1
	for i := 1; i <= rank; i++ {
		if d := fromEnd(shape, i); d > 1 {
			s[rank-i] = step
			step *= d
		}
	}
	return s
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

// matMul is the product of matrices, or of stacks of them, of which one is
// constant.
func (c *composer) matMul(a, b *value) (*value, error) {
	kind, err := sameKind(a, b)
	if err != nil {
		return nil, err
	}
	if len(a.shape) == 0 || len(b.shape) == 0 {
		return nil, fmt.Errorf("shapes are %v and %v; a product needs at least one dimension of each", a.shape, b.shape)
	}
	as, bs := a.shape, b.shape
	if len(as) == 1 {
		as = []int{1, as[0]}
	}
	if len(bs) == 1 {
		bs = []int{bs[0], 1}
	}
	m, inner, n := fromEnd(as, 2), fromEnd(as, 1), fromEnd(bs, 1)
	if fromEnd(bs, 2) != inner {
		return nil, fmt.Errorf("shapes %v and %v do not fit; the first must have as many columns as the second has rows", a.shape, b.shape)
	}
	stackA, stackB := as[:len(as)-2], bs[:len(bs)-2]
	stack, err := broadcast(stackA, stackB)
	if err != nil {
		return nil, err
	}
	forms, err := c.newForms(append(slices.Clone(stack), m, n))
	if err != nil {
		return nil, err
	}
	p := matrices{a: a, b: b, rows: m, inner: inner, cols: n, rowA: inner, colA: 1, rowB: n, colB: 1, alpha: 1}
	err = eachIndex(stack, stackA, stackB, func(i, ia, ib int) error {
		p.atA, p.atB = ia*m*inner, ib*inner*n
		return c.multiply(forms[i*m*n:(i+1)*m*n], &p, nil)
	})
	if err != nil {
		return nil, err
	}
	shape := stack
	if len(a.shape) > 1 {
		shape = append(shape, m)
	}
	if len(b.shape) > 1 {
		shape = append(shape, n)
	}
	return affine(kind, shape, forms), nil
}

// gemm is alpha A B + beta C, A and B as they are or transposed.
func (c *composer) gemm(k *call) (*value, error) {
	present := slices.DeleteFunc(slices.Clone(k.in), func(v *value) bool { return v == nil })
	kind, err := sameKind(present...)
	if err != nil {
		return nil, err
	}
	a, b := k.in[0], k.in[1]
	if len(a.shape) != 2 || len(b.shape) != 2 {
		return nil, fmt.Errorf("shapes are %v and %v; both must have two dimensions", a.shape, b.shape)
	}
	p := matrices{a: a, b: b, rows: a.shape[0], inner: a.shape[1], cols: b.shape[1],
		rowA: a.shape[1], colA: 1, rowB: b.shape[1], colB: 1}
	innerB := b.shape[0]
	transA, err := k.flag("transA")
	if err != nil {
		return nil, err
	}
	transB, err := k.flag("transB")
	if err != nil {
		return nil, err
	}
	if transA {
		p.rows, p.inner, p.rowA, p.colA = p.inner, p.rows, p.colA, p.rowA
	}
	if transB {
		p.cols, innerB, p.rowB, p.colB = innerB, p.cols, p.colB, p.rowB
	}
	if p.inner != innerB {
		return nil, fmt.Errorf("shapes %v (transA %v) and %v (transB %v) do not fit; the first must have as many columns as the second has rows",
			a.shape, transA, b.shape, transB)
	}
	if p.alpha, err = k.real("alpha", 1); err != nil {
		return nil, err
	}
	beta, err := k.real("beta", 1)
	if err != nil {
		return nil, err
	}
	shape := []int{p.rows, p.cols}
	forms, err := c.newForms(shape)
	if err != nil {
		return nil, err
	}
	var addend func(i int)
	if len(k.in) == 3 && k.in[2] != nil {
		bias := k.in[2]
		if whole, err := broadcast(bias.shape, shape); err != nil || !slices.Equal(whole, shape) {
			return nil, fmt.Errorf("input 2 has shape %v; it must fit a result of %v", bias.shape, shape)
		}
		s := strides(bias.shape, 2)
		addend = func(i int) { bias.addTo(&c.sum, factor{w: beta}, i/p.cols*s[0]+i%p.cols*s[1]) }
	}
	if err := c.multiply(forms, &p, addend); err != nil {
		return nil, err
	}
	return affine(kind, shape, forms), nil
}

// matrices are two factors as parts of tensors: element (i, k) of A is number
// atA + i rowA + k colA of a, and so for B.
type matrices struct {
	a, b              *value
	rows, inner, cols int
	atA, rowA, colA   int
	atB, rowB, colB   int
	alpha             float64
}

// multiply writes alpha A B (rows x cols) to dst. addend, if not nil, adds
// something to element i before it is stored.
func (c *composer) multiply(dst []form, p *matrices, addend func(i int)) error {
	x, w := p.a, p.b
	if x.constant() {
		x, w = w, x
	}
	if !w.constant() {
		return fmt.Errorf("both factors are computed from the input; one must be constant")
	}
	for i := range dst {
		c.sum.terms += p.inner // zeros take time as well
		for k := range p.inner {
			ix, iw := p.atA+i/p.cols*p.rowA+k*p.colA, p.atB+k*p.rowB+i%p.cols*p.colB
			if x != p.a {
				ix, iw = iw, ix
			}
			if v := w.data[iw]; v != 0 {
				x.addTo(&c.sum, times(p.alpha, v), ix)
			}
		}
		if addend != nil {
			addend(i)
		}
		var err error
		if dst[i], err = c.take(i); err != nil {
			return err
		}
	}
	return nil
}

// flatten keeps two dimensions: the product of those before axis, and the rest.
func (c *composer) flatten(k *call) (*value, error) {
	v := k.in[0]
	axis, err := k.axis(1, len(v.shape), len(v.shape))
	if err != nil {
		return nil, err
	}
	return v.withShape([]int{product(v.shape[:axis]), product(v.shape[axis:])}), nil
}

// reshape never moves an element, so any shape of the right size will do.
func (c *composer) reshape(k *call) (*value, error) {
	v, to := k.in[0], k.in[1]
	if to.whole == nil || to.kind != onnxInt64 || len(to.shape) != 1 || len(to.whole) > maxRank {
		return nil, fmt.Errorf("input 1 is of %s and shape %v; it must be a constant list of at most %d int64", kindName(to.kind), to.shape, maxRank)
	}
	allowZero, err := k.flag("allowzero")
	if err != nil {
		return nil, err
	}
	shape, open, size := make([]int, len(to.whole)), -1, 1
	for i, d := range to.whole {
		switch {
		case d == 0 && !allowZero && i < len(v.shape):
			d = int64(v.shape[i])
		case d == -1 && open < 0:
			open, d = i, 1
		}
		if d < 1 || d > maxWidth {
			return nil, fmt.Errorf("input 1 is %v; it must be numbers up to %d, with at most one -1", to.whole, maxWidth)
		}
		shape[i] = int(d)
		size = min(size*int(d), maxWidth+1)
	}
	if open >= 0 && v.size()%size == 0 {
		shape[open] = v.size() / size
		size = v.size()
	}
	if size != v.size() {
		return nil, fmt.Errorf("input 1 is %v; shape %v cannot become that", to.whole, v.shape)
	}
	return v.withShape(shape), nil
}

// concat joins tensors along an axis.
func (c *composer) concat(k *call) (*value, error) {
	kind, err := sameKind(k.in...)
	if err != nil {
		return nil, err
	}
	first := k.in[0].shape
	if k.node.attribute("axis") == nil {
		return nil, fmt.Errorf("attribute axis is missing; it must be given")
	}
	axis, err := k.axis(0, len(first), len(first)-1)
	if err != nil {
		return nil, err
	}
	shape := slices.Clone(first)
	shape[axis] = 0
	for i, v := range k.in {
		if len(v.shape) != len(first) || !slices.Equal(v.shape[:axis], first[:axis]) || !slices.Equal(v.shape[axis+1:], first[axis+1:]) {
			return nil, fmt.Errorf("input %d has shape %v, input 0 has %v; they may differ in dimension %d only", i, v.shape, first, axis)
		}
		shape[axis] += v.shape[axis]
	}
	if _, err := c.newForms(shape); err != nil {
		return nil, err
	}
	all := make([][]form, len(k.in))
	for i, v := range k.in {
		if all[i], err = c.asForms(v); err != nil {
			return nil, err
		}
	}
	var forms []form
	for outer := range product(first[:axis]) {
		for i, v := range k.in {
			n := product(v.shape[axis:])
			forms = append(forms, all[i][outer*n:(outer+1)*n]...)
		}
	}
	return affine(kind, shape, forms), c.charge(formOverhead * len(forms))
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
