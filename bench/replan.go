package bench

import (
	"context"
	"fmt"
	"strconv"

	"hinge/report"
	"hinge/scenario"
)

const (
	replanStarts = 5
	replanTime   = "0.05" // s of wall clock for a plan
)

// replanBench closes the loop with the scenario's sparse model and replans from
// scratch at every step, by the clock.
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
	var certified, successes, steps float64
	var times []float64
	for k := range starts {
		s.announce(k, starts, fmt.Sprintf("episode %d", k+1))
		set["seed"] = strconv.FormatUint(s.opts.Seed+uint64(k), 10)
		_, loop, err := openScenario("push-t", set)
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
		if o.Success {
			successes++
		}
	}
	name := fmt.Sprintf("push-t, %s s a plan, %d episodes", set["planner.time"], starts)
	s.add(name+": certified plans", "share", "%", 100*certified/max(steps, 1))
	s.add(name+": plan, median", "wall time", "ms", report.Median(times))
	s.add(name+": plan, 99 %", "wall time", "ms", report.Quantile(times, .99))
	s.add(name+": successes", "count", fmt.Sprintf("of %d", starts), successes)
	return nil
}
