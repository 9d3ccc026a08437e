package dynamics

import (
	"fmt"
	"math"
	"strings"

	"hinge/control"
)

// Normalizer is the map v -> (v - Mean) / Scale, coordinate by coordinate.
type Normalizer struct {
	Mean, Scale []float64
}

// Validate reports lengths other than n and values a map cannot have. Scale may
// be 0 only where constant is true: there the inverse map has the one value Mean.
func (z Normalizer) Validate(n int, constant bool) error {
	if len(z.Mean) != n || len(z.Scale) != n {
		return fmt.Errorf("normaliser has %d means and %d scales; it needs %d each", len(z.Mean), len(z.Scale), n)
	}
	for i := range n {
		if math.IsNaN(z.Mean[i]) || math.IsInf(z.Mean[i], 0) {
			return fmt.Errorf("normaliser mean %d is %g; it must be finite", i, z.Mean[i])
		}
		s := z.Scale[i]
		if !(s > 0 && !math.IsInf(s, 0) || s == 0 && constant) {
			return fmt.Errorf("normaliser scale %d is %g; it must be finite and above 0", i, s)
		}
	}
	return nil
}

// Apply writes (v - Mean) / Scale to dst; dst may alias v.
func (z Normalizer) Apply(dst, v []float64) {
	for i, x := range v {
		dst[i] = (x - z.Mean[i]) / z.Scale[i]
	}
}

// Invert writes Mean + Scale v to dst; dst may alias v.
func (z Normalizer) Invert(dst, v []float64) {
	for i, x := range v {
		dst[i] = z.Mean[i] + z.Scale[i]*x
	}
}

// constantBelow is the spread, as a fraction of the largest magnitude, under
// which a column counts as constant: what float64 rounding leaves of it.
const constantBelow = 1e-9

// moments accumulates mean and spread of columns in one pass (Welford).
type moments struct {
	n       float64
	mean    []float64
	m2      []float64 // sum of squared deviations
	largest []float64 // magnitude
}

func newMoments(n int) *moments {
	return &moments{mean: make([]float64, n), m2: make([]float64, n), largest: make([]float64, n)}
}

func (m *moments) add(row []float64) {
	m.n++
	for i, x := range row {
		d := x - m.mean[i]
		m.mean[i] += d / m.n
		m.m2[i] += d * (x - m.mean[i])
		m.largest[i] = max(m.largest[i], math.Abs(x))
	}
}

// normalizer returns mean and standard deviation, 0 where the column is constant.
func (m *moments) normalizer() Normalizer {
	z := Normalizer{Mean: m.mean, Scale: make([]float64, len(m.mean))}
	for i, m2 := range m.m2 {
		if s := math.Sqrt(m2 / m.n); s > constantBelow*m.largest[i] {
			z.Scale[i] = s
		}
	}
	return z
}

// coordinatesIn names the coordinates of [x; u] that a feature depends on.
func (d *Dataset) coordinatesIn(row []float64) string {
	var names []string
	for i, f := range row {
		if f != 0 {
			names = append(names, d.Meta.coordinate(i, d.Nx))
		}
	}
	return strings.Join(names, ", ")
}

// normalizers returns the statistics of the features F v + f and of the
// residual motion x' - (B v + b) over the given episodes, seen as windows of so many
// steps are.
//
// A constant feature is refused: training could not tell its effect from the
// bias, so the model would be arbitrary wherever the feature differs. A constant
// residual is exact knowledge: it gets scale 0 and the network no say in it.
func normalizers(d *Dataset, episodes []int, steps int, features, base control.Affine) (in, out Normalizer, err error) {
	fm, rm := newMoments(features.Rows), newMoments(base.Rows)
	if d.Align == nil {
		steps = 1 // every window sees the same
	}
	v, next := make([]float64, d.Nx+d.Nu), make([]float64, d.Nx)
	f, r := make([]float64, features.Rows), make([]float64, base.Rows)
	for _, e := range episodes {
		for i := range (d.Steps - steps + 1) * steps {
			first := i / steps
			d.See(v, next, e, first, first+i%steps)
			features.Apply(f, v)
			fm.add(f)
			base.Apply(r, v)
			for i, x := range next {
				// Cancellation leaves rounding of the size of x, not of r.
				rm.largest[i] = max(rm.largest[i], math.Abs(x))
				r[i] = x - r[i]
			}
			rm.add(r)
		}
	}
	in, out = fm.normalizer(), rm.normalizer()
	for i, s := range in.Scale {
		if s == 0 {
			return in, out, fmt.Errorf("feature %d is constant (%g) over the training data, so its effect cannot be learned; vary %s in the data or leave it out of the features",
				i, in.Mean[i], d.coordinatesIn(features.Row(i)))
		}
	}
	return in, out, nil
}
