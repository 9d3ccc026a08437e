// Package certificate holds the proof that no plan is better than a bound, as a
// file, and the check of such a proof. The statement is
//
//	min over u in the box of J(u)  >=  dual_bound,    J(incumbent)  <=  objective
//
// for the network in real arithmetic with the stored weights. The proof is a list
// of leaves: boxes of the stacked actions u (with, optionally, phases of units)
// that cover the box, each with a lower bound of J and the multipliers that yield
// it; ranges of units that every plan below the bound keeps may be proven first.
//
// [Check] believes none of it. It rebuilds the tree from the leaves, bounds the
// pre-activations from the root down by its own linear bounds (CROWN: Zhang et al.,
// NeurIPS 2018), repeats every leaf's bound and evaluates the incumbent. It shares
// no code with the solver, so that it can share no mistake.
//
// # Arithmetic
//
// Nothing is compared with a tolerance. A linear form on its way back through the
// network has floating-point coefficients; each is the result of fused
// multiply-adds, m' = fl(v w + m), off by at most 2^-53 |m'|. The sum of |m'| is kept
// beside the coefficient (a running error bound: Wilkinson), and when the
// coefficient is used up it is charged times the largest magnitude that its
// variable has in the box. The sides of a ReLU are chosen so that they hold for
// the rounded slopes: see round.go and backward.go.
//
// Read first: [Certificate], [Check], [Leaf], [Range].
package certificate

// Certificate is the content of a file.
type Certificate struct {
	Program Program `json:"program"`
	Claim   Claim   `json:"claim"`
	// Incumbent is the plan, Horizon x Nu.
	Incumbent [][]float64 `json:"incumbent"`
	// Leaves prove the dual bound; empty if Cuts do.
	Leaves []Leaf `json:"leaves"`
	// Ranges sharpen those of hidden units before the leaves are looked at: each group
	// relies on the groups before it. Absent: none.
	Ranges [][]Range `json:"ranges,omitempty"`
	Cuts   *Cuts     `json:"cuts,omitempty"`
	// States says that boxes of states are followed though there are no constraints: see
	// follow.go. With constraints they are anyway.
	States bool `json:"states,omitempty"`
	// Sharpened sharpens what is known on nodes of the tree, in this order.
	Sharpened []Sharpening `json:"sharpened,omitempty"`
	// Forms are bounds of J on inner nodes of the tree, that of [Leaf.Path]: see [Form].
	Forms []Form `json:"forms,omitempty"`
}

// Claim is what the certificate proves.
type Claim struct {
	Objective float64 `json:"objective"`  // at least J(incumbent): round upwards, see [CostAbove]
	DualBound float64 `json:"dual_bound"` // at most J(u) for every plan u
	// Violation is at least what the incumbent breaks a row of the constraints by:
	// see [ViolationAbove]. It must not be above [MaxViolation].
	Violation float64 `json:"violation,omitempty"`
	// Infeasible claims that there is no plan at all. The numbers then say nothing, there
	// is no incumbent, no Cuts, and every leaf is Empty.
	Infeasible bool `json:"infeasible,omitempty"`
}

// Program is what the certificate speaks of: x_{t+1} = N([x_t; u_t]) from X0, u in
// a box, and the cost as a sum of terms.
type Program struct {
	Network Network   `json:"network"`
	Nx      int       `json:"nx"`
	Nu      int       `json:"nu"`
	Horizon int       `json:"horizon"`
	X0      []float64 `json:"x0"`    // Nx
	Lower   []float64 `json:"lower"` // of the stacked actions, Horizon x Nu
	Upper   []float64 `json:"upper"`
	// Before is the action before the plan, Nu; null if there is none. Terms at
	// step 1 that have Prev read it.
	Before []float64 `json:"before"`
	Cost   []Term    `json:"cost"`
	// Rounded is null, or for every unit of the network (hidden ones, then outputs)
	// the sum of magnitudes its weights were computed from. The certificate then
	// holds for the weights before rounding: each unit that reads n activations may
	// be off by (n + 2) 2^-52 times this sum.
	Rounded []float64 `json:"rounded"`
	// Constraints are kept by every plan, ordered by T, and the coordinates Integer of
	// every action are whole numbers. Without either, every u of the box is a plan.
	Constraints []Constraint `json:"constraints,omitempty"`
	Integer     []int        `json:"integer,omitempty"`
}

// Network is a gated network. Its activation buffer starts with the Nx states and
// Nu actions; each layer reads a window of it and appends its units. The last
// layer is the next state and is not gated.
type Network struct {
	Layers []Layer `json:"layers"`
}

