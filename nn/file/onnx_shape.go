package file

import (
	"fmt"
	"slices"
)

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
