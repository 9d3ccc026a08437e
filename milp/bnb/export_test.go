package bnb

import (
	"context"
	"math"

	"hinge/milp/bound"
	"hinge/milp/relu"
)

// SolveByStages minimises J by the stage search alone. visit, when not nil, sees
// every cut of the nodes still open at the end: V_t(x) >= slope'x + offset for
// paths whose states from step t on are inside the node's boxes.
func SolveByStages(ctx context.Context, p *relu.Program, opts Options,
	visit func(t int, slope []float64, offset float64, inside func(t int, x []float64) bool)) (*Result, error) {
	s, err := open(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	y := newStageSearch(s, s.bounder)
	s.race.add(y)
	s.race.run(ctx, math.MaxInt)
	for _, n := range y.nodes.nodes {
		for t := 1; t < p.Horizon && visit != nil; t++ {
			for _, c := range n.cuts[t] {
				visit(t, c.slope, c.offset, func(t int, x []float64) bool {
					return n.contains(t, y.g.frames[t].coordinates(x))
				})
			}
		}
	}
	return s.certified(ctx), nil
}

// SolveByPhases minimises J by the tree that splits phases alone.
func SolveByPhases(ctx context.Context, p *relu.Program, opts Options) (*Result, error) {
	s, err := open(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	s.race.enterPhases(ctx)
	s.race.run(ctx, math.MaxInt)
	return s.certified(ctx), nil
}

// Walk improves an action sequence by the walk through cells.
func Walk(p *relu.Program, u []float64) ([]float64, float64) {
	q := newProblem(p)
	c := incumbent{value: math.Inf(1)}
	c.offer(u, p.Objective(u, p.NewWorkspace()))
	newCells(q, bound.New(p)).walk(context.Background(), &c)
	return c.u, c.value
}

func (n *stageNode) contains(t int, w []float64) bool {
	for j, v := range w {
		if v < n.states[t].lower[j] || v > n.states[t].upper[j] {
			return false
		}
	}
	return true
}

// SolveByActions minimises J by the tree that splits actions alone.
func SolveByActions(ctx context.Context, p *relu.Program, opts Options) (*Result, error) {
	s, err := open(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	t := newTree()
	root := s.rootNode()
	s.rec.open(t, root, s.p.Box)
	s.plant(ctx, t, root)
	s.race.add(grower{s, t})
	s.race.run(ctx, math.MaxInt)
	return s.certified(ctx), nil
}

// Decomposable reports whether the search by stages can work on p.
func Decomposable(p *relu.Program) bool { return decomposable(p) }
