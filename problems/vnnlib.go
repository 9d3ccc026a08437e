package problems

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"hinge/control"
)

// Property is a question about a network y = f(x), as VNN-LIB 1.0 states it: is
// there an input of a given set whose output is unsafe? It is sat if some case
// has one. A property without cases contradicts itself, and is unsat.
type Property struct {
	Name            string // the file
	Inputs, Outputs int
	Cases           []Case
}

// Case asks for x in Box with f(x) in one of the groups. Cases have different
// boxes; the groups of a box are together.
type Case struct {
	Box    control.Box
	Groups []Group
}

// Group is the set of outputs that meet all its inequalities: every output, if
// there are none. They may contradict each other.
type Group []Halfspace

// Halfspace is the set {y : A y <= B}.
type Halfspace struct {
	A []float64 // Outputs
	B float64
}

// Margin returns A y - B: at most 0 inside.
func (h *Halfspace) Margin(y []float64) float64 {
	m := -h.B
	for i, a := range h.A {
		m += a * y[i]
	}
	return m
}

// Contains reports whether y meets all inequalities, within tol.
func (g Group) Contains(y []float64, tol float64) bool {
	for i := range g {
		if !(g[i].Margin(y) <= tol) {
			return false
		}
	}
	return true
}

// Contains reports whether x, whose output is y, makes the property sat; tol is
// allowed in every bound and inequality.
func (p *Property) Contains(x, y []float64, tol float64) bool {
	if len(x) != p.Inputs || len(y) != p.Outputs {
		panic("problems: Contains: wrong length of input or output")
	}
	for i := range p.Cases {
		c := &p.Cases[i]
		if c.Box.Contains(x, tol) && slices.ContainsFunc(c.Groups, func(g Group) bool { return g.Contains(y, tol) }) {
			return true
		}
	}
	return false
}

// ReadProperty reads a VNN-LIB file. It understands
//
//	(declare-const X_0 Real)  (declare-const Y_0 Real)   and so on from 0
//	(assert F)
//
// where F combines inequalities by and and or, and an inequality (<= or >=)
// compares sums of constants and variables with constant factors. One about
// inputs must bound a single X, so that the inputs are boxes; one about outputs
// may be any; one about both is refused. Numbers become the nearest float64.
//
// Bounds of an input that contradict each other are an error where all of them must
// hold: in the assertions, and in one `and` within an `or`. Where an `or` of several has one
// that contradicts what stands outside, or a choice of another `or`, that combination
// is left out; a property of which none is left is unsat.
func ReadProperty(path string) (*Property, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parseProperty(path, data)
}

// maxClauses bounds the cases times groups of a property: `or` within `and`
// multiplies them.
const maxClauses = 1 << 14

// clause is a conjunction: bounds of inputs, and inequalities of outputs.
type clause struct {
	lower, upper map[int]bound
	out          []Halfspace
}

func newClause() clause { return clause{lower: map[int]bound{}, upper: map[int]bound{}} }

// bound is a limit of an input and where it stands.
type bound struct {
	v  float64
	at place
}

// empty returns an input whose bounds exclude each other.
func (c *clause) empty() (input int, found bool) {
	input = math.MaxInt
	for i, l := range c.lower {
		if u, ok := c.upper[i]; ok && l.v > u.v {
			input = min(input, i)
		}
	}
	return input, input < math.MaxInt
}

// join returns the conjunction of two clauses.
func join(a, b *clause) clause {
	c := newClause()
	c.out = make([]Halfspace, 0, len(a.out)+len(b.out))
	c.merge(a)
	c.merge(b)
	return c
}

// merge adds the bounds and inequalities of b to a.
func (a *clause) merge(b *clause) {
	for i, l := range b.lower {
		if have, ok := a.lower[i]; !ok || l.v > have.v {
			a.lower[i] = l
		}
	}
	for i, u := range b.upper {
		if have, ok := a.upper[i]; !ok || u.v < have.v {
			a.upper[i] = u
		}
	}
	a.out = append(a.out, b.out...)
}

func later(a, b place) place {
	if cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column)) > 0 {
		return a
	}
	return b
}

// parseProperty reads the text of the file at path.
func parseProperty(path string, data []byte) (*Property, error) {
	r := &propertyReader{path: path, last: place{line: 1 + bytes.Count(bytes.TrimRight(data, " \t\r\n"), []byte{'\n'}), column: 1}}
	exprs, err := parseExpressions(path, data)
	if err != nil {
		return nil, err
	}
	for i := range exprs {
		if err := r.command(&exprs[i]); err != nil {
			return nil, err
		}
	}
	if err := r.checkDeclared(); err != nil {
		return nil, err
	}
	clauses, err := r.conjunction(r.asserted)
	if err != nil {
		return nil, err
	}
	return r.cases(clauses)
}

