package control

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Box is the set {v : Lower <= v <= Upper}, coordinate by coordinate.
type Box struct {
	Lower, Upper []float64
}

// NewBox returns the box of n coordinates that all lie in [lower, upper].
func NewBox(n int, lower, upper float64) Box {
	b := Box{Lower: make([]float64, n), Upper: make([]float64, n)}
	for i := range n {
		b.Lower[i], b.Upper[i] = lower, upper
	}
	return b
}

// Dim returns the number of coordinates.
func (b Box) Dim() int { return len(b.Lower) }

// Validate reports a box that is empty, unbounded or of unequal lengths.
func (b Box) Validate() error {
	if len(b.Lower) != len(b.Upper) {
		return fmt.Errorf("box has %d lower and %d upper limits; they must be equally many", len(b.Lower), len(b.Upper))
	}
	for i := range b.Lower {
		if !(b.Lower[i] <= b.Upper[i]) || math.IsInf(b.Lower[i], 0) || math.IsInf(b.Upper[i], 0) {
			return fmt.Errorf("box coordinate %d is [%g, %g]; it must be finite with lower <= upper", i, b.Lower[i], b.Upper[i])
		}
	}
	return nil
}

// Clone returns a copy that shares no memory with b.
func (b Box) Clone() Box {
	return Box{Lower: append([]float64(nil), b.Lower...), Upper: append([]float64(nil), b.Upper...)}
}

// Repeat returns the box of n copies of b stacked, as for a whole action sequence.
func (b Box) Repeat(n int) Box {
	r := Box{Lower: make([]float64, 0, n*b.Dim()), Upper: make([]float64, 0, n*b.Dim())}
	for range n {
		r.Lower = append(r.Lower, b.Lower...)
		r.Upper = append(r.Upper, b.Upper...)
	}
	return r
}

// Contains reports whether v lies in the box, within tol per coordinate.
func (b Box) Contains(v []float64, tol float64) bool {
	for i, x := range v {
		if !(x >= b.Lower[i]-tol && x <= b.Upper[i]+tol) {
			return false
		}
	}
	return true
}

// Clamp writes the point of the box nearest to v to dst; dst may alias v.
// Several stacked vectors are clamped at once when len(v) is a multiple of Dim.
func (b Box) Clamp(dst, v []float64) {
	n := b.Dim()
	for i, x := range v {
		dst[i] = min(max(x, b.Lower[i%n]), b.Upper[i%n])
	}
}

// Center writes the midpoint of the box to dst.
func (b Box) Center(dst []float64) {
	for i := range dst {
		dst[i] = b.Lower[i] + (b.Upper[i]-b.Lower[i])/2
	}
}

// Sample writes a uniformly distributed point of the box to dst.
func (b Box) Sample(dst []float64, rng *rand.Rand) {
	for i := range dst {
		dst[i] = b.Lower[i] + rng.Float64()*(b.Upper[i]-b.Lower[i])
	}
}
