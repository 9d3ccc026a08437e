package file

import (
	"fmt"
	"slices"
)

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
