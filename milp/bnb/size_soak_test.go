//go:build soak

package bnb_test

const (
	agreements            = 10_000
	constrainees          = 3_200
	penalised             = 320
	relaxed               = 8_000
	enumerated            = 480
	enumeratedConstrained = 2_400
)