// propertyReader collects declarations and assertions.
type propertyReader struct {
	path     string
	last     place            // the last line, where something is missing that no line has
	declared [2]map[int]place // X and Y
	asserted []*expression
	size     int // bounds and coefficients so far
}

func (r *propertyReader) errorf(at place, format string, args ...any) error {
	return fmt.Errorf("%s:%d:%d: %s", r.path, at.line, at.column, fmt.Sprintf(format, args...))
}

// command takes one expression of the file.
func (r *propertyReader) command(e *expression) error {
	switch head := e.head(); {
	case head == "declare-const":
		return r.declare(e)
	case head == "assert" && len(e.list) == 2:
		r.asserted = append(r.asserted, &e.list[1])
		return nil
	case head == "assert":
		return r.errorf(e.at, "assert has %d arguments; it must have one", len(e.list)-1)
	}
	return r.errorf(e.at, "%s is no command; valid are (declare-const X_0 Real) and (assert ..)", e.excerpt())
}

func (r *propertyReader) declare(e *expression) error {
	if len(e.list) != 3 || e.list[1].atom == "" || e.list[2].atom != "Real" {
		return r.errorf(e.at, "%s; a declaration must be (declare-const X_0 Real), or Y_0", e.excerpt())
	}
	name := &e.list[1]
	kind, index, ok := variable(name.atom)
	if !ok {
		return r.errorf(name.at, "variable %.40q; it must be X_0, X_1, .. for inputs or Y_0, Y_1, .. for outputs", name.atom)
	}
	if first, twice := r.declared[kind][index]; twice {
		return r.errorf(name.at, "variable %s is declared twice; the first time in line %d", name.atom, first.line)
	}
	if r.declared[kind] == nil {
		r.declared[kind] = map[int]place{}
	}
	r.declared[kind][index] = name.at
	return nil
}

// kindNames are the letters of inputs and outputs.
const (
	kindX = 0
	kindY = 1
)

var kindNames = [2]string{"X", "Y"}

// variable splits a name like X_12.
func variable(name string) (kind, index int, ok bool) {
	if len(name) < 3 || len(name) > 9 || name[1] != '_' || (name[0] != 'X' && name[0] != 'Y') {
		return 0, 0, false
	}
	for _, c := range name[2:] {
		if c < '0' || c > '9' {
			return 0, 0, false
		}
		index = 10*index + int(c-'0')
	}
	if name[2] == '0' && len(name) > 3 {
		return 0, 0, false // X_01 would be another name for X_1
	}
	return int(name[0] - 'X'), index, true
}

// checkDeclared reports variables that are missing from the sequence.
func (r *propertyReader) checkDeclared() error {
	for kind, name := range kindNames {
		if len(r.declared[kind]) == 0 {
			return r.errorf(r.last, "no variable %s_0 is declared up to here; it needs inputs and outputs, both counted from 0", name)
		}
		for i := range len(r.declared[kind]) {
			if _, ok := r.declared[kind][i]; !ok {
				next := slices.Max(slices.Collect(maps.Keys(r.declared[kind])))
				return r.errorf(r.declared[kind][next], "variable %s_%d is declared, %s_%d is not; they must count up from 0", name, next, name, i)
			}
		}
	}
	return nil
}

// cases groups clauses by their boxes, in the order of the file.
func (r *propertyReader) cases(clauses []clause) (*Property, error) {
	p := &Property{Name: r.path, Inputs: len(r.declared[kindX]), Outputs: len(r.declared[kindY])}
	for i := range clauses {
		c := &clauses[i]
		box, err := r.box(c)
		if err != nil {
			return nil, err
		}
		k := slices.IndexFunc(p.Cases, func(have Case) bool {
			return slices.Equal(have.Box.Lower, box.Lower) && slices.Equal(have.Box.Upper, box.Upper)
		})
		if k < 0 {
			k = len(p.Cases)
			p.Cases = append(p.Cases, Case{Box: box})
		}
		p.Cases[k].Groups = append(p.Cases[k].Groups, c.out)
	}
	return p, nil
}

// box returns the inputs of a clause, all of which must have both bounds.
func (r *propertyReader) box(c *clause) (control.Box, error) {
	n := len(r.declared[kindX])
	b := control.NewBox(n, 0, 0)
	for i := range n {
		l, below := c.lower[i]
		u, above := c.upper[i]
		if !below || !above {
			side := "lower"
			if below {
				side = "upper"
			}
			return b, r.errorf(r.declared[kindX][i], "variable X_%d has no %s bound in some case; a box must be finite, so assert (>= X_%d ..) and (<= X_%d ..)", i, side, i, i)
		}
		b.Lower[i], b.Upper[i] = l.v, u.v
	}
	return b, nil
}
