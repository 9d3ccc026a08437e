package certificate

import (
	"fmt"
	"math"
)

// validate reports the first field of a proof by cuts that makes no sense.
func (c *Cuts) validate(m *model) error {
	p := m.p
	for i := range p.Cost {
		if p.Cost[i].Prev != nil {
			return fmt.Errorf("program.cost[%d] has prev; cuts prove a bound only where no term reads two actions", i)
		}
	}
	if len(c.Frames) != p.Horizon-1 {
		return fmt.Errorf("cuts.frames has %d entries; it needs one for each state between steps, horizon - 1 = %d", len(c.Frames), p.Horizon-1)
	}
	for t := range c.Frames {
		at := fmt.Sprintf("cuts.frames[%d].", t)
		if err := vector(at+"center", c.Frames[t].Center, p.Nx, "nx"); err != nil {
			return err
		}
		if err := vector(at+"basis", c.Frames[t].Basis, p.Nx*p.Nx, "nx x nx"); err != nil {
			return err
		}
	}
	if len(c.Regions) == 0 {
		return fmt.Errorf("cuts.regions is empty; the first region holds all plans")
	}
	cuts := 0
	for i := range c.Regions {
		if err := c.Regions[i].validate(m, i, &cuts); err != nil {
			return fmt.Errorf("cuts.regions[%d].%w", i, err)
		}
	}
	return nil
}

// stageSizes returns the sizes of the program of step t whose cost has so many rows
// beside those of the program's cost, if any of that is charged.
func (m *model) stageSizes(t int, cost bool, more int) sizes {
	n := sizes{m: m, inputs: m.p.Nu, units: len(m.hidden), rows: more}
	if t > 0 {
		n.inputs += m.p.Nx
	}
	for i := range m.p.Cost {
		if k := &m.p.Cost[i]; cost && k.T == t+1 {
			n.rows += len(k.B)
		}
	}
	return n
}

// validate counts the cuts of all regions so far.
func (y *Region) validate(m *model, i int, cuts *int) error {
	p := m.p
	switch {
	case i == 0 && (y.Parent != -1 || y.Split != nil):
		return fmt.Errorf("parent is %d; the first region holds all plans, its parent is -1 and its split null", y.Parent)
	case i > 0 && (y.Parent < 0 || y.Parent >= i):
		return fmt.Errorf("parent is %d; it must be a region before this one", y.Parent)
	case i > 0 && y.Split == nil:
		return fmt.Errorf("split is null; only the first region has none")
	}
	if s := y.Split; s != nil {
		if err := inRange("split.step", s.Step, 1, p.Horizon-1); err != nil {
			return err
		}
		if err := inRange("split.direction", s.Direction, 0, p.Nx-1); err != nil {
			return err
		}
		if s.Side != 1 && s.Side != -1 {
			return fmt.Errorf("split.side is %d; it must be 1 or -1", s.Side)
		}
		if err := finite("split.point", []float64{s.Point}); err != nil {
			return err
		}
	}
	for j := range y.Boxes {
		if err := y.Boxes[j].validate(m); err != nil {
			return fmt.Errorf("boxes[%d].%w", j, err)
		}
	}
	*cuts += len(y.Cuts)
	for j := range y.Cuts {
		if err := y.Cuts[j].validate(m, *cuts); err != nil {
			return fmt.Errorf("cuts[%d].%w", j, err)
		}
	}
	b := y.Bound
	if b == nil {
		return nil
	}
	if err := finite("bound.value", []float64{b.Value}); err != nil {
		return err
	}
	if err := validateUses("bound.uses", b.Uses, *cuts); err != nil {
		return err
	}
	n := m.stageSizes(0, true, len(b.Uses))
	if err := validateLeaves("bound.leaves", b.Leaves, n); err != nil {
		return err
	}
	return validateRanges("bound.ranges", b.Ranges, n)
}

func (b *StateBox) validate(m *model) error {
	if err := inRange("step", b.Step, 1, m.p.Horizon-1); err != nil {
		return err
	}
	if err := vector("lower", b.Lower, m.p.Nx, "nx"); err != nil {
		return err
	}
	if err := vector("upper", b.Upper, m.p.Nx, "nx"); err != nil {
		return err
	}
	for j, l := range b.Lower {
		if l > b.Upper[j] || math.IsInf(b.Upper[j]-l, 0) {
			return fmt.Errorf("lower[%d] is %v and upper[%d] is %v; the box must not be empty", j, l, j, b.Upper[j])
		}
	}
	for i := range b.Sides {
		s, at := &b.Sides[i], fmt.Sprintf("sides[%d].", i)
		if err := inRange(at+"direction", s.Direction, 0, m.p.Nx-1); err != nil {
			return err
		}
		if s.Sign != 1 && s.Sign != -1 {
			return fmt.Errorf("%ssign is %d; it must be 1 or -1", at, s.Sign)
		}
		n := m.stageSizes(b.Step-1, false, 1)
		if err := validateLeaves(at+"leaves", s.Leaves, n); err != nil {
			return err
		}
		if err := validateRanges(at+"ranges", s.Ranges, n); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cut) validate(m *model, cuts int) error {
	if err := inRange("step", c.Step, 1, m.p.Horizon-1); err != nil {
		return err
	}
	if err := vector("slope", c.Slope, m.p.Nx, "nx"); err != nil {
		return err
	}
	if err := finite("offset", []float64{c.Offset}); err != nil {
		return err
	}
	if c.Tilt != nil {
		if len(c.Uses)+len(c.Leaves)+len(c.Ranges) > 0 {
			return fmt.Errorf("tilt stands beside uses, leaves or ranges; a tilted cut has none")
		}
		if err := inRange("tilt.cut", c.Tilt.Cut, 0, cuts-1); err != nil {
			return err
		}
		return finite("tilt.amount", []float64{c.Tilt.Amount})
	}
	if err := validateUses("uses", c.Uses, cuts); err != nil {
		return err
	}
	more := 1
	if len(c.Uses) > 0 {
		more += len(c.Uses)
	}
	n := m.stageSizes(c.Step, true, more)
	if err := validateLeaves("leaves", c.Leaves, n); err != nil {
		return err
	}
	return validateRanges("ranges", c.Ranges, n)
}

func validateUses(name string, uses []int, cuts int) error {
	for i, n := range uses {
		if err := inRange(fmt.Sprintf("%s[%d]", name, i), n, 0, cuts-1); err != nil {
			return err
		}
	}
	return nil
}

func inRange(name string, v, least, most int) error {
	if v < least || v > most {
		return fmt.Errorf("%s is %d; it must be in %d..%d", name, v, least, most)
	}
	return nil
}
