package certificate

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Validate reports the first field whose size or value makes no sense, and what
// would be right. Claims that are merely false are for [Check] to find.
func (c *Certificate) Validate() error {
	if err := c.Program.validate(); err != nil {
		return err
	}
	p := &c.Program
	m := newModel(p)
	if err := finite("claim.objective", []float64{c.Claim.Objective}); err != nil {
		return err
	}
	if err := finite("claim.dual_bound", []float64{c.Claim.DualBound}); err != nil {
		return err
	}
	if err := c.validateIncumbent(); err != nil {
		return err
	}
	switch {
	case c.Cuts == nil:
		n := sizes{m, m.inputs(), m.units(), m.rows}
		for i := range c.Forms {
			if err := c.Forms[i].validate(n); err != nil {
				return fmt.Errorf("forms[%d].%w", i, err)
			}
		}
		if err := validateLeaves("leaves", c.Leaves, n); err != nil {
			return err
		}
		for i := range c.Sharpened {
			y := &c.Sharpened[i]
			if strings.Trim(y.Path, "01") != "" {
				return fmt.Errorf("sharpened[%d].path is %.40q; it must be digits 0 and 1, one for each cut", i, y.Path)
			}
			if y.Form != nil {
				if err := y.Form.validate(n); err != nil {
					return fmt.Errorf("sharpened[%d].form.%w", i, err)
				}
			}
			if err := validateRanges(fmt.Sprintf("sharpened[%d].ranges", i), y.Ranges, n); err != nil {
				return err
			}
		}
		return validateRanges("ranges", c.Ranges, n)
	case c.States || len(c.Sharpened) > 0:
		return fmt.Errorf("states or sharpened stand beside cuts; they belong to leaves")
	case m.follows:
		return fmt.Errorf("cuts stand beside program.constraints or program.integer; leaves prove a bound there")
	case len(c.Leaves) > 0:
		return fmt.Errorf("leaves has %d entries beside cuts; leaves or cuts prove the dual bound, not both", len(c.Leaves))
	case len(c.Ranges) > 0:
		return fmt.Errorf("ranges has %d groups beside cuts; ranges belong to leaves", len(c.Ranges))
	}
	return c.Cuts.validate(m)
}

// validateIncumbent checks the sizes of the plan, if there is said to be one.
func (c *Certificate) validateIncumbent() error {
	p := &c.Program
	if c.Claim.Infeasible && len(c.Incumbent) == 0 {
		return nil
	}
	if len(c.Incumbent) != p.Horizon {
		return fmt.Errorf("incumbent has %d actions; it needs one per step, %d", len(c.Incumbent), p.Horizon)
	}
	for t, u := range c.Incumbent {
		if err := vector(fmt.Sprintf("incumbent[%d]", t), u, p.Nu, "nu"); err != nil {
			return err
		}
	}
	return finite("claim.violation", []float64{c.Claim.Violation})
}

// sizes are those of the program that leaves speak of.
type sizes struct {
	m                   *model
	inputs, units, rows int
}

func validateLeaves(name string, leaves []Leaf, n sizes) error {
	for i := range leaves {
		if err := leaves[i].validate(n); err != nil {
			return fmt.Errorf("%s[%d].%w", name, i, err)
		}
	}
	return nil
}

func validateRanges(name string, groups [][]Range, n sizes) error {
	for g, group := range groups {
		for i := range group {
			if err := group[i].validate(n); err != nil {
				return fmt.Errorf("%s[%d][%d].%w", name, g, i, err)
			}
		}
	}
	return nil
}

func (y *Leaf) validate(n sizes) error {
	m := n.m
	if err := vector("lower", y.Lower, n.inputs, "inputs"); err != nil {
		return err
	}
	if err := vector("upper", y.Upper, n.inputs, "inputs"); err != nil {
		return err
	}
	if err := finite("bound", []float64{y.Bound}); err != nil {
		return err
	}
	if strings.Trim(y.Path, "01") != "" {
		return fmt.Errorf("path is %.40q; it must be digits 0 and 1, one for each cut", y.Path)
	}
	if y.Low != nil {
		if err := vector("low", y.Low, n.units, "hidden units of all steps"); err != nil {
			return err
		}
	}
	if y.Up != nil {
		if y.Low == nil {
			return fmt.Errorf("low is missing; it is needed beside up")
		}
		if err := vector("up", y.Up, n.units, "hidden units of all steps"); err != nil {
			return err
		}
	}
	if y.Mult != nil {
		if err := vector("mult", y.Mult, n.rows, "residuals of the cost"); err != nil {
			return err
		}
	}
	seen := map[int]bool{}
	for i, p := range y.Phases {
		switch unit, sign := p[0], p[1]; {
		case unit < 0 || unit >= n.units:
			return fmt.Errorf("phases[%d] speaks of unit %d; there are units 0 to %d", i, unit, n.units-1)
		case m.hidden[unit%len(m.hidden)].gate != ReLU:
			return fmt.Errorf("phases[%d] speaks of unit %d, which is no relu", i, unit)
		case sign != 1 && sign != -1:
			return fmt.Errorf("phases[%d] has the sign %d; it must be 1 or -1", i, sign)
		case seen[unit]:
			return fmt.Errorf("phases[%d] speaks of unit %d again; once is enough", i, unit)
		default:
			seen[unit] = true
		}
	}
	return validateMultipliers(y.Split, y.Rows, n)
}

