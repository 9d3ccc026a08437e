package planner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"hinge/control"
)

// MPCOptions are the choices of [MPC]. The zero value is the documented default.
type MPCOptions struct {
	// Timeout is the time one plan may take; 0 means no limit. Its counting twin
	// is the planner's own budget.
	Timeout time.Duration
	// Hold is the action applied where there is neither a usable plan nor an
	// earlier one to fall back on, clamped into the box and, like it, of the frame of
	// Align; nil means zero.
	Hold []float64
	// Strict makes a step without a usable plan an error instead of a fallback.
	Strict bool
	// Escape is the share of the action box, to each side of an action that moved
	// nothing, that is ruled out for the next one: the state has not changed, so neither
	// has the plan, and repeating it is useless. It doubles with each further failure.
	// A [Confiner] plans within what is left, for others an action that far from the
	// plan's is drawn. 0 means 0.05, negative never.
	Escape float64
	// Align finds the frame the action box belongs to, by the state a plan starts
	// from; nil means that of the world.
	Align control.Align
	// Seed is that of the random numbers Escape draws.
	Seed uint64
	// OnPlan is called after every step with what was planned; nil for none.
	OnPlan func(PlanRecord)
}

// Fallback says where the action of a step came from.
type Fallback uint8

// The fallbacks, from best to worst.
const (
	NoFallback   Fallback = iota // the plan of this step
	PreviousPlan                 // the earlier plan, shifted
	HeldAction                   // MPCOptions.Hold
)

var fallbackNames = [...]string{"none", "previous_plan", "held_action"}

// String returns the name used in files.
func (f Fallback) String() string {
	if int(f) < len(fallbackNames) {
		return fallbackNames[f]
	}
	return fmt.Sprintf("fallback(%d)", uint8(f))
}

// PlanRecord is one step of the closed loop.
type PlanRecord struct {
	T        int           // step of the episode
	Plan     *control.Plan // as the planner made it, used or not; nil if it failed
	Time     time.Duration // by the wall clock, planner and checks
	Late     bool          // the timeout was reached
	Fallback Fallback
	Escaped  bool  // the action applied is not the plan's, see MPCOptions.Escape
	Confined bool  // the plan is one of those that do not repeat what failed
	Reason   error // why the plan was not used; nil if it was
}

// MPC makes a planner a policy: it plans from every state, applies the first
// action and starts the next plan from the rest of this one.
//
// A plan is applied only if the planner verified it, all its values are finite
// and its actions lie in the box. Otherwise the policy goes on with the earlier
// plan, or holds. An episode starts at t = 0, where everything is forgotten. Where the state
// is not near the one that was expected, what the planner remembers is.
type MPC struct {
	planner control.Planner
	action  control.Box
	hold    []float64
	opts    MPCOptions

	next   *control.Plan // shifted: starts at the coming state
	before []float64     // last action, nil at the start of an episode
	escape escape
}

var _ control.Policy = (*MPC)(nil)

// NewMPC returns the policy that follows the plans of p within the box of one
// action.
func NewMPC(p control.Planner, action control.Box, opts MPCOptions) (*MPC, error) {
	if p == nil {
		panic("planner: NewMPC: no planner")
	}
	if err := action.Validate(); err != nil {
		return nil, fmt.Errorf("planner: mpc: action %w", err)
	}
	if opts.Timeout < 0 {
		return nil, fmt.Errorf("planner: mpc: timeout is %v; it must not be negative", opts.Timeout)
	}
	if opts.Hold != nil && len(opts.Hold) != action.Dim() {
		return nil, fmt.Errorf("planner: mpc: the held action has %d coordinates; it needs %d", len(opts.Hold), action.Dim())
	}
	hold := make([]float64, action.Dim())
	copy(hold, opts.Hold)
	action.Clamp(hold, hold)
	if opts.Escape == 0 {
		opts.Escape = 0.05
	}
	return &MPC{planner: p, action: action.Clone(), hold: hold, opts: opts, escape: escape{share: max(0, opts.Escape)}}, nil
}

