//go:build soak

package bound_test

const campaignBoxes = 1_000_000
