package certificate

import (
	"math"
	"strings"
	"testing"
)

// ramp is the program x_1 = u, where J is one term of x_1, and z = u is a hidden unit.
func ramp(lower, upper float64, k Term) Program {
	k.T, k.U, k.B = 1, []float64{0}, []float64{0}
	return Program{Nx: 1, Nu: 1, Horizon: 1, X0: []float64{0}, Lower: []float64{lower}, Upper: []float64{upper},
		Network: Network{Layers: []Layer{
			{From: 0, To: 2, Weights: []float64{0, 1}, Bias: []float64{0}, Gates: []string{ReLU}},
			{From: 0, To: 3, Weights: []float64{0, 1, 0}, Bias: []float64{0}, Gates: []string{Identity}}}},
		Cost: []Term{k}}
}

// TestOverflow: a false bound whose numbers are so large that products of them overflow is
// not believed.
func TestOverflow(t *testing.T) {
	linear := &Certificate{
		Program:   ramp(-.4, 0, Term{Norm: Max, Factor: 1000, X: []float64{.1}}), // J is -40 at u = -0.4
		Claim:     Claim{Objective: 1, DualBound: -5},
		Incumbent: [][]float64{{0}},
		Leaves:    []Leaf{{Lower: []float64{-.4}, Upper: []float64{0}, Bound: -5}},
		Ranges:    [][]Range{{{Unit: 0, Side: 1, Value: 1, Share: 1.7e306, Low: []float64{0}, Mult: []float64{1}}}},
	}
	squared := &Certificate{
		Program:   ramp(.1, 1, Term{Norm: SquaredL2, Factor: 1e308, X: []float64{1}}), // J is 1e306 at u = 0.1
		Claim:     Claim{Objective: 1.01e308, DualBound: 7e306},
		Incumbent: [][]float64{{1}},
		Leaves:    []Leaf{{Lower: []float64{.1}, Upper: []float64{1}, Bound: 7e306, Low: []float64{0}, Mult: []float64{.4}}},
	}
	for name, c := range map[string]*Certificate{"share": linear, "square": squared} {
		if v := check(t, c); v.Valid {
			t.Errorf("%s: a false bound of %v is valid", name, v.DualBound)
		}
	}
}

// TestOverflowOfFrames: a box of states whose frame is so far away that what is proven of
// it is no number is not believed.
func TestOverflowOfFrames(t *testing.T) {
	const far = 1.3e308 // its diagonal overflows
	s := math.Sqrt(.5)
	zero := func(n int) []float64 { return make([]float64, n) }
	p := Program{Nx: 2, Nu: 1, Horizon: 2, X0: zero(2), Lower: []float64{-1, -1}, Upper: []float64{1, 1},
		Network: Network{Layers: []Layer{{From: 0, To: 3, Weights: []float64{1, 0, 1, 0, 0, 0}, Bias: zero(2), Gates: []string{Identity, Identity}}}},
		Cost:    []Term{{T: 2, Norm: L1, Factor: 1, X: []float64{1, 0}, U: zero(1), B: zero(1)}}} // J = |u_0 + u_1|
	box := StateBox{Step: 1, Lower: []float64{-far, 0}, Upper: []float64{-far, 0}}
	c := &Certificate{Program: p, Claim: Claim{Objective: 1, DualBound: .5}, Incumbent: [][]float64{{0}, {0}},
		Cuts: &Cuts{Frames: []Frame{{Center: []float64{far, far}, Basis: []float64{s, -s, s, s}}},
			Regions: []Region{{Parent: -1, Boxes: []StateBox{box},
				Cuts: []Cut{{Step: 1, Slope: zero(2), Offset: 1, Leaves: []Leaf{{
					Lower: []float64{-far, 0, -1}, Upper: []float64{-far, 0, 1}, Bound: 1e50, Mult: []float64{1e-200, 1}}}}},
				Bound: &RegionBound{Value: .5, Uses: []int{0}, Leaves: []Leaf{{Lower: []float64{-1}, Upper: []float64{1}, Bound: .5, Mult: []float64{1}}}},
			}}}}
	if v := check(t, c); v.Valid {
		t.Error("a box of states that no plan is in is valid")
	} else if !strings.Contains(v.Reason, "box of step 1") {
		t.Error(v.Reason)
	}
}
