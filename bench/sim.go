package bench

import (
	"context"
	"math/rand/v2"

	"hinge/tasks"
)

// simBench counts pokes of the push-t task: one poke moves the pusher by up to
// 25 mm per axis, in sub-steps of at most 0.5 mm here and 60 sub-steps there.
func simBench(ctx context.Context, s *session) error {
	pymunk, err := s.peer(ctx, "pymunk", "sim.py")
	if err != nil {
		return err
	}
	return s.compare(ctx, comparison{
		row:            Row{Name: "push-t, pokes under exploring actions", Peer: "pymunk", Metric: "throughput", Unit: "steps per CPU second"},
		higherIsBetter: true,
		ours: side{name: "hinge", measure: func(ctx context.Context) (float64, error) {
			r, err := pokeRate(ctx, s.opts.Seed)
			if err != nil {
				return 0, err
			}
			return r, ctx.Err()
		}},
		theirs: pymunk,
	})
}

func pokeRate(ctx context.Context, seed uint64) (float64, error) {
	task, err := tasks.New("push-t")
	if err != nil {
		return 0, err
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	nx, nu := task.Dims()
	seen, u := make([]float64, nx), make([]float64, nu)
	x, steps := task.Episode(rng).Start, 0
	return rate(ctx, 1, func() {
		if steps++; steps%task.MaxSteps == 0 {
			x = task.Episode(rng).Start
		}
		task.Observer.Observe(seen, x, nil)
		task.Explore(u, seen, rng)
		task.System.Step(x, x, u)
	}), nil
}
