// Package highs solves a [milp.Problem] with HiGHS, the generic open-source
// solver for linear and mixed-integer programs. It is the yardstick of milp/bnb
// and the way out for problems that are no networks.
//
// The C library is opened at run time, so this package builds without a C
// compiler and without HiGHS. [Open] says where it looks; a machine without
// HiGHS gets an error that wraps [milp.ErrUnavailable], not a crash.
//
// What its answers mean. HiGHS calculates with tolerances: a point may violate a
// row or a bound by 1e-7 (1e-6 if there are integers), a binary may be 1e-6 away
// from 0 or 1, and the dual bound is right only as far as the linear programs
// below it were solved to their tolerance. The bound is no certificate and
// nobody may present it as one. Re-evaluate what matters from the decisions alone.
//
// One solve runs at a time in a process, on one thread: destroying a HiGHS object
// resets a scheduler that all objects share. Concurrent callers wait their turn;
// their deadlines run meanwhile.
//
// Read first: [Open], [Solver.Solve], [Version].
package highs
