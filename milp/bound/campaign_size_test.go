//go:build !soak

package bound_test

const campaignBoxes = 100_000
