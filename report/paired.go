package report

import (
	"cmp"
	"math"
	"slices"
)

// MedianInterval returns a 95 % confidence interval of the median of what values
// were drawn from: the two order statistics between which it lies with at least
// that probability, whatever the distribution. Fewer than six values are not
// enough for that, and give their range.
func MedianInterval(values []float64) (low, high float64) {
	n := len(values)
	if n == 0 {
		return math.NaN(), math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	// P(fewer than k+1 of n values lie below the median) is a sum of binomials.
	k, tail := 0, math.Pow(0.5, float64(n))
	term := tail
	for k+1 < n/2 {
		term *= float64(n-k) / float64(k+1)
		if tail+term > 0.025 {
			break
		}
		tail += term
		k++
	}
	return sorted[k], sorted[n-1-k]
}

// mostRanked is the number of differences up to which the distribution of signed
// ranks is counted exactly.
const mostRanked = 50

// SignedRank returns the two-sided p-value of Wilcoxon's signed-rank test that
// paired differences are symmetric about 0. Zeros are left out, equal magnitudes
// share their mean rank. Up to 50 differences it is exact over all signs, beyond
// that normal. Without differences it is 1.
func SignedRank(differences []float64) float64 {
	ranks, positive := signedRanks(differences)
	if len(ranks) == 0 {
		return 1
	}
	total := 0
	for _, r := range ranks {
		total += r
	}
	distance := max(positive, total-positive)
	if len(ranks) > mostRanked {
		return min(1, 2*normalTail(ranks, total, distance))
	}
	return min(1, 2*tailOfRanks(ranks, total, distance))
}

// signedRanks returns the ranks of the magnitudes, doubled so that shared ones are
// whole, and the sum of those of positive differences.
func signedRanks(differences []float64) (ranks []int, positive int) {
	var d []float64
	for _, v := range differences {
		if v != 0 {
			d = append(d, v)
		}
	}
	slices.SortFunc(d, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
	for i := 0; i < len(d); {
		j := i
		for j < len(d) && math.Abs(d[j]) == math.Abs(d[i]) {
			j++
		}
		for range j - i {
			ranks = append(ranks, i+1+j) // twice the mean of ranks i+1 .. j
		}
		i = j
	}
	for i, r := range ranks {
		if d[i] > 0 {
			positive += r
		}
	}
	return ranks, positive
}

// normalTail is tailOfRanks for many ranks.
func normalTail(ranks []int, total, least int) float64 {
	variance := 0.0
	for _, r := range ranks {
		variance += float64(r*r) / 4
	}
	z := (float64(least) - float64(total)/2) / math.Sqrt(variance)
	return math.Erfc(z/math.Sqrt2) / 2
}

// tailOfRanks returns the probability that ranks with random signs sum to at least
// a value.
func tailOfRanks(ranks []int, total, least int) float64 {
	p := make([]float64, total+1)
	p[0] = 1
	reached := 0
	for _, r := range ranks {
		reached += r
		for s := reached; s >= 0; s-- {
			p[s] /= 2
			if s >= r {
				p[s] += p[s-r] / 2
			}
		}
	}
	sum := 0.0
	for _, v := range p[least:] {
		sum += v
	}
	return sum
}

// Holm corrects p-values for being several, by Holm's step-down method: the chance
// that any of the true null hypotheses is rejected stays below the level.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	corrected, largest := make([]float64, len(p)), 0.0
	for rank, i := range order {
		largest = max(largest, min(1, p[i]*float64(len(p)-rank)))
		corrected[i] = largest
	}
	return corrected
}
