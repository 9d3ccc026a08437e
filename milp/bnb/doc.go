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
// Three searches share the incumbent, take turns and are dropped when another
// leaves them behind (portfolio.go):
//
//   - a tree that splits actions (branch.go), for wide networks and few actions;
//   - a tree that splits phases of units (relaxed.go) and bounds its nodes by the
//     linear relaxation (relaxation.go, package lp), after the ranges of its root
//     were sharpened by the objective ([bound.Bounder.Refine]), for few units and
//     many actions;
//   - a search by stages (stagesearch.go) with cuts of the cost to go, for long
//     horizons and small states.
//
// Where a step has few units and nearly all of them are unstable, the tree on phases goes
// first and keeps the lead for long: there a look-ahead over the units to split
// (reliability.go) closes three pokes of a T with 9 ReLUs within some 30 nodes. There a program
// like one before is split as that one was, if asked to (splits.go).
//
// Beside them trees of the first steps alone take a small part of the time (prefix.go):
// costs that come later are not negative, so that these bounds hold, and they are there
// early. Where a step has few units, another search asks of the first steps alone whether
// what is charged there reaches the cutoff already (front.go): where late steps weigh
// little it does, and the trees of fewer steps are several times smaller.
//
// With hard constraints the tree on phases searches alone, as its relaxation holds
// their rows; whole actions are split between whole numbers. Then P counts only plans
// that keep the rows to [Tolerance], there may be none yet (cutoff = +Inf), and a tree
// that ends without one proves that there is none. The boxes of states are followed
// there, also without constraints where costs are the largest of several rows
// (follows). See constraint.go.
//
// No bound comes from the simplex itself: its multipliers become a [bound.Dual],
// whose bound is computed anew with its rounding covered.
//
// Nodes are split in rounds of fixed size (rounds.go). Workers share the halves (crew.go),
// beside them one looks for a better incumbent, and the results are merged in order; turns
// are measured in work, not time. So the outcome does not depend on the number of workers.
//
// The other parts that carry ideas stand apart too, to be exchanged: clipping
// (clip.go), incumbents by gradients (incumbent.go) and by linear programs on the
// cells where phases do not change (cell.go), node order (queue.go).
//
// [Decide] asks instead whether J <= 0 anywhere, for one of several programs: what
// proves or refutes a property of a network.
//
// Read first: [Solve], [Decide], [Options], [Result].
package bnb
