package certificate

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
)

// Range proves an end of the range of a hidden unit's pre-activation z: for every
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
	Unit  int     `json:"unit"` // h of step t at t*n + h
	Side  int     `json:"side"` // 1: z >= Value, -1: z <= Value
	Value float64 `json:"value"`
	Share float64 `json:"share"` // >= 0
	// Low and Mult are as in [Leaf]. Mult must be given if Share is not 0.
	Low  []float64 `json:"low,omitempty"`
	Mult []float64 `json:"mult,omitempty"`
}

func (y *Range) validate(n sizes) error {
	switch m := n.m; {
	case y.Unit < 0 || y.Unit >= n.units:
		return fmt.Errorf("unit is %d; there are units 0 to %d", y.Unit, n.units-1)
	case m.hidden[y.Unit%len(m.hidden)].gate != ReLU:
		return fmt.Errorf("unit is %d, which is no relu", y.Unit)
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
	if reason := k.rangesReason(); reason != "" {
		return true, reason, nil
	}
	y := &rounds{w: newWorker(k.m), r: r, lower: lower, upper: upper}
	y.start()
	for g, group := range k.c.Ranges {
		if len(group) > 0 && !y.reach(group[0].Unit/len(k.m.hidden)) {
			return false, "", nil
		}
		values := k.bounds(group, r, y.boxLower, y.boxUpper)
		if k.ctx.Err() != nil {
			return true, "", context.Cause(k.ctx)
		}
		for i := range group {
			y := &group[i]
			if v := values[i]; !(v >= y.Value*float64(y.Side)) {
				return true, fmt.Sprintf("%s: value is %v; only %v is proven", rangeName(g, i), y.Value, v*float64(y.Side)), nil
			}
			if y.Side > 0 {
				r.lo[y.Unit] = max(r.lo[y.Unit], y.Value)
			} else {
				r.hi[y.Unit] = min(r.hi[y.Unit], y.Value)
			}
			if r.lo[y.Unit] > r.hi[y.Unit] {
				return false, "", nil
			}
		}
	}
	return y.reach(k.m.p.Horizon), "", nil
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
func (k *walker) rangesReason() string {
	for g, group := range k.c.Ranges {
		for i := range group {
			y, name := &group[i], rangeName(g, i)
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
	t, h := y.Unit/len(m.hidden), y.Unit%len(m.hidden)
	u, s, last := &m.hidden[h], sides{r: r, low: y.Low}, y.Unit/len(m.hidden)
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
		if step < last || y.Share > 0 {
			m.output(f, step, r)
		}
		if step == t {
			f.constant(float64(y.Side), u.b)
			f.charge(u.slack)
			add(float64(y.Side), u.w, f.g[u.from:u.to], f.ge[u.from:u.to])
		}
		m.relaxed(f, step, len(m.hidden), &s)
		m.reads(f, step)
	}
	return m.minimum(f, lower, upper)
}

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
