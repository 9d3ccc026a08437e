package certificate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// tree is how the leaves cover the box: a node is cut in two at a coordinate
// (coordinate >= 0) or at the phase of a unit (unit >= 0), or holds the leaves that
// cover it, the first of them exactly.
type tree struct {
	coordinate int
	point      float64
	unit       int
	kids       [2]*tree // below and above the point; unit inactive and active
	leaves     []int32
	first      int32 // smallest index of a leaf in it
	form       *Form // nil if there is none
	sharpened  []int // of the certificate
}

// cover rebuilds the tree. Its orders hold the leaves, one order a coordinate,
// sorted by their lower end; each node of the tree has one segment of all of them.
type cover struct {
	ctx          context.Context
	leaves       []Leaf
	lower, upper [][]float64 // coordinate x leaf
	order        [][]int32   // coordinate x leaf
	side         []bool      // scratch: the leaf goes to the second child
	spare        []int32
}

// gap is a place that no leaf covers.
type gap struct {
	point  []float64
	phases map[int]int
	tangle bool // leaves overlap, and no gap was found
}

func (g *gap) String() string {
	if g.tangle {
		return fmt.Sprintf("leaves overlap in a way that no sequence of cuts makes: near u = %v", g.point)
	}
	s := fmt.Sprintf("leaves do not cover the box: around u = %v", g.point)
	var fixed []string
	for unit, sign := range g.phases {
		fixed = append(fixed, fmt.Sprintf("[%d %d]", unit, sign))
	}
	if len(fixed) > 0 {
		slices.Sort(fixed)
		s += " with the phases " + strings.Join(fixed, " ")
	}
	return s + " no leaf"
}

// newTree rebuilds the tree of leaves that cover the box [lower, upper]. Points
// are compared bit for bit. It returns a gap if they do not cover it.
func newTree(ctx context.Context, q *Certificate, lower, upper []float64) (*tree, *gap, error) {
	if t := hinted(q, lower, upper); t != nil {
		return t, nil, nil
	}
	leaves := q.Leaves
	n, m := len(lower), len(leaves)
	c := &cover{ctx: ctx, leaves: leaves, side: make([]bool, m), spare: make([]int32, m)}
	for k := range n {
		lo, up, order := make([]float64, m), make([]float64, m), make([]int32, m)
		for i := range leaves {
			lo[i], up[i], order[i] = leaves[i].Lower[k], leaves[i].Upper[k], int32(i)
		}
		slices.SortFunc(order, func(a, b int32) int {
			return cmp.Or(cmp.Compare(lo[a], lo[b]), cmp.Compare(up[a], up[b]), cmp.Compare(a, b))
		})
		c.lower, c.upper, c.order = append(c.lower, lo), append(c.upper, up), append(c.order, order)
	}
	t, g := c.build(0, m, slices.Clone(lower), slices.Clone(upper), map[int]int{})
	return t, g, context.Cause(ctx)
}

// build covers the box [lower, upper] with the given phases by the leaves of the
// segment [from, to), all of which lie in it.
func (c *cover) build(from, to int, lower, upper []float64, fixed map[int]int) (*tree, *gap) {
	if c.ctx.Err() != nil {
		return nil, nil
	}
	segment := c.order[0][from:to]
	if leaf := slices.IndexFunc(segment, func(i int32) bool { return c.covers(i, lower, upper, fixed) }); leaf >= 0 {
		t := &tree{coordinate: -1, unit: -1, leaves: slices.Clone(segment), first: slices.Min(segment)}
		t.leaves[0], t.leaves[leaf] = t.leaves[leaf], t.leaves[0]
		return t, nil
	}
	if k, point := c.cut(from, to, lower, upper); k >= 0 {
		return c.split(from, to, k, point, lower, upper, fixed)
	}
	if unit := c.phase(segment); unit >= 0 {
		return c.splitPhase(from, to, unit, lower, upper, fixed)
	}
	budget := 20_000
	if g := c.hole(segment, lower, upper, fixed, &budget); g != nil {
		return nil, g
	}
	return nil, &gap{point: center(lower, upper), tangle: true}
}

// covers reports whether leaf i contains the box with the phases.
func (c *cover) covers(i int32, lower, upper []float64, fixed map[int]int) bool {
	y := &c.leaves[i]
	for k, v := range lower {
		if c.lower[k][i] > v || c.upper[k][i] < upper[k] {
			return false
		}
	}
	for _, p := range y.Phases {
		if fixed[p[0]] != p[1] {
			return false
		}
	}
	return true
}

// cut looks for a coordinate and a point inside the box that separate the leaves,
// in halves as equal as possible; the coordinate is -1 if there is none.
func (c *cover) cut(from, to int, lower, upper []float64) (coordinate int, point float64) {
	coordinate, best := -1, 0
	for k, order := range c.order {
		lo, hi := c.lower[k], c.upper[k]
		reach := lower[k]
		for at, i := range order[from:to] {
			if lo[i] >= reach && reach > lower[k] && reach < upper[k] {
				if balance := min(at, to-from-at); balance > best {
					coordinate, point, best = k, reach, balance
				}
			}
			reach = max(reach, hi[i])
		}
	}
	return coordinate, point
}

