package certificate

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
)

// Range proves an end of the range of a hidden unit's pre-activation z, or of a coordinate
// z of a state or an action: for every
// plan with J < dual_bound
//
//	Side z  >=  Side z + Share (J - dual_bound)  >=  Side Value.
//
// Plans with J >= dual_bound need no leaf, so the leaves may rely on it: a plan u
// with J(u) < dual_bound lies within all ranges, hence the bound of the leaf that it
// is in holds for it, J(u) >= bound >= dual_bound; there is no such plan. A solver that
// sharpens ranges by a cutoff while it searches ends with a dual bound that is no
// higher than that cutoff, since parts of the box that may lie above the cutoff were
// given up there; and a smaller number in the place of dual_bound makes the proof of
// a range stronger, not weaker, because Share is not negative.
type Range struct {
	Of    string  `json:"of,omitempty"` // what z is: State, Action, or empty for a unit
	Unit  int     `json:"unit"`         // h of step t at t*n + h; i of x_t at t*Nx + i; j of u_t at t*Nu + j
	Side  int     `json:"side"`         // 1: z >= Value, -1: z <= Value
	Value float64 `json:"value"`
	Share float64 `json:"share"` // >= 0
	// Low and Mult are as in [Leaf]. Mult must be given if Share is not 0.
	Low  []float64 `json:"low,omitempty"`
	Mult []float64 `json:"mult,omitempty"`
}

// What a [Range] may be of beside a unit.
const (
	State  = "state"
	Action = "action"
)

// Sharpening sharpens what is known on a node of the tree: as [Certificate.Ranges] do it
// for the root, of states and actions too, where those are followed. Then all linear
// bounds of the node are taken again. What it says holds for plans below the dual bound,
// wherever its path leads: it is proven on that part of the box.
type Sharpening struct {
	// Path is that of [Leaf.Path] down to the node. One that leads to none says nothing.
	Path   string    `json:"path"`
	Ranges [][]Range `json:"ranges,omitempty"`
	// Form is a bound of J, by what was known before, that the linear bounds lean on.
	Form *Form `json:"form,omitempty"`
}

func (y *Range) validate(n sizes) error {
	switch m := n.m; {
	case y.Of != "" && y.Of != State && y.Of != Action:
		return fmt.Errorf("of is %.40q; it must be %q, %q or absent", y.Of, State, Action)
	case y.Of == State && (y.Unit < m.p.Nx || y.Unit >= (m.p.Horizon+1)*m.p.Nx):
		return fmt.Errorf("unit is %d; there are coordinates %d to %d of the states behind the first", y.Unit, m.p.Nx, (m.p.Horizon+1)*m.p.Nx-1)
	case y.Of == Action && (y.Unit < 0 || y.Unit >= n.inputs):
		return fmt.Errorf("unit is %d; there are coordinates 0 to %d of the actions", y.Unit, n.inputs-1)
	case y.Of != "":
	case y.Unit < 0 || y.Unit >= n.units:
		return fmt.Errorf("unit is %d; there are units 0 to %d", y.Unit, n.units-1)
	case m.hidden[y.Unit%len(m.hidden)].gate != ReLU:
		return fmt.Errorf("unit is %d, which is no relu", y.Unit)
	}
	switch {
	case y.Side != 1 && y.Side != -1:
		return fmt.Errorf("side is %d; it must be 1 or -1", y.Side)
	case y.Share != 0 && y.Mult == nil:
		return fmt.Errorf("mult is missing; it is needed where share is not 0")
	}
	if err := finite("value", []float64{y.Value}); err != nil {
		return err
	}
	if err := finite("share", []float64{y.Share}); err != nil {
		return err
	}
	if y.Low != nil {
		if err := vector("low", y.Low, n.units, "hidden units of all steps"); err != nil {
			return err
		}
	}
	if y.Mult != nil {
		return vector("mult", y.Mult, n.rows, "residuals of the cost")
	}
	return nil
}

