package certificate

import "math"

// Rounding. The unit round-off is 2^-53. unit is twice that: a running sum of n
// magnitudes, which is itself rounded, is too small by a factor of at most 1 - n
// 2^-53, and the other half covers it for every n that fits into memory. tiny covers
// what underflow loses, 2^-1075 an operation.
const (
	unit = 0x1p-52
	tiny = 1e-250
)

// down returns a number below every real that rounds to x.
func down(x float64) float64 {
	switch b := math.Float64bits(x); {
	case x > 0:
		return math.Float64frombits(b - 1)
	case x == 0:
		return -math.SmallestNonzeroFloat64
	case x < 0 && b != minusInf:
		return math.Float64frombits(b + 1)
	}
	return x // -Inf or NaN
}

var minusInf = math.Float64bits(math.Inf(-1))

// up returns a number above every real that rounds to x.
func up(x float64) float64 { return -down(-x) }

// allowance returns what a number may be off by whose fused multiply-adds had
// results with this sum of magnitudes.
func allowance(magnitudes float64) float64 { return unit * (magnitudes + tiny) }

// span is an interval: the enclosure of a real number.
type span struct{ lo, hi float64 }

// mag returns the largest magnitude in s.
func (s span) mag() float64 { return max(math.Abs(s.lo), math.Abs(s.hi)) }

// affine encloses w'v + b for v in [lo, hi].
func affine(w, lo, hi []float64, b float64) span {
	lo, hi = lo[:len(w)], hi[:len(w)]
	l, h := b, b
	var el, eh float64
	for k, c := range w {
		switch {
		case c > 0:
			l, h = math.FMA(c, lo[k], l), math.FMA(c, hi[k], h)
		case c < 0:
			l, h = math.FMA(c, hi[k], l), math.FMA(c, lo[k], h)
		default:
			continue
		}
		el += math.Abs(l)
		eh += math.Abs(h)
	}
	return span{down(l - allowance(el)), up(h + allowance(eh))}
}

// widen returns s with d >= 0 added on both sides.
func (s span) widen(d float64) span {
	if d == 0 {
		return s
	}
	return span{down(s.lo - d), up(s.hi + d)}
}
