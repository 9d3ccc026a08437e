// Package vec holds the few inner loops that bounds and evaluations spend their
// time in, as AVX2 and AVX-512 kernels with a portable version beside them. The
// choice is made once, by what the processor has.
//
// A panel is a stack of rows of [Lanes] numbers: lane r of all rows belongs to
// linear form r, so that sixteen forms are pulled back through a network at once.
//
// A [Layer] holds the units of one layer of one form, which are released, or run forward,
// several at a time.
//
// Rounding: every entry of a result comes from the operations that its formula
// shows, each rounded once or fused with the next. Sums are taken in an order
// that depends on the lengths and the kernel alone.
//
// Read first: [Relax], [RelaxLayer], [Release], [AddRows].
package vec

//go:generate go run -C gen . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg vec
