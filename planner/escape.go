package planner

import (
	"math"
	"math/rand/v2"

	"hinge/control"
)

// escape breaks the dead end in which a model meets a state where it promises
// motion that does not come: the state stays, so the best plan stays, and would
// be repeated for ever. After each such step the next action is drawn around the
// plan's, from a box that doubles with every further failure, until the state
// moves again.
type escape struct {
	share float64 // half-width of the first box as a share of the action box; 0: off
	rng   *rand.Rand

	from, want []float64 // state of the last step and the state predicted for now
	failures   int
}

// stuckShare is the part of the predicted motion below which a step has failed.
const stuckShare = 0.1

// forget starts an episode with its own stream of random numbers.
func (e *escape) forget(seed uint64) {
	e.failures, e.from, e.want = 0, nil, nil
	e.rng = rand.New(rand.NewPCG(seed, 0x657363))
}

// observe compares the state x with what was predicted for it.
func (e *escape) observe(x []float64) {
	if e.want == nil {
		return
	}
	if distance(x, e.from) < stuckShare*distance(e.want, e.from) {
		e.failures++
	} else {
		e.failures = 0
	}
	e.want = nil
}

// expect remembers the prediction of the plan that is applied from x.
func (e *escape) expect(x []float64, plan *control.Plan) {
	e.from = append(e.from[:0], x...)
	e.want = append([]float64(nil), plan.State(1)...)
}

// move perturbs the action u if the last one failed, within the box as seen from f, and
// reports whether it did.
func (e *escape) move(u []float64, box control.Box, f control.Frame) bool {
	if e.share == 0 || e.failures == 0 {
		return false
	}
	share := min(0.5, e.share*math.Pow(2, float64(e.failures-1)))
	f.Vectors(u, u)
	for i := range u {
		u[i] += share * (box.Upper[i] - box.Lower[i]) * (2*e.rng.Float64() - 1)
	}
	box.Clamp(u, u)
	f.WorldVectors(u, u)
	return true
}

func distance(x, y []float64) float64 {
	var s float64
	for i := range x {
		s += (x[i] - y[i]) * (x[i] - y[i])
	}
	return math.Sqrt(s)
}
