package bound

import (
	"math"

	"hinge/control"
	"hinge/milp/relu"
)

// Ranges holds sound ranges of the pre-activations of all hidden units: unit h
// of step t at index t*Units + h.
type Ranges struct {
	Lower, Upper []float64 // Horizon x Units

	stateLower, stateUpper []float64 // boxes of x_0..x_H that plans stay in; nil without constraints
	live                   []bool    // see relu.Live; nil for all
}

// Undecided reports whether the sign of unit i is not decided though something reads it.
func (r Ranges) Undecided(i int) bool {
	return r.Lower[i] < 0 && r.Upper[i] > 0 && (r.live == nil || r.live[i])
}

// Copy makes dst equal to r; both must be of the same program.
func (r Ranges) Copy(dst Ranges) {
	copy(dst.Lower, r.Lower)
	copy(dst.Upper, r.Upper)
	copy(dst.stateLower, r.stateLower)
	copy(dst.stateUpper, r.stateUpper)
}

// Unstable returns the number of undecided units.
func (r Ranges) Unstable() int {
	count := 0
	for i := range r.Lower {
		if r.Undecided(i) {
			count++
		}
	}
	return count
}

// unit is a hidden unit: it reads window [from, to) of its step's buffer.
type unit struct {
	from, to int
	w        []float64 // to - from
	b        float64
}

// block is the weight matrix of one layer, whose units do not read each other.
type block struct {
	first, last int       // units, or outputs
	from, to    int       // of the activation buffer, what they read
	w           []float64 // (last - first) x (to - from)
}

// width returns the length of a row.
func (l *block) width() int { return l.to - l.from }

// Bounder bounds one program. It holds scratch memory: one per goroutine, see
// [Bounder.Clone].
type Bounder struct {
	p       *relu.Program
	in      int     // Nx + Nu
	units   []unit  // hidden units of one step, in buffer order
	live    []bool  // Horizon x units, see relu.Live
	out     []unit  // output units: next state
	actions []unit  // those of a step, as units: see narrow.go
	blocks  []block // all layers, that of the outputs last

	bias     []float64 // of the units
	mass     []float64 // Horizon x units, of the pre-activations
	outMass  []float64 // Horizon x Nx
	stateMag []float64 // (Horizon+1) x Nx, bound of |x_t,i|
	inputMag []float64 // Horizon x Nu, bound of |u|
	termMass [][]float64
	rowMass  [][]float64
	limits   *limits            // nil without constraints
	clips    [][]control.Affine // see setClips
	side     *sides
	price0   float64 // of a row, to start from

	infeasible bool // see Infeasible
	keepsOut   bool // a term is that of a keep-out region
	follow     bool // see Following
	gammaPull  float64
	trivial    float64 // bound of the objective that holds without any work

	root Ranges
	work int // see Work

	row      row
	panel    panel
	relax    relaxation
	ascent   *dualAscent
	refining *refining
	reach    *Reach // nil: nobody wants to know
}

// New prepares bounds for p: it finds ranges on the whole box by interval
// arithmetic and then by linear bounds.
func New(p *relu.Program) *Bounder { return newBounder(p, p.Constrained()) }

// Following is New for a Bounder that also follows the boxes of states, as New does
// where there are constraints: see constraint.go.
func Following(p *relu.Program) *Bounder { return newBounder(p, true) }

func newBounder(p *relu.Program, follow bool) *Bounder {
	b := &Bounder{p: p, in: p.Nx + p.Nu, follow: follow}
	b.units, b.out, b.blocks = split(p)
	b.actions, b.live = b.actionUnits(), p.Live().Units
	h, n := p.Horizon, len(b.units)
	for i := range b.units {
		b.bias = append(b.bias, b.units[i].b)
	}
	b.mass = make([]float64, h*n)
	b.outMass = make([]float64, h*p.Nx)
	b.stateMag = make([]float64, (h+1)*p.Nx)
	b.inputMag = make([]float64, h*p.Nu)
	b.root = b.NewRanges()
	rows := 0
	for i := range p.Terms {
		rows += p.Terms[i].Rows
		b.keepsOut = b.keepsOut || p.Terms[i].Norm.KeepsOut()
	}
	if !p.NonNegative() {
		b.trivial = math.Inf(-1)
	}
	constraints := 0
	for i := range p.Constraints {
		constraints += p.Constraints[i].Rows
	}
	if follow {
		constraints += leans * h
	}
	b.gammaPull = gamma(h*(n+p.Nx+p.Nu+2) + 2*h*p.Nx + rows + constraints + 32)
	b.scratch()
	if follow {
		b.limits = &limits{box: p.Box.Clone()}
		b.limits.empty = !p.Inwards(b.limits.box)
		b.setClips()
		b.root = b.NewRanges()
		for i := range p.Terms {
			b.price0 = max(b.price0, .1*p.Terms[i].Factor)
		}
	}
	for i := range b.inputMag {
		b.inputMag[i] = magnitude(p.Box.Lower[i], p.Box.Upper[i])
	}
	b.setRoot()
	if b.limits != nil && b.limits.empty {
		b.limits, b.infeasible = nil, true
		b.root = b.NewRanges()
		b.setRoot()
	}
	return b
}