// reason returns what is wrong with the multipliers.
func (y *Range) reason(m *model, name string) string {
	if y.Share < 0 {
		return fmt.Sprintf("share of %s is %v; it must not be negative", name, y.Share)
	}
	if s := slopesReason(y.Low, name); s != "" {
		return s
	}
	if y.Mult != nil {
		return m.multReason(y.Mult, name)
	}
	return ""
}

// sharpen verifies ranges, group by group, and intersects r with them. It returns a
// reason if one is not proven. Where a range becomes empty no plan is below the dual
// bound: then some is false.
func (k *walker) sharpen(r *ranges, lower, upper []float64) (some bool, reason string, err error) {
	for _, s := range k.c.Sharpened {
		if reason := k.rangesReason(s.Ranges); reason != "" {
			return true, fmt.Sprintf("sharpening of %q: %s", s.Path, reason), nil
		}
	}
	if reason := k.rangesReason(k.c.Ranges); reason != "" {
		return true, reason, nil
	}
	return k.prove(k.c.Ranges, &rounds{w: newWorker(k.m), r: r, lower: lower, upper: upper})
}

// prove verifies groups in rounds.
func (k *walker) prove(groups [][]Range, rounds *rounds) (some bool, reason string, err error) {
	rounds.start()
	for g, group := range groups {
		if len(group) > 0 && !rounds.reach(k.m.stepOf(&group[0])) {
			return false, "", nil
		}
		values := k.bounds(group, rounds.r, rounds.boxLower, rounds.boxUpper)
		if k.ctx.Err() != nil {
			return true, "", context.Cause(k.ctx)
		}
		for i := range group {
			y := &group[i]
			if v := values[i]; !(v >= y.Value*float64(y.Side)) && !k.concedeRange(y, v) {
				return true, fmt.Sprintf("%s: value is %v; only %v is proven", rangeName(g, i), y.Value, v*float64(y.Side)), nil
			}
			lo, hi := rounds.rangeOf(y)
			if y.Side > 0 {
				*lo = max(*lo, y.Value)
			} else {
				*hi = min(*hi, y.Value)
			}
			if *lo > *hi {
				return false, "", nil
			}
		}
	}
	return rounds.reach(k.m.p.Horizon), "", nil
}

// rounds follows the boxes of states between the groups of ranges, as a solver does that
// sharpens ranges step by step, in one or several rounds: those of a step rely on the
// states before it. What a round clips off the box comes back with the next one.
type rounds struct {
	w                  *worker
	r                  *ranges
	lower, upper       []float64
	boxLower, boxUpper []float64 // in this round
	step               int       // the states up to here are done
}

// rangeOf returns where the range of y is kept.
func (y *rounds) rangeOf(z *Range) (lo, hi *float64) {
	switch z.Of {
	case State:
		return &y.r.xlo[z.Unit], &y.r.xhi[z.Unit]
	case Action:
		return &y.boxLower[z.Unit], &y.boxUpper[z.Unit]
	}
	return &y.r.lo[z.Unit], &y.r.hi[z.Unit]
}

// stepOf returns the step up to which states are known when y is proven.
func (m *model) stepOf(y *Range) int {
	switch y.Of {
	case State:
		return y.Unit / m.p.Nx
	case Action:
		return y.Unit / m.p.Nu
	}
	return y.Unit / len(m.hidden)
}

// start begins a round.
func (y *rounds) start() {
	y.step, y.boxLower, y.boxUpper = 0, y.lower, y.upper
	if y.w.m.follows {
		y.boxLower, y.boxUpper = slices.Clone(y.lower), slices.Clone(y.upper)
	}
}

// reach goes on to a step, which is of a new round if it is smaller. It returns false if no
// plan is left.
func (y *rounds) reach(step int) bool {
	if !y.w.m.follows {
		return true
	}
	if step < y.step {
		if !y.reach(y.w.m.p.Horizon) {
			return false
		}
		y.start()
	}
	for ; y.step < step; y.step++ {
		if !y.w.states(y.r, y.boxLower, y.boxUpper, y.step) {
			return false
		}
	}
	return true
}

