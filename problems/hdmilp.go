package problems

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hinge/control"
)

// hdText is one file of a problem.
type hdText struct {
	path string
	data []byte
}

// hdFiles are the files of a problem, KIND_NAME.txt; the last may be absent.
var hdFiles = []string{"pvariables", "mappings", "dnn", "initial", "constraints", "goal", "reward", "transitions"}

// openHDMILP opens the problem DIR/NAME for H steps.
func openHDMILP(rest string) (*Problem, error) {
	spec := "hd-milp-plan:" + rest
	i := strings.LastIndexByte(rest, '@')
	if i < 0 {
		return nil, fmt.Errorf("problem %q: no horizon; the form is hd-milp-plan:DIR/NAME@H", spec)
	}
	horizon, err := strconv.Atoi(rest[i+1:])
	if err != nil || horizon < 1 || horizon > maxHorizon {
		return nil, fmt.Errorf("problem %q: horizon is %q; it must be a whole number in 1..%d", spec, rest[i+1:], maxHorizon)
	}
	dir, name := filepath.Split(rest[:i])
	if name == "" {
		return nil, fmt.Errorf("problem %q: no name behind the folder; the form is hd-milp-plan:DIR/NAME@H, for files DIR/%s_NAME.txt and others", spec, hdFiles[0])
	}
	texts := map[string]hdText{}
	for _, kind := range hdFiles {
		t := hdText{path: filepath.Join(dir, kind+"_"+name+".txt")}
		if t.data, err = readFile(t.path); err != nil {
			if kind == "transitions" && errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return nil, fmt.Errorf("problem %q: %w", spec, err)
		}
		texts[kind] = t
	}
	p, err := parseHDMILP(texts, horizon)
	if err != nil {
		return nil, err
	}
	p.Name = spec
	return p, nil
}

// hdProblem is the texts of a problem, read.
type hdProblem struct {
	*hdDomain
	horizon int
	texts   map[string]hdText

	net                        *hdNet
	initial, constraints, goal []hdRow
	reward                     []hdReward
	x0                         []float64
}

// parseHDMILP reads a problem from its texts.
func parseHDMILP(texts map[string]hdText, horizon int) (*Problem, error) {
	p := &hdProblem{horizon: horizon, texts: texts}
	if err := p.read(); err != nil {
		return nil, err
	}
	next, err := p.transitions()
	if err != nil {
		return nil, err
	}
	if err := p.start(); err != nil {
		return nil, err
	}
	out := &Problem{X0: p.x0, Model: newHDModel(p.net, next), Step: p.net.step(next),
		Reference: Reference{Optimum: math.NaN(), BestKnown: math.NaN(), BestBound: math.NaN()}}
	dnn := p.texts["dnn"].path
	if out.Step == nil {
		return nil, fmt.Errorf("%s: %d units; joined to layers they have more than %d weights", dnn, len(p.net.units), maxWeights)
	}
	if err := out.Step.Validate(); err != nil {
		return nil, fmt.Errorf("%s: joined to layers, %w: weights of the file are too large", dnn, err)
	}
	if err := p.finish(out); err != nil {
		return nil, err
	}
	return out, nil
}

// end is the last line of a text.
func (p *hdProblem) end(kind string) hdLine { return lastLine(p.texts[kind].path, p.texts[kind].data) }

// read parses every text.
func (p *hdProblem) read() (err error) {
	text := func(kind string) (string, []byte) { t := p.texts[kind]; return t.path, t.data }
	at, data := text("pvariables")
	if p.hdDomain, err = parseHDVariables(at, data); err != nil {
		return err
	}
	at, data = text("mappings")
	mappings, err := parseHDMappings(at, data, p.hdDomain)
	if err != nil {
		return err
	}
	at, data = text("dnn")
	if p.net, err = parseHDNet(at, data, p.hdDomain, mappings); err != nil {
		return err
	}
	for _, part := range []struct {
		kind string
		rows *[]hdRow
	}{{"initial", &p.initial}, {"constraints", &p.constraints}, {"goal", &p.goal}} {
		at, data = text(part.kind)
		if *part.rows, err = parseHDRows(at, data, p.hdDomain, false); err != nil {
			return err
		}
		for _, r := range *part.rows {
			if err := p.checkRow(r, part.kind); err != nil {
				return err
			}
		}
	}
	at, data = text("reward")
	p.reward, err = parseHDReward(at, data, p.hdDomain)
	return err
}

