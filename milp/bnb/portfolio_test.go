package bnb

import (
	"context"
	"math"
	"testing"
)

// paced closes its space evenly until done is closed, and proves nothing before it has all.
type paced struct {
	work, needs int
	done        float64
}

func (c *paced) lower() float64 {
	if c.share() >= 1 {
		return 1
	}
	return 0
}

func (c *paced) share() float64 { return min(c.done, float64(c.work)/float64(c.needs)) }
func (c *paced) spent() int     { return c.work }

func (c *paced) advance(_ context.Context, work int) bool {
	c.work += min(work, 1<<32) // a lone one is told to go on for ever
	return c.share() < 1
}

// Where bounds are trivial the race is for the contestant that closes its space, not for
// one that closes nothing, or most of it at once and then stops.
func TestRaceWithoutBounds(t *testing.T) {
	const needs = 1 << 31
	for _, other := range []*paced{{needs: 1 << 50}, {needs: 1 << 24, done: .9}} {
		s := &search{best: incumbent{value: 1}, proven: math.Inf(-1), opts: Options{NodeLimit: math.MaxInt, AbsGap: 1e-3}}
		p := &s.race
		p.s = s
		steady := &paced{needs: needs, done: 1}
		p.add(steady)
		p.add(other)
		p.run(context.Background(), math.MaxInt)
		if steady.work < needs {
			t.Errorf("done %g: the steady contestant was thrown out after %d of %d", other.done, steady.work, needs)
		}
		if other.work == 0 || other.work > needs/8 {
			t.Errorf("done %g: the other one worked for %d beside one that needed %d", other.done, other.work, needs)
		}
	}
}

func TestNodeOrder(t *testing.T) {
	var q queue[*node]
	for id, bound := range []float64{0, 0, .5, 0} {
		q.push(&node{id: id, bound: bound})
	}
	for _, want := range []int{3, 1, 0, 2} {
		if n := q.pop(); n.id != want {
			t.Errorf("node %d came before node %d", n.id, want)
		}
	}
}
