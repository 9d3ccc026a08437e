//go:build !soak

package bnb_test

// How many random programs are judged, by whom.
const (
	agreements            = 500 // by a generic solver
	constrainees          = 240 // by the same, with hard constraints
	penalised             = 16  // by the same, with steep penalties
	relaxed               = 400 // linear ones, by the same, thrice each
	enumerated            = 24  // by enumeration of all patterns
	enumeratedConstrained = 120
)
