// Package bound computes sound bounds of a ReLU program on a box of actions:
// ranges of every pre-activation, and a linear lower bound of the objective.
//
// For a ReLU a = max(0, z) with l <= z <= u, l < 0 < u,
//
//	alpha z <= a <= s (z - l),   s = u/(u-l),   any alpha in [0, 1]
//
// A linear form g'v of the activations is bounded from below by replacing each
// g_j a_j with the side that g_j's sign calls for and pulling the adjoint back
// through the layers and through time, until it is a form c + A'u of the actions
// whose minimum on the box is read off (CROWN: Zhang et al., NeurIPS 2018; with
// optimised alpha: Xu et al., ICLR 2021). The affine paths of residual dynamics
// are pulled back exactly. Convex cost terms enter through their tangents, for
// instance |e| >= s e with s in [-1, 1].
//
// Hard constraints enter through multipliers and narrow what is reached, see
// constraint.go: bounds then hold for every u that keeps them.
//
// Ranges, and where wanted boxes of actions and states, also shrink to what can be
// better than a cutoff: see refine.go and narrow.go.
//
// What is certified: the network in real arithmetic with the stored weights.
// Every bound is lowered by an allowance for floating-point rounding, see
// rounding.go; there is no tolerance.
//
// Read first: [Bounder], [Bounder.Tighten], [Bounder.Refine], [Bounder.Objective].
package bound
