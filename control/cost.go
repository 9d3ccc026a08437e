package control

import (
	"fmt"
	"math"
)

// Term is one named part of a [Cost].
type Term struct {
	Name   string
	Weight float64 // >= 0; unit: cost per unit of the norm
	Norm   Norm
	Radius float64 // of a Disc, in the unit of the residual; unused otherwise

	// Residual is affine in the stacked vector [x_t; u_{t-1}] (Nx + Nu columns),
	// or, for a rate term, in [0; u_{t-1} - u_{t-2}].
	Residual Affine
	// Rate makes the term charge the change of action. At t = 1 the previous
	// action is the one applied before the plan starts; without one the term
	// starts at t = 2.
	Rate bool
	// Terminal terms are charged at t = H only, the others at t = 1..H.
	Terminal bool
	// TimeWeight holds tau(1..H); nil means 1 at every step.
	TimeWeight []float64
	// Reference is subtracted from the residual: nil (zero), Rows values, or
	// H x Rows values that vary in time.
	Reference []float64
}

// Cost is a sum of terms as data: sampling planners evaluate it, solvers encode
// it, and both speak of the same value.
type Cost struct {
	Nx, Nu  int
	Horizon int
	Terms   []Term
}

// Validate reports the first term that contradicts the sizes of the cost.
func (c *Cost) Validate() error {
	if c.Horizon < 1 {
		return fmt.Errorf("cost: horizon is %d; it must be at least 1", c.Horizon)
	}
	for i := range c.Terms {
		if err := c.Terms[i].validate(c); err != nil {
			return fmt.Errorf("cost term %q: %w", c.Terms[i].Name, err)
		}
	}
	return nil
}

func (k *Term) validate(c *Cost) error {
	if err := k.Residual.Validate(); err != nil {
		return err
	}
	rows := k.Residual.Rows
	switch {
	case k.Residual.Cols != c.Nx+c.Nu:
		return fmt.Errorf("residual has %d columns; it needs Nx + Nu = %d", k.Residual.Cols, c.Nx+c.Nu)
	case !(k.Weight >= 0) || math.IsInf(k.Weight, 0):
		return fmt.Errorf("weight is %g; it must be finite and not negative", k.Weight)
	case int(k.Norm) >= len(normNames):
		return fmt.Errorf("norm is %v; valid are %v", k.Norm, normNames)
	case k.Norm == Disc && (!(k.Radius > 0) || math.IsInf(k.Radius*k.Radius, 0)):
		return fmt.Errorf("radius is %g; a disc needs a positive one whose square is finite", k.Radius)
	case k.TimeWeight != nil && len(k.TimeWeight) != c.Horizon:
		return fmt.Errorf("%d time weights; it needs one per step of the horizon, %d", len(k.TimeWeight), c.Horizon)
	case len(k.Reference) != 0 && len(k.Reference) != rows && len(k.Reference) != rows*c.Horizon:
		return fmt.Errorf("reference has %d values; it needs 0, %d or %d", len(k.Reference), rows, rows*c.Horizon)
	}
	if i := firstNotFinite(k.Reference); i >= 0 {
		return fmt.Errorf("reference value %d is %g; it must be finite", i, k.Reference[i])
	}
	for i, w := range k.TimeWeight {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("time weight %d is %g; it must be finite and not negative", i, w)
		}
	}
	return nil
}

// Factor returns w tau(t), the factor of the term at step t in 1..horizon; zero
// where the term is not charged.
func (k *Term) Factor(t, horizon int) float64 {
	if k.Terminal && t != horizon {
		return 0
	}
	if k.TimeWeight != nil {
		return k.Weight * k.TimeWeight[t-1]
	}
	return k.Weight
}

// ReferenceAt returns entry i of the reference at step t in 1..H.
func (k *Term) ReferenceAt(t, i int) float64 {
	switch rows := k.Residual.Rows; {
	case len(k.Reference) == 0:
		return 0
	case len(k.Reference) == rows:
		return k.Reference[i]
	default:
		return k.Reference[(t-1)*rows+i]
	}
}

// residual returns entry i of the residual at step t.
func (k *Term) residual(c *Cost, t, i int, x, u, uPrev []float64) float64 {
	row := k.Residual.Row(i)
	s := k.Residual.B[i] - k.ReferenceAt(t, i)
	if k.Rate {
		for j := range c.Nu {
			s += row[c.Nx+j] * (u[j] - uPrev[j])
		}
		return s
	}
	for j, w := range row[:c.Nx] {
		s += w * x[j]
	}
	for j, w := range row[c.Nx:] {
		s += w * u[j]
	}
	return s
}

// value returns n(r) of the term at step t, without its factor.
func (k *Term) value(c *Cost, t int, x, u, uPrev []float64) float64 {
	m := NewMeasure()
	for i := range k.Residual.Rows {
		m = m.Add(k.residual(c, t, i, x, u, uPrev))
	}
	return m.Norm(k.Norm, k.Radius)
}

// Stage returns the cost charged at step t in 1..H for the state x = x_t and
// the action u = u_{t-1} that produced it. uPrev is the action before u, nil
// where there is none.
func (c *Cost) Stage(t int, x, u, uPrev []float64) float64 {
	var sum float64
	for i := range c.Terms {
		k := &c.Terms[i]
		f := k.Factor(t, c.Horizon)
		if f == 0 || (k.Rate && uPrev == nil) {
			continue
		}
		sum += f * k.value(c, t, x, u, uPrev)
	}
	return sum
}

// Total returns J of a trajectory of Horizon actions. before is the action
// applied before the first one, nil if there is none; only rate terms read it.
func (c *Cost) Total(tr *Trajectory, before []float64) float64 {
	var sum float64
	prev := before
	for t := 1; t <= c.Horizon; t++ {
		u := tr.Action(t - 1)
		sum += c.Stage(t, tr.State(t), u, prev)
		prev = u
	}
	return sum
}

func firstNotFinite(v []float64) int {
	for i, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return i
		}
	}
	return -1
}
