package bnb

import (
	"context"
	"math"
	"slices"

	"hinge/milp/bound"
	"hinge/milp/lp"
	"hinge/milp/relu"
)

// cells improves action sequences by linear programs: where every unit keeps the
// phase it has, the program is linear, and its minimum on that cell of the action
// box lies at a corner that gradients only approach. From there the walk goes on
// through the faces that hold the minimum back.
type cells struct {
	rows
	p     *problem
	hard  *bound.Bounder // of the program
	b     *bound.Bounder // without its constraints
	ws    *relu.Workspace
	lin   *linearisation
	units []int  // unstable on the whole box
	on    []bool // phase of each unit, all of them
	basis lp.Basis
	u     []float64
	faces []face
	stop  func() bool
	seen  map[string]bool // phases of cells that were minimised

	// Where there are constraints:
	price float64   // of what they are broken by
	found incumbent // the best plan of a walk
	work  int       // see bound.Bounder.Work
}

// face is the boundary of a cell where a unit changes its phase.
type face struct {
	unit     int
	pressure float64 // what J gains for each unit of z beyond it
}

// walkSteps is the number of cells one walk may try.
const walkSteps = 40

func newCells(p *problem, b *bound.Bounder) *cells {
	n := p.Inputs()
	c := &cells{p: p, hard: b, b: b, ws: p.NewWorkspace(), lin: newLinearisation(p.Program, n),
		on: make([]bool, p.Horizon*b.Units()), u: make([]float64, n), seen: map[string]bool{}}
	if p.Constrained() {
		free := *p.Program
		free.Constraints, free.Integer = nil, nil
		c.b = bound.New(&free)
	}
	c.lp = lp.New(n + normColumns(p.Program) + constraintRows(p.Program))
	for i := range p.Terms {
		c.price = max(c.price, 100*p.Terms[i].Factor)
	}
	for k := range n {
		c.lp.SetColumn(k, p.Box.Lower[k], p.Box.Upper[k])
	}
	root := c.b.Root()
	for i := range root.Lower {
		if root.Undecided(i) {
			c.units = append(c.units, i)
		}
	}
	return c
}

// walk improves best until a cell's minimum beats all its neighbours that were
// tried, or the steps are spent.
func (c *cells) walk(ctx context.Context, best *incumbent) {
	c.stop = func() bool { return ctx.Err() != nil }
	c.enter(best.u)
	for steps := walkSteps; steps > 0 && ctx.Err() == nil; steps-- {
		if !c.minimise(best) {
			return
		}
		c.pressures()
		if !c.cross(ctx, best, &steps) {
			return
		}
	}
}

// enter takes over the phases at u.
func (c *cells) enter(u []float64) {
	p, n := c.p, c.b.Units()
	c.fixWhole(u)
	p.Objective(u, c.ws)
	for t := range p.Horizon {
		for h, z := range c.ws.PreActivations(t)[p.Nx+p.Nu:][:n] {
			c.on[t*n+h] = z >= 0
		}
	}
}

// minimise solves the program of the current cell and offers its minimiser. It
// returns false if the cell is empty.
func (c *cells) minimise(best *incumbent) bool {
	c.lp.TruncateRows(0)
	c.entries = 0
	root := c.b.Root()
	c.lin.run(func(unit int, e []float64) {
		if root.Undecided(unit) {
			z0 := e[len(e)-1]
			c.take(e, 1)
			if c.on[unit] {
				c.add(-z0, root.Upper[unit]-z0)
			} else {
				c.add(root.Lower[unit]-z0, -z0)
			}
		}
		if !c.on[unit] {
			clear(e)
		}
	})
	c.objective(c.lin, c.b, c.p.Inputs())
	c.constraints(c.lin, c.hard, c.p.Inputs()+normColumns(c.p.Program), c.price)
	if c.basis.Cols() == c.lp.Cols() && c.basis.Rows() == c.lp.Rows() { // it is empty at first
		c.lp.SetBasis(&c.basis)
	}
	status := c.lp.Solve(math.Inf(1), lp.Options{Stop: c.stop})
	c.work += (c.lp.Iterations+4)*2*c.entries + c.lin.work()
	c.see()
	c.lp.Basis(&c.basis)
	if status != lp.Optimal {
		return false
	}
	c.p.Box.Clamp(c.u, c.lp.X()[:len(c.u)])
	c.offer(best)
	return true
}

// phases returns the phases of the unstable units, a bit each.
func (c *cells) phases() string {
	bits := make([]byte, (len(c.units)+7)/8)
	for i, unit := range c.units {
		if c.on[unit] {
			bits[i/8] |= 1 << (i % 8)
		}
	}
	return string(bits)
}

// see notes that the cell was minimised. What was noted long ago is forgotten.
func (c *cells) see() {
	if len(c.seen)*(len(c.units)/8+64) > seenMemory {
		clear(c.seen)
	}
	c.seen[c.phases()] = true
}

// known reports whether the cell of u was minimised.
func (c *cells) known(u []float64) bool {
	c.enter(u)
	return c.seen[c.phases()]
}

// pressures lists the faces that hold the minimum back, strongest first.
func (c *cells) pressures() {
	c.faces = c.faces[:0]
	for i, unit := range c.units {
		y := c.lp.RowDual()[i]
		if !c.on[unit] {
			y = -y
		}
		if y > 1e-9 { // the side z = 0, not the range's end
			c.faces = append(c.faces, face{unit, y})
		}
	}
	slices.SortFunc(c.faces, func(a, b face) int {
		switch {
		case a.pressure > b.pressure:
			return -1
		case a.pressure < b.pressure:
			return 1
		}
		return a.unit - b.unit
	})
}

// cross looks for a better neighbour: through all faces at once, then through each
// alone. It returns false if there is none.
func (c *cells) cross(ctx context.Context, best *incumbent, steps *int) bool {
	if len(c.faces) == 0 {
		return false
	}
	faces := slices.Clone(c.faces)
	before := best.value
	for first := -1; first < len(faces) && *steps > 0 && ctx.Err() == nil; first++ {
		chosen := faces
		if first >= 0 {
			chosen = faces[first : first+1]
		}
		if first >= 0 && len(faces) == 1 {
			break
		}
		for _, f := range chosen {
			c.on[f.unit] = !c.on[f.unit]
		}
		*steps--
		if c.minimise(best) && best.value < before-1e-9*math.Abs(before) {
			return true
		}
		for _, f := range chosen {
			c.on[f.unit] = !c.on[f.unit]
		}
	}
	return false
}
