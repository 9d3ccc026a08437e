package bnb

import (
	"context"
	"iter"
	"math"
)

// frontSearch asks of a prefix whether any plan is charged less than the cutoff there. If
// none is, none is in all steps either, and the gap is closed by a tree of fewer steps.
// Where late steps weigh little, what the best plan is charged in the first ones reaches
// the cutoff early, and each step that is left out makes the tree several times smaller.
//
// Only prefixes are asked of which no plan is known that answers yes; of those the
// shortest, and another one as soon as a better incumbent of the whole lowers the cutoff
// far enough. The answer yes is a plan of the prefix: it begins new plans of the whole.
//
// (Russian doll search, Verfaillie, Lemaitre and Schiex 1996, solves nested problems too,
// but from the end, and to use all of their optima.)
type frontSearch struct {
	prefixSearch
	known  []float64 // by steps: what some plan is charged, -Inf where no answer was found
	enough float64   // the cutoff that is asked for
	turned bool      // the prefix at hand has been left for a shorter one
}

// Numbers of the search of fronts.
const (
	frontTrial = 60_000_000 // work of the tree on all steps that comes before
	frontShare = 8          // times the work that this tree does meanwhile
)

// enterFronts enters the search of fronts where it can work.
func (p *portfolio) enterFronts() {
	s := p.s
	if p.pause != nil || s.best.u == nil || s.p.Horizon < 2 || s.p.Constrained() || !s.p.NonNegative() {
		return
	}
	y := &frontSearch{prefixSearch: prefixSearch{search: s, proven: math.Inf(-1)}, known: make([]float64, s.p.Horizon)}
	for k := range y.known {
		y.known[k] = math.Inf(1)
	}
	y.onward = y.goesOn
	p.add(y)
}

// refuted reports whether a plan has answered the question.
func (s *search) refuted() bool { return s.opts.asks && s.best.value < *s.opts.enough }

func (y *frontSearch) spent() int { return y.worked() / frontShare }

// advance asks for so much work. Where there is nothing to ask it lets the turn pass.
func (y *frontSearch) advance(ctx context.Context, work int) bool {
	if y.resume == nil {
		var stop func()
		y.resume, stop = iter.Pull(y.pauses(ctx))
		y.cleanup = append(y.cleanup, stop)
	}
	for end := y.spent() + min(work, math.MaxInt/frontShare-y.spent()); y.spent() < end && !y.search.finished(ctx); {
		if y.sub == nil && !y.choose(y.p.Horizon) {
			y.work += (end - y.spent()) * frontShare
			break
		}
		if _, ok := y.resume(); !ok {
			return false
		}
		y.report()
	}
	return true
}

// choose sets steps to the shortest prefix below a limit of which no plan is known that is
// charged less than the cutoff; false if there is none.
func (y *frontSearch) choose(below int) bool {
	for k := 1; k < below; k++ {
		q := y.p.Prefix(k)
		y.known[k] = min(y.known[k], q.Objective(y.best.u[:q.Inputs()], q.NewWorkspace()))
		if y.known[k] >= y.cutoff() {
			y.steps = k
			return true
		}
	}
	return false
}

// pauses asks one prefix after the other and pauses after each turn.
func (y *frontSearch) pauses(ctx context.Context) iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		for {
			k := y.steps
			y.enough, y.turned = y.cutoff(), false
			sub, err := open(ctx, y.p.Prefix(k), y.question())
			if err != nil || !y.exhaust(ctx, sub, yield) {
				return
			}
			bound := sub.dualBound()
			y.proven = max(y.proven, bound)
			y.known[k] = min(y.known[k], sub.best.value)
			if bound < y.enough && !sub.refuted() && !y.turned {
				y.known[k] = math.Inf(-1)
			}
			y.work += sub.spent()
			y.rec.endPrefix()
			y.sub = nil
			if !yield(struct{}{}) {
				return
			}
		}
	}
}

// question returns the options of a prefix.
func (y *frontSearch) question() Options {
	opts := y.options()
	opts.AbsGap, opts.enough, opts.asks = -1, &y.enough, true
	return opts
}

// goesOn asks for less when a better plan is known. It returns false, with steps set, if a
// shorter prefix may reach that.
func (y *frontSearch) goesOn() bool {
	if cutoff := y.cutoff(); cutoff < y.enough {
		y.enough = cutoff
		y.turned = y.choose(y.steps)
	}
	return !y.turned
}

// isPrefix reports whether c bounds prefixes.
func isPrefix(c contestant) bool {
	switch c.(type) {
	case *prefixSearch, *frontSearch:
		return true
	}
	return false
}
