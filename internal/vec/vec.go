package vec

// Lanes is the number of linear forms in a panel.
const Lanes = 16

// Column is one number for each form of a panel.
type Column = [Lanes]float64

// Unit is how one unit y = phi(w'x + Bias) of a network is replaced by its inputs
// in a lower bound: Low z <= y <= Up z + Cut, slopes not negative. Mass and
// CutMass are what the rounding allowance of a form grows by per unit of the
// coefficient it gets, and of a negative coefficient it had.
type Unit struct {
	Low, Up, Cut, Bias, Mass, CutMass float64
}

// Relax replaces, in every form of a panel, the unit whose coefficients are v by
// its inputs, whose coefficients are the len(w) rows of g:
//
//	k    = Low max(v, 0) + Up min(v, 0)
//	c   += Cut min(v, 0) + Bias k
//	m   += Mass |k| - CutMass min(v, 0)
//	g_j += w_j k
func Relax(g []float64, v *Column, w []float64, u *Unit, c, m *Column) {
	if len(g) < Lanes*len(w) {
		panic("vec: Relax: the panel has fewer rows than the unit has inputs")
	}
	if len(w) == 0 {
		kernels.relax(nil, &v[0], nil, 0, &u.Low, &c[0], &m[0])
		return
	}
	kernels.relax(&g[0], &v[0], &w[0], len(w), &u.Low, &c[0], &m[0])
}

// RelaxEach is Relax where every form has its own lower slope in place of u.Low.
func RelaxEach(g []float64, v *Column, w []float64, u *Unit, slope, c, m *Column) {
	if len(g) < Lanes*len(w) {
		panic("vec: RelaxEach: the panel has fewer rows than the unit has inputs")
	}
	if len(w) > 0 {
		kernels.relaxEach(&g[0], &v[0], &w[0], len(w), &u.Low, &slope[0], &c[0], &m[0])
	}
}

// Gather adds sum_j w_j g_j, g_j row j of a panel, to out.
func Gather(out *Column, g, w []float64) {
	if len(g) < Lanes*len(w) {
		panic("vec: Gather: the panel has fewer rows than there are weights")
	}
	if len(w) > 0 {
		kernels.gather(&out[0], &g[0], &w[0], len(w))
	}
}

// Activate runs a relaxed unit forward in every form: y is slope z where the
// adjoint is positive, Up z + Cut elsewhere, and grad = z max(adjoint, 0) the
// derivative with respect to the slope.
func Activate(y, grad, z, adjoint, slope *Column, u *Unit) {
	kernels.activate(&y[0], &grad[0], &z[0], &adjoint[0], &slope[0], &u.Low)
}

// Rates are the constants of a step of projected Adam, uphill (Kingma and Ba, ICLR
// 2015): moments decay by Beta1 and Beta2, their complements One1 and One2; Scale1
// is the rate with the correction of the first moment, Scale2 the correction of the
// second; Lo and Hi bound the variables.
type Rates struct {
	Beta1, One1, Beta2, One2, Scale1, Scale2, Tiny, Lo, Hi float64
}

// Adam takes a step of x along grad, with moments m and v.
func Adam(x, m, v, grad *Column, r *Rates) {
	kernels.adam(&x[0], &m[0], &v[0], &grad[0], &r.Beta1)
}

// Concretise adds to c the minimum of every form sum a_k u_k on the box
// lower <= u <= upper, and to m the sum of |a_k| size_k. Row k of the panel a
// holds the coefficients of u_k.
func Concretise(a, lower, upper, size []float64, c, m *Column) {
	n := len(lower)
	if len(a) < Lanes*n || len(upper) != n || len(size) != n {
		panic("vec: Concretise: lengths do not match")
	}
	if n > 0 {
		kernels.concretise(&a[0], &lower[0], &upper[0], &size[0], n, &c[0], &m[0])
	}
}

// Axpy adds s x to y, which is at least as long.
func Axpy(s float64, x, y []float64) {
	if len(y) < len(x) {
		panic("vec: Axpy: lengths do not match")
	}
	if len(x) > 0 {
		kernels.axpy(s, &x[0], &y[0], len(x))
	}
}

// Dot returns x'y, y at least as long as x.
func Dot(x, y []float64) float64 {
	if len(y) < len(x) {
		panic("vec: Dot: lengths do not match")
	}
	if len(x) == 0 {
		return 0
	}
	return kernels.dot(&x[0], &y[0], len(x))
}

// DotPairs sets p[i] = a_k'x and q[i] = a_k'y, k = index[i], where a_k are the first len(x)
// entries of row k of a, whose rows are stride apart.
func DotPairs(p, q, a []float64, stride int, index []int32, x, y []float64) {
	if len(index) == 0 {
		return
	}
	if len(p) < len(index) || len(q) < len(index) || len(y) < len(x) || stride < len(x) {
		panic("vec: DotPairs: lengths do not match")
	}
	checkRows("DotPairs", a, stride, index, len(x))
	if len(x) == 0 {
		clear(p[:len(index)])
		clear(q[:len(index)])
		return
	}
	kernels.dotPairs(&p[0], &q[0], &a[0], stride, &index[0], len(index), &x[0], &y[0], len(x))
}

// Dots sets dst[i] = a_k'x, k = index[i], where a_k are the first len(x) entries of row k of
// a, whose rows are stride apart.
func Dots(dst, a []float64, stride int, index []int32, x []float64) {
	if len(index) == 0 {
		return
	}
	if len(dst) < len(index) || stride < len(x) {
		panic("vec: Dots: lengths do not match")
	}
	checkRows("Dots", a, stride, index, len(x))
	if len(x) == 0 {
		clear(dst[:len(index)])
		return
	}
	kernels.dots(&dst[0], &a[0], stride, &index[0], len(index), &x[0], len(x))
}

// AddRows adds the sum of f[i] a_k, k = index[i], to y, where a_k are the first len(y)
// entries of row k of a, whose rows are stride apart.
func AddRows(y, f, a []float64, stride int, index []int32) {
	if len(index) == 0 || len(y) == 0 {
		return
	}
	if len(f) < len(index) || stride < len(y) {
		panic("vec: AddRows: lengths do not match")
	}
	checkRows("AddRows", a, stride, index, len(y))
	kernels.addRows(&y[0], &f[0], &a[0], stride, &index[0], len(index), len(y))
}

// checkRows panics if one of the rows is not in the matrix a with n entries.
func checkRows(name string, a []float64, stride int, index []int32, n int) {
	for _, k := range index {
		if k < 0 || int(k)*stride+n > len(a) {
			panic("vec: " + name + ": a row is outside the matrix")
		}
	}
}
