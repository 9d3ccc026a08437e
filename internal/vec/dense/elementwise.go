package dense

import "math"

// Add adds x to sum, which has its length.
func (s *Set[T]) Add(sum, x []T) {
	if len(sum) != len(x) {
		panic("dense: Add: lengths differ")
	}
	if len(x) > 0 {
		s.add(&sum[0], &x[0], len(x))
	}
}

// AdamRates are the constants of a step of Adam, entry by entry:
//
//	m  = Beta1 m + One1 g
//	v  = Beta2 v + One2 g^2
//	x += Rate m / (sqrt(v) + Floor)       // Rate < 0: downhill
type AdamRates[T Float] struct {
	Beta1, One1, Beta2, One2, Rate, Floor T
}

// Adam takes a step of x along grad, with moments m and v, all of one length.
func (s *Set[T]) Adam(x, m, v, grad []T, r *AdamRates[T]) {
	if len(m) != len(x) || len(v) != len(x) || len(grad) != len(x) {
		panic("dense: Adam: lengths differ")
	}
	if len(x) > 0 {
		s.adam(&x[0], &m[0], &v[0], &grad[0], len(x), &r.Beta1)
	}
}

// Norm returns the 2-norm of x, summed in float64 in an order that depends on
// the length alone.
func (s *Set[T]) Norm(x []T) float64 {
	if len(x) == 0 {
		return 0
	}
	return math.Sqrt(s.sumSquares(&x[0], len(x)))
}

// CloseGates turns adjoints d (rows x n, ldd from row to row) of activations a
// (rows x n, lda) into those of pre-activations: they become 0 unless
// a > bar, column by column. It adds the rows of the result to sum (n).
func (s *Set[T]) CloseGates(d, a, bar, sum []T, rows, n, ldd, lda int) {
	if rows <= 0 || n <= 0 {
		return
	}
	_, _, _, _ = d[(rows-1)*ldd+n-1], a[(rows-1)*lda+n-1], bar[n-1], sum[n-1]
	s.closeGates(&d[0], &a[0], &bar[0], &sum[0], rows, n, ldd, lda)
}

// MixForward writes relu max(0, z) + identity z to a; all have one length.
func (s *Set[T]) MixForward(a, z, relu, identity []T) {
	n := len(a)
	if len(z) != n || len(relu) != n || len(identity) != n {
		panic("dense: MixForward: lengths differ")
	}
	if n > 0 {
		s.mixForward(&a[0], &z[0], &relu[0], &identity[0], n)
	}
}

// MixBackward turns adjoints d of what [Set.MixForward] wrote into those of z,
// and adds the gradients of the coefficients to reluGrad and identityGrad. The
// slope of the ReLU at its kink is 0.
func (s *Set[T]) MixBackward(d, z, relu, identity, reluGrad, identityGrad []T) {
	n := len(d)
	if len(z) != n || len(relu) != n || len(identity) != n || len(reluGrad) != n || len(identityGrad) != n {
		panic("dense: MixBackward: lengths differ")
	}
	if n > 0 {
		s.mixBackward(&d[0], &z[0], &relu[0], &identity[0], &reluGrad[0], &identityGrad[0], n)
	}
}

// peakSums is the number of sums, each as wide as a register, in a round of peak:
// peakRegisters of the generator.
const peakSums = 12

// PeakRound adds to as many independent sums as hide the latency of an addition,
// in registers, rounds times over. It returns the floating-point operations that
// this took: nothing on this core can do more in the same time.
func (s *Set[T]) PeakRound(rounds int) (operations int) {
	zero := make([]T, 1)
	s.peak(&zero[0], rounds)
	return 2 * peakSums * s.lanes * rounds
}
