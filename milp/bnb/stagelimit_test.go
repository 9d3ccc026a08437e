package bnb

import (
	"slices"
	"testing"
)

// Where more stage nodes are open than may be, the newest come first, and those that are done
// with by then are dropped; else the best do.
func TestStagesPlungeBeyondTheLimit(t *testing.T) {
	for _, test := range []struct {
		limit    int
		cutoff   float64
		taken    []int
		finished float64
	}{
		{limit: 100, cutoff: 20, taken: []int{1, 2}, finished: 20},
		{limit: 3, cutoff: 20, taken: []int{10, 9}, finished: 20},
		{limit: 3, cutoff: 8.5, taken: []int{8, 7}, finished: 9},
		{limit: 9, cutoff: 20, taken: []int{10, 1}, finished: 20},
	} {
		y := &stageSearch{search: &search{opts: Options{OpenLimit: test.limit, enough: &test.cutoff}}, finished: 20, under: 1e9}
		y.best.value = 30
		for id := 1; id <= 10; id++ {
			y.nodes.push(&stageNode{id: id, bound: float64(id)})
		}
		y.take()
		var taken []int
		for _, n := range y.round {
			taken = append(taken, n.id)
		}
		if !slices.Equal(taken, test.taken) || y.finished != test.finished {
			t.Errorf("of 10 nodes with a limit of %d and the cutoff %v %v are taken, finished at %v; want %v, %v",
				test.limit, test.cutoff, taken, y.finished, test.taken, test.finished)
		}
		if y.lower() > 1 {
			t.Errorf("limit %d: the bound is %v, of an open node 1", test.limit, y.lower())
		}
	}
}
