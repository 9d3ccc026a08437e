package vec

// kernelSet is one implementation of the inner loops.
type kernelSet struct {
	name       string
	relax      func(g, v, w *float64, n int, u, c, m *float64)
	concretise func(a, lower, upper, size *float64, n int, c, m *float64)
	relaxEach  func(g, v, w *float64, n int, u, slope, c, m *float64)
	gather     func(out, g, w *float64, n int)
	activate   func(y, grad, z, adjoint, slope, u *float64)
	adam       func(x, m, v, grad, r *float64)
	axpy       func(s float64, x, y *float64, n int)
	dot        func(x, y *float64, n int) float64
	dotPairs   func(p, q, a *float64, stride int, index *int32, rows int, x, y *float64, n int)
	dots       func(dst, a *float64, stride int, index *int32, rows int, x *float64, n int)
	addRows    func(y, f, a *float64, stride int, index *int32, rows int, n int)

	units         int // those of a layer are taken in multiples of this
	release       func(k, v, low, up, cut, split, edge, bias, mass *float64, n int) (c, m float64)
	activateUnits func(y, grad, z, adjoint, low, up, cut, bias *float64, n int)
	releasePanel  func(k, v *float64, index *int32, rows int, low, up, cut, bias, mass, c, m *float64)
	addPanels     func(g, k, w *float64, stride int, index *int32, rows, n int)
}

// kernels is the best set this processor can run.
var kernels = available()[0]
