package encode

import (
	"fmt"
	"math"
	"slices"

	"hinge/milp"
	"hinge/milp/relu"
)

// The depth inside a keep-out polygon r <= 0, a row for each side, is that below the side
// which is nearest. A binary for each side chooses one, and the best choice is the
// nearest:
//
//	e = max(0, min_i -r_i):   e >= -r_i - M_i (1 - d_i),  e >= 0,  sum_i d_i = 1,  d in {0, 1}
//
// M_i is the largest that -r_i can be. A polygon that no plan can enter, since one of them
// is not positive, costs nothing.

// polygon writes the epigraph of a term of norm Polygon.
func (w *writer) polygon(k *relu.Term) error {
	large := make([]float64, k.Rows)
	for i := range large {
		w.residual(k, i) // -r is what stands in the row, less the constant
		large[i] = w.sum().shifted(-w.shift).hi
		switch {
		case large[i] <= 0:
			w.norms = append(w.norms, nil)
			return nil
		case !(large[i] <= math.MaxFloat64):
			return fmt.Errorf("encode: step %d: a side of a polygon can be %g away; it needs a finite distance", k.T, large[i])
		}
	}
	e := w.Problem.AddVar(k.Factor, 0, math.Inf(1))
	cols := []milp.Var{e}
	for i := range large {
		w.residual(k, i)
		w.add(e, 1)
		for j := range w.value[:len(w.value)-1] {
			w.value[j] = -w.value[j]
		}
		if k.Rows == 1 { // nothing to choose
			w.Problem.AddRow(-w.shift, math.Inf(1), w.index, w.value) // e + r >= 0
			break
		}
		d := w.Problem.AddBinary(0)
		w.add(d, -large[i])
		w.Problem.AddRow(-w.shift-large[i], math.Inf(1), w.index, w.value) // e + r - M d >= -M
		cols = append(cols, d)
		w.Binaries++
	}
	if sides := cols[1:]; len(sides) > 0 {
		w.Problem.AddRow(1, 1, sides, slices.Repeat([]float64{1}, len(sides)))
	}
	w.norms = append(w.norms, cols)
	return nil
}

// startPolygon sets the columns of a polygon for the residual r.
func startPolygon(x []float64, cols []milp.Var, r []float64) {
	if len(cols) == 0 {
		return
	}
	nearest := 0
	for i, v := range r {
		if v > r[nearest] {
			nearest = i
		}
	}
	x[cols[0]] = max(0, -r[nearest])
	if len(cols) > 1 {
		x[cols[1+nearest]] = 1
	}
}

// span is what a column or a sum can be, mass the magnitudes summed.
type span struct{ lo, hi, mass float64 }

// shifted returns what the sum plus a constant can be, a little wider than its rounding.
func (s span) shifted(c float64) span {
	const margin = 0x1p-40
	mass := s.mass + math.Abs(c)
	return span{s.lo + c - margin*mass, s.hi + c + margin*mass, mass}
}

// sum returns what the row being written can be.
func (w *writer) sum() (s span) {
	for i, v := range w.index {
		c, r := w.value[i], w.of(v)
		s.lo += min(c*r.lo, c*r.hi)
		s.hi += max(c*r.lo, c*r.hi)
		s.mass += math.Abs(c) * max(math.Abs(r.lo), math.Abs(r.hi))
	}
	return s
}

// negative is sum with the other sign.
func (w *writer) negative() span {
	s := w.sum()
	return span{-s.hi, -s.lo, s.mass}
}

// of returns the range of a column: of a state what its row allows, of others their limits.
func (w *writer) of(v milp.Var) span {
	if i, ok := slices.BinarySearch(w.States, v); ok {
		return w.states[i]
	}
	return span{lo: w.Problem.Lower[v], hi: w.Problem.Upper[v]}
}
