package problems

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Formulas are turned into alternatives, each of them a conjunction (disjunctive
// normal form). No alternative means false; one without content means true.

// maxCoefficients bounds the inequalities of outputs, each of which has a
// coefficient per output.
const maxCoefficients = 1 << 24

// formula returns the alternatives of an expression.
func (r *propertyReader) formula(e *expression) ([]clause, error) {
	switch e.head() {
	case "and":
		var parts []*expression
		for i := range e.list[1:] {
			parts = append(parts, &e.list[1+i])
		}
		return r.conjunction(parts)
	case "or":
		var all []clause
		for i := range e.list[1:] {
			alternatives, err := r.formula(&e.list[1+i])
			if err != nil {
				return nil, err
			}
			if all = append(all, alternatives...); len(all) > maxClauses {
				return nil, r.tooMany(e.at)
			}
		}
		return all, nil
	case "<=", ">=":
		return r.comparison(e)
	}
	return nil, r.errorf(e.at, "%s is no condition; valid are (and ..), (or ..), (<= a b) and (>= a b)", e.excerpt())
}

func (r *propertyReader) tooMany(at place) error {
	return r.errorf(at, "its or-groups make more than %d combinations; this program tries no more", maxClauses)
}

// conjunction returns the alternatives of parts that must all hold. What has one
// alternative only is merged first: a box of many inputs is no product. There a
// contradiction of inputs is an error; between alternatives it is not, since
// some may well exclude others.
func (r *propertyReader) conjunction(parts []*expression) ([]clause, error) {
	common := newClause()
	var choices [][]clause
	var at []place
	for _, e := range parts {
		alternatives, err := r.formula(e)
		if err != nil {
			return nil, err
		}
		if len(alternatives) == 1 {
			common.merge(&alternatives[0])
			continue
		}
		choices, at = append(choices, alternatives), append(at, e.at)
	}
	if i, found := common.empty(); found {
		l, u := common.lower[i], common.upper[i]
		return nil, r.errorf(later(l.at, u.at), "variable X_%d: it must be at least %g (line %d) and at most %g (line %d); a box must not be empty",
			i, l.v, l.at.line, u.v, u.at.line)
	}
	clauses := []clause{common}
	for k, alternatives := range choices {
		if len(clauses)*len(alternatives) > maxClauses {
			return nil, r.tooMany(at[k])
		}
		var joined []clause
		for i := range clauses {
			for j := range alternatives {
				c := join(&clauses[i], &alternatives[j])
				if _, contradicts := c.empty(); contradicts {
					continue
				}
				if err := r.charge(len(c.lower)+len(c.upper)+len(c.out), at[k]); err != nil {
					return nil, err
				}
				joined = append(joined, c)
			}
		}
		clauses = joined
	}
	return clauses, nil
}

// charge counts what the property holds against a limit.
func (r *propertyReader) charge(n int, at place) error {
	if r.size += n; r.size > maxCoefficients {
		return r.errorf(at, "the property has more than %d bounds and coefficients up to here; this program reads no larger ones", maxCoefficients)
	}
	return nil
}

// comparison returns a bound of an input, or an inequality of outputs.
func (r *propertyReader) comparison(e *expression) ([]clause, error) {
	if len(e.list) != 3 {
		return nil, r.errorf(e.at, "%s has %d arguments; it must have two", e.head(), len(e.list)-1)
	}
	sides := [2]linear{}
	for i := range sides {
		var err error
		if sides[i], err = r.linear(&e.list[1+i]); err != nil {
			return nil, err
		}
	}
	small, large := &sides[0], &sides[1]
	if e.head() == ">=" {
		small, large = large, small
	}
	small.add(-1, large) // small - large <= 0
	if !small.finite() {
		return nil, r.errorf(e.at, "%s has numbers too large to be combined; they must stay below %g", e.excerpt(), math.MaxFloat64)
	}
	x, y := small.of(kindX), small.of(kindY)
	switch {
	case len(x) > 0 && len(y) > 0:
		return nil, r.errorf(e.at, "%s compares the input X_%d with the output Y_%d; a condition may be about inputs or about outputs", e.excerpt(), x[0], y[0])
	case len(x) > 1:
		return nil, r.errorf(e.at, "%s couples the inputs X_%d and X_%d; the inputs must be boxes, so a condition may bound one", e.excerpt(), x[0], x[1])
	case len(x) == 1:
		return r.inputBound(e, x[0], small)
	case len(y) > 0:
		if err := r.charge(len(r.declared[kindY]), e.at); err != nil {
			return nil, err
		}
		c, h := newClause(), Halfspace{A: make([]float64, len(r.declared[kindY])), B: 0 - small.c} // 0, not -0
		for _, i := range y {
			h.A[i] = small.w[kindY][i]
		}
		c.out = []Halfspace{h}
		return []clause{c}, nil
	case small.c <= 0:
		return []clause{newClause()}, nil
	}
	return nil, nil
}

// inputBound returns the condition w x + c <= 0 on input i as a bound.
func (r *propertyReader) inputBound(e *expression, i int, l *linear) ([]clause, error) {
	w := l.w[kindX][i]
	b := bound{0 - l.c/w, e.at}
	if math.IsInf(b.v, 0) {
		return nil, r.errorf(e.at, "%s bounds X_%d by %g; a bound must be finite", e.excerpt(), i, b.v)
	}
	c := newClause()
	if w > 0 {
		c.upper[i] = b
	} else {
		c.lower[i] = b
	}
	return []clause{c}, nil
}

// linear is c + sum w_i X_i + sum w_j Y_j.
type linear struct {
	w [2]map[int]float64
	c float64
}

// add adds k times m.
func (l *linear) add(k float64, m *linear) {
	l.c += k * m.c
	for kind := range l.w {
		for i, w := range m.w[kind] {
			if l.w[kind] == nil {
				l.w[kind] = map[int]float64{}
			}
			l.w[kind][i] += k * w
		}
	}
}

// of returns the inputs or outputs that occur, in order.
func (l *linear) of(kind int) []int {
	var list []int
	for _, i := range slices.Sorted(maps.Keys(l.w[kind])) {
		if l.w[kind][i] != 0 {
			list = append(list, i)
		}
	}
	return list
}

func (l *linear) finite() bool {
	sum := math.Abs(l.c)
	for kind := range l.w {
		for _, w := range l.w[kind] {
			sum = max(sum, math.Abs(w)) // NaN stays
		}
	}
	return sum <= math.MaxFloat64
}

// linear reads a number, a variable, or their sums, differences and products
// with numbers.
func (r *propertyReader) linear(e *expression) (linear, error) {
	if e.list == nil {
		return r.atom(e)
	}
	head := e.head()
	if (head != "+" && head != "-" && head != "*") || len(e.list) < 2 {
		return linear{}, r.errorf(e.at, "%s is no number; valid are numbers, variables, (+ ..), (- ..) and (* ..)", e.excerpt())
	}
	total, err := r.linear(&e.list[1])
	if err != nil {
		return total, err
	}
	if head == "-" && len(e.list) == 2 {
		negative := linear{}
		negative.add(-1, &total)
		return negative, nil
	}
	for i := range e.list[2:] {
		next, err := r.linear(&e.list[2+i])
		if err != nil {
			return total, err
		}
		switch {
		case head == "+":
			total.add(1, &next)
		case head == "-":
			total.add(-1, &next)
		case total.constant() || next.constant():
			if next.constant() {
				total, next = next, total
			}
			scaled := linear{}
			scaled.add(total.c, &next)
			total = scaled
		default:
			return total, r.errorf(e.at, "%s is a product of variables; conditions must be linear", e.excerpt())
		}
	}
	return total, nil
}

func (l *linear) constant() bool { return len(l.w[kindX])+len(l.w[kindY]) == 0 }

// atom reads a number or a variable.
func (r *propertyReader) atom(e *expression) (linear, error) {
	if c := e.atom[0]; c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9' {
		v, err := strconv.ParseFloat(e.atom, 64)
		if err != nil || !isFinite(v) || strings.ContainsAny(e.atom, "xX_pPnN") {
			return linear{}, r.errorf(e.at, "number %.40q; it must be a finite decimal number", e.atom)
		}
		return linear{c: v}, nil
	}
	kind, i, ok := variable(e.atom)
	if !ok {
		return linear{}, r.errorf(e.at, "unknown variable %.40q; it must be one of %s", e.atom, r.names())
	}
	if _, ok := r.declared[kind][i]; !ok {
		return linear{}, r.errorf(e.at, "variable %s is not declared; there are %s", e.atom, r.names())
	}
	l := linear{}
	l.w[kind] = map[int]float64{i: 1}
	return l, nil
}

func isFinite(v float64) bool { return math.Abs(v) <= math.MaxFloat64 }

// names lists the declared variables.
func (r *propertyReader) names() string {
	return fmt.Sprintf("X_0 to X_%d and Y_0 to Y_%d", len(r.declared[kindX])-1, len(r.declared[kindY])-1)
}
