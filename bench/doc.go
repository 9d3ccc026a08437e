// Package bench measures Hinge against its peers, side by side in one run on
// one machine.
//
// Rates and times count processor seconds, which unlike wall time say the same
// on a busy machine. Ours and a peer's measurements alternate, and the best of
// a few rounds counts for each: what disturbs a measurement only ever makes it
// slower. A peer that is not installed leaves its column empty, and its version
// says "not installed".
//
// Read first: [Run], [Row], [Report].
package bench
