package lp

// kernel holds W = inv(A[R,S]): which rows are tight, which columns are basic, and
// how the basic columns move with the activities of the tight rows.
type kernel struct {
	cols   []int32   // S: column at position a
	rows   []int32   // R: row at position b
	posCol []int32   // a of a column, -1 if it is nonbasic
	posRow []int32   // b of a row, -1 if it is loose
	w      []float64 // W[a, b] at a*stride + b
	stride int       // Cols
}

func newKernel(cols int) kernel {
	k := kernel{
		cols: make([]int32, 0, cols), rows: make([]int32, 0, cols),
		posCol: make([]int32, cols), w: make([]float64, cols*cols), stride: cols,
	}
	for j := range k.posCol {
		k.posCol[j] = -1
	}
	return k
}

// size returns |S| = |R|.
func (k *kernel) size() int { return len(k.cols) }

// row returns row a of W, |R| values.
func (k *kernel) row(a int) []float64 { return k.w[a*k.stride:][:len(k.rows)] }

// empty makes every column nonbasic and every row loose.
func (k *kernel) empty() {
	for _, j := range k.cols {
		k.posCol[j] = -1
	}
	for _, i := range k.rows {
		k.posRow[i] = -1
	}
	k.cols, k.rows = k.cols[:0], k.rows[:0]
}

// rowTimes sets dst = r[S] W, |R| values.
func (k *kernel) rowTimes(dst []float64, r *row) {
	clear(dst)
	if r.dense {
		for a, j := range k.cols {
			axpy(dst, r.value[j], k.row(a))
		}
		return
	}
	for t, j := range r.index {
		if a := k.posCol[j]; a >= 0 {
			axpy(dst, r.value[t], k.row(int(a)))
		}
	}
}

// exchange makes p nonbasic and q basic, both variables of a program of n columns:
// on the part of G = d basic / d nonbasic that W is,
//
//	W[a,b] -= u_a g_b / g_q,   W[q,b] = -g_b / g_q,   W[a,p] = u_a / g_q,   W[q,p] = 1 / g_q,
//
// with g = G[p,R], u = G[S,q] (by column) and g_q = pivot. A row
// that becomes loose or a column that becomes nonbasic leaves W.
func (k *kernel) exchange(n, p, q int, g []float64, u []float64, pivot float64) {
	a, b := -1, -1 // positions that fall vacant
	if p < n {
		a = int(k.posCol[p])
	}
	if q >= n {
		b = int(k.posRow[q-n])
	}
	inv := 1 / pivot
	for i, j := range k.cols {
		if f := u[j]; f != 0 && i != a {
			axpy(k.row(i), -f*inv, g)
		}
	}
	switch {
	case p < n && q < n:
		k.setRow(a, q, g, -inv)
		k.posCol[p] = -1
	case p < n:
		k.remove(a, b)
	case q < n:
		k.cols, k.rows = append(k.cols, int32(q)), append(k.rows, int32(p-n))
		last := len(k.cols) - 1
		k.setRow(last, q, g, -inv)
		k.setColumn(last, p-n, u, inv)
		k.row(last)[last] = inv
	default:
		k.posRow[q-n] = -1
		k.setColumn(b, p-n, u, inv)
	}
}

func (k *kernel) setRow(a, col int, g []float64, f float64) {
	k.cols[a], k.posCol[col] = int32(col), int32(a)
	row := k.row(a)
	for b, v := range g {
		row[b] = v * f
	}
}

func (k *kernel) setColumn(b, row int, u []float64, f float64) {
	k.rows[b], k.posRow[row] = int32(row), int32(b)
	at := b
	for _, j := range k.cols {
		k.w[at] = u[j] * f
		at += k.stride
	}
}

// remove takes row a and column b out of W; the last ones move to their places.
func (k *kernel) remove(a, b int) {
	last := len(k.cols) - 1
	k.posCol[k.cols[a]], k.posRow[k.rows[b]] = -1, -1
	if a != last {
		copy(k.row(a), k.row(last))
		k.cols[a] = k.cols[last]
		k.posCol[k.cols[a]] = int32(a)
	}
	if b != last {
		for i := range last {
			k.w[i*k.stride+b] = k.w[i*k.stride+last]
		}
		k.rows[b] = k.rows[last]
		k.posRow[k.rows[b]] = int32(b)
	}
	k.cols, k.rows = k.cols[:last], k.rows[:last]
}
