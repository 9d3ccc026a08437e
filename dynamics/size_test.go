//go:build !soak

package dynamics

// kills is how often trainings are killed.
const kills = 20
