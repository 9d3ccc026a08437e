package certificate

import (
	"slices"
	"strings"
)

// hinted rebuilds the tree from the paths of the leaves; nil if they are not those of
// a binary tree, or of one that does not cover the box. A wrong hint costs time
// only: two parts are joined only if their union is a box exactly.
func hinted(c *Certificate, lower, upper []float64) *tree {
	leaves, forms := c.Leaves, c.Forms
	h := &hint{leaves: leaves, order: make([]int32, len(leaves)), forms: map[string]*Form{}, sharpened: map[string][]int{}}
	for i := range c.Sharpened {
		h.sharpened[c.Sharpened[i].Path] = append(h.sharpened[c.Sharpened[i].Path], i)
	}
	for i := range forms {
		h.forms[forms[i].Path] = &forms[i]
	}
	for i := range h.order {
		h.order[i] = int32(i)
	}
	slices.SortStableFunc(h.order, func(a, b int32) int { return strings.Compare(leaves[a].Path, leaves[b].Path) })
	whole := h.read(0)
	if whole == nil || h.next != len(leaves) || len(whole.phases) > 0 ||
		!slices.Equal(whole.lower, lower) || !slices.Equal(whole.upper, upper) {
		return nil
	}
	return whole.tree
}

// hint reads the leaves in the order of their paths, that of a depth-first walk.
type hint struct {
	leaves    []Leaf
	order     []int32
	next      int
	forms     map[string]*Form // by path
	sharpened map[string][]int // likewise
}

// part is a subtree with what it covers.
type part struct {
	tree         *tree
	lower, upper []float64
	phases       [][2]int // sorted
}

// peek returns the next leaf, nil at the end.
func (h *hint) peek() *Leaf {
	if h.next >= len(h.leaves) {
		return nil
	}
	return &h.leaves[h.order[h.next]]
}

// leaf takes the next leaf and those that repeat it.
func (h *hint) leaf(y *Leaf) *part {
	t := &tree{coordinate: -1, unit: -1, first: h.order[h.next]}
	for z := y; z != nil && z.Path == y.Path && slices.Equal(z.Lower, y.Lower) && slices.Equal(z.Upper, y.Upper) && slices.Equal(z.Phases, y.Phases); z = h.peek() {
		t.leaves = append(t.leaves, h.order[h.next])
		h.next++
	}
	phases := slices.Clone(y.Phases)
	slices.SortFunc(phases, func(a, b [2]int) int { return a[0] - b[0] })
	t.sharpened = h.sharpened[y.Path]
	return &part{tree: t, lower: y.Lower, upper: y.Upper, phases: phases}
}

func (h *hint) read(depth int) *part {
	y := h.peek()
	switch {
	case y == nil || len(y.Path) < depth:
		return nil
	case len(y.Path) == depth:
		return h.leaf(y)
	}
	a := h.read(depth + 1)
	if a == nil {
		return nil
	}
	b := h.read(depth + 1)
	if b == nil {
		return nil
	}
	join := joinPhases
	if slices.Equal(a.phases, b.phases) {
		join = joinBoxes
	}
	p := join(a, b)
	if p != nil {
		p.tree.form, p.tree.sharpened = h.forms[y.Path[:depth]], h.sharpened[y.Path[:depth]]
	}
	return p
}

// joinBoxes joins two boxes that share a whole side.
func joinBoxes(a, b *part) *part {
	k := -1
	for j := range a.lower {
		if a.lower[j] == b.lower[j] && a.upper[j] == b.upper[j] {
			continue
		}
		if k >= 0 {
			return nil
		}
		k = j
	}
	if k < 0 {
		return nil
	}
	if a.lower[k] > b.lower[k] {
		a, b = b, a
	}
	if a.upper[k] != b.lower[k] {
		return nil
	}
	p := &part{lower: a.lower, upper: slices.Clone(a.upper), phases: a.phases, tree: node(a, b)}
	p.upper[k] = b.upper[k]
	p.tree.coordinate, p.tree.point = k, a.upper[k]
	return p
}

// joinPhases joins two parts that differ in the phase of one unit.
func joinPhases(a, b *part) *part {
	if len(a.phases) != len(b.phases) || !slices.Equal(a.lower, b.lower) || !slices.Equal(a.upper, b.upper) {
		return nil
	}
	at := -1
	for i, p := range a.phases {
		if p == b.phases[i] {
			continue
		}
		if at >= 0 || p[0] != b.phases[i][0] {
			return nil
		}
		at = i
	}
	if a.phases[at][1] > 0 {
		a, b = b, a
	}
	p := &part{lower: a.lower, upper: a.upper, tree: node(a, b)}
	p.phases = slices.Delete(slices.Clone(a.phases), at, at+1)
	p.tree.unit = a.phases[at][0]
	return p
}

func node(a, b *part) *tree {
	return &tree{coordinate: -1, unit: -1, kids: [2]*tree{a.tree, b.tree}, first: min(a.tree.first, b.tree.first)}
}
