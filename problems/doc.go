// Package problems reads planning problems made outside the project: a stepping
// network, a start state, a box of actions, a cost, and what others reached.
//
//	push-t:FILE#K      T pushing with obstacles, the networks and instances of
//	                   Shen, Yu, Zhang, Li, BaB-ND (ICLR 2025)
//	push-t-grid:FILE   T pushing with small networks, optima known for many
//	FILE.json          a request that was saved, see [WriteRequest]
//	hd-milp-plan:DIR/NAME@H   reservoirs, heating, navigation: networks with hard
//	                   constraints, of Say, Wu, Zhou, Sanner (IJCAI 2017)
//
// The first two predict four keypoints k of a T-shaped block (x, y interleaved, unit
// 100 px) that a pusher at p moves with displacements a. The network sees the
// block relative to the pusher; the state here is absolute, so that costs and
// obstacles are affine in it:
//
//	x = [k (8), p (2)]
//	k' = k + NN([k - rep(p), a])
//	p' = p + a
//
// Obstacles are discs, {"c": [x, y], "r": .., "r_enlarged": ..}, or convex polygons,
// {"corners": [x, y, ..], "margin": ..} counter-clockwise.
//
// The third is a folder of texts, DIR/KIND_NAME.txt, for H steps. Names tie them
// together: the network's units are mapped to states and actions, rows of terms are
// the start (at t = 0), the constraints (at t = 0..H-1) and the goal (at t = H), and
// the reward is a sum over t = 0..H-1 in which an apostrophe means t+1. Auxiliary
// variables model absolute values and the like. They are eliminated, so that every
// problem here is a function of its actions alone: what remains of them is convex
// terms of the cost and, with the rest of the rows, Problem.Constraints. The cost is
// the reward with the other sign.
//
// Beside them it reads questions about networks, VNN-LIB 1.0 ([ReadProperty]).
//
// A reader trusts nothing: every error names the file, the field, the value and
// what would be right.
//
// Read first: [Open], [Problem], [Problem.Collisions].
package problems
