//go:build !soak

package bnb_test

// agreements is the number of programs that a generic solver judges.
const agreements = 500
