package problems

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// hdRole is what a variable of an HD-MILP-Plan domain is.
type hdRole uint8

const (
	hdAction hdRole = iota
	hdState
	hdAuxiliary
)

var hdRoleNames = [...]string{"action", "state", "auxiliary"}

func (r hdRole) String() string { return hdRoleNames[r] }

// hdVariable is one variable; index counts those of its role.
type hdVariable struct {
	name           string
	role           hdRole
	whole, boolean bool
	index          int
	line           hdLine // that declares it
}

// declared says for a message where the variable comes from.
func (v *hdVariable) declared() string {
	return fmt.Sprintf("the %v %q, which line %d of %s declares,", v.role, excerpt([]byte(v.name)), v.line.number, v.line.at)
}

// hdDomain is the variables of a problem. Where a state must be a whole number,
// two coordinates are added: the value v before rounding behind the states, and
// the whole number n the state becomes behind the actions, an unknown like they:
//
//	x = [states, v],  u = [actions, n],  state' = n,  |state' - v'| <= 1/2
//
// (0 in place of 1/2 where v' is not a prediction but known).
type hdDomain struct {
	vars  []hdVariable
	named map[string]int
	count [3]int // by role
	whole []int  // the states, by index, that must be whole
}

// states and actions return the lengths of x and u.
func (d *hdDomain) states() int  { return d.count[hdState] + len(d.whole) }
func (d *hdDomain) actions() int { return d.count[hdAction] + len(d.whole) }

// column returns where variable v, no auxiliary, is in [x; u].
func (d *hdDomain) column(v int) int {
	if d.vars[v].role == hdAction {
		return d.states() + d.vars[v].index
	}
	return d.vars[v].index
}

func (d *hdDomain) of(role hdRole) []hdVariable {
	var list []hdVariable
	for _, v := range d.vars {
		if v.role == role {
			list = append(list, v)
		}
	}
	return list
}

// names lists the variables of a role for a message.
func (d *hdDomain) names(role hdRole) string {
	var names []string
	for _, v := range d.of(role) {
		names = append(names, v.name)
	}
	if len(names) == 0 {
		return "none"
	}
	return excerpt([]byte(strings.Join(names, ", ")))
}

// hdLine is one line of a text: comma-separated fields.
type hdLine struct {
	at     string // file
	number int    // from 1
	text   string
	fields []string
}

func (l hdLine) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: line %d: %s", l.at, l.number, fmt.Sprintf(format, args...))
}

// hdLines cuts a text into lines; empty ones are left out.
func hdLines(at string, data []byte) []hdLine {
	var lines []hdLine
	number := 0
	for raw := range bytes.Lines(data) {
		number++
		text := strings.TrimSpace(string(raw))
		if text == "" {
			continue
		}
		l := hdLine{at: at, number: number, text: text, fields: strings.Split(text, ",")}
		for i := range l.fields {
			l.fields[i] = strings.TrimSpace(l.fields[i])
		}
		lines = append(lines, l)
	}
	return lines
}

// lastLine is where something is missing that no line has.
func lastLine(at string, data []byte) hdLine {
	return hdLine{at: at, number: max(1, bytes.Count(bytes.TrimRight(data, "\n"), []byte{'\n'})+1)}
}

// number64 reads field i.
func (l hdLine) number64(i int, what string) (float64, error) {
	v, err := strconv.ParseFloat(l.fields[i], 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, l.errorf("%s is %q; it must be a finite number", what, excerpt([]byte(l.fields[i])))
	}
	return v, nil
}

// maxVariables bounds a domain; the largest published one has 36 variables.
const maxVariables = 1024

var hdKinds = map[string]hdVariable{
	"action_continuous": {role: hdAction}, "action_integer": {role: hdAction, whole: true}, "action_boolean": {role: hdAction, whole: true, boolean: true},
	"state_continuous": {role: hdState}, "state_integer": {role: hdState, whole: true}, "state_boolean": {role: hdState, whole: true, boolean: true},
	"auxiliary_continuous": {role: hdAuxiliary}, "auxiliary_integer": {role: hdAuxiliary, whole: true}, "auxiliary_boolean": {role: hdAuxiliary, whole: true, boolean: true},
}

// parseHDVariables reads "kind: name, kind: name, ..".
func parseHDVariables(at string, data []byte) (*hdDomain, error) {
	d := &hdDomain{named: map[string]int{}}
	for _, l := range hdLines(at, data) {
		for i, f := range l.fields {
			if f == "" && i == len(l.fields)-1 {
				continue // a comma at the end
			}
			kind, name, _ := strings.Cut(f, ":")
			v, known := hdKinds[strings.TrimSpace(kind)]
			v.name, v.line = strings.TrimSpace(name), l
			switch _, twice := d.named[v.name]; {
			case !known:
				return nil, l.errorf("variable %d is %q; it must be KIND: NAME, KIND one of action_, state_ or auxiliary_ with continuous, integer or boolean", i+1, excerpt([]byte(f)))
			case v.name == "" || strings.ContainsAny(v.name, "*'"):
				return nil, l.errorf("variable %d has the name %q; it must have one, without * and '", i+1, excerpt([]byte(v.name)))
			case twice:
				return nil, l.errorf("variable %q is there twice; names must differ", excerpt([]byte(v.name)))
			case len(d.vars) == maxVariables:
				return nil, l.errorf("more than %d variables; no problem of this kind is that large", maxVariables)
			}
			v.index = d.count[v.role]
			if v.role == hdState && v.whole {
				d.whole = append(d.whole, v.index)
			}
			d.count[v.role]++
			d.named[v.name] = len(d.vars)
			d.vars = append(d.vars, v)
		}
	}
	if d.count[hdAction] == 0 || d.count[hdState] == 0 {
		return nil, lastLine(at, data).errorf("%d actions and %d states up to here; a problem needs one of each at least", d.count[hdAction], d.count[hdState])
	}
	return d, nil
}

