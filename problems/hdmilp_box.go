package problems

import (
	"errors"
	"math"
	"slices"

	"hinge/control"
)

// systems eliminates the auxiliaries of the first step, of those on the way and of
// the last one. They are charged at t = 0..H-1 where the reward names them without
// and at t = 1..H where it names them with an apostrophe.
func (p *hdProblem) systems() (first, path, last hdSystem, err error) {
	now, next := make([]float64, p.count[hdAuxiliary]), make([]float64, p.count[hdAuxiliary])
	var names []string
	for _, v := range p.of(hdAuxiliary) {
		names = append(names, excerpt([]byte(v.name)))
	}
	for _, t := range p.reward {
		if v := p.vars[t.v]; v.role != hdAuxiliary {
			continue
		} else if t.primed {
			next[v.index] = -t.coef
		} else {
			now[v.index] = -t.coef
		}
	}
	both := make([]float64, len(now))
	for i := range both {
		if p.horizon > 1 {
			both[i] = now[i] + next[i]
		}
	}
	constraints := p.forms("constraints", p.constraints)
	for _, s := range []struct {
		to   *hdSystem
		rows []hdForm
		cost []float64
		at   string
	}{
		{&first, slices.Concat(p.forms("initial", p.initial), constraints), now, "at t = 0"},
		{&path, constraints, both, "on the way"},
		{&last, p.forms("goal", p.goal), next, "at t = H, where only the goal holds"},
	} {
		if *s.to, err = eliminate(s.rows, s.cost, names); err != nil {
			return first, path, last, p.unbounded(s.at, err)
		}
	}
	return first, path, last, nil
}

// unbounded says in which line of the reward, or of the variables, an auxiliary stands
// that could not be eliminated.
func (p *hdProblem) unbounded(at string, err error) error {
	var stuck *hdStuck
	if !errors.As(err, &stuck) {
		return err
	}
	return p.charged(stuck.auxiliary).errorf("%s, %v", at, err)
}

// charged returns the line that rewards auxiliary i, the one that declares it if none does.
func (p *hdProblem) charged(i int) hdLine {
	for _, r := range p.reward {
		if v := p.vars[r.v]; v.role == hdAuxiliary && v.index == i {
			return r.line
		}
	}
	return p.of(hdAuxiliary)[i].line
}

// clipPasses is how often limits are derived from each other.
const clipPasses = 8

// clipped returns the box of [x; u] that the limits of a system imply.
func (p *hdProblem) clipped(s hdSystem) (control.Box, bool) {
	n := p.states() + p.actions()
	b := control.NewBox(n, math.Inf(-1), math.Inf(1))
	var rows control.Affine
	rows.Cols = n
	for _, r := range s.limits {
		rows.W, rows.B = append(rows.W, r.v...), append(rows.B, r.b)
		if r.equal {
			for _, v := range r.v {
				rows.W = append(rows.W, -v)
			}
			rows.B = append(rows.B, -r.b)
		}
	}
	rows.Rows = len(rows.B)
	for range clipPasses {
		if !b.Clip(rows) {
			return b, false
		}
	}
	return b, true
}

// box returns the box of one action. If the limits contradict each other it is one
// point, and the limits must be kept for a solver to find that.
func (p *hdProblem) box(path, last hdSystem) (box control.Box, contradictory bool, err error) {
	way, ok := p.clipped(path)
	end, endOK := p.clipped(last)
	if !ok || !endOK {
		return control.NewBox(p.actions(), 0, 0), true, nil
	}
	box = control.NewBox(p.actions(), 0, 0)
	for _, v := range p.of(hdAction) {
		i := p.states() + v.index
		lower, upper := way.Lower[i], way.Upper[i]
		if v.boolean {
			lower, upper = max(lower, 0), min(upper, 1)
		}
		box.Lower[v.index], box.Upper[v.index] = whole(lower+0, upper+0, v.whole) // no -0
		if err := p.finite("constraints", v, lower, upper); err != nil {
			return box, false, err
		}
	}
	states := p.of(hdState)
	for k, i := range p.whole { // the value of the state, on the way and at the end
		v, at := states[i], p.count[hdAction]+k
		lower, upper := end.Lower[i], end.Upper[i]
		if p.horizon > 1 {
			lower, upper = min(lower, way.Lower[i]), max(upper, way.Upper[i])
		}
		if v.boolean {
			lower, upper = max(lower, 0), min(upper, 1)
		}
		box.Lower[at], box.Upper[at] = whole(lower, upper, true)
		if err := p.finite("constraints and of the goal", v, lower, upper); err != nil {
			return box, false, err
		}
	}
	for i := range box.Lower {
		if box.Lower[i] > box.Upper[i] {
			return control.NewBox(p.actions(), 0, 0), true, nil
		}
	}
	return box, false, nil
}

// whole shrinks a range to whole numbers.
func whole(lower, upper float64, isWhole bool) (l, u float64) {
	if !isWhole {
		return lower, upper
	}
	const tolerance = 1e-9
	return math.Ceil(lower - tolerance), math.Floor(upper + tolerance)
}

// finite refuses a variable without limits.
func (p *hdProblem) finite(where string, v hdVariable, lower, upper float64) error {
	name := excerpt([]byte(v.name))
	switch {
	case math.IsInf(lower, 0):
		return p.end("constraints").errorf("%s has no finite lower limit up to here; the rows of the %s must give one, such as %s,>=,VALUE", v.declared(), where, name)
	case math.IsInf(upper, 0):
		return p.end("constraints").errorf("%s has no finite upper limit up to here; the rows of the %s must give one, such as %s,<=,VALUE", v.declared(), where, name)
	}
	return nil
}
