package planner

import (
	"context"
	"fmt"

	"hinge/control"
	"hinge/milp/certificate"
)

// At returns the problem from x0 on as it looks from the frame of x0, and that frame.
// States, actions and everything that is proven of them are those of the frame; the
// cost is the same. Without [Problem.Align] it is the problem itself.
func (p Problem) At(x0 []float64) (Problem, control.Frame) {
	f := p.Align.Of(x0)
	if p.Align == nil || p.Cost == nil {
		return p, f
	}
	p.Align = nil
	p.Cost = p.Cost.In(f)
	constraints := make([]control.Constraint, len(p.Constraints))
	for i, c := range p.Constraints {
		constraints[i] = c.In(f, p.Cost.Nx)
	}
	p.Constraints = constraints
	if p.Before != nil {
		before := make([]float64, len(p.Before))
		f.Vectors(before, p.Before)
		p.Before = before
	}
	return p, f
}

// aligned makes every plan in the frame of its start.
type aligned struct {
	Problem
	build func(Problem) (control.Planner, error)
	inner control.Planner // of the last plan
}

// newAligned returns the planner that asks what build makes of the problem seen from
// each start. It builds one at once, so that what is wrong is known now.
func newAligned(p Problem, build func(Problem) (control.Planner, error)) (*aligned, error) {
	if c := p.Cost; c != nil && (c.Nx%2 != 0 || c.Nu%2 != 0 || len(p.Integer) > 0) {
		return nil, fmt.Errorf("planner: %d state and %d action coordinates, %d whole ones; a problem with frames needs points and vectors of the plane, and none whole",
			c.Nx, c.Nu, len(p.Integer))
	}
	a := &aligned{Problem: p, build: build}
	plain := p
	plain.Align = nil
	var err error
	a.inner, err = build(plain)
	return a, err
}

// Plan plans in the frame of x0. The plan it returns is one of the world.
func (a *aligned) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	if err := a.checkStart(x0, warm); err != nil {
		return nil, err
	}
	p, f := a.At(x0)
	inner, err := a.build(p)
	if err != nil {
		return nil, err
	}
	a.inner = inner
	seen := make([]float64, len(x0))
	f.Points(seen, x0)
	if warm != nil {
		warm = within(warm.In(f), p.Action.Repeat(p.Cost.Horizon)) // the box has turned since
	}
	plan, err := inner.Plan(ctx, seen, warm)
	if err != nil {
		return nil, err
	}
	return plan.World(f), nil
}

// within returns the plan with its actions clamped into the box of a whole sequence; its
// states are those of the actions before.
func within(p *control.Plan, box control.Box) *control.Plan {
	q, tr := *p, *p.Trajectory
	tr.U = make([]float64, len(p.U))
	box.Clamp(tr.U, p.U)
	q.Trajectory = &tr
	return &q
}

// ConfineFirst restricts the first action of the next plans, seen from the frame of their
// start.
func (a *aligned) ConfineFirst(part *control.Box) bool {
	_, ok := a.inner.(Confiner)
	if ok {
		a.first = part
	}
	return ok
}

// Certificate returns the proof of the last plan's bound, about the problem in the
// frame of its start; nil if there is none.
func (a *aligned) Certificate(ctx context.Context) (*certificate.Certificate, error) {
	if c, ok := a.inner.(interface {
		Certificate(ctx context.Context) (*certificate.Certificate, error)
	}); ok {
		return c.Certificate(ctx)
	}
	return nil, nil
}
