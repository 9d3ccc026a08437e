package file

import (
	"math"
	"slices"
)

// form is an affine function of activations: c + sum_i w_i v[at_i].
//
// Composing affine maps rounds. Every coefficient therefore has a bound of its
// distance from the value in real arithmetic. It is found by error-free
// transformations: the rounding of a sum and of a product are themselves numbers
// and can be computed (Knuth, Dekker), so what happens to be exact is known to be.
type form struct {
	at []int32 // rising
	w  []float64
	we []float64 // bounds of the error of w; nil: exact
	c  float64
	ce float64 // of c
}

// formOverhead is what a form costs of the memory limit, in coefficients.
const formOverhead = 8

// exactConstant reports whether f is a number without error.
func (f *form) exactConstant() bool { return len(f.at) == 0 && f.ce == 0 }

// sum adds up forms, for one element at a time.
type sum struct {
	w, we   []float64 // dense over the activations
	touched []int32
	seen    []bool
	c, ce   float64
	terms   int // added since the beginning, the measure of work
}

// grow makes room for activations below width.
func (s *sum) grow(width int) {
	for len(s.w) < width {
		s.w, s.we, s.seen = append(s.w, 0), append(s.we, 0), append(s.seen, false)
	}
}

// factor is a weight that is itself known up to err.
type factor struct{ w, err float64 }

// times returns a b. The conversion keeps the compiler from fusing the product
// with a sum.
func times(a, b float64) factor {
	p := float64(a * b)
	return factor{p, productError(a, b, p)}
}

// addUnit adds k v[at].
func (s *sum) addUnit(k factor, at int32) { s.add(k, at, 1, 0) }

// addForm adds k f.
func (s *sum) addForm(k factor, f *form) {
	for i, at := range f.at {
		e := 0.0
		if f.we != nil {
			e = f.we[i]
		}
		s.add(k, at, f.w[i], e)
	}
	s.addConstant(k, f.c, f.ce)
}

// add adds k w v[at], where w is known up to e.
func (s *sum) add(k factor, at int32, w, e float64) {
	if !s.seen[at] {
		s.seen[at] = true
		s.touched = append(s.touched, at)
	}
	accumulate(&s.w[at], &s.we[at], k, w, e)
	s.terms++
}

// addConstant adds k c, where c is known up to e.
func (s *sum) addConstant(k factor, c, e float64) {
	accumulate(&s.c, &s.ce, k, c, e)
	s.terms++
}

// accumulate adds k x to total and what that may be off by to err.
func accumulate(total, err *float64, k factor, x, e float64) {
	p := float64(k.w * x)
	t := *total + p
	d := productError(k.w, x, p) + math.Abs(sumError(*total, p, t)) +
		math.Abs(k.w)*e + k.err*(math.Abs(x)+e)
	*total = t
	if d != 0 { // also if it is NaN, after an overflow
		*err = (*err + d) * (1 + 16.0/(1<<53)) // covers the rounding of these sums
	}
}

// productError bounds |a b - p| for the rounded product p. It is 0 for an exact
// one; the fused operation gives the difference exactly unless it underflows.
func productError(a, b, p float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	e := math.Abs(math.FMA(a, b, -p))
	if math.Abs(p) < 1e-290 {
		e += math.SmallestNonzeroFloat64
	}
	return e
}

// sumError returns a + b - s for the rounded sum s, exactly.
func sumError(a, b, s float64) float64 {
	v := s - a
	return (a - (s - v)) + (b - v)
}

// take returns the sum and starts the next one. It reports false if the sum
// overflowed.
func (s *sum) take() (form, bool) {
	if !slices.IsSorted(s.touched) {
		slices.Sort(s.touched)
	}
	f := form{c: s.c, ce: s.ce}
	exact, finite := true, isFinite(s.c) && isFinite(s.ce)
	f.at, f.w = make([]int32, 0, len(s.touched)), make([]float64, 0, len(s.touched))
	for _, at := range s.touched {
		w, e := s.w[at], s.we[at]
		s.w[at], s.we[at], s.seen[at] = 0, 0, false
		if w == 0 && e == 0 {
			continue
		}
		f.at, f.w, f.we = append(f.at, at), append(f.w, w), append(f.we, e)
		exact = exact && e == 0
		finite = finite && isFinite(w) && isFinite(e)
	}
	if exact {
		f.we = nil
	}
	s.touched, s.c, s.ce = s.touched[:0], 0, 0
	return f, finite
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