// checkRow refuses what no solver here can state.
func (p *hdProblem) checkRow(r hdRow, kind string) error {
	for _, t := range r.terms {
		switch v := p.vars[t.v]; {
		case v.role == hdAuxiliary && v.whole:
			return r.line.errorf("the auxiliary %q is a whole number; auxiliaries must be continuous", excerpt([]byte(v.name)))
		case v.role == hdAction && kind == "goal":
			return r.line.errorf("the goal speaks of the action %q; there is none after the last state", excerpt([]byte(v.name)))
		}
	}
	return nil
}

// transitions returns the next state as an affine function of inputs and units:
// outputs of the network and, for states it does not predict, the rows of the
// transitions.
func (p *hdProblem) transitions() (*hdMap, error) {
	known, err := p.readTransitions()
	if err != nil {
		return nil, err
	}
	m, raw := &hdMap{}, &hdMap{}
	for _, v := range p.of(hdState) {
		to := m
		if v.whole { // the state is an unknown, what is predicted stands behind
			m.add([]int{p.states() + p.count[hdAction] + slices.Index(p.whole, v.index)}, []float64{1}, 0)
			to = raw
		}
		if source := p.net.outputs[v.index]; source >= 0 {
			to.add([]int{source}, []float64{1}, 0)
			continue
		}
		r, ok := known[v.index]
		if !ok {
			return nil, p.end("dnn").errorf("no unit up to here predicts %s and no transition has %s'; the mappings must name one that does, or there must be such a row", v.declared(), excerpt([]byte(v.name)))
		}
		to.add(p.solve(r))
	}
	for i := range raw.bias {
		m.add(raw.source[i], raw.weight[i], raw.bias[i])
	}
	return m, nil
}

