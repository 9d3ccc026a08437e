// Package bench measures Hinge against its peers, side by side in one run on
// one machine.
//
// Rates and times count processor seconds, which unlike wall time say the same
// on a busy machine. Ours and a peer's measurements alternate, and the best of
// a few rounds counts for each: what disturbs a measurement only ever makes it
// slower. A peer that is not installed leaves its column empty, and its version
// says "not installed".
//
// Generic solvers (match.go) get programs that our search has solved, as rows of two
// kinds: big-M with ranges from interval arithmetic and no start, as whoever writes
// them who has no bounds; and with our ranges, which hold for every plan, and our plan
// as start. They have one thread and are charged their search alone, while our time
// covers everything but reading files. A solver's own bound holds to its tolerances
// only: it is reported beside ours and never certified. A program that is too large
// for a solver's licence says so.
//
// Read first: [Run], [Row], [Report].
package bench
