// Package bnb minimises a ReLU program by branch-and-bound on the box of
// actions.
//
// A node is a box of stacked actions with a lower bound of J on it. The best
// node is split in two; each child tightens the ranges of its unstable units,
// bounds J by the dual of package bound, cuts off the slabs of its box where J
// provably exceeds the incumbent, and joins the open nodes unless its bound
// reaches the cutoff
//
//	cutoff = P - max(AbsGap, RelGap |P|),   P = J of the incumbent.
//
// The dual bound is the smallest bound of an open, pruned or cut-off part. It is
// sound: every bound covers floating-point rounding (package bound), and P is a
// forward pass. The search can stop at any moment with both.
//
// Nodes are expanded in rounds of fixed size and their results merged in order,
// so that the tree does not depend on the number of workers.
//
// The parts that carry ideas stand apart, to be exchanged: the branching rule
// (branch.go), clipping (clip.go), incumbents (incumbent.go), node order
// (queue.go).
//
// [Decide] asks instead whether J <= 0 anywhere, for one of several programs: what
// proves or refutes a property of a network.
//
// Read first: [Solve], [Decide], [Options], [Result].
package bnb
