package bnb

import (
	"math"

	"hinge/milp/bound"
)

// clip cuts the slabs off the box [lower, upper] where the linear bound of J
// reaches the cutoff: with J >= C + A'u on the box, a point better than the
// cutoff has
//
//	A_k u_k < cutoff - C - sum_{j != k} min A_j u_j.
//
// It returns the largest share of an edge that was cut. Rounding is covered by
// margin, an absolute amount in units of J.
func clip(form *bound.Form, lower, upper []float64, cutoff float64) float64 {
	var least, size float64
	for k, a := range form.A {
		v := min(a*lower[k], a*upper[k])
		least += v
		size += math.Abs(v)
	}
	margin := 1e-14 * float64(len(form.A)+4) * (size + math.Abs(form.C) + math.Abs(cutoff))
	slack := cutoff + margin - form.C - least // >= A_k u_k - min A_k u_k
	largest := 0.0
	for k, a := range form.A {
		width := upper[k] - lower[k]
		if width <= 0 || math.Abs(a)*width <= slack {
			continue
		}
		keep := slack/math.Abs(a) + 1e-12*width
		if !(keep < width) {
			continue
		}
		keep = max(keep, 0)
		largest = max(largest, 1-keep/width)
		if a > 0 {
			upper[k] = min(upper[k], lower[k]+keep)
		} else {
			lower[k] = max(lower[k], upper[k]-keep)
		}
	}
	return largest
}
