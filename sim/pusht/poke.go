package pusht

import (
	"math"

	"hinge/control"
)

// Poke is the T under a robot that lifts its pusher between pushes. An action
// (ox, oy, dx, dy) sets the pusher down at the offset (ox, oy) from the centroid
// of the T's keypoints, in world axes, and moves it by (dx, dy). A start at
// which the pusher would overlap the T is moved to the nearest place where it
// does not. Afterwards the pusher rests, lifted, where it ended; the next action
// does not depend on that place.
type Poke struct{ engine engine }

var _ control.System = (*Poke)(nil)

// NewPoke returns the simulator with the given options.
func NewPoke(opts Options) (*Poke, error) {
	e, err := newEngine(opts)
	if err != nil {
		return nil, err
	}
	return &Poke{engine: e}, nil
}

// Dims returns 5 state coordinates and 4 action coordinates.
func (s *Poke) Dims() (nx, nu int) { return NX, 4 }

// Clone returns an independent copy.
func (s *Poke) Clone() control.System {
	c := *s
	return &c
}

// Step writes the state after action u (4) in state x (5) to dst (5), which may
// alias x. It panics if a value is not finite or the displacement longer than 1 m.
func (s *Poke) Step(dst, x, u []float64) {
	checkStep(dst, x, u, 4)
	b := newBody(x[:3])
	px, py := b.start(u[0], u[1])
	px, py = s.engine.push(&b, px, py, u[2], u[3])
	b.store(dst, px, py)
}

// PokeStart returns where the poke u (4) in state x (5) sets the pusher down.
func PokeStart(x, u []float64) (px, py float64) {
	if len(x) != NX || len(u) != 4 {
		panic("pusht: PokeStart: needs a state of 5 and an action of 4")
	}
	b := newBody(x[:3])
	return b.start(u[0], u[1])
}

// start returns the place at offset (ox, oy) from the keypoint centroid, or the
// nearest one outside the T.
func (b *body) start(ox, oy float64) (px, py float64) {
	mx, my := b.toWorld(0, centroidY)
	return b.outside(mx+ox, my+oy)
}

// store writes the pose of b and the pusher to dst.
func (b *body) store(dst []float64, px, py float64) {
	dst[0], dst[1], dst[2], dst[3], dst[4] = b.x, b.y, b.theta, px, py
}

// maxDisplacement is the longest motion of one action in metres. It bounds the
// work of a step.
const maxDisplacement = 1.0

// checkStep panics where a step is no step of a system with nu action
// coordinates, the last two of which are a displacement.
func checkStep(dst, x, u []float64, nu int) {
	if len(dst) != NX || len(x) != NX || len(u) != nu {
		panic("pusht: Step: state or action has the wrong length")
	}
	if !finite(x) || !finite(u) {
		panic("pusht: Step: state or action is not finite")
	}
	if math.Hypot(u[nu-2], u[nu-1]) > maxDisplacement {
		panic("pusht: Step: displacement is longer than 1 m")
	}
}

func finite(v []float64) bool {
	for _, a := range v {
		if math.IsNaN(a) || math.IsInf(a, 0) {
			return false
		}
	}
	return true
}
