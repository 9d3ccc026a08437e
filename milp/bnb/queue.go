package bnb

import (
	"math"

	"hinge/milp/bound"
	"hinge/milp/lp"
)

// node is an open part of the search space: a box of actions, and there those at
// which some hidden units are in given phases.
type node struct {
	bound        float64
	id, depth    int
	lower, upper []float64 // H x Nu
	phases       []phase
	ranges       bound.Ranges
	dual         *bound.Dual
	basis        *lp.Basis   // of its relaxation, nil if none was solved
	form         *bound.Form // of J there, from the relaxation; nil if there is none
	branch       branch
	rec          *record // nil if it is not recorded
	first        *Splits // to be split first, nil where nothing is known
	sketch       *sketch // nil where none is kept
}

// phase says that a hidden unit is on, z >= 0, or off, z <= 0.
type phase struct {
	unit int // t*units + h
	on   bool
}

// tree is a partition of the search space.
type tree struct {
	open    queue[*node]
	dropped float64     // smallest bound of what is no longer open
	share   float64     // of the search space that is no longer open, a split counting one half
	work    int         // see bound.Bounder.Work
	phases  bool        // nodes split phases of units, not only actions
	gains   []unitGains // of all units, where phases are split
	insight insight     // see reliability.go
	rounds  int
	rec     *treeRecord
}

func newTree() *tree { return &tree{dropped: math.Inf(1)} }

// splitPhases makes t a tree that splits phases of so many units.
func (t *tree) splitPhases(units int) {
	t.phases, t.gains = true, make([]unitGains, units)
}

// bound is the smallest bound of any part.
func (t *tree) bound() float64 {
	if t.open.len() == 0 {
		return t.dropped
	}
	return min(t.dropped, t.open.best().bound)
}

// before is the node order: best bound first, then newest. While bounds say nothing, as the
// trivial one of a cost of the last step alone, the search then goes in depth: all these
// nodes must be closed anyway, few are kept, and the share that is done with tells how far
// it is.
func (n *node) before(m *node) bool {
	if n.bound != m.bound {
		return n.bound < m.bound
	}
	return n.id > m.id
}

// ordered is what a queue can hold.
type ordered[N any] interface{ before(N) bool }

var (
	_ ordered[*node]      = (*node)(nil)
	_ ordered[*stageNode] = (*stageNode)(nil)
)

// queue is a binary heap of open nodes.
type queue[N ordered[N]] struct{ nodes []N }

func (q *queue[N]) len() int { return len(q.nodes) }

// best returns the first node; the queue must not be empty.
func (q *queue[N]) best() N { return q.nodes[0] }

func (q *queue[N]) push(n N) {
	q.nodes = append(q.nodes, n)
	i := len(q.nodes) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !q.nodes[i].before(q.nodes[parent]) {
			break
		}
		q.nodes[i], q.nodes[parent] = q.nodes[parent], q.nodes[i]
		i = parent
	}
}

func (q *queue[N]) pop() N {
	top := q.nodes[0]
	last := len(q.nodes) - 1
	q.nodes[0] = q.nodes[last]
	q.shrink()
	q.sink(0)
	return top
}

func (q *queue[N]) sink(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(q.nodes); c++ {
			if q.nodes[c].before(q.nodes[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		q.nodes[i], q.nodes[least] = q.nodes[least], q.nodes[i]
		i = least
	}
}

// popNewest removes the last leaf of the heap: a deep node whose subtree is
// small, for plunging when memory is scarce.
func (q *queue[N]) popNewest() N {
	n := q.nodes[len(q.nodes)-1]
	q.shrink()
	return n
}

// shrink forgets the last node.
func (q *queue[N]) shrink() {
	var none N
	last := len(q.nodes) - 1
	q.nodes[last] = none
	q.nodes = q.nodes[:last]
}
