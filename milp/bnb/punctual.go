package bnb

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"hinge/milp"
	"hinge/milp/relu"
)

// live is what a search has achieved so far, for whoever cannot wait for its end.
type live struct {
	mu   sync.Mutex
	over bool // nobody listens any more
	last *Result
}

// punctual is a context that notices its deadline by looking at the clock, and lets
// others run when it has passed. Timers alone are late on a machine whose
// processors all search: a goroutine that computes is interrupted after 10 ms.
type punctual struct {
	context.Context
	deadline time.Time // zero for none
}

func newPunctual(ctx context.Context) punctual {
	deadline, _ := ctx.Deadline()
	return punctual{ctx, deadline}
}

// Err implements [context.Context].
func (p punctual) Err() error {
	if err := p.Context.Err(); err != nil {
		return err
	}
	if !p.deadline.IsZero() && !time.Now().Before(p.deadline) {
		runtime.Gosched()
		return context.DeadlineExceeded
	}
	return nil
}

// solvePunctually searches in a goroutine of its own. When the context ends, it
// returns what was published last; the search notices at its next look at the
// clock, after the linear program or the ranges it is at, and what it still finds is
// lost. One that records is waited for, for a while.
func solvePunctually(ctx context.Context, p *relu.Program, opts Options) (*Result, error) {
	type answer struct {
		r   *Result
		err error
	}
	start, l, done := time.Now(), new(live), make(chan answer, 1)
	go func() {
		r, err := solve(newPunctual(ctx), p, opts, l)
		done <- answer{r, err}
	}()
	select {
	case a := <-done:
		return a.r, a.err
	case <-ctx.Done():
	}
	select { // the search may have ended at the same moment
	case a := <-done:
		return a.r, a.err
	default:
	}
	if opts.Record {
		select {
		case a := <-done:
			return a.r, a.err
		case <-time.After(proofGrace):
		}
	}
	r := l.end()
	if r == nil { // not even a first plan
		a := <-done
		return a.r, a.err
	}
	r.SolveTime, r.Status = time.Since(start), milp.Interrupted
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		r.Status = milp.TimeLimit
	}
	if opts.Record {
		r.Certificate = obvious(p, r.U)
	}
	return r, nil
}

// proofGrace is how long the end of a search is waited for that records: before, its proof
// is not whole. Only roots of programs far too large for it take longer.
var proofGrace = time.Second

// end stops listening and returns what was published last, nil if nothing.
func (l *live) end() *Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	return l.last
}

// publish makes the state of s the last one and calls back, unless nobody listens.
func (l *live) publish(s *search, callBack func()) {
	if l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.over {
			return
		}
		r := *s.res
		r.U, r.Objective, r.DualBound, r.NodeCount = slices.Clone(s.best.u), s.best.value, s.dualBound(), s.nodes
		l.last = &r
	}
	callBack()
}
