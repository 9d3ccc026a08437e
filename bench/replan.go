package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"hinge/control"
	"hinge/planner"
	"hinge/report"
	"hinge/scenario"
)

const (
	replanStarts = 5
	replanTime   = "0.05" // s of wall clock for a plan
)

// replanBench closes the loop with the scenario's sparse model and replans at
// every step, by the clock.
func replanBench(ctx context.Context, s *session) error {
	starts := s.opts.Starts
	if starts == 0 {
		starts = replanStarts
	}
	plan := replanTime
	if s.opts.Time > 0 {
		plan = strconv.FormatFloat(s.opts.Time.Seconds(), 'g', -1, 64)
	}
	return replan(ctx, s, starts, map[string]string{"planner.time": plan})
}

func replan(ctx context.Context, s *session, starts int, set map[string]string) error {
	var certified, confined, successes, steps float64
	var times []float64
	var met replayed
	for k := range starts {
		s.announce(k, starts, fmt.Sprintf("episode %d", k+1))
		set["seed"] = strconv.FormatUint(s.opts.Seed+uint64(k), 10)
		sc, loop, err := openScenario("push-t", set)
		if err != nil {
			return err
		}
		o, err := loop.Run(ctx, scenario.RunOptions{})
		if err != nil {
			return err
		}
		for i := range o.Steps {
			if o.Steps[i].Certified {
				certified++
			}
			times = append(times, 1000*o.Steps[i].PlanTime.Seconds())
		}
		steps += float64(len(o.Steps))
		confined += float64(o.PlansConfined)
		if o.Success {
			successes++
		}
		if err := met.replay(ctx, loop, o, tolerances{sc.Planner.Gap, sc.Planner.AbsGap}); err != nil {
			return err
		}
	}
	name := fmt.Sprintf("push-t, %s s a plan, %d episodes", set["planner.time"], starts)
	s.add(name+": certified plans", "share", "%", 100*certified/max(steps, 1))
	s.add(name+": confined plans", "share", "%", 100*confined/max(steps, 1))
	s.add(name+": plan, median", "wall time", "ms", report.Median(times))
	s.add(name+": plan, 99 %", "wall time", "ms", report.Quantile(times, .99))
	s.add(name+": successes", "count", fmt.Sprintf("of %d", starts), successes)
	for i, start := range replayStarts {
		s.add("the same plans "+start+": proof", "cpu time", "ms", 1000*geometricMean(met.times[i]))
		s.add("the same plans "+start+": proof", "nodes", "", geometricMean(met.nodes[i]))
	}
	return nil
}

// replayed is what proofs of the plans of episodes took: from scratch, with the rest of the
// plan before as a start, and with what the planner remembers of its search, too.
type replayed struct{ times, nodes [len(replayStarts)][]float64 }

// replayStarts names them.
var replayStarts = [...]string{"from scratch", "with the rest of the last plan", "with its tree too"}

// replayLimit is processor time for a proof.
const replayLimit = 2 * time.Second

// replay plans again from the states of an episode, all ways in turn.
func (r *replayed) replay(ctx context.Context, loop *scenario.Loop, o *scenario.Outcome, tol tolerances) error {
	opts := loop.Options()
	opts.Workers, opts.RelGap, opts.AbsGap = 1, tol.rel, tol.abs
	for t := 1; t < len(o.Steps); t++ {
		before := &o.Steps[t-1]
		if before.Plan == nil || before.Reason != nil || o.Steps[t].Confined {
			continue
		}
		rest, forgetful := before.Plan.Shift(), before.Plan.Shift()
		forgetful.Memory = nil
		for i, warm := range [...]*control.Plan{nil, forgetful, rest} {
			p, err := planner.New("bnb", loop.Problem, opts)
			if err != nil {
				return err
			}
			plan, used, err := planFrom(ctx, p, before.Model, warm, replayLimit)
			if err != nil {
				return err
			}
			r.times[i], r.nodes[i] = append(r.times[i], used), append(r.nodes[i], float64(max(1, plan.Nodes)))
		}
	}
	return nil
}
