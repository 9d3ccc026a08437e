package dynamics

import (
	"fmt"
	"strings"
)

// LeastEpisodes is the number of episodes below which training makes no sense: one in
// ten is kept for validation.
const LeastEpisodes = 10

// Learnable reports why nothing of use can be learned from d: too few episodes, a
// coordinate that never changes, or one without a unit. [Fit] itself is content with
// less.
func (d *Dataset) Learnable() error {
	if d.Episodes < LeastEpisodes {
		return fmt.Errorf("%d episodes; training needs at least %d, of which one in ten is kept for validation; record more", d.Episodes, LeastEpisodes)
	}
	if i, ok := constantColumn(d.X, d.Nx); ok {
		return constantError(d.Meta.coordinate(i, d.Nx), d.X[i])
	}
	if i, ok := constantColumn(d.U, d.Nu); ok {
		return constantError(d.Meta.coordinate(d.Nx+i, d.Nx), d.U[i])
	}
	return d.Meta.checkUnits(d.Nx, d.Nu)
}

// checkUnits reports coordinates without a unit.
func (s *Signals) checkUnits(nx, nu int) error {
	for _, list := range []struct {
		name, of string
		units    []string
		from, n  int
	}{{"state_units", "states", s.StateUnits, 0, nx}, {"action_units", "actions", s.ActionUnits, nx, nu}} {
		if len(list.units) != list.n {
			return fmt.Errorf("%s: %d units for %d %s; give one each (m, rad, m/s, N; 1 for a pure number)", list.name, len(list.units), list.n, list.of)
		}
		for i, u := range list.units {
			if strings.TrimSpace(u) == "" {
				return fmt.Errorf("%s[%d]: the unit of column %s is missing (m, rad, m/s, N; 1 for a pure number)", list.name, i, s.coordinate(list.from+i, nx))
			}
		}
	}
	return nil
}

// constantColumn returns the first of the columns of rows x n values that never
// changes.
func constantColumn(v []float64, n int) (column int, ok bool) {
	for i := range n {
		at := i
		for at < len(v) && v[at] == v[i] {
			at += n
		}
		if at >= len(v) {
			return i, true
		}
	}
	return 0, false
}

func constantError(name string, value float64) error {
	return fmt.Errorf("column %s: every value is %g, so its effect cannot be learned; vary it, or leave the column out", name, value)
}
