// Package lp solves small linear programs again and again: a dual simplex with
// bounds on columns and rows, for the relaxations of a branch-and-bound.
//
//	minimise    c'x
//	subject to  r = A x,   lower <= x <= upper,   row lower <= r <= row upper
//
// A basis makes |S| columns and the rows that are not tight basic; the other
// variables sit on a bound. With R the tight rows and S the basic columns,
// |R| = |S| <= columns, all that needs an inverse is the kernel
//
//	K = A[R,S],   W = inv(K)   (dense, held explicitly)
//
// because the basic variables depend on the nonbasic ones through
//
//	x_S = W (r_R - A[R,N] x_N),   r_L = A[L,S] x_S + A[L,N] x_N,
//
// N the nonbasic columns and L the loose rows. The reduced costs of tight rows are
// the row multipliers, those of columns follow,
//
//	y_R = W' c_S,   y_L = 0,   d = c - A' y.
//
// Every y gives a lower bound of the optimum, with any rounding in it:
//
//	c'x >= sum_i min(y_i r_i over the row's range) + sum_j min(d_j x_j over the box),
//
// d recomputed from y. Callers should do that and believe nothing else. Where
// the program is infeasible there is a ray v with the same sum, for c = 0,
// positive: y + t v is then a bound that grows with t >= 0.
//
// An iteration takes a basic variable p outside its bounds, chosen by dual steepest
// edge (Forrest and Goldfarb, Math. Prog. 57, 1992), moves it to the bound, and
// lets the nonbasic q enter that keeps the signs of d. Boxed variables met on the
// way change sides instead, as long as the dual objective rises (the long step or
// bound-flipping ratio test: Fourer 1994; Maros, Computational Techniques of the
// Simplex Method, 2003; Koberstein, The Dual Simplex Method, 2005). Ties within a
// tolerance go to the largest pivot (Harris 1973), costs are shifted where that
// takes a reduced cost across zero, and perturbed when the objective stands still
// for long; before an answer the given costs are back and everything is computed
// anew.
//
// The absolute value of a row can be part of the objective ([Solver.SetFold], fold.go).
//
// The dual simplex starts from signs of d that fit the bounds. Boxed variables are
// put on the side that fits. If a variable without that bound has the wrong sign,
// phase one solves the program with the bounds [0, 1], [-1, 0], [-1000, 1000]
// and [0, 0] for variables bounded from below, from above, not at all and on both
// sides (Koberstein, section 4.3): its optimum is a basis with fitting signs, or
// proves that there is none. In the second case the program is solved without
// costs, to tell [Unbounded] from [Infeasible]. No large number takes part.
//
// The same calls in the same order give the same bits; after [Solver.SetBasis] the
// outcome depends on the program and that basis alone.
//
// Read first: [Solver], [Solver.Solve], [Basis].
package lp