// Layer is one layer of a [Network].
type Layer struct {
	From    int       `json:"from"` // window [From, To) of the activation buffer
	To      int       `json:"to"`
	Weights []float64 `json:"weights"` // units x (To - From), row-major
	Bias    []float64 `json:"bias"`    // units
	Gates   []string  `json:"gates"`   // units: relu, identity or zero
}

// Term is Factor * norm(X x_T + U u_{T-1} + Prev u_{T-2} + B), T in 1..Horizon. The
// terms are ordered by T.
type Term struct {
	T      int       `json:"t"`
	Norm   string    `json:"norm"` // one of the Norm constants
	Factor float64   `json:"factor"`
	X      []float64 `json:"x"`    // rows x Nx, row-major
	U      []float64 `json:"u"`    // rows x Nu
	Prev   []float64 `json:"prev"` // rows x Nu, or null
	B      []float64 `json:"b"`    // rows
	Radius float64   `json:"radius,omitempty"`
}

// The norms of a residual r.
const (
	L1        = "l1"         // sum |r_i|
	LInf      = "linf"       // max |r_i|
	SquaredL2 = "squared_l2" // sum r_i^2
	Disc      = "disc"       // max(0, Radius^2 - sum r_i^2)
	Max       = "max"        // max r_i
	Hinge     = "hinge"      // sum max(0, r_i)
	Polygon   = "polygon"    // max(0, -max r_i)
)

var norms = []string{L1, LInf, SquaredL2, Disc, Max, Hinge, Polygon}

// The gates of a unit.
const (
	ReLU     = "relu"
	Identity = "identity"
	Zero     = "zero"
)

var gates = []string{ReLU, Identity, Zero}

// Leaf is a part of the box with a lower bound of J: where [Range] was used, of min(J,
// dual_bound), which is as good. Units are hidden units: unit
// h of step t has index t*n + h, n hidden units in one step.
//
// The leaves together cover the box as the leaves of a tree do: boxes are
// cut in two at a coordinate or at the phase of a unit, again and again. A slab that
// was clipped off is a leaf like any other. A leaf that lies within another one is
// superfluous and does no harm; leaves that overlap otherwise are refused.
type Leaf struct {
	Lower []float64 `json:"lower"` // box of the stacked actions
	Upper []float64 `json:"upper"`
	Bound float64   `json:"bound"`
	// Low is the lower slope of every hidden unit, in [0, 1], read where the unit is
	// undecided. Absent: 1 where the range of the pre-activation reaches further up
	// than down, else 0.
	Low []float64 `json:"low,omitempty"`
	// Up is the upper slope of every hidden unit, in [0, 1]. Beside it Low must be given,
	// and both are used whatever the range of the unit: the linear form is then the
	// solver's, and only its constant depends on the ranges, the better the tighter they
	// are. Absent: that of the range's triangle.
	Up []float64 `json:"up,omitempty"`
	// Mult is the tangent of every residual of the cost, term by term: in [-1, 1] for
	// l1, in [0, 1] for hinge, sum of magnitudes at most 1 for linf, the point of tangency
	// for squared_l2, not negative with sum 1 for max; disc and polygon ignore it. Absent: the tangents at the
	// centre of the leaf.
	Mult []float64 `json:"mult,omitempty"`
	// Rows is the multiplier of every row of the constraints, not negative: it adds
	// what is not positive for any plan. Absent: 0.
	Rows []float64 `json:"rows,omitempty"`
	// Empty claims that no plan below the dual bound is in the leaf: its ranges are empty, or the
	// multipliers of ranges and rows, without the cost, prove that a number is
	// positive which is not positive for any plan. Its bound says nothing.
	Empty bool `json:"empty,omitempty"`
	// Phases are pairs [unit, 1] or [unit, -1]: the leaf is only the part of its box in
	// which the pre-activation of the unit is >= 0, or <= 0.
	Phases [][2]int `json:"phases,omitempty"`
	// Split is the multiplier of the range l <= z <= h of every hidden unit: of z >= l
	// where it is positive, of z <= h where it is negative. (It matters where the range
	// says more than the box: where a phase is fixed, l = 0 or h = 0, or [Range] was
	// used.) Absent: 0.
	Split []float64 `json:"split,omitempty"`
	// Path says which cuts made the leaf: a digit for each, 0 or 1 for its two sides.
	// If the paths of all leaves are those of a binary tree, the checker takes the same
	// cuts in the same order as the solver. Without, or if they are wrong, it finds an
	// order by itself; bounds that it recomputes may then differ from the solver's
	// by a per cent in either direction, since linear bounds are not monotone.
	Path string `json:"path,omitempty"`
	// Slab says that the solver clipped the leaf off and went on with what was left
	// without tightening any range; Redo, that it then tightened those of all steps,
	// not only from the step of the cut on. Both help the checker to find the same ranges.
	Slab bool `json:"slab,omitempty"`
	Redo bool `json:"redo,omitempty"`
}
