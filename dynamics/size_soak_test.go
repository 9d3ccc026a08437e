//go:build soak

package dynamics

const kills = 200
