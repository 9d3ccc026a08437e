package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"hinge/control"
	"hinge/dynamics"
	"hinge/milp/bound"
	"hinge/milp/relu"
	"hinge/tasks"
)

// What the card of a model says about the states a planner can reach.
const (
	cardStarts  = 4 // recorded states to start from
	cardHorizon = 3 // steps from each
)

// card completes the metadata of a model: how many units are undecided where a
// planner looks, and how far the members of its ensemble are apart.
func (t *training) card(m *dynamics.Model, validation []int, others []*dynamics.Model) error {
	reach, err := reachOf(m, t.data, validation)
	if err != nil {
		return err
	}
	m.Meta.Reach = reach
	if len(others) == 0 {
		return nil
	}
	horizon := m.Meta.Errors.Horizon
	spread, err := dynamics.EvaluateSpread(append([]*dynamics.Model{m}, others...), t.data, validation, horizon)
	m.Meta.Spread = &spread
	return err
}

// reachOf bounds the units of m over all actions from recorded states.
func reachOf(m *dynamics.Model, d *dynamics.Dataset, episodes []int) (*dynamics.Reach, error) {
	step, action := m.Stepping(), actionBox(d)
	horizon := min(cardHorizon, d.Steps)
	reach := &dynamics.Reach{Horizon: horizon, Unstable: make([]float64, horizon)}
	cost := &control.Cost{Nx: d.Nx, Nu: d.Nu, Horizon: horizon}
	for _, x0 := range recordedStates(d, episodes, cardStarts) {
		p, err := relu.New(step, x0, action, cost, nil)
		if err != nil {
			return nil, err
		}
		b := bound.New(p)
		ranges := b.Root()
		units := len(ranges.Lower) / horizon
		if units == 0 {
			return nil, nil // an affine model
		}
		for i, l := range ranges.Lower {
			if l < 0 && ranges.Upper[i] > 0 {
				reach.Unstable[i/units] += 1 / float64(units)
			}
		}
		reach.Starts++
	}
	for t := range reach.Unstable {
		reach.Unstable[t] /= float64(reach.Starts)
	}
	return reach, nil
}

// recordedStates returns up to n states, one an episode, evenly from episodes, each in
// its own frame.
func recordedStates(d *dynamics.Dataset, episodes []int, n int) [][]float64 {
	n = min(n, len(episodes))
	states := make([][]float64, n)
	for i := range states {
		x := d.State(episodes[i*len(episodes)/n], d.Steps/2)
		states[i] = make([]float64, d.Nx)
		d.Align.Of(x).Points(states[i], x)
	}
	return states
}

// actionBox returns the actions a planner has: those of the task, or the range of
// the recorded ones.
func actionBox(d *dynamics.Dataset) control.Box {
	if slices.Contains(tasks.Names(), d.Meta.Task) {
		if task, err := tasks.New(d.Meta.Task); err == nil {
			return task.Action
		}
	}
	box := control.NewBox(d.Nu, math.Inf(1), math.Inf(-1))
	for i, u := range d.U {
		box.Lower[i%d.Nu], box.Upper[i%d.Nu] = min(box.Lower[i%d.Nu], u), max(box.Upper[i%d.Nu], u)
	}
	return box
}

// coordinateError is how well a model predicts one state coordinate: root mean squares
// after 1, 2, .. steps.
type coordinateError struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	ByStep []float64 `json:"rms_by_step"`
}

func (c coordinateError) String() string {
	return strings.TrimSpace(fmt.Sprint(c.ByStep, " ", c.Unit))
}

// errorsByCoordinate returns the errors of all coordinates, with the digits that mean
// something.
func errorsByCoordinate(e dynamics.Errors, s *dynamics.Signals) []coordinateError {
	steps := e.ByStepOf
	if steps == nil && e.OneStepOf != nil {
		steps = [][]float64{e.OneStepOf} // of a model made before
	}
	var list []coordinateError
	for i := range e.OneStepOf {
		c := coordinateError{Name: s.StateName(i), Unit: s.StateUnit(i)}
		for _, of := range steps {
			c.ByStep = append(c.ByStep, of[i])
		}
		c.ByStep = rounded(c.ByStep)
		list = append(list, c)
	}
	return list
}

// commonUnit says that there is none.
func commonUnit(unit string) string {
	if unit == "" {
		return "mixed"
	}
	return unit
}

// stableStarts is the number of recorded states at which training looks for units
// whose phase is known.
const stableStarts = 8

// stableRanges returns what a model's units can be for all actions from recorded
// states, and from all states a typical step away from them.
func stableRanges(d *dynamics.Dataset) func(m *dynamics.Model) dynamics.UnitRanges {
	action, all := actionBox(d), d.AllEpisodes()
	return func(m *dynamics.Model) dynamics.UnitRanges {
		var boxes []control.Box
		for i, x := range recordedStates(d, all, stableStarts) {
			box := control.Box{Lower: slices.Clone(x), Upper: slices.Clone(x)}
			for j, s := range m.Out.Scale {
				near := s * float64(i%2)
				box.Lower[j] -= near
				box.Upper[j] += near
			}
			box.Lower, box.Upper = append(box.Lower, action.Lower...), append(box.Upper, action.Upper...)
			boxes = append(boxes, box)
		}
		return dynamics.IntervalRanges(m, boxes)
	}
}
