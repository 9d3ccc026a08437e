// Package planner makes open-loop plans and closes the loop with them.
//
// Every planner answers the same question, stated by a [Problem]: which actions
// u_0 .. u_{H-1} in the box minimise the cost of the states a model predicts?
//
//	minimise    J(u) = sum_{t=1..H} stage cost of (x_t, u_{t-1})
//	subject to  x_{t+1} = f(x_t, u_t),  u_t in the box
//
// Sampling planners only step f:
//
//	CEM     cross-entropy method: fit a normal distribution to the best samples
//	        (Rubinstein, Kroese 2004; coloured noise and kept elites after
//	        Pinneri et al., iCEM, CoRL 2020)
//	CMA     covariance matrix adaptation: CEM with a full covariance, learnt
//	        step by step (Hansen, The CMA Evolution Strategy: A Tutorial, 2016)
//	Beam    beam search over cells of states, then CMA under feedback: finds ways
//	        round obstacles, and keeps contact on them
//	MPPI    path-integral control: average the samples, weighted by exp(-J/lambda)
//	        (Williams et al., ICRA 2017)
//	PS      predictive sampling: on from the best of samples around the best
//	        (Howell et al., arXiv:2212.00541, 2022)
//	Random  the best of uniform samples
//	Hold    one constant action
//
// Solvers read f as a ReLU network, [hinge/milp/relu]:
//
//	BranchAndBound  the project's own search with sound dual bounds
//	MIP             rows for a generic solver
//	Gradient        descent along the derivative of the cost, from several starts
//
// A problem may be planned in the frame of its start ([Problem.Align], [Problem.At]), so
// that a model need not know all angles; [New] turns it there and the plan back.
//
// No plan is believed: [Verify] repeats its forward pass with a system of its
// own before anybody acts on it. [MPC] makes any planner a [control.Policy].
//
// Read first: [Problem], [CEM], [MPC].
package planner
