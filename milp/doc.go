// Package milp holds the vocabulary of mixed-integer linear programming: a
// [Problem] of columns and rows, the [Solver] that minimises it, and the
// [Result] with its incumbent, dual bound, gaps and [Status].
//
//	minimise    c'x + offset
//	subject to  lower <= x <= upper,   row lower <= A x <= row upper,
//	            x_j integer for some j
//
// It knows nothing of networks or robots. milp/highs and milp/cbc are generic solvers,
// milp/bnb the project's own.
//
// Read first: [Problem], [Solver], [Result].
package milp
