package bnb

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// Every task is done once, by one worker at a time, whether helpers linger from the batch
// before or have left.
func TestCrew(t *testing.T) {
	for _, workers := range []int{1, 2, 5} {
		c := newCrew(workers)
		busy := make([]atomic.Bool, workers)
		for batch := range 300 {
			n := batch % 9
			times := make([]atomic.Int32, n)
			c.run(n, func(worker, i int) {
				if busy[worker].Swap(true) {
					t.Errorf("worker %d has two tasks at a time", worker)
				}
				runtime.Gosched()
				times[i].Add(1)
				busy[worker].Store(false)
			})
			for i := range times {
				if k := times[i].Load(); k != 1 {
					t.Fatalf("%d workers, batch %d: task %d was done %d times", workers, batch, i, k)
				}
			}
			if batch%50 == 0 {
				time.Sleep(2 * linger)
			}
		}
	}
}

func TestCrewLeaves(t *testing.T) {
	before := runtime.NumGoroutine()
	newCrew(4).run(100, func(int, int) { runtime.Gosched() })
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(linger) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines stay", runtime.NumGoroutine()-before)
		}
	}
}