// setRoot finds the ranges on the whole box.
func (b *Bounder) setRoot() {
	for i := range b.root.Lower {
		b.root.Lower[i], b.root.Upper[i] = math.Inf(-1), math.Inf(1)
	}
	b.root.free(b.p)
	b.propagate(b.root)
	if b.Finite() {
		box := b.Box()
		if !b.sweep(b.root, box, 0, nil) && b.limits != nil {
			b.limits.empty = true
		}
		b.propagate(b.root)
	}
}

// Work returns a count of the operations done so far, about one for a nanosecond:
// the clock of those who must not depend on clocks.
func (b *Bounder) Work() int { return b.work }

// Clone returns a Bounder for another goroutine; it shares what is constant.
func (b *Bounder) Clone() *Bounder {
	c := *b
	c.scratch()
	return &c
}

func (b *Bounder) scratch() {
	b.row = newRow(b)
	b.panel = b.newPanel()
	b.relax = newRelaxation(b.p.Horizon * len(b.units))
	b.ascent = b.newAscent()
	b.refining = b.newRefining()
	if b.follow {
		b.side = b.newSides()
		if b.rowMass != nil {
			b.side.setHard(b)
		}
	}
}

// split returns the hidden units and the outputs of the step network in the
// order of its activation buffer, and the matrices of all layers.
func split(p *relu.Program) (hidden, out []unit, all []block) {
	net := p.Step
	last := len(net.Layers) - 1
	for i := range net.Layers {
		l := &net.Layers[i]
		w, b := net.Weight(i), net.Bias(i)
		to := &hidden
		if i == last {
			to = &out
		}
		all = append(all, block{first: len(*to), last: len(*to) + l.Out, from: l.From, to: l.To, w: w})
		for j := range l.Out {
			*to = append(*to, unit{from: l.From, to: l.To, w: w[j*l.In() : (j+1)*l.In()], b: b[j]})
		}
	}
	return hidden, out, all
}

// layers returns the hidden layers.
func (b *Bounder) layers() []block { return b.blocks[:len(b.blocks)-1] }

// firstLayer returns the number of units that read nothing but state and action.
func (b *Bounder) firstLayer() int {
	if len(b.layers()) == 0 {
		return 0
	}
	return b.blocks[0].last
}

// Units returns the number of hidden units of one step.
func (b *Bounder) Units() int { return len(b.units) }

// Program returns the program that is bounded.
func (b *Bounder) Program() *relu.Program { return b.p }

// NewRanges returns memory for the ranges of the program.
func (b *Bounder) NewRanges() Ranges {
	n := b.p.Horizon * len(b.units)
	r := Ranges{Lower: make([]float64, n), Upper: make([]float64, n), live: b.live}
	if b.limits != nil {
		states := (b.p.Horizon + 1) * b.p.Nx
		r.stateLower, r.stateUpper = make([]float64, states), make([]float64, states)
	}
	return r
}

// Root returns the ranges on the whole box; read only.
func (b *Bounder) Root() Ranges { return b.root }

// Finite reports whether all root ranges are finite.
func (b *Bounder) Finite() bool {
	for i := range b.root.Lower {
		if math.IsInf(b.root.Lower[i], 0) || math.IsInf(b.root.Upper[i], 0) || math.IsNaN(b.root.Lower[i]-b.root.Upper[i]) {
			return false
		}
	}
	return true
}
