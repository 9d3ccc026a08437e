package bnb

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"hinge/milp/relu"
)

// frame is a basis of the state space at one step: x = center + basis w with
// orthonormal columns. The first columns span the directions that no hidden unit
// sees (for a pushed object: its translation), the others their complement; each
// part is ordered by the spread of sampled states. In this frame the states that
// can be reached fill a box much better than in their own coordinates, and the
// directions that need no splitting stand apart.
type frame struct {
	center []float64 // Nx
	basis  []float64 // Nx x Nx, row-major
	extent []float64 // Nx, range of the samples in each direction
	blind  int       // number of leading directions that no hidden unit sees
}

// stateBox is a set of states in a frame: center + basis w, lower <= w <= upper.
type stateBox struct {
	lower, upper []float64
}

func (b stateBox) clone() stateBox {
	return stateBox{lower: append([]float64(nil), b.lower...), upper: append([]float64(nil), b.upper...)}
}

// widest returns the widest edge of the box.
func (b stateBox) widest() float64 {
	var w float64
	for j := range b.lower {
		w = max(w, b.upper[j]-b.lower[j])
	}
	return w
}

// orthonormal is how far the columns of a basis may be from orthonormal.
const orthonormal = 1e-12

// margin is the share by which a box of states is widened: far more than the
// rounding of a projection on nearly orthonormal columns.
const margin = 1e-9

// column writes column j of the basis, times s, to dst.
func (f *frame) column(dst []float64, j int, s float64) {
	n := len(f.center)
	for i := range n {
		dst[i] = s * f.basis[i*n+j]
	}
}

// coordinates returns w of the state x, up to rounding.
func (f *frame) coordinates(x []float64) []float64 {
	n := len(f.center)
	w := make([]float64, n)
	for i := range n {
		for j := range n {
			w[j] += f.basis[i*n+j] * (x[i] - f.center[i])
		}
	}
	return w
}

// magnitude returns bounds of |x_i| on a box: sum |basis| |w| + |center|.
func (f *frame) magnitude(b stateBox) []float64 {
	n := len(f.center)
	m := make([]float64, n)
	for i := range n {
		m[i] = math.Abs(f.center[i])
		for j := range n {
			m[i] += math.Abs(f.basis[i*n+j]) * max(math.Abs(b.lower[j]), math.Abs(b.upper[j]))
		}
	}
	return m
}

// slack bounds what rounding and the basis, which is only nearly orthonormal, may
// add to slope'x + offset on the box when it is computed in the frame.
func (f *frame) slack(b stateBox, slope []float64, offset float64) float64 {
	sum, reach, norm := math.Abs(offset), 0.0, 0.0
	for i, m := range f.magnitude(b) {
		sum += math.Abs(slope[i]) * (m + math.Abs(f.center[i]))
		norm += math.Abs(slope[i])
		reach += max(math.Abs(b.lower[i]), math.Abs(b.upper[i]))
	}
	return 1e-14*float64(2*len(slope)+8)*sum + 2*orthonormal*norm*reach
}

// frames returns the frames of the steps 1..H-1 (entry 0 is empty) from random
// roll-outs, or false if a basis does not come out orthonormal.
func frames(p *relu.Program, seed uint64) ([]frame, bool) {
	const samples = 200
	states := sampleStates(p, samples, rand.New(rand.NewPCG(seed, 0x667261)))
	blind, seen, ok := subspaces(p)
	if !ok {
		return nil, false
	}
	fs := make([]frame, p.Horizon)
	for t := 1; t < p.Horizon; t++ {
		if fs[t], ok = newFrame(states[t], blind, seen); !ok {
			return nil, false
		}
		if blind != nil {
			_, fs[t].blind = blind.Dims()
		}
		fs[t].blind = min(fs[t].blind, p.Nx-1)
		if !fs[t].isOrthonormal() {
			return nil, false
		}
	}
	return fs, true
}

