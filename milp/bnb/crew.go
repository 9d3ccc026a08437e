package bnb

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// crew shares out tasks of some hundred microseconds. To wake a sleeping thread takes as
// long as such a task, so helpers linger for a while after one batch for the next.
type crew struct {
	job   atomic.Pointer[job] // the newest
	slots []atomic.Bool       // of the helpers: whether one works or lingers there
}

// job is one batch of tasks.
type job struct {
	f          func(worker, i int)
	n          int64
	next, done atomic.Int64
	over       chan struct{} // closed when all are done
}

// linger is how long somebody looks out for what comes next before he leaves or sleeps.
const linger = 200 * time.Microsecond

// newCrew returns a crew of the caller and so many helpers less one.
func newCrew(workers int) *crew { return &crew{slots: make([]atomic.Bool, workers-1)} }

// run calls f(worker, 0) .. f(worker, n-1) and returns when all have returned; no two calls
// at a time have the same worker. Who does what is left to chance, so that the outcome must
// not depend on it.
func (c *crew) run(n int, f func(worker, i int)) {
	j := &job{f: f, n: int64(n)}
	if helpers := min(len(c.slots), n-1); helpers > 0 {
		j.over = make(chan struct{})
		c.job.Store(j)
		for w := range helpers {
			if c.slots[w].CompareAndSwap(false, true) {
				go c.help(w)
			}
		}
	}
	j.work(0)
	if j.over != nil && !await(func() bool { return j.done.Load() == j.n }) {
		<-j.over
	}
}

// work takes tasks until none is left.
func (j *job) work(worker int) {
	for {
		i := j.next.Add(1) - 1
		if i >= j.n {
			return
		}
		j.f(worker, int(i))
		if j.done.Add(1) == j.n && j.over != nil {
			close(j.over)
		}
	}
}

// help works at slot w until nothing has come for a while.
func (c *crew) help(w int) {
	var last *job
	for {
		fresh := func() bool { return c.job.Load() != last }
		if !await(fresh) {
			c.slots[w].Store(false)
			// A job that came meanwhile may have found the slot taken.
			if !fresh() || !c.slots[w].CompareAndSwap(false, true) {
				return
			}
		}
		last = c.job.Load()
		last.work(w + 1)
	}
}

// await looks out for a condition for a while, letting others run.
func await(condition func() bool) bool {
	for start := time.Now(); ; runtime.Gosched() {
		for range 100 {
			if condition() {
				return true
			}
		}
		if time.Since(start) > linger {
			return false
		}
	}
}

// parallel calls f(0) .. f(n-1), shared among the workers, for tasks that take long.
func parallel(workers, n int, f func(i int)) {
	if workers = min(workers, n); workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := w; i < n; i += workers {
				f(i)
			}
		}()
	}
	wg.Wait()
}
