// Package problems reads planning problems made outside the project: a stepping
// network, a start state, a box of actions, a cost, and what others reached.
//
//	push-t:FILE#K      T pushing with obstacles, the networks and instances of
//	                   Shen, Yu, Zhang, Li, BaB-ND (ICLR 2025)
//	push-t-grid:FILE   T pushing with small networks, optima known for many
//
// Both predict four keypoints k of a T-shaped block (x, y interleaved, unit
// 100 px) that a pusher at p moves with displacements a. The network sees the
// block relative to the pusher; the state here is absolute, so that costs and
// obstacles are affine in it:
//
//	x = [k (8), p (2)]
//	k' = k + NN([k - rep(p), a])
//	p' = p + a
//
// Beside them it reads questions about networks, VNN-LIB 1.0 ([ReadProperty]).
//
// A reader trusts nothing: every error names the file, the field, the value and
// what would be right.
//
// Read first: [Open], [Problem], [Problem.Collisions].
package problems