// validate reports the first field of the program that makes no sense.
func (p *Program) validate() error {
	for _, size := range []struct {
		name  string
		value int
	}{{"nx", p.Nx}, {"nu", p.Nu}, {"horizon", p.Horizon}} {
		if size.value < 1 || size.value > 1<<24 {
			return fmt.Errorf("program.%s is %d; it must be in 1..%d", size.name, size.value, 1<<24)
		}
	}
	if err := vector("program.x0", p.X0, p.Nx, "nx"); err != nil {
		return err
	}
	if err := vector("program.lower", p.Lower, p.Horizon*p.Nu, "horizon x nu"); err != nil {
		return err
	}
	if err := vector("program.upper", p.Upper, p.Horizon*p.Nu, "horizon x nu"); err != nil {
		return err
	}
	for k, l := range p.Lower {
		if l > p.Upper[k] {
			return fmt.Errorf("program.lower[%d] is %v, above program.upper[%d] = %v; the box must not be empty", k, l, k, p.Upper[k])
		}
	}
	if p.Before != nil {
		if err := vector("program.before", p.Before, p.Nu, "nu"); err != nil {
			return err
		}
	}
	units, err := p.validateNetwork()
	if err != nil {
		return err
	}
	if p.Rounded != nil {
		if err := vector("program.rounded", p.Rounded, units, "units of the network"); err != nil {
			return err
		}
		if i := slices.IndexFunc(p.Rounded, func(v float64) bool { return v < 0 }); i >= 0 {
			return fmt.Errorf("program.rounded[%d] is %v; it must not be negative", i, p.Rounded[i])
		}
	}
	for i := range p.Cost {
		if err := p.validateTerm(i); err != nil {
			return fmt.Errorf("program.cost[%d].%w", i, err)
		}
	}
	return p.validateConstraints()
}

// validateNetwork returns the number of units.
func (p *Program) validateNetwork() (int, error) {
	layers := p.Network.Layers
	if len(layers) == 0 {
		return 0, fmt.Errorf("program.network.layers is empty; the last layer is the next state")
	}
	width := p.Nx + p.Nu
	for l := range layers {
		y, at := &layers[l], fmt.Sprintf("program.network.layers[%d]", l)
		units := len(y.Bias)
		if y.From < 0 || y.To <= y.From || y.To > width {
			return 0, fmt.Errorf("%s reads the window [%d, %d); it must be part of [0, %d), the activations computed before it", at, y.From, y.To, width)
		}
		if err := finite(at+".bias", y.Bias); err != nil {
			return 0, err
		}
		if err := vector(at+".weights", y.Weights, units*(y.To-y.From), "units x (to - from)"); err != nil {
			return 0, err
		}
		if len(y.Gates) != units {
			return 0, fmt.Errorf("%s.gates has %d entries; it needs one per unit, %d", at, len(y.Gates), units)
		}
		for i, g := range y.Gates {
			if !slices.Contains(gates, g) {
				return 0, fmt.Errorf("%s.gates[%d] is %.40q; valid are %q", at, i, g, gates)
			}
			if l == len(layers)-1 && g != Identity {
				return 0, fmt.Errorf("%s.gates[%d] is %q; the last layer is the next state, its gates must be %q", at, i, g, Identity)
			}
		}
		width += units
	}
	if n := len(layers[len(layers)-1].Bias); n != p.Nx {
		return 0, fmt.Errorf("program.network.layers[%d] has %d units; the last layer is the next state, it needs nx = %d", len(layers)-1, n, p.Nx)
	}
	return width - p.Nx - p.Nu, nil
}

func (p *Program) validateTerm(i int) error {
	k, rows := &p.Cost[i], len(p.Cost[i].B)
	switch {
	case k.T < 1 || k.T > p.Horizon:
		return fmt.Errorf("t is %d; it must be in 1..horizon = %d", k.T, p.Horizon)
	case i > 0 && k.T < p.Cost[i-1].T:
		return fmt.Errorf("t is %d after a term with t = %d; terms must be ordered by t", k.T, p.Cost[i-1].T)
	case !slices.Contains(norms, k.Norm):
		return fmt.Errorf("norm is %.40q; valid are %q", k.Norm, norms)
	case !(k.Factor >= 0) || math.IsInf(k.Factor, 0):
		return fmt.Errorf("factor is %v; it must be finite and not negative", k.Factor)
	case rows == 0:
		return fmt.Errorf("b is empty; a term needs a residual")
	case k.Norm == Disc && (!(k.Radius > 0) || math.IsInf(k.Radius, 0)):
		return fmt.Errorf("radius is %v; a disc needs a positive one", k.Radius)
	case k.Norm != Disc && k.Radius != 0:
		return fmt.Errorf("radius is %v; only a disc has one", k.Radius)
	case k.Prev != nil && k.T == 1 && p.Before == nil:
		return fmt.Errorf("prev reads the action before the plan, and program.before is null; give one of both")
	}
	if err := finite("b", k.B); err != nil {
		return err
	}
	if err := vector("x", k.X, rows*p.Nx, "rows x nx"); err != nil {
		return err
	}
	if err := vector("u", k.U, rows*p.Nu, "rows x nu"); err != nil {
		return err
	}
	if k.Prev != nil {
		return vector("prev", k.Prev, rows*p.Nu, "rows x nu")
	}
	return nil
}

// vector reports a length that is not n, or a value that is not finite.
func vector(name string, v []float64, n int, what string) error {
	if len(v) != n {
		return fmt.Errorf("%s has %d values; it needs %s = %d", name, len(v), what, n)
	}
	return finite(name, v)
}

func finite(name string, v []float64) error {
	for i, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			if len(v) == 1 {
				return fmt.Errorf("%s is %v; it must be finite", name, x)
			}
			return fmt.Errorf("%s[%d] is %v; it must be finite", name, i, x)
		}
	}
	return nil
}