// hdTerm is one entry of a row: coef * variable, the variable at the next step if
// primed.
type hdTerm struct {
	v      int
	coef   float64
	primed bool
}

// hdRow is terms, then <=, >= or ==, then a number.
type hdRow struct {
	line  hdLine
	terms []hdTerm
	sense string
	rhs   float64
}

// parseHDRows reads one row a line.
func parseHDRows(at string, data []byte, d *hdDomain, mayPrime bool) ([]hdRow, error) {
	var rows []hdRow
	for _, l := range hdLines(at, data) {
		n := len(l.fields)
		if n < 3 {
			return nil, l.errorf("%q; it must be terms, then <=, >= or ==, then a number, separated by commas", excerpt([]byte(l.text)))
		}
		r := hdRow{line: l, sense: l.fields[n-2]}
		if !slices.Contains([]string{"<=", ">=", "=="}, r.sense) {
			return nil, l.errorf("the sense is %q; it must be <=, >= or ==", excerpt([]byte(r.sense)))
		}
		var err error
		if r.rhs, err = l.number64(n-1, "the right-hand side"); err != nil {
			return nil, err
		}
		for i := range n - 2 {
			term, err := l.term(i, d, mayPrime)
			if err != nil {
				return nil, err
			}
			for _, other := range r.terms {
				if other.v == term.v && other.primed == term.primed {
					return nil, l.errorf("term %d repeats %s; every variable may be there once", i+1, l.fields[i])
				}
			}
			r.terms = append(r.terms, term)
		}
		if rows = append(rows, r); len(rows)*len(d.vars) > maxWeights {
			return nil, l.errorf("more than %d rows; no problem of this kind has as many", len(rows)-1)
		}
	}
	return rows, nil
}

// term reads field i: NAME or NUMBER*NAME, with an apostrophe for the next step.
func (l hdLine) term(i int, d *hdDomain, mayPrime bool) (t hdTerm, err error) {
	f := l.fields[i]
	t.coef = 1
	if coef, name, found := strings.Cut(f, "*"); found {
		v, err := strconv.ParseFloat(strings.TrimSpace(coef), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return t, l.errorf("term %d is %q; the factor before * must be a finite number", i+1, excerpt([]byte(f)))
		}
		f, t.coef = strings.TrimSpace(name), v
	}
	if name, found := strings.CutSuffix(f, "'"); found {
		if !mayPrime {
			return t, l.errorf("term %d is %q; only rewards and transitions speak of the next step", i+1, excerpt([]byte(f)))
		}
		f, t.primed = name, true
	}
	v, known := d.named[f]
	if !known {
		return t, l.errorf("term %d names the variable %q, which is not declared; there are actions (%s), states (%s) and auxiliaries (%s)",
			i+1, excerpt([]byte(f)), d.names(hdAction), d.names(hdState), d.names(hdAuxiliary))
	}
	if t.v = v; t.primed && d.vars[v].role == hdAction {
		return t, l.errorf("term %d is %q; an action has no value at the next step", i+1, excerpt([]byte(l.fields[i])))
	}
	return t, nil
}

// hdReward is a term of the reward and where it stands.
type hdReward struct {
	hdTerm
	line hdLine
}

// parseHDReward reads "name, weight" lines into terms.
func parseHDReward(at string, data []byte, d *hdDomain) ([]hdReward, error) {
	var reward []hdReward
	for _, l := range hdLines(at, data) {
		if len(l.fields) != 2 {
			return nil, l.errorf("%q; it must be NAME,WEIGHT", excerpt([]byte(l.text)))
		}
		t, err := l.term(0, d, true)
		if err != nil {
			return nil, err
		}
		w, err := l.number64(1, "the weight")
		if err != nil {
			return nil, err
		}
		if t.coef *= w; math.IsInf(t.coef, 0) {
			return nil, l.errorf("the weight is %g; it must be finite", t.coef)
		}
		for _, other := range reward {
			if other.v == t.v && other.primed == t.primed {
				return nil, l.errorf("%q is rewarded twice; every variable may be there once", excerpt([]byte(l.fields[0])))
			}
		}
		reward = append(reward, hdReward{t, l})
	}
	return reward, nil
}

// hdMappings says which variable a name of the network stands for.
type hdMapping struct {
	line hdLine
	v    int
}

// parseHDMappings reads "unit,variable" lines, of inputs and outputs alike.
func parseHDMappings(at string, data []byte, d *hdDomain) (map[string]hdMapping, error) {
	m := map[string]hdMapping{}
	for _, l := range hdLines(at, data) {
		if len(l.fields) != 2 || l.fields[0] == "" {
			return nil, l.errorf("%q; it must be UNIT,VARIABLE", excerpt([]byte(l.text)))
		}
		v, known := d.named[l.fields[1]]
		if !known || d.vars[v].role == hdAuxiliary {
			return nil, l.errorf("unit %q stands for %q; it must be a declared action (%s) or state (%s)",
				excerpt([]byte(l.fields[0])), excerpt([]byte(l.fields[1])), d.names(hdAction), d.names(hdState))
		}
		if _, twice := m[l.fields[0]]; twice {
			return nil, l.errorf("unit %q is there twice; every unit stands for one variable", excerpt([]byte(l.fields[0])))
		}
		m[l.fields[0]] = hdMapping{l, v}
	}
	return m, nil
}
