package bnb_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

var stageShapes = []relutest.Shape{
	{Nx: 2, Nu: 1, Horizon: 2, Hidden: []int{5}},
	{Nx: 2, Nu: 1, Horizon: 3, Hidden: []int{4}},
	{Nx: 3, Nu: 2, Horizon: 2, Hidden: []int{4, 4}},
	{Nx: 4, Nu: 1, Horizon: 3, Hidden: []int{3, 3}, Chain: true},
}

// The stage search and the tree, which bound J in different ways, must agree.
func TestStagesAgreeWithTree(t *testing.T) {
	closed := 0
	for seed := range uint64(24) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 41)), stageShapes[int(seed)%len(stageShapes)])
		tree := solve(t, p, bnb.Options{RelGap: 1e-6})
		r, err := bnb.SolveByStages(context.Background(), p, bnb.Options{RelGap: 1e-2, NodeLimit: 30_000}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.DualBound > tree.Objective+1e-9 || r.Objective < tree.DualBound-1e-9 {
			t.Errorf("seed %d: stages say [%.10g, %.10g], the tree [%.10g, %.10g]",
				seed, r.DualBound, r.Objective, tree.DualBound, tree.Objective)
		}
		if r.Status == milp.Optimal {
			closed++
		}
	}
	if closed < 12 {
		t.Errorf("the stage search closed only %d of 24 programs", closed)
	}
}

// Where the plans that are known are poor and the gap is wide, the bound must still be one
// of the optimum: what was closed and peeled off counts.
func TestStagesBoundHoldsBesidePoorPlans(t *testing.T) {
	poor, closed := 0, 0
	for seed := range uint64(60) {
		p := relutest.Random(rand.New(rand.NewPCG(seed, 46)), stageShapes[int(seed)%len(stageShapes)])
		opts := bnb.Options{RelGap: []float64{.02, .04, .1}[seed%3], NodeLimit: 10_000, Samples: -1, Descents: -1, Record: true}
		r, err := bnb.SolveByStages(context.Background(), p, opts, nil)
		if err != nil {
			t.Fatal(err)
		}
		best := solve(t, p, bnb.Options{RelGap: 1e-6}).Objective
		if r.DualBound > best+1e-9 {
			t.Errorf("seed %d: stages prove %.10g, the optimum is %.10g", seed, r.DualBound, best)
		}
		if c := r.Certificate; c == nil || c.Claim.DualBound != r.DualBound {
			t.Errorf("seed %d: stages prove %.10g, their record another bound or none", seed, r.DualBound)
		}
		if r.Objective > best*(1+1e-3) {
			poor++
		}
		if r.Status == milp.Optimal {
			closed++
		}
	}
	t.Logf("%d closed, %d with a plan that is not the best", closed, poor)
	if closed < 30 || poor < 10 {
		t.Errorf("%d closed, %d with a plan that is not the best: too few", closed, poor)
	}
}

// No cut may lie above the cost that a roll-out pays after its state, wherever
// the roll-out's states belong to the node.
func TestCutsAreBelowRollouts(t *testing.T) {
	checked := 0
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 42))
		p := relutest.Random(rng, stageShapes[int(seed)%len(stageShapes)])
		tails := sampleTails(p, rng, 400)
		_, err := bnb.SolveByStages(context.Background(), p, bnb.Options{RelGap: 1e-9, AbsGap: 1e-9, NodeLimit: 3000},
			func(step int, slope []float64, offset float64, inside func(int, []float64) bool) {
				for _, y := range tails {
					if !y.belongs(step, inside) {
						continue
					}
					v := offset
					for i, a := range slope {
						v += a * y.states[step][i]
					}
					checked++
					if v > y.after[step]+1e-9 {
						t.Errorf("seed %d: cut %.9g above the cost to go %.9g at step %d", seed, v, y.after[step], step)
					}
				}
			})
		if err != nil {
			t.Fatal(err)
		}
	}
	if checked < 5000 {
		t.Fatalf("only %d cuts and states were compared", checked)
	}
}

// tail is a roll-out with the cost charged after each step.
type tail struct {
	states [][]float64
	after  []float64
}

// belongs reports whether the states from step on are in the node's boxes.
func (y *tail) belongs(step int, inside func(int, []float64) bool) bool {
	for t := step; t < len(y.states)-1; t++ {
		if !inside(t, y.states[t]) {
			return false
		}
	}
	return true
}

func sampleTails(p *relu.Program, rng *rand.Rand, n int) []tail {
	ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
	var tails []tail
	for range n {
		relutest.Point(rng, u, p.Box.Lower, p.Box.Upper)
		p.Objective(u, ws)
		y := tail{after: make([]float64, p.Horizon+1)}
		for t := range p.Horizon + 1 {
			y.states = append(y.states, slices.Clone(ws.States()[t*p.Nx:(t+1)*p.Nx]))
		}
		for i := range p.Terms { // L1 by hand, not by the program's own sum
			k := &p.Terms[i]
			r := make([]float64, k.Rows)
			p.Residual(r, i, ws.States(), u)
			for t := range k.T {
				for _, e := range r {
					y.after[t] += k.Factor * math.Abs(e)
				}
			}
		}
		tails = append(tails, y)
	}
	return tails
}

// The stage search, too, gives the same answer for any number of workers.
func TestStagesDeterministic(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(3, 43)), stageShapes[2])
	opts := bnb.Options{RelGap: 1e-9, NodeLimit: 4000, Workers: 1}
	one, err := bnb.SolveByStages(context.Background(), p, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	opts.Workers = 3
	many, err := bnb.SolveByStages(context.Background(), p, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	if one.DualBound != many.DualBound || one.NodeCount != many.NodeCount || !slices.Equal(one.U, many.U) {
		t.Errorf("one worker: bound %.12g in %d nodes; three: %.12g in %d",
			one.DualBound, one.NodeCount, many.DualBound, many.NodeCount)
	}
}
