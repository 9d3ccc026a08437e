package bnb

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"hinge/milp"
	"hinge/milp/bound"
	"hinge/milp/relu"
)

// Verdict answers the question of [Decide].
type Verdict uint8

// The verdicts.
const (
	Undecided Verdict = iota
	Sat               // a point was found
	Unsat             // there is none
)

var verdictNames = [...]string{"undecided", "sat", "unsat"}

// String returns the name used in files.
func (v Verdict) String() string { return verdictNames[v] }

// DecideOptions are the choices of [Decide]. The zero value is the documented
// default. Clock limits come from the context; NodeLimit is their counting twin.
type DecideOptions struct {
	NodeLimit int    // 0 means none
	Workers   int    // 0 means 1; the answer does not depend on it
	Seed      uint64 // of the random points

	// OnProgress is called after each round; nil for none.
	OnProgress func(nodes, open int)
}

// Decision is what [Decide] knows when it stops.
type Decision struct {
	Verdict   Verdict
	U         []float64 // of Sat: the point
	Program   int       // of Sat: the program it is a point of
	Objective float64   // of Sat: J(U) by a forward pass, at most 0
	Status    milp.Status
	NodeCount int
	SolveTime time.Duration
}

// Decide asks whether J(u) <= 0 for one of the programs and some u in its box.
// Sat comes with such a point, which a forward pass in float64 has confirmed.
// Unsat holds in real arithmetic with the stored weights, as every dual bound of
// this package does: the boxes are covered by parts on each of which J > 0 is
// proven. Programs that share network, start and box are bounded together.
//
// With a verdict the status is Optimal. Without, it says which limit was reached;
// NumericalFailure means that what is left are boxes too small to be split, in
// which rounding decides. An error means that a program cannot be bounded: a
// range that is not finite. Programs with hard constraints are refused.
func Decide(ctx context.Context, programs []*relu.Program, opts DecideOptions) (*Decision, error) {
	d := newDecider(programs, opts)
	d.attack(ctx, firstAttack)
	if err := d.roots(ctx); err != nil {
		return nil, err
	}
	for next := firstAttack; d.goOn(ctx); {
		if d.res.NodeCount >= next {
			next = 2 * d.res.NodeCount
			d.attack(ctx, d.res.NodeCount)
		}
		d.round(ctx)
	}
	return d.finish(ctx), nil
}

// above is the cutoff of the bounds: the smallest number above 0.
const above = math.SmallestNonzeroFloat64

// question is the programs that share network, start and box.
type question struct {
	at       int // in decider.questions
	problems []*problem
	index    []int // of the problems in the order they were given
	bounders []*bound.Bounder
}

// decider is the state of one call of Decide.
type decider struct {
	opts      DecideOptions
	start     time.Time
	questions []*question
	workers   [][]*refuter // workers x questions, made when needed
	open      []*region    // a stack; the last region is the next one
	attacks   uint64
	stuck     bool // a region too small to be split was given up
	stopped   bool // a question was not looked at
	res       Decision
}

func newDecider(programs []*relu.Program, opts DecideOptions) *decider {
	d := &decider{opts: opts, start: time.Now()}
	d.opts.Workers = max(1, opts.Workers)
	if d.opts.NodeLimit <= 0 {
		d.opts.NodeLimit = math.MaxInt
	}
	for i, p := range programs {
		if p.Constrained() {
			panic("bnb: Decide: a program has hard constraints, which a point might break")
		}
		q := d.questionOf(p)
		q.problems, q.index = append(q.problems, newProblem(p)), append(q.index, i)
	}
	for range d.opts.Workers {
		d.workers = append(d.workers, make([]*refuter, len(d.questions)))
	}
	return d
}

// questionOf returns the question p belongs to.
func (d *decider) questionOf(p *relu.Program) *question {
	for _, q := range d.questions {
		o := q.problems[0]
		if o.Step == p.Step && o.Horizon == p.Horizon && slices.Equal(o.X0, p.X0) && slices.Equal(o.Rounded, p.Rounded) &&
			slices.Equal(o.Box.Lower, p.Box.Lower) && slices.Equal(o.Box.Upper, p.Box.Upper) {
			return q
		}
	}
	d.questions = append(d.questions, &question{at: len(d.questions)})
	return d.questions[len(d.questions)-1]
}

// goOn reports whether there is something left to do, and leave to do it.
func (d *decider) goOn(ctx context.Context) bool {
	return d.res.U == nil && len(d.open) > 0 && d.res.NodeCount < d.opts.NodeLimit && ctx.Err() == nil
}

// offer takes over a point of the program at index at of q if J <= 0 there, and
// moves it to where J is smaller still: then rounding matters less.
func (d *decider) offer(q *question, at int, c incumbent) {
	if d.res.U != nil || c.u == nil || !(c.value <= 0) {
		return
	}
	newDescent(q.problems[at]).polish(&c)
	d.res.U, d.res.Program, d.res.Objective = c.u, q.index[at], c.value
}

// roots bounds the whole box of every question.
func (d *decider) roots(ctx context.Context) error {
	for _, q := range d.questions {
		if d.res.U != nil || d.res.NodeCount >= d.opts.NodeLimit || ctx.Err() != nil {
			d.stopped = true
			return nil
		}
		for _, p := range q.problems {
			b := bound.New(p.Program)
			if !b.Finite() {
				return errInfinite
			}
			q.bounders = append(q.bounders, b)
		}
		w := d.refuter(0, q)
		w.reset()
		r := w.root()
		d.res.NodeCount++
		if w.bound(r) {
			d.open = append(d.open, r)
		}
		d.offer(q, w.foundAt, w.found)
	}
	return nil
}

// refuter returns the refuter of a worker for q.
func (d *decider) refuter(worker int, q *question) *refuter {
	w := &d.workers[worker][q.at]
	if *w == nil {
		*w = newRefuter(q)
	}
	return *w
}

// round splits the last regions of the stack, shared among the workers. Depth
// first: all regions must be refuted anyway, and few of them have to be kept.
func (d *decider) round(ctx context.Context) {
	n := max(0, len(d.open)-roundSize)
	taken := slices.Clone(d.open[n:])
	d.open = d.open[:n]
	results := make([]splitting, len(taken))
	parallel(d.opts.Workers, d.opts.Workers, func(worker int) {
		for i := worker; i < len(taken); i += d.opts.Workers {
			if ctx.Err() != nil { // it stays open as it is
				results[i] = splitting{children: []*region{taken[i]}}
				continue
			}
			results[i] = d.refuter(worker, taken[i].q).split(taken[i])
		}
	})
	for i := range results {
		s := &results[i]
		d.res.NodeCount += s.bounded
		d.open = append(d.open, s.children...)
		d.stuck = d.stuck || s.stuck
		d.offer(taken[i].q, s.foundAt, s.found)
	}
	if d.opts.OnProgress != nil {
		d.opts.OnProgress(d.res.NodeCount, len(d.open))
	}
}

func (d *decider) finish(ctx context.Context) *Decision {
	r := &d.res
	r.SolveTime = time.Since(d.start)
	switch {
	case r.U != nil:
		r.Verdict = Sat
	case len(d.open) == 0 && !d.stopped && !d.stuck:
		r.Verdict = Unsat
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		r.Status = milp.TimeLimit
	case ctx.Err() != nil:
		r.Status = milp.Interrupted
	case d.res.NodeCount >= d.opts.NodeLimit:
		r.Status = milp.NodeLimit
	default:
		r.Status = milp.NumericalFailure
	}
	return r
}
