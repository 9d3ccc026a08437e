package bnb

import (
	"math/rand/v2"
	"testing"

	"hinge/control"
	"hinge/milp/bound"
	"hinge/milp/relu"
	"hinge/milp/relu/relutest"
)

// TestRegionsCoverAndBound walks down random trees: no sampled point of a region
// may be below the bound of one of its programs, have J <= 0 in a program that was
// refuted, or have J <= 0 where nothing is left.
func TestRegionsCoverAndBound(t *testing.T) {
	judged, regions := 0, 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 51))
		p := relutest.Random(rng, relutest.Shape{Nx: 1 + int(seed)%3, Nu: 3, Horizon: 1 + int(seed)%2, Hidden: []int{8, 6}, Norm: control.Max})
		other := *p
		other.Terms = lowered(p, rng.NormFloat64())
		w := newWalk(t, rng, p, &other)
		w.check(nil, w.refuter.root())
		judged += w.judged
		regions += w.regions
	}
	if judged < 100_000 || regions < 1000 {
		t.Errorf("only %d values in %d regions were judged", judged, regions)
	}
}

func lowered(p *relu.Program, by float64) []relu.Term {
	var terms []relu.Term
	for _, k := range p.Terms {
		b := make([]float64, k.Rows)
		for j := range b {
			b[j] = k.B[j] - by*float64(j)
		}
		k.B = b
		terms = append(terms, k)
	}
	return terms
}

type walk struct {
	t               *testing.T
	rng             *rand.Rand
	q               *question
	refuter         *refuter
	u               []float64
	regions, judged int
}

func newWalk(t *testing.T, rng *rand.Rand, programs ...*relu.Program) *walk {
	d := newDecider(programs, DecideOptions{})
	if len(d.questions) != 1 {
		t.Fatalf("%d questions of programs that share everything", len(d.questions))
	}
	q := d.questions[0]
	for _, p := range q.problems {
		q.bounders = append(q.bounders, bound.New(p.Program))
	}
	return &walk{t: t, rng: rng, q: q, refuter: newRefuter(q), u: make([]float64, programs[0].Inputs())}
}

// check bounds r, compares it with points of the box it was made of, and goes on
// with its halves.
func (w *walk) check(path []int, r *region) {
	lower, upper := append([]float64{}, r.lower...), append([]float64{}, r.upper...)
	open := w.refuter.bound(r)
	w.regions++
	for range 60 {
		relutest.Point(w.rng, w.u, lower, upper)
		inside := open && (control.Box{Lower: r.lower, Upper: r.upper}).Contains(w.u, 0)
		for at, p := range w.q.problems {
			least := 0.
			for _, part := range r.parts {
				if inside && part.at == at {
					least = part.bound
				}
			}
			v := p.Objective(w.u, w.refuter.d[at].ws)
			if w.judged++; v < least-1e-13 {
				w.t.Fatalf("path %v: J = %g of program %d at %v, where it is at least %g", path, v, at, w.u, least)
			}
		}
	}
	if !open || len(path) == 6 || r.input < 0 {
		return
	}
	for side := range 2 {
		w.check(append(path, side), w.refuter.half(r, side))
	}
}
