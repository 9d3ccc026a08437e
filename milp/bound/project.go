package bound

import "math"

// projectL1 replaces m by a point of the unit ball of the L1 norm: the nearest
// one (Duchi et al., ICML 2008), with room for rounding.
func projectL1(m []float64) {
	const limit = 1 - 1e-12
	if sumAbs(m) <= limit {
		return
	}
	threshold := l1Threshold(m, limit)
	for i, v := range m {
		m[i] = math.Copysign(max(0, math.Abs(v)-threshold), v)
	}
	if sum := sumAbs(m); sum > limit {
		for i := range m {
			m[i] *= limit / sum
		}
	}
}

// l1Threshold returns the amount by which all magnitudes shrink so that their
// sum is limit. It rises until the entries above it are those it was made from,
// which each pass makes fewer.
func l1Threshold(m []float64, limit float64) float64 {
	threshold, count := 0.0, 0
	for range m {
		sum, above := -limit, 0
		for _, v := range m {
			if a := math.Abs(v); a > threshold {
				sum += a
				above++
			}
		}
		if above == count || above == 0 {
			return threshold
		}
		threshold, count = sum/float64(above), above
	}
	return threshold
}

// projectSimplex replaces m by the nearest point with m >= 0 and sum m = 1.
// A single entry becomes exactly 1; of several the largest takes what rounding
// left over, so that their sum is 1 up to one rounding: see [Bounder.seed].
func projectSimplex(m []float64) {
	if len(m) == 1 {
		m[0] = 1
		return
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range m {
		low, high = min(low, v), max(high, v)
	}
	// threshold with sum max(0, m - threshold) = 1 lies in [low - 1, high].
	a, b := low-1, high
	for range 60 {
		mid := a + (b-a)/2
		var sum float64
		for _, v := range m {
			sum += max(0, v-mid)
		}
		if sum > 1 {
			a = mid
		} else {
			b = mid
		}
	}
	largest, sum := 0, 0.0
	for i, v := range m {
		m[i] = max(0, v-b)
		if m[i] > m[largest] {
			largest = i
		}
		sum += m[i]
	}
	m[largest] += 1 - sum
}

func sumAbs(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += math.Abs(x)
	}
	return s
}
