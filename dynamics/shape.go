package dynamics

import (
	"math"

	"hinge/nn"
)

// shapeTerm charges a prediction for bending what is rigid: with the points p_i
// of the predicted state and P_i of the record,
//
//	factor mean_{i<j} ((|p_i - p_j| - |P_i - P_j|) / s)^2,
//
// s the root of the mean square of the recorded motion per coordinate. Squared
// errors alone let the points of a body drift apart where the motion is
// uncertain, and over several steps a bent body is nothing the network has seen.
type shapeTerm[T nn.Float] struct {
	dim    int // coordinates of a point
	factor float64
}

// newShapeTerm returns the term with the given factor, nil if that is 0. scale is
// the spread of the motion of every coordinate.
func newShapeTerm[T nn.Float](factor float64, dim int, scale []float64) *shapeTerm[T] {
	if factor == 0 {
		return nil
	}
	square := 0.0
	for _, s := range scale {
		square += s * s / float64(len(scale))
	}
	points := len(scale) / dim
	pairs := float64(points*(points-1)) / 2
	return &shapeTerm[T]{dim: dim, factor: factor / (pairs * square)}
}

// eachPair calls f for every pair of points, which start at i and j, with its
// distance in x and how much longer that is than in target.
func (s *shapeTerm[T]) eachPair(x, target []T, f func(i, j int, distance, longer float64)) {
	for i := 0; i < len(x); i += s.dim {
		for j := i + s.dim; j < len(x); j += s.dim {
			d := s.distance(x, i, j)
			f(i, j, d, d-s.distance(target, i, j))
		}
	}
}

func (s *shapeTerm[T]) distance(x []T, i, j int) float64 {
	sum := 0.0
	for k := range s.dim {
		d := float64(x[i+k] - x[j+k])
		sum += d * d
	}
	return math.Sqrt(sum)
}

// loss returns the term of one state.
func (s *shapeTerm[T]) loss(x, target []T) float64 {
	sum := 0.0
	s.eachPair(x, target, func(_, _ int, _, longer float64) { sum += longer * longer })
	return s.factor * sum
}

// addGrad adds factor times its gradient to dx.
func (s *shapeTerm[T]) addGrad(dx, x, target []T, factor T) {
	s.eachPair(x, target, func(i, j int, distance, longer float64) {
		if distance == 0 {
			return // the distance has no gradient where two points meet
		}
		g := factor * T(2*s.factor*longer/distance)
		for k := range s.dim {
			d := g * (x[i+k] - x[j+k])
			dx[i+k] += d
			dx[j+k] -= d
		}
	})
}