// Act plans from x and writes the first action to dst.
func (m *MPC) Act(ctx context.Context, dst, x []float64, t int) error {
	if len(dst) != m.action.Dim() {
		panic("planner: MPC: wrong length of action")
	}
	if t == 0 {
		m.next, m.before = nil, nil
		m.escape.forget(m.opts.Seed)
	}
	if m.next != nil && m.escape.surprised(x) {
		m.next.Memory = nil // of a search near a state that is far away now
	}
	m.escape.observe(x)
	confined := m.confine(x)
	rec := m.plan(ctx, x, t)
	rec.Confined = confined
	if rec.Reason != nil && m.opts.Strict {
		m.report(rec)
		return fmt.Errorf("planner: no usable plan: %w", rec.Reason)
	}
	rec.Fallback = m.choose(dst, x, rec)
	if rec.Fallback == NoFallback {
		if !confined {
			rec.Escaped = m.escape.move(dst, m.action, m.opts.Align.Of(x))
		}
		m.escape.expect(x, rec.Plan, dst)
	}
	m.before = append(m.before[:0], dst...)
	m.report(rec)
	return nil
}

func (m *MPC) report(rec PlanRecord) {
	if m.opts.OnPlan != nil {
		m.opts.OnPlan(rec)
	}
}

// confine tells the planner where the first action may be, if it can be told, and
// reports whether that is less than the box.
func (m *MPC) confine(x []float64) bool {
	c, ok := m.planner.(Confiner)
	if !ok {
		return false
	}
	part, less := m.escape.confine(m.action, m.opts.Align.Of(x))
	if !less {
		c.ConfineFirst(nil)
		return false
	}
	return c.ConfineFirst(&part)
}

// plan asks the planner, within the timeout, and judges what it says.
func (m *MPC) plan(ctx context.Context, x []float64, t int) PlanRecord {
	if s, ok := m.planner.(BeforeSetter); ok {
		s.SetBefore(m.before)
	}
	start := time.Now() // before the deadline is set: a plan that used all its time took no less
	limited, cancel := ctx, context.CancelFunc(func() {})
	if m.opts.Timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, m.opts.Timeout)
	}
	defer cancel()
	plan, err := m.planner.Plan(limited, x, m.next)
	if err == nil {
		err = m.usable(plan)
	}
	elapsed := time.Since(start)
	return PlanRecord{T: t, Plan: plan, Time: elapsed, Reason: err,
		Late: m.opts.Timeout > 0 && elapsed >= m.opts.Timeout}
}

// choose writes the action at x to dst and remembers how the plan goes on.
func (m *MPC) choose(dst, x []float64, rec PlanRecord) Fallback {
	switch {
	case rec.Reason == nil:
		copy(dst, rec.Plan.Action(0))
		m.next = rec.Plan.Shift()
		return NoFallback
	case m.next != nil:
		copy(dst, m.next.Action(0))
		m.next = m.next.Shift()
		if m.opts.Align != nil { // the box has turned since
			f := m.opts.Align(x)
			f.Vectors(dst, dst)
			m.action.Clamp(dst, dst)
			f.WorldVectors(dst, dst)
		}
		return PreviousPlan
	}
	m.opts.Align.Of(x).WorldVectors(dst, m.hold)
	return HeldAction
}

// turned is far more than what turning an action to another frame and back rounds.
const turned = 1e-12

// usable returns why a plan must not be applied, nil if it may.
func (m *MPC) usable(plan *control.Plan) error {
	switch {
	case plan == nil || plan.Trajectory == nil || plan.Len() == 0:
		return errors.New("the planner returned no actions")
	case plan.Nu != m.action.Dim():
		return fmt.Errorf("the plan's actions have %d coordinates; the box has %d", plan.Nu, m.action.Dim())
	case !plan.Verified:
		return fmt.Errorf("the plan is off by %g in an independent forward pass", plan.MaxModelError)
	case math.IsNaN(plan.Objective) || math.IsInf(plan.Objective, 0):
		return fmt.Errorf("the plan's cost is %g", plan.Objective)
	}
	tol := 0.0
	if m.opts.Align != nil {
		tol = turned * max(slices.Max(m.action.Upper), -slices.Min(m.action.Lower), 0)
		plan = plan.In(m.opts.Align(plan.State(0)))
	}
	for t := range plan.Len() {
		if u := plan.Action(t); !m.action.Contains(u, tol) {
			return fmt.Errorf("action %v of step %d leaves the box", u, t)
		}
	}
	return nil
}
