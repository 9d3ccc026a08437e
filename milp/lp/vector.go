package lp

import "hinge/internal/vec"

// row holds the entries of a row of A: all of them if more than a quarter are not zero,
// otherwise those that are not, by column.
type row struct {
	dense bool
	index []int32 // empty if dense
	value []float64
}

// set stores the entries of v, Cols values. Memory is reused.
func (r *row) set(v []float64) {
	count := 0
	for _, e := range v {
		if e != 0 {
			count++
		}
	}
	r.index, r.value = r.index[:0], r.value[:0]
	if r.dense = 4*count > len(v); r.dense { // where products with many rows are about as fast
		r.value = append(r.value, v...)
		return
	}
	for j, e := range v {
		if e != 0 {
			r.index, r.value = append(r.index, int32(j)), append(r.value, e)
		}
	}
}

// dot returns r'x.
func (r *row) dot(x []float64) float64 {
	if r.dense {
		return dot(r.value, x)
	}
	value := r.value[:len(r.index)]
	var sum float64
	for t, j := range r.index {
		sum += value[t] * x[j]
	}
	return sum
}

// dotPair returns r'x and r'y of a sparse row.
func (r *row) dotPair(x, y []float64) (first, second float64) {
	value := r.value[:len(r.index)]
	y = y[:len(x)]
	for t, j := range r.index {
		v := value[t]
		first += v * x[j]
		second += v * y[j]
	}
	return first, second
}

// addTo adds f r to x.
func (r *row) addTo(x []float64, f float64) {
	if r.dense {
		axpy(x, f, r.value)
		return
	}
	value := r.value[:len(r.index)]
	for t, j := range r.index {
		x[j] += f * value[t]
	}
}

// axpy adds f x to y.
func axpy(y []float64, f float64, x []float64) {
	if len(x) >= wide {
		vec.Axpy(f, x, y)
		return
	}
	y = y[:len(x)]
	for i, v := range x {
		y[i] += f * v
	}
}

// dot returns x'y.
func dot(x, y []float64) float64 {
	if len(x) >= wide {
		return vec.Dot(x, y)
	}
	y = y[:len(x)]
	var sum float64
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

// wide is the length from which kernels pay.
const wide = 8

// dotPairs is [vec.DotPairs].
func dotPairs(p, q, a []float64, stride int, index []int32, x, y []float64) {
	if len(x) >= wide {
		vec.DotPairs(p, q, a, stride, index, x, y)
		return
	}
	for t, i := range index {
		r := a[int(i)*stride:][:len(x)]
		p[t], q[t] = dot(r, x), dot(r, y)
	}
}