// sampleStates returns, for each step, the states of random roll-outs as rows.
func sampleStates(p *relu.Program, samples int, rng *rand.Rand) []*mat.Dense {
	states := make([]*mat.Dense, p.Horizon)
	for t := range states {
		states[t] = mat.NewDense(samples, p.Nx, nil)
	}
	ws, u := p.NewWorkspace(), make([]float64, p.Inputs())
	for i := range samples {
		p.Box.Sample(u, rng)
		p.Objective(u, ws)
		for t := range p.Horizon {
			states[t].SetRow(i, ws.States()[t*p.Nx:(t+1)*p.Nx])
		}
	}
	return states
}

// subspaces returns bases of the state directions that no hidden unit reads and of
// their complement; either may be nil. False means no decomposition was found.
func subspaces(p *relu.Program) (blind, seen mat.Matrix, ok bool) {
	gram := mat.NewSymDense(p.Nx, nil)
	last := len(p.Step.Layers) - 1
	for l := range last {
		y := &p.Step.Layers[l]
		for h := range y.Out {
			row := mat.NewVecDense(p.Nx, nil)
			for j := y.From; j < min(y.To, p.Nx); j++ {
				row.SetVec(j, p.Step.Weight(l)[h*y.In()+j-y.From])
			}
			gram.SymRankOne(gram, 1, row)
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(gram, true) {
		return nil, nil, false
	}
	var v mat.Dense
	eig.VectorsTo(&v)
	values, n := eig.Values(nil), 0
	for n < p.Nx && values[n] <= 1e-12*values[p.Nx-1] {
		n++
	}
	if n > 0 {
		blind = v.Slice(0, p.Nx, 0, n)
	}
	if n < p.Nx {
		seen = v.Slice(0, p.Nx, n, p.Nx)
	}
	return blind, seen, true
}

// newFrame centres the samples and turns each of the given subspaces to their
// principal directions. False means there are none.
func newFrame(samples *mat.Dense, subspaces ...mat.Matrix) (frame, bool) {
	rows, n := samples.Dims()
	f := frame{center: make([]float64, n), basis: make([]float64, n*n)}
	centred := mat.DenseCopyOf(samples)
	for j := range n {
		f.center[j] = mat.Sum(samples.ColView(j)) / float64(rows)
		for i := range rows {
			centred.Set(i, j, samples.At(i, j)-f.center[j])
		}
	}
	col := 0
	for _, sub := range subspaces {
		if sub == nil {
			continue
		}
		var proj, dirs mat.Dense
		proj.Mul(centred, sub)
		_, k := sub.Dims()
		cov := mat.NewSymDense(k, nil)
		cov.SymOuterK(1, proj.T())
		var eig mat.EigenSym
		if !eig.Factorize(cov, true) {
			return frame{}, false
		}
		var v mat.Dense
		eig.VectorsTo(&v)
		dirs.Mul(sub, &v)
		for j := k - 1; j >= 0; j-- { // largest spread first
			for i := range n {
				f.basis[i*n+col] = dirs.At(i, j)
			}
			col++
		}
	}
	f.measure(samples)
	return f, true
}

// measure sets the extent of the samples.
func (f *frame) measure(samples *mat.Dense) {
	rows, n := samples.Dims()
	low, high := make([]float64, n), make([]float64, n)
	for i := range rows {
		for j, w := range f.coordinates(samples.RawRowView(i)) {
			low[j], high[j] = min(low[j], w), max(high[j], w)
		}
	}
	f.extent = make([]float64, n)
	for j := range n {
		f.extent[j] = high[j] - low[j]
	}
}

func (f *frame) isOrthonormal() bool {
	n := len(f.center)
	for j := range n {
		for k := range n {
			var s float64
			for i := range n {
				s += f.basis[i*n+j] * f.basis[i*n+k]
			}
			if j == k {
				s--
			}
			if !(math.Abs(s) < orthonormal) {
				return false
			}
		}
	}
	return true
}
