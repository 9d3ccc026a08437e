package report

import (
	"fmt"
	"math"
	"slices"
)

// Quantile returns the q-quantile of values, 0 <= q <= 1, interpolated linearly
// between neighbours (type 7 of Hyndman and Fan, as numpy and R do). It is NaN
// if there are no values or one of them is NaN.
func Quantile(values []float64, q float64) float64 { return quantiles(values, q)[0] }

// Median returns the 0.5-quantile of values.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// GeometricMean returns that of values, NaN for none. Values below 1e-9, such as times
// that the clock did not see, count as that.
func GeometricMean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(max(v, 1e-9))
	}
	return math.Exp(sum / float64(len(values)))
}

// quantiles returns several quantiles of values, sorting once.
func quantiles(values []float64, qs ...float64) []float64 {
	sorted := slices.Sorted(slices.Values(values)) // NaN first
	out := make([]float64, len(qs))
	for i, q := range qs {
		if !(q >= 0 && q <= 1) {
			panic(fmt.Sprintf("report: Quantile: q is %g; it must be in [0, 1]", q))
		}
		out[i] = quantile(sorted, q)
	}
	return out
}

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 || math.IsNaN(sorted[0]) {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if part := at - float64(i); part > 0 && sorted[i] != sorted[i+1] {
		return sorted[i] + part*(sorted[i+1]-sorted[i])
	}
	return sorted[i] // also keeps two equal infinities from cancelling to NaN
}

// Wilson returns the 95 % confidence interval of a success rate after n trials,
// by Wilson's score method, which stays sensible near 0 and 1 and for small n:
//
//	(p + z^2/2n ± z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)
//
// Without trials it is [0, 1].
func Wilson(successes, n int) (low, high float64) {
	if successes < 0 || successes > n {
		panic(fmt.Sprintf("report: Wilson: %d successes in %d trials", successes, n))
	}
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054 // 97.5 % quantile of the normal distribution
	m := float64(n)
	p := float64(successes) / m
	centre := p + z*z/(2*m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	scale := 1 + z*z/m
	return max(0, (centre-half)/scale), min(1, (centre+half)/scale)
}
