// Package dense holds what training and batched evaluation spend their time in:
// tiles of matrix products, and passes over all activations or parameters, in
// float32 and float64, as AVX2 and AVX-512 kernels with a portable version beside
// them. A [Set] is one implementation; [Best] is chosen once, by what the
// processor has, and the build tag purego leaves the portable one only.
//
// Rounding: an entry of a product starts from its initial value and gathers its
// terms one by one, k ascending, each added by one fused operation (portable:
// two). So it does not depend on the size of the matrix or on the place in a
// tile, and both sets of vector kernels give the same bits.
//
// Not a number stays not a number through products and clamps; comparisons with
// it are false, so a gate is closed to its adjoint.
//
// Read first: [Set], [Tiles], [Best].
package dense

//go:generate go run -C ../gen ./dense -out ../dense/kernels_amd64.s -stubs ../dense/kernels_amd64.go -pkg dense
