package pusht

import (
	"math"
	"testing"
)

// squash maps any number into [-limit, limit].
func squash(v, limit float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return limit * math.Tanh(v)
}

// FuzzStep asks both simulators for a step from arbitrary states: the result is
// finite, pusher and T do not overlap, and the T has not gone farther than it
// can have been pushed.
func FuzzStep(f *testing.F) {
	f.Add(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
	f.Add(0.0, 0.0, 0.0, 0.02, 0.006, -0.02, 0.02) // into the concave corner
	f.Add(0.1, -0.1, 2.0, 0.06, 0.0, -0.5, 0.1)
	f.Add(1.0, 1.0, -40.0, -0.08, 0.05, 0.3, -0.3)
	f.Fuzz(func(t *testing.T, x, y, theta, px, py, dx, dy float64) {
		x, y, theta = squash(x, 1), squash(y, 1), squash(theta, 100)
		px, py, dx, dy = squash(px, 0.1), squash(py, 0.1), squash(dx, 0.2), squash(dy, 0.2)
		state := []float64{x, y, theta, x + px, y + py}
		for name, next := range map[string][]float64{
			"poke":  step(mustPoke(t, Options{}), state, px, py, dx, dy),
			"plane": step(mustPlane(t, Options{}), state, dx, dy),
		} {
			if !finite(next) {
				t.Fatalf("%s: state %v is not finite", name, next)
			}
			if g := Gap(next); g < -deepest {
				t.Errorf("%s: pusher overlaps the T by %g m", name, -g)
			}
			if d, limit := keypointDistance(state, next), 6*math.Hypot(dx, dy); d > limit {
				t.Errorf("%s: keypoints moved %g m, the pusher at most %g", name, d, limit)
			}
		}
	})
}
