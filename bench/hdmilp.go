package bench

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"hinge/control"
	"hinge/problems"
)

const (
	hdLimit     = 20 * time.Second // of processor time, for one instance and our search
	hdPeerLimit = 5 * time.Second  // and for a peer, unless another limit is given
)

// hdGaps are tighter than usual: the optima are known that well.
var hdGaps = tolerances{rel: 1e-6, abs: 1e-6}

// hdInstance is a planning problem with hard constraints, and its optimum, which
// another solver found by other rows, up to 2e-5; not a number where none is known.
type hdInstance struct {
	name    string
	optimum float64
}

// hdSample is what everybody solves unless all of hdSuite was asked for.
var hdSample = []hdInstance{
	{"hvac_3@4", 579102.61191}, {"hvac_3@5", 579105.38771}, {"reservoir_3@2", 29.45509}, {"reservoir_3@4", 48.78451},
	{"reservoir_4@2", 64.87203}, {"reservoir_4@4", 110.83328}, {"navigation_8x8@2", 21.85550}, {"navigation_8x8@3", 29.79909},
}

var hdSuite = append(hdSample[:len(hdSample):len(hdSample)],
	hdInstance{"hvac_3@6", 579108.06318}, hdInstance{"hvac_3@10", math.NaN()},
	hdInstance{"reservoir_3@10", 63.86442}, hdInstance{"reservoir_3@20", 63.86442}, hdInstance{"reservoir_4@10", math.NaN()},
	hdInstance{"navigation_8x8@4", 35.97583}, hdInstance{"navigation_8x8@5", math.NaN()})

func hdMILPPlanBench(ctx context.Context, s *session) error {
	list := hdSample
	if s.opts.Full {
		list = hdSuite
	}
	return s.hdMILPPlan(ctx, list)
}

// hdMILPPlan proves plans from scratch. Reading files does not count.
func (s *session) hdMILPPlan(ctx context.Context, list []hdInstance) error {
	var matches []*match
	for i, instance := range list {
		s.announce(i, len(list), instance.name)
		m, err := instance.solve(ctx, s, s.limit(hdLimit))
		if err != nil {
			return fmt.Errorf("%s: %w", instance.name, err)
		}
		s.add(m.name+m.open(), "time", "CPU s", m.ours.seconds)
		if !m.ours.proven && !notFinite(m.ours.gap()) {
			s.add(m.name+": open", "relative gap", "%", 100*m.ours.gap())
		}
		matches = append(matches, &m)
	}
	return s.sideBySide(ctx, matches, []formulation{plainRows, sharpRows}, s.limit(hdPeerLimit))
}

func openHD(data, name string) (*problems.Problem, error) {
	folder, err := outsidePath(data, "hd-milp-plan")
	if err != nil {
		return nil, err
	}
	return problems.Open("hd-milp-plan:" + filepath.Join(folder, name))
}

// solve plans with our search.
func (h hdInstance) solve(ctx context.Context, s *session, limit time.Duration) (match, error) {
	p, err := openHD(s.opts.Data, h.name)
	if err != nil {
		return match{}, err
	}
	plan, used, err := s.planOutside(ctx, p, hdGaps, limit)
	if err != nil {
		return match{}, err
	}
	if err := h.contradicts(plan); err != nil {
		return match{}, err
	}
	return planMatch(h.name, p, plan, used, hdGaps)
}

// contradicts says what is wrong with a plan, given the known optimum.
func (h hdInstance) contradicts(plan *control.Plan) error {
	slack := 2e-5 + 2*hdGaps.rel*math.Abs(h.optimum)
	switch {
	case plan.Trajectory != nil && !plan.Verified:
		return fmt.Errorf("a forward pass disagrees with the plan by %g, or it breaks constraints by %g", plan.MaxModelError, plan.Violation)
	case plan.DualBound > h.optimum+slack, plan.Objective < h.optimum-slack:
		return fmt.Errorf("the bound %.9g or the cost %.9g is false: the optimum is %.9g", plan.DualBound, plan.Objective, h.optimum)
	}
	return nil
}
