package bound

import "math"

// Rounding. A pull-back works on computed adjoints g. Let v be the true
// activations for some u in the box, |v_k| <= M_k. Adding g_j W_j to the adjoint
// of a window rounds each entry by at most gamma |g_j W_jk| in total, so the form
// it stands for changes by at most
//
//	gamma |g_j| sum_k |W_jk| M_k  =  gamma |g_j| mass_j
//
// with gamma = n eps / (1 - n eps), n the number of operations on one entry and
// eps = 2^-53. The masses depend on the root box only and are computed once; a
// bound then costs one extra multiply-add per unit to certify. Constants, the
// relaxation's own products and the final sum over the box are charged likewise.

// eps is the unit round-off of float64.
const eps = 1.0 / (1 << 53)

// gamma returns n eps / (1 - n eps), doubled, which also covers the rounding of
// the allowance itself.
func gamma(n int) float64 {
	e := float64(n) * eps
	return 2 * e / (1 - e)
}

// dotMass returns sum |w_k| m_k + |b|, rounded up.
func dotMass(w, m []float64, b float64) float64 {
	s := math.Abs(b)
	for k, wk := range w {
		s += math.Abs(wk) * m[k]
	}
	return s * (1 + gamma(len(w)+1))
}

// magnitude returns max(|l|, |u|).
func magnitude(l, u float64) float64 { return max(math.Abs(l), math.Abs(u)) }
