package lp

// row holds the entries of a row of A: all of them if most are not zero, otherwise
// those that are not, by column.
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
	if r.dense = 5*count > 3*len(v); r.dense { // where both ways are about as fast
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

// dotPair returns r'x for both parts of x.
func (r *row) dotPair(x [][2]float64) (first, second float64) {
	if r.dense {
		return dotPair(r.value, x)
	}
	value := r.value[:len(r.index)]
	for t, j := range r.index {
		v, e := value[t], &x[j]
		first += v * e[0]
		second += v * e[1]
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
	y = y[:len(x)]
	for len(x) >= 4 && len(y) >= 4 {
		y[0] += f * x[0]
		y[1] += f * x[1]
		y[2] += f * x[2]
		y[3] += f * x[3]
		x, y = x[4:], y[4:]
	}
	for i, v := range x {
		y[i] += f * v
	}
}

// dot returns x'y.
func dot(x, y []float64) float64 {
	y = y[:len(x)]
	var a, b, c, d float64
	for len(x) >= 4 && len(y) >= 4 {
		a += x[0] * y[0]
		b += x[1] * y[1]
		c += x[2] * y[2]
		d += x[3] * y[3]
		x, y = x[4:], y[4:]
	}
	for i, v := range x {
		a += v * y[i]
	}
	return (a + b) + (c + d)
}

// dotPair returns x'y for both parts of y.
func dotPair(x []float64, y [][2]float64) (first, second float64) {
	y = y[:len(x)]
	var a, b, c, d float64
	for len(x) >= 2 && len(y) >= 2 {
		a += x[0] * y[0][0]
		b += x[0] * y[0][1]
		c += x[1] * y[1][0]
		d += x[1] * y[1][1]
		x, y = x[2:], y[2:]
	}
	for i, v := range x {
		a += v * y[i][0]
		b += v * y[i][1]
	}
	return a + c, b + d
}
