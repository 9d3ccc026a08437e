package bnb

import "hinge/milp/bound"

// Memory of open nodes. A tree keeps as many as fit; the plunging beyond that adds a few
// for each level of depth. See [Options.OpenLimit].
const (
	nodeMemory = 1 << 30 // bytes, of one tree
	fewNodes   = 64      // that are kept however large they are
	manyNodes  = 200_000 // that are not exceeded however small they are
	seenMemory = 1 << 26 // of the cells that were minimised
)

// fitting returns how many nodes of a tree fit into memory.
func fitting(p *problem, b *bound.Bounder) int {
	return min(manyNodes, max(fewNodes, nodeMemory/nodeBytes(p, b)))
}

// nodeBytes is about what a node of a tree on phases takes: its box, ranges, dual and
// basis.
func nodeBytes(p *problem, b *bound.Bounder) int {
	units, rows := p.Horizon*b.Units(), constraintRows(p.Program)
	for i := range p.Terms {
		rows += p.Terms[i].Rows
	}
	floats := 2*p.Inputs() + 4*units + rows
	if p.follows {
		floats += 2 * (p.Horizon + 1) * p.Nx
	}
	basis := 8 * (b.Root().Unstable() + rows)
	return 8*floats + basis + 512
}

// bytes is about what a node of the search by stages takes.
func (n *stageNode) bytes() int {
	size := 256
	for t := range n.states {
		size += 16*len(n.states[t].lower) + 64
		for i := range n.cuts[t] {
			size += 8*len(n.cuts[t][i].slope) + 128
		}
	}
	return size
}
