package planner

import (
	"context"

	"hinge/control"
)

// Hold plans one constant action, whatever the state: the planner every other
// one has to beat, and what is left when no other one answers.
type Hold struct {
	Problem
	r *rollouts
}

var _ control.Planner = (*Hold)(nil)

// NewHold returns the planner that repeats the held action of p.
func NewHold(p Problem) (*Hold, error) {
	p, err := p.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Hold{Problem: p, r: newRollouts(&p, 1)}, nil
}

// Plan returns the constant plan.
func (h *Hold) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	c := startClock()
	if err := h.checkStart(x0, warm); err != nil {
		return nil, err
	}
	h.r.start(x0, h.Before)
	var best incumbent
	best.reset(h.r, h.held, nil, c)
	return h.finish(best.plan("hold", stopped(ctx)), x0, c), nil
}