func (c *cover) split(from, to, k int, point float64, lower, upper []float64, fixed map[int]int) (*tree, *gap) {
	mid := c.partition(from, to, func(i int32) bool { return c.lower[k][i] >= point })
	old := upper[k]
	upper[k] = point
	low, g := c.build(from, mid, lower, upper, fixed)
	upper[k] = old
	if low == nil {
		return nil, g
	}
	old, lower[k] = lower[k], point
	high, g := c.build(mid, to, lower, upper, fixed)
	lower[k] = old
	if high == nil {
		return nil, g
	}
	return &tree{coordinate: k, point: point, unit: -1, kids: [2]*tree{low, high}, first: min(low.first, high.first)}, nil
}

// phase looks for a unit whose phase every leaf of the segment fixes, some to each
// side; -1 if there is none.
func (c *cover) phase(segment []int32) int {
	counts := map[int][2]int{}
	for _, i := range segment {
		for _, p := range c.leaves[i].Phases {
			n := counts[p[0]]
			n[(p[1]+1)/2]++
			counts[p[0]] = n
		}
	}
	unit, best := -1, 0
	for u, n := range counts {
		balance := min(n[0], n[1])
		if n[0]+n[1] == len(segment) && (balance > best || balance == best && balance > 0 && u < unit) {
			unit, best = u, balance
		}
	}
	return unit
}

func (c *cover) splitPhase(from, to, unit int, lower, upper []float64, fixed map[int]int) (*tree, *gap) {
	mid := c.partition(from, to, func(i int32) bool { return slices.Contains(c.leaves[i].Phases, [2]int{unit, 1}) })
	t := &tree{coordinate: -1, unit: unit}
	defer delete(fixed, unit)
	for side, ends := range [2][2]int{{from, mid}, {mid, to}} {
		fixed[unit] = 2*side - 1
		kid, g := c.build(ends[0], ends[1], lower, upper, fixed)
		if kid == nil {
			return nil, g
		}
		t.kids[side] = kid
	}
	t.first = min(t.kids[0].first, t.kids[1].first)
	return t, nil
}

// partition moves the leaves of a segment that second holds for behind the others,
// in every order, and returns where they start.
func (c *cover) partition(from, to int, second func(i int32) bool) int {
	for _, i := range c.order[0][from:to] {
		c.side[i] = second(i)
	}
	var mid int
	for _, order := range c.order {
		rest := c.spare[:0]
		mid = from
		for _, i := range order[from:to] {
			if c.side[i] {
				rest = append(rest, i)
			} else {
				order[mid] = i
				mid++
			}
		}
		copy(order[mid:to], rest)
	}
	return mid
}

// hole looks for a part of the box that none of the leaves covers. It cuts along
// the sides of leaves, through others if need be, at most budget times.
func (c *cover) hole(leaves []int32, lower, upper []float64, fixed map[int]int, budget *int) *gap {
	if *budget--; *budget < 0 || c.ctx.Err() != nil {
		return nil
	}
	var near []int32
	for _, i := range leaves {
		if c.covers(i, lower, upper, fixed) {
			return nil
		}
		if c.meets(i, lower, upper, fixed) {
			near = append(near, i)
		}
	}
	if len(near) == 0 {
		g := &gap{point: center(lower, upper), phases: map[int]int{}}
		for unit, sign := range fixed {
			g.phases[unit] = sign
		}
		return g
	}
	i := near[0]
	for k := range lower {
		for _, p := range [2]float64{c.lower[k][i], c.upper[k][i]} {
			if p > lower[k] && p < upper[k] {
				below, above := slices.Clone(upper), slices.Clone(lower)
				below[k], above[k] = p, p
				if g := c.hole(near, lower, below, fixed, budget); g != nil {
					return g
				}
				return c.hole(near, above, upper, fixed, budget)
			}
		}
	}
	for _, p := range c.leaves[i].Phases {
		if fixed[p[0]] != 0 {
			continue
		}
		defer delete(fixed, p[0])
		for _, sign := range [2]int{-1, 1} {
			fixed[p[0]] = sign
			if g := c.hole(near, lower, upper, fixed, budget); g != nil {
				return g
			}
		}
		return nil
	}
	return nil
}

// meets reports whether leaf i shares more than a side with the box.
func (c *cover) meets(i int32, lower, upper []float64, fixed map[int]int) bool {
	for k := range lower {
		l, u := max(lower[k], c.lower[k][i]), min(upper[k], c.upper[k][i])
		if l > u || l == u && lower[k] < upper[k] {
			return false
		}
	}
	for _, p := range c.leaves[i].Phases {
		if fixed[p[0]] == -p[1] {
			return false
		}
	}
	return true
}

func center(lower, upper []float64) []float64 {
	u := make([]float64, len(lower))
	for k := range u {
		u[k] = lower[k] + (upper[k]-lower[k])/2
	}
	return u
}
