package planner

import (
	"math"
	"math/rand/v2"

	"hinge/control"
)

// escape breaks the dead end in which a model meets a state where it promises
// motion that does not come: the state stays, so the best plan stays, and would
// be repeated for ever. What failed is known to be wrong there, so after each such
// step it is ruled out, with more around it after every further failure: a planner that
// can plans among the actions on one side of it, one that cannot has its action drawn
// around the plan's.
type escape struct {
	share float64 // of the action box that is ruled out to each side at first; 0: off
	rng   *rand.Rand

	from, want []float64 // state of the last step and the state predicted for now
	tried      []float64 // action of the last step
	least      float64   // motion below which that step had failed
	failures   int
}

// stuckShare is the part of the predicted motion below which a step has failed.
const stuckShare = 0.1

// forget starts an episode with its own stream of random numbers.
func (e *escape) forget(seed uint64) {
	e.failures, e.from, e.want, e.tried = 0, nil, nil, nil
	e.rng = rand.New(rand.NewPCG(seed, 0x657363))
}

// surprise is how much further than the plan wanted to move the state must be from where it
// should be, to count as a jump.
const surprise = 3

// surprised reports whether x is nowhere near what was predicted for it.
func (e *escape) surprised(x []float64) bool {
	return e.want != nil && distance(x, e.want) > surprise*distance(e.want, e.from)
}

// observe compares the state x with what was predicted for it.
func (e *escape) observe(x []float64) {
	if e.want == nil { // no plan was followed; but where the state has moved, nothing has failed
		if e.failures > 0 && distance(x, e.from) >= e.least {
			e.failures = 0
		}
		return
	}
	e.least = stuckShare * distance(e.want, e.from)
	if distance(x, e.from) < e.least {
		e.failures++
	} else {
		e.failures = 0
	}
	e.want = nil
}

// expect remembers the prediction of the plan that is applied from x, and the action u
// that is.
func (e *escape) expect(x []float64, plan *control.Plan, u []float64) {
	e.from = append(e.from[:0], x...)
	e.want = append([]float64(nil), plan.State(1)...)
	e.tried = append(e.tried[:0], u...)
}

// width is the share of the box that is ruled out to each side of what failed.
func (e *escape) width() float64 {
	return min(0.5, e.share*math.Pow(2, float64(e.failures-1)))
}

// confine returns the part of the box, as seen from f, in which the next action may be:
// on a random side of what failed, along a random coordinate, as far away as width says.
// It returns false if nothing failed, or if no side has room.
func (e *escape) confine(box control.Box, f control.Frame) (control.Box, bool) {
	if e.share == 0 || e.failures == 0 {
		return box, false
	}
	tried, part := make([]float64, box.Dim()), box.Clone()
	f.Vectors(tried, e.tried)
	for _, k := range e.rng.Perm(2 * box.Dim()) {
		j := k / 2
		lower, upper := box.Lower[j], box.Upper[j]
		away := e.width() * (upper - lower)
		if k%2 == 0 {
			upper = min(upper, tried[j]-away) // what was tried may lie outside a box that has turned
		} else {
			lower = max(lower, tried[j]+away)
		}
		if upper-lower >= leastRoom*(box.Upper[j]-box.Lower[j]) {
			part.Lower[j], part.Upper[j] = lower, upper
			return part, true
		}
	}
	return box, false
}

// leastRoom is the share of an edge that a side must have.
const leastRoom = 0.05

// move perturbs the action u if the last one failed, within the box as seen from f, and
// reports whether it did.
func (e *escape) move(u []float64, box control.Box, f control.Frame) bool {
	if e.share == 0 || e.failures == 0 {
		return false
	}
	share := e.width()
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
