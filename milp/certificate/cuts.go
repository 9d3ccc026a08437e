package certificate

// Cuts is the other way to prove a dual bound: step by step, with affine lower
// bounds of the cost to go (stochastic dual dynamic programming, Pereira and Pinto
// 1991). The cost must be a sum over steps: no term reads two actions.
//
// A region is a set of plans, known by where their states go. The first region
// holds all plans; two regions with the same split and opposite sides are the two
// halves of their parent. What is proven of a region holds in all regions below it:
//
//	boxes   the state x_t of every plan is center + basis w with w in the box
//	cuts    the cost charged after step t is at least slope'x_t + offset
//	bounds  J is at least bound
//
// Each is proven by the leaves of a program of one step t, whose inputs are
// [w; u_t] with w in the region's box of x_t (at t = 0 only u_0). A box of x_{t+1}
// relies on the box of x_t, a cut at step t on cuts at step t+1, so nothing can rely
// on itself.
type Cuts struct {
	Frames  []Frame  `json:"frames"`  // of x_1 .. x_{Horizon-1}
	Regions []Region `json:"regions"` // a parent stands before its children
}

// Frame is the coordinate system of the states of one step: x = Center + Basis w. Its
// columns must be nearly orthonormal; how far they are from it is accounted for.
type Frame struct {
	Center []float64 `json:"center"` // Nx
	Basis  []float64 `json:"basis"`  // Nx x Nx, row-major
}

// Region is a set of plans and what is proven of it.
type Region struct {
	Parent int          `json:"parent"` // -1 for the first region
	Split  *Split       `json:"split"`  // null for the first region
	Boxes  []StateBox   `json:"boxes"`
	Cuts   []Cut        `json:"cuts"`
	Bound  *RegionBound `json:"bound"` // null if the bounds of the two halves say it
}

// Split keeps the plans whose state x_Step = center + basis w has
// Side (w_Direction - Point) <= 0: Side 1 is below the point, -1 above.
type Split struct {
	Step      int     `json:"step"`
	Direction int     `json:"direction"`
	Side      int     `json:"side"`
	Point     float64 `json:"point"`
}

// StateBox is a box of the states of one step, in its frame.
type StateBox struct {
	Step  int       `json:"step"`
	Lower []float64 `json:"lower"`
	Upper []float64 `json:"upper"`
	// Sides prove what neither the boxes of the regions above, nor the split, nor the
	// checker's own ranges on the whole box of actions say.
	Sides []Side `json:"sides"`
}

// Side bounds Sign d'x from below, d the given column of the basis: Sign 1 bounds the
// lower end of the box, -1 the upper one. The leaves are those of the program of step
// Step-1; it has one cost term, max, of one row.
type Side struct {
	Direction int       `json:"direction"`
	Sign      int       `json:"sign"`
	Leaves    []Leaf    `json:"leaves"`
	Ranges    [][]Range `json:"ranges,omitempty"` // as in [Certificate]
}

// Cut is a lower bound of the cost charged after step Step. Cuts are numbered in the
// order in which they stand in the file, over all regions.
//
// Its leaves are those of the program of step Step with these terms: those of the
// cost at step Step+1 in their order; if Uses is not empty a max term with a row for
// each of these cuts; and a max term of one row, -Slope'x_Step. The smallest bound of
// the leaves is the offset, but for rounding.
//
// With a tilt there are no leaves: see [Tilt].
type Cut struct {
	Step   int       `json:"step"`
	Slope  []float64 `json:"slope"`
	Offset float64   `json:"offset"`
	Uses   []int     `json:"uses"` // cuts at Step+1 of this region or one above
	Leaves []Leaf    `json:"leaves"`
	Ranges [][]Range `json:"ranges,omitempty"` // as in [Certificate]
	Tilt   *Tilt     `json:"tilt,omitempty"`
}

// Tilt makes a cut at the step of the region's split from another one there:
// slope'x + offset + Amount Side (d'(x - center) - Point), whose last part is not
// positive in the region.
type Tilt struct {
	Cut    int     `json:"cut"`
	Amount float64 `json:"amount"` // >= 0
}

// RegionBound is a lower bound of J. Its leaves are those of the program of step 0 with
// the terms of the cost at step 1 and, if Uses is not empty, a max term with a
// row for each of these cuts.
type RegionBound struct {
	Value  float64   `json:"value"`
	Uses   []int     `json:"uses"` // cuts at step 1 of this region or one above
	Leaves []Leaf    `json:"leaves"`
	Ranges [][]Range `json:"ranges,omitempty"` // as in [Certificate]
}
