package bound

import (
	"math"

	"hinge/internal/vec"
)

// Reach holds how far every input moves the linear bounds of every hidden unit
// that [Bounder.Tighten] bounded last. It serves [Bounder.Gains], a guess: no
// bound depends on it.
type Reach struct {
	lower, upper []float64 // magnitudes of the coefficients, units x inputs
	inputs       int
}

// NewReach returns memory for the program.
func (b *Bounder) NewReach() *Reach {
	n := b.p.Inputs()
	size := b.p.Horizon * len(b.units) * n
	return &Reach{lower: make([]float64, size), upper: make([]float64, size), inputs: n}
}

// Trace makes Tighten fill r and Gains read it; bounders of the same network may
// share one. It must not be shared between goroutines.
func (b *Bounder) Trace(r *Reach) { b.reach = r }

// Copy makes dst equal to r; both must be of the same program.
func (r *Reach) Copy(dst *Reach) {
	copy(dst.lower, r.lower)
	copy(dst.upper, r.upper)
}

// keep notes the forms of unit at, which are in two lanes of a panel.
func (r *Reach) keep(at, lane int, a []float64) {
	if r == nil {
		return
	}
	lower, upper := r.lower[at*r.inputs:], r.upper[at*r.inputs:]
	for k := range r.inputs {
		lower[k], upper[k] = math.Abs(a[k*vec.Lanes+lane]), math.Abs(a[k*vec.Lanes+lane+1])
	}
}

// Gains adds to dst, for every input, a guess of how much the last bound of
// [Bounder.Objective] would rise if the edge of the box in that input shrank to
// a point: as if all of it depended on the edges linearly.
//
// An edge counts where the bound was made a number, and, which is what matters,
// at every unit that is still unstable. With adjoint v the bound pays there
//
//	v < 0:  -v c,  c = -l u/(u - l), the cut of the upper side;
//	        dc/du = (l/(u - l))^2, dc/dl = -(u/(u - l))^2
//	v > 0:  v l' with l' = -l for the slope 1 and u for the slope 0,
//	        in between in proportion
//
// and l and u move with an edge by the coefficients of their own linear bounds.
func (b *Bounder) Gains(dst []float64, r Ranges, lower, upper []float64) {
	n := len(dst)
	for i, l := range r.Lower {
		u, v := r.Upper[i], b.ascent.adjoint[i]
		if l >= 0 || u <= 0 || v == 0 {
			continue
		}
		var atLower, atUpper float64 // what moving l up and u down by 1 gains
		if v < 0 {
			atLower, atUpper = -v*sq(u/(u-l)), -v*sq(l/(u-l))
		} else {
			atLower, atUpper = v*b.relax.low[i], v*(1-b.relax.low[i])
		}
		low, up := b.reach.lower[i*n:], b.reach.upper[i*n:]
		for k := range dst {
			dst[k] += (atLower*low[k] + atUpper*up[k]) * (upper[k] - lower[k])
		}
	}
	for k, a := range b.row.a {
		dst[k] += math.Abs(a) * (upper[k] - lower[k])
	}
}

func sq(v float64) float64 { return v * v }
