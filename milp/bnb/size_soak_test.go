//go:build soak

package bnb_test

const agreements = 10_000
