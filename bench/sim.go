package bench

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"

	"hinge/sim/pusht"
	"hinge/tasks"
)

// simBench counts pokes of the push-t task, of up to 25 mm per axis in sub-steps
// of at most 0.5 mm here and in 60 sub-steps there, and then sub-steps alone.
func simBench(ctx context.Context, s *session) error {
	pymunk, err := s.peer(ctx, "pymunk", "sim.py")
	if err != nil {
		return err
	}
	if err := s.compareRates(ctx, Row{Name: "push-t, pokes under exploring actions", Peer: "pymunk"}, pokeRate, pymunk); err != nil {
		return err
	}
	return s.compareRates(ctx, Row{Name: "push-t, sub-steps of 0.5 mm in contact", Peer: noPeer}, subStepRate, nil)
}

// compareRates compares steps per processor second.
func (s *session) compareRates(ctx context.Context, row Row, measure func(context.Context, uint64) (float64, error), theirs *side) error {
	row.Metric, row.Unit = "throughput", "steps per CPU second"
	return s.compare(ctx, comparison{
		row: row, higherIsBetter: true, theirs: theirs,
		ours: side{name: "hinge", measure: func(ctx context.Context) (float64, error) {
			r, err := measure(ctx, s.opts.Seed)
			return r, errors.Join(err, ctx.Err())
		}},
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

// subStepRate pushes the T 25 mm from the middle of one of its edges, again and
// again: the pusher never leaves it, so that every sub-step solves a contact.
func subStepRate(ctx context.Context, seed uint64) (float64, error) {
	const length, subSteps = 0.025, 50
	plane, err := pusht.NewPlane(pusht.Options{})
	if err != nil {
		return 0, err
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	pose := []float64{0.01, -0.02, 0.4}
	var corners [16]float64
	pusht.Outline(corners[:], pose)
	x, next, u := make([]float64, pusht.NX), make([]float64, pusht.NX), make([]float64, 2)
	copy(x, pose)
	return rate(ctx, subSteps, func() {
		i := 2 * rng.IntN(len(corners)/2)
		j := (i + 2) % len(corners)
		inward := math.Atan2(corners[j+1]-corners[i+1], corners[j]-corners[i]) + math.Pi/2 // counter-clockwise
		sin, cos := math.Sincos(inward)
		x[3] = (corners[i]+corners[j])/2 - pusht.PusherRadius*cos
		x[4] = (corners[i+1]+corners[j+1])/2 - pusht.PusherRadius*sin
		sin, cos = math.Sincos(inward + 1.2*(rng.Float64()-0.5))
		u[0], u[1] = length*cos, length*sin
		plane.Step(next, x, u)
	}), nil
}
