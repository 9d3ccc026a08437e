package bnb

import (
	"context"
	"math"

	"hinge/milp/relu"
)

// SolveByStages minimises J by the stage search alone. visit, when not nil, sees
// every cut of the nodes still open at the end: V_t(x) >= slope'x + offset for
// paths whose states from step t on are inside the node's boxes.
func SolveByStages(ctx context.Context, p *relu.Program, opts Options,
	visit func(t int, slope []float64, offset float64, inside func(t int, x []float64) bool)) (*Result, error) {
	s, b, err := open(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	s.open.nodes, s.dropped = nil, math.Inf(-1) // nothing is proven by the tree
	s.stages = newStageSearch(s, b)
	s.stages.run(ctx, math.MaxInt)
	for _, n := range s.stages.nodes.nodes {
		for t := 1; t < p.Horizon && visit != nil; t++ {
			for _, c := range n.cuts[t] {
				visit(t, c.slope, c.offset, func(t int, x []float64) bool {
					return n.contains(t, s.stages.g.frames[t].coordinates(x))
				})
			}
		}
	}
	return s.finish(ctx), nil
}

func (n *stageNode) contains(t int, w []float64) bool {
	for j, v := range w {
		if v < n.states[t].lower[j] || v > n.states[t].upper[j] {
			return false
		}
	}
	return true
}