// readTransitions returns the rows of the transitions by the state they define. They
// are read only if the network does not predict every state.
func (p *hdProblem) readTransitions() (map[int]hdRow, error) {
	t, given := p.texts["transitions"]
	if !given || !slices.Contains(p.net.outputs, -1) {
		return nil, nil
	}
	rows, err := parseHDRows(t.path, t.data, p.hdDomain, true)
	if err != nil {
		return nil, err
	}
	known := map[int]hdRow{}
	for _, r := range rows {
		if r.sense != "==" {
			return nil, r.line.errorf("the sense is %q; a transition must be ==", r.sense)
		}
		state := -1
		for _, term := range r.terms {
			switch v := p.vars[term.v]; {
			case v.role == hdAuxiliary || term.coef == 0:
				return nil, r.line.errorf("%s*%q; a transition must be of states and actions with factors that are not 0", decimal(term.coef), excerpt([]byte(v.name)))
			case term.primed && state >= 0:
				return nil, r.line.errorf("two next states; a transition must have one")
			case term.primed:
				state = v.index
			}
		}
		if state < 0 {
			return nil, r.line.errorf("no next state; a transition must have one, with an apostrophe")
		}
		if _, twice := known[state]; twice || p.net.outputs[state] >= 0 {
			return nil, r.line.errorf("the next state is known from another line or from the network; it must be known once")
		}
		known[state] = r
	}
	return known, nil
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// solve returns the next state of a transition as a weighted sum of inputs.
func (p *hdProblem) solve(r hdRow) (source []int, weight []float64, bias float64) {
	var c float64
	for _, t := range r.terms {
		if t.primed {
			c = t.coef
		}
	}
	for _, t := range r.terms {
		if !t.primed {
			source = append(source, p.column(t.v))
			weight = append(weight, -t.coef/c)
		}
	}
	return source, weight, r.rhs / c
}

// start reads x_0 and removes the rows that say it from initial.
func (p *hdProblem) start() error {
	p.x0 = make([]float64, p.states())
	fixed := make([]bool, p.count[hdState])
	rest := p.initial[:0]
	for _, r := range p.initial {
		v := hdVariable{role: hdAuxiliary}
		if len(r.terms) == 1 {
			v = p.vars[r.terms[0].v]
		}
		if v.role != hdState || r.sense != "==" || r.terms[0].coef == 0 || fixed[v.index] {
			rest = append(rest, r)
			continue
		}
		x := r.rhs / r.terms[0].coef
		switch {
		case math.IsInf(x, 0):
			return r.line.errorf("the state %q starts at %g; it must be finite", excerpt([]byte(v.name)), x)
		case v.whole && x != math.Round(x):
			return r.line.errorf("the state %q starts at %g; it must be a whole number", excerpt([]byte(v.name)), x)
		}
		p.x0[v.index], fixed[v.index] = x, true
	}
	p.initial = rest
	for k, i := range p.whole {
		p.x0[p.count[hdState]+k] = p.x0[i]
	}
	if i := slices.Index(fixed, false); i >= 0 {
		v := p.of(hdState)[i]
		return p.end("initial").errorf("no row up to here is the start of %s; there must be %s,==,VALUE", v.declared(), excerpt([]byte(v.name)))
	}
	return nil
}

// forms writes rows over [x; u] and the auxiliaries.
func (p *hdProblem) forms(kind string, rows []hdRow) []hdForm {
	var list []hdForm
	for _, r := range rows {
		f := hdForm{v: make([]float64, p.states()+p.actions()), y: make([]float64, p.count[hdAuxiliary]+1),
			equal: r.sense == "==", start: kind == "initial", label: fmt.Sprintf("%s, line %d: %s", kind, r.line.number, r.line.text)}
		sign := 1.0
		if r.sense == ">=" {
			sign = -1
		}
		for _, t := range r.terms {
			if v := p.vars[t.v]; v.role == hdAuxiliary {
				f.y[v.index] = sign * t.coef
			} else {
				f.v[p.column(t.v)] = sign * t.coef
			}
		}
		f.b = 0 - sign*r.rhs // no -0
		list = append(list, f)
	}
	return list
}

// finish turns rows and reward into box, constraints and cost.
func (p *hdProblem) finish(out *Problem) error {
	first, path, last, err := p.systems()
	if err != nil {
		return err
	}
	box, contradictory, err := p.box(path, last)
	if err != nil {
		return err
	}
	out.Action = box
	for k := range p.whole {
		out.Integer = append(out.Integer, p.count[hdAction]+k)
	}
	for _, v := range p.of(hdAction) {
		if v.whole {
			out.Integer = append(out.Integer, v.index)
		}
	}
	slices.Sort(out.Integer)
	w := &hdWriter{hdProblem: p, keepBox: contradictory}
	w.limits(first, 0, 0)
	w.limits(path, 1, p.horizon-1)
	w.limits(last, p.horizon, p.horizon)
	w.rounding()
	out.Constraints = w.constraints
	if err := w.costs(first, path, last); err != nil {
		return err
	}
	out.Cost = &control.Cost{Nx: p.states(), Nu: p.actions(), Horizon: p.horizon, Terms: w.terms}
	if err := out.Cost.Validate(); err != nil {
		return fmt.Errorf("%s: %w: numbers of the files are too large", p.texts["reward"].path, err)
	}
	for i := range out.Constraints {
		if err := out.Constraints[i].Validate(p.states(), p.actions(), p.horizon); err != nil {
			return fmt.Errorf("%s: %w: numbers of the files are too large", p.texts["constraints"].path, err)
		}
	}
	return nil
}
