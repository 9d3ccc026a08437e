package control

import "fmt"

// Affine is the map v -> W v + B.
type Affine struct {
	Rows, Cols int
	W          []float64 // Rows x Cols, row-major: W[i*Cols+j]
	B          []float64 // Rows
}

// NewAffine returns the zero map of the given size.
func NewAffine(rows, cols int) Affine {
	return Affine{Rows: rows, Cols: cols, W: make([]float64, rows*cols), B: make([]float64, rows)}
}

// NewIdentity returns the map to the first rows coordinates.
func NewIdentity(rows, cols int) Affine {
	a := NewAffine(rows, cols)
	for i := range rows {
		a.Set(i, i, 1)
	}
	return a
}

// Set sets the coefficient of column j in row i.
func (a Affine) Set(i, j int, v float64) { a.W[i*a.Cols+j] = v }

// At returns the coefficient of column j in row i.
func (a Affine) At(i, j int) float64 { return a.W[i*a.Cols+j] }

// Row returns row i of W, sharing memory.
func (a Affine) Row(i int) []float64 { return a.W[i*a.Cols : (i+1)*a.Cols] }

// Apply writes W v + B to dst (Rows).
func (a Affine) Apply(dst, v []float64) {
	for i := range a.Rows {
		s := a.B[i]
		for j, w := range a.Row(i) {
			s += w * v[j]
		}
		dst[i] = s
	}
}

// AddTransposed adds W' r to dst (Cols), for r (Rows).
func (a Affine) AddTransposed(dst, r []float64) {
	for i, ri := range r {
		if ri == 0 {
			continue
		}
		for j, w := range a.Row(i) {
			dst[j] += w * ri
		}
	}
}

// Validate reports sizes that contradict each other or values that are not finite.
func (a Affine) Validate() error {
	if a.Rows < 1 || a.Cols < 1 || len(a.W) != a.Rows*a.Cols || len(a.B) != a.Rows {
		return fmt.Errorf("affine map of %d x %d has %d weights and %d offsets; it needs %d and %d",
			a.Rows, a.Cols, len(a.W), len(a.B), a.Rows*a.Cols, a.Rows)
	}
	if i := firstNotFinite(a.W); i >= 0 {
		return fmt.Errorf("affine weight (%d, %d) is %g; it must be finite", i/a.Cols, i%a.Cols, a.W[i])
	}
	if i := firstNotFinite(a.B); i >= 0 {
		return fmt.Errorf("affine offset %d is %g; it must be finite", i, a.B[i])
	}
	return nil
}
