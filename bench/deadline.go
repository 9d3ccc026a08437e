package bench

import (
	"context"
	"slices"
	"time"

	"hinge/milp/bnb"
	"hinge/milp/relu"
)

// Deadlines of deadlineBench: of 5 to 64 ms, one after the other.
const (
	firstDeadline = 5 * time.Millisecond
	deadlineStep  = time.Millisecond
	deadlineSteps = 60
	deadlineCount = 500 // a round
)

// deadlineShape is too large to be closed before any of the deadlines.
var deadlineShape = shape{nx: 8, nu: 2, horizon: 6, hidden: []int{24, 24}}

// deadlineBench measures how long after a deadline the search returns. The peer is a
// loop that does nothing but ask whether the deadline has passed, in turns with the
// search: what it is late by is the machine's.
func deadlineBench(ctx context.Context, s *session) error {
	p, err := deadlineShape.program(deadlineShape.network(s.opts.Seed))
	if err != nil {
		return err
	}
	rounds := s.opts.rounds()
	var ours, idle []time.Duration
	for round := range rounds {
		s.announce(round, rounds, "deadlines")
		for i := range deadlineCount {
			after := firstDeadline + time.Duration(i%deadlineSteps)*deadlineStep
			late, err := overrun(ctx, after, func(ctx context.Context) error { return search(ctx, p) })
			if err != nil {
				return err
			}
			ours = append(ours, late)
			if late, err = overrun(ctx, after, idleLoop); err != nil {
				return err
			}
			idle = append(idle, late)
		}
	}
	slices.Sort(ours)
	slices.Sort(idle)
	for _, q := range []struct {
		name  string
		share float64
	}{{"median", .5}, {"p99", .99}, {"p99.9", .999}} {
		at := func(v []time.Duration) float64 { return v[int(q.share*float64(len(v)-1))].Seconds() }
		theirs := at(idle)
		s.report.Rows = append(s.report.Rows, Row{Name: "return after a deadline of 5 to 64 ms, " + q.name, Peer: "idle loop",
			Metric: "overrun", Unit: "s", Ours: at(ours), Theirs: &theirs, Ratio: ratio(at(ours), theirs, false)})
	}
	return nil
}

// overrun returns how long after its deadline f returned.
func overrun(ctx context.Context, after time.Duration, f func(context.Context) error) (time.Duration, error) {
	end := time.Now().Add(after)
	limited, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	if err := f(limited); err != nil {
		return 0, err
	}
	return max(0, time.Since(end)), ctx.Err()
}

func search(ctx context.Context, p *relu.Program) error {
	_, err := bnb.Solve(ctx, p, bnb.Options{RelGap: -1, AbsGap: -1})
	return err
}

func idleLoop(ctx context.Context) error {
	for ctx.Err() == nil {
	}
	return nil
}
