package control

import (
	"fmt"
	"math"
	"slices"
)

// Norm is how a cost term measures its residual.
type Norm uint8

// The norms. All but Disc and Polygon are convex in the residual; all but Max are at
// least 0.
const (
	L1        Norm = iota // sum of |r_i|
	LInf                  // largest |r_i|
	SquaredL2             // sum of r_i^2
	Disc                  // max(0, Radius^2 - sum of r_i^2): inside a keep-out disc
	Max                   // largest r_i, with its sign: one row is a linear cost, more a convex piecewise linear one
	Hinge                 // sum of max(0, r_i): rows r <= 0 as soft constraints, the weight is the price of their slack
	Polygon               // max(0, -largest r_i): depth inside the keep-out polygon r <= 0, a row for each side
)

var normNames = [...]string{"l1", "linf", "squared-l2", "disc", "max", "hinge", "polygon"}

// ParseNorm returns the norm of a name.
func ParseNorm(name string) (Norm, error) {
	i := slices.Index(normNames[:], name)
	if i < 0 {
		return 0, fmt.Errorf("norm is %.80q; valid are %q", name, normNames)
	}
	return Norm(i), nil
}

// KeepsOut reports whether the norm is the penalty of a keep-out region. It is not convex,
// so what bounds it from below is at first that it is not negative.
func (n Norm) KeepsOut() bool { return n == Disc || n == Polygon }

// NonNegative reports whether the norm of no residual is negative.
func (n Norm) NonNegative() bool { return n != Max }

// String returns the name used in files.
func (n Norm) String() string {
	if int(n) < len(normNames) {
		return normNames[n]
	}
	return fmt.Sprintf("norm(%d)", uint8(n))
}

// Measure takes the entries of a residual one by one and knows every norm of
// them, so that nobody has to store them. [NewMeasure] returns an empty one.
type Measure struct{ sum, largest, squares, top, over float64 }

// NewMeasure returns the measure of no entries.
func NewMeasure() Measure { return Measure{top: math.Inf(-1)} }

// Add returns the measure of one entry more.
func (m Measure) Add(r float64) Measure {
	a := math.Abs(r)
	return Measure{m.sum + a, max(m.largest, a), m.squares + r*r, max(m.top, r), m.over + max(0, r)}
}

// Norm returns n of the entries; only a Disc reads the radius.
func (m Measure) Norm(n Norm, radius float64) float64 {
	switch n {
	case L1:
		return m.sum
	case LInf:
		return m.largest
	case SquaredL2:
		return m.squares
	case Disc:
		return max(0, radius*radius-m.squares)
	case Max:
		return m.top
	case Hinge:
		return m.over
	case Polygon:
		return max(0, -m.top)
	}
	panic("control: Measure: unknown norm")
}

// Gradient replaces a residual by the derivative of n there; only a Disc reads the radius.
// At a kink it is 0 or one element of the generalised derivative.
func (n Norm) Gradient(r []float64, radius float64) {
	switch n {
	case L1:
		for i, v := range r {
			r[i] = sign(v)
		}
	case Hinge:
		for i, v := range r {
			r[i] = max(0, sign(v))
		}
	case LInf:
		at := 0
		for i, v := range r {
			if math.Abs(v) > math.Abs(r[at]) {
				at = i
			}
		}
		only(r, at, sign(r[at]))
	case Max:
		only(r, top(r), 1)
	case Polygon:
		at := top(r)
		only(r, at, min(0, sign(r[at])))
	case SquaredL2:
		for i, v := range r {
			r[i] = 2 * v
		}
	case Disc:
		slope, squares := -2.0, 0.0
		for _, v := range r {
			squares += v * v
		}
		if !(squares < radius*radius) { // outside
			slope = 0
		}
		for i, v := range r {
			r[i] = slope * v
		}
	default:
		panic("control: Norm.Gradient: unknown norm")
	}
}

// top returns the place of the largest entry, the first of equals.
func top(r []float64) int {
	at := 0
	for i, v := range r {
		if v > r[at] {
			at = i
		}
	}
	return at
}

// only replaces r by zeros, but for slope at one place.
func only(r []float64, at int, slope float64) {
	clear(r)
	r[at] = slope
}

func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}
