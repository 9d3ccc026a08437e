// Package control is the vocabulary every part of Hinge shares: dynamics,
// policies, planners, costs and the trajectories that pass between them.
//
// The problem it states: given dynamics x_{t+1} = f(x_t, u_t), a start state
// x_0 and a box U of actions, choose u_0 .. u_{H-1} in U to minimise
//
//	J = sum_{t=1..H} sum_k w_k tau_k(t) n_k(r_k(x_t, u_{t-1}))
//
// where every cost term k is data: a weight w, time weights tau, a norm n and
// an affine residual r. A stage cost judges an action together with the state
// it produced; x_0 cannot be changed and carries no cost.
//
// A simulator and a learned model are both a [System]; model-predictive control
// is a [Policy]; the closed loop and data collection are the same [Rollout]. Where a
// system in the plane looks alike from everywhere, a [Frame] is where a plan is made.
//
// Read first: [System], [Cost], [Rollout].
package control