func rangeName(group, i int) string { return fmt.Sprintf("range %d of group %d", i, group) }

// rangesReason returns what is wrong with the multipliers of ranges.
func (k *walker) rangesReason(groups [][]Range) string {
	for g, group := range groups {
		for i := range group {
			y, name := &group[i], rangeName(g, i)
			if y.Of != "" && !k.m.follows {
				return fmt.Sprintf("%s is of a %s, but states are not followed", name, y.Of)
			}
			if s := y.reason(k.m, name); s != "" {
				return s
			}
			if y.Share > 0 && k.c.Claim.Infeasible {
				return fmt.Sprintf("share of %s is %v; it must be 0 where there is said to be no plan", name, y.Share)
			}
		}
	}
	return ""
}

// bounds returns what each range of a group proves of Side z.
func (k *walker) bounds(group []Range, r *ranges, lower, upper []float64) []float64 {
	values := make([]float64, len(group))
	var wait sync.WaitGroup
	workers := min(len(group), runtime.GOMAXPROCS(0))
	for n := range workers {
		wait.Go(func() {
			f := k.m.newForm()
			for i := n; i < len(group) && k.ctx.Err() == nil; i += workers {
				values[i] = k.m.sharpened(&f, &group[i], k.c.Claim.DualBound, r, lower, upper)
			}
		})
	}
	wait.Wait()
	return values
}

// sharpened returns a lower bound of side z + share (J - cutoff), given ranges.
func (m *model) sharpened(f *form, y *Range, cutoff float64, r *ranges, lower, upper []float64) float64 {
	f.reset()
	t, s := m.stepOf(y), sides{r: r, low: y.Low}
	if y.Of == State {
		t-- // it is an output of the step before
	}
	last := t
	next, at := len(m.p.Cost)-1, len(y.Mult)
	if y.Share > 0 {
		last = m.p.Horizon - 1
		f.constant(-y.Share, cutoff)
	}
	for step := last; step >= 0; step-- {
		for ; y.Share > 0 && next >= 0 && m.p.Cost[next].T == step+1; next-- {
			at -= len(m.p.Cost[next].B)
			k := m.shared(f, &m.p.Cost[next], y.Share, r, lower, upper)
			m.seed(f, &k, y.Mult[at:], r, lower, upper)
		}
		if step == t && y.Of == State {
			add(float64(y.Side), one, f.x[y.Unit%m.p.Nx:], f.xe[y.Unit%m.p.Nx:])
		}
		if step < last || y.Share > 0 || y.Of == State {
			m.output(f, step, r)
		}
		switch {
		case step == t && y.Of == Action:
			add(float64(y.Side), one, f.a[y.Unit:], f.ae[y.Unit:])
		case step == t && y.Of == "":
			u := &m.hidden[y.Unit%len(m.hidden)]
			f.constant(float64(y.Side), u.b)
			f.charge(u.slack)
			add(float64(y.Side), u.w, f.g[u.from:u.to], f.ge[u.from:u.to])
		}
		m.relaxed(f, step, len(m.hidden), &s)
		m.reads(f, step)
	}
	return m.minimum(f, lower, upper)
}

var one = []float64{1}

// shared returns a term with share times its factor, rounded so that it is no larger:
// down, since norms are not negative, but for that of max, where the difference is
// charged. If the product overflows it stands for nothing.
func (m *model) shared(f *form, k *Term, share float64, r *ranges, lower, upper []float64) Term {
	c := *k
	product := share * k.Factor
	if math.IsInf(product, 1) {
		f.charge(product)
	}
	c.Factor = max(0, down(product))
	if k.Norm == Max {
		f.charge(2 * (unit*c.Factor + tiny) * (m.largest(k, r, lower, upper) + tiny))
	}
	return c
}

// slopesReason checks the domain of slopes.
func slopesReason(low []float64, name string) string {
	for k, v := range low {
		if !(v >= 0 && v <= 1) {
			return fmt.Sprintf("slope %d of %s is %v, outside [0, 1]", k, name, v)
		}
	}
	return ""
}
