package planner

import (
	"errors"
	"fmt"

	"hinge/control"
	"hinge/milp/relu"
	"hinge/nn"
)

// defaultTolerance is the model error up to which a plan is usable, relative to
// 1 + |value|.
const defaultTolerance = 1e-5

// Problem is what a planner plans for: everything but the start state.
type Problem struct {
	// Step is the model as a network [x; u] -> x'. Solvers need it.
	Step *nn.Net
	// System is the model sampling planners step; nil means Step.
	System control.System
	// Judge is the system plans are verified with. It should share no code with
	// the other two, such as the model before folding; nil means System.
	Judge control.System

	// Align finds the frame in which the model is asked and Action holds, by the start
	// state; nil means that of the world. Step, System, Judge, Action and Hold speak of
	// the frame; Cost, Constraints and Before, start states and plans of the world. [New]
	// knows what to do with it, and [Problem.At].
	Align control.Align

	Action control.Box // of one action
	// Hold is the action that does nothing, in the box; nil means zero, clamped
	// into the box. It is where planners start, and what they return if they get
	// no time at all. (For a task of pokes zero may be a poke at the origin.)
	Hold []float64
	Cost *control.Cost // its horizon is the plan's

	// Constraints hold for every plan, and the coordinates Integer of every action
	// are whole numbers. [BranchAndBound] and [MIP] keep them; every other planner
	// refuses a problem that has any.
	Constraints []control.Constraint
	Integer     []int

	// Before is the action applied before the plan starts, for rate terms; nil
	// if there is none. Planners accept later ones through SetBefore.
	Before []float64
	// Tolerance is the model error, relative to 1 + |value|, up to which a plan
	// counts as verified; 0 means 1e-5.
	Tolerance float64

	first   *control.Box // of the first action, nil for Action; see Confiner
	actions control.Box  // of a whole sequence, H x Nu
	held    []float64    // Hold at every step, H x Nu
}

// Constrained reports whether not every action sequence of the box is a plan.
func (p *Problem) Constrained() bool { return len(p.Constraints) > 0 || len(p.Integer) > 0 }

// withDefaults is prepared for planners that take any action of the box.
func (p Problem) withDefaults() (Problem, error) {
	if p.Constrained() {
		return p, fmt.Errorf("planner: the problem has %d hard constraints and %d whole actions, which this planner cannot keep; bnb, highs and cbc can",
			len(p.Constraints), len(p.Integer))
	}
	return p.prepared()
}

// prepared fills Judge, System and Tolerance.
func (p Problem) prepared() (Problem, error) {
	if p.Cost == nil {
		return p, errors.New("planner: problem has no cost")
	}
	if p.Align != nil {
		return p, errors.New("planner: the problem is planned in the frame of its start; make the planner by New, or take Problem.At")
	}
	if p.System == nil {
		if p.Step == nil {
			return p, errors.New("planner: problem has neither a system nor a stepping network")
		}
		if in, out := p.Cost.Nx+p.Cost.Nu, p.Cost.Nx; p.Step.In != in || p.Step.Out() != out {
			return p, fmt.Errorf("planner: network maps %d inputs to %d; the cost speaks of %d to %d", p.Step.In, p.Step.Out(), in, out)
		}
		p.System = NewNetSystem(p.Step, p.Cost.Nx, p.Cost.Nu)
	}
	if p.Judge == nil {
		p.Judge = p.System.Clone()
	}
	if p.Tolerance == 0 {
		p.Tolerance = defaultTolerance
	}
	if err := p.validate(); err != nil {
		return p, err
	}
	p.actions = p.Action.Repeat(p.Cost.Horizon)
	p.held = make([]float64, p.actions.Dim())
	for k := range p.held {
		if p.Hold != nil {
			p.held[k] = p.Hold[k%p.Cost.Nu]
		}
	}
	p.actions.Clamp(p.held, p.held)
	return p, nil
}

// program returns the problem from x0 on.
func (p *Problem) program(x0 []float64) (*relu.Program, error) {
	prog, err := relu.New(p.Step, x0, p.Action, p.Cost, p.Before)
	if err == nil && p.first != nil {
		copy(prog.Box.Lower, p.first.Lower)
		copy(prog.Box.Upper, p.first.Upper)
	}
	if err == nil && p.Constrained() {
		err = prog.Constrain(p.Constraints, p.Integer)
	}
	return prog, err
}

func noNetwork(name string) error {
	return fmt.Errorf("planner: %s needs a model that is a network, problem has no stepping network", name)
}

// free returns the problem without constraints.
func (p Problem) free() Problem {
	p.Constraints, p.Integer = nil, nil
	return p
}

func (p *Problem) validate() error {
	if err := p.Cost.Validate(); err != nil {
		return fmt.Errorf("planner: %w", err)
	}
	if err := p.Action.Validate(); err != nil {
		return fmt.Errorf("planner: action %w", err)
	}
	for _, s := range []struct {
		name string
		control.System
	}{{"system", p.System}, {"judge", p.Judge}} {
		if nx, nu := s.Dims(); nx != p.Cost.Nx || nu != p.Cost.Nu {
			return fmt.Errorf("planner: %s has %d states and %d actions; the cost speaks of %d and %d", s.name, nx, nu, p.Cost.Nx, p.Cost.Nu)
		}
	}
	for i := range p.Constraints {
		if err := p.Constraints[i].Validate(p.Cost.Nx, p.Cost.Nu, p.Cost.Horizon); err != nil {
			return fmt.Errorf("planner: %w", err)
		}
	}
	if p.Action.Dim() != p.Cost.Nu {
		return fmt.Errorf("planner: action box has %d coordinates; the cost speaks of %d", p.Action.Dim(), p.Cost.Nu)
	}
	if p.Hold != nil && (len(p.Hold) != p.Cost.Nu || !p.Action.Contains(p.Hold, 0)) {
		return fmt.Errorf("planner: held action is %g; it must be %d numbers in the box %g .. %g", p.Hold, p.Cost.Nu, p.Action.Lower, p.Action.Upper)
	}
	if p.Before != nil && len(p.Before) != p.Cost.Nu {
		return fmt.Errorf("planner: action before the plan has %d coordinates; it needs %d", len(p.Before), p.Cost.Nu)
	}
	if !(p.Tolerance > 0) {
		return fmt.Errorf("planner: tolerance is %g; it must be positive", p.Tolerance)
	}
	return nil
}

// SetBefore sets the action applied before the next plan starts, nil if there is
// none. [MPC] calls it before every plan.
func (p *Problem) SetBefore(u []float64) {
	if u != nil && len(u) != p.Cost.Nu {
		panic("planner: SetBefore: wrong length of action")
	}
	if p.Before = nil; u != nil {
		p.Before = append([]float64(nil), u...)
	}
}

// BeforeSetter is a planner whose cost may read the action before the plan.
type BeforeSetter interface {
	SetBefore(u []float64)
}

// Confiner is a planner that can be told where the first action of the next plans may
// be: in a part of the action box, in the frame the box belongs to; nil for all of it.
// What it proves then speaks of those plans alone. It returns false if it cannot.
type Confiner interface {
	ConfineFirst(part *control.Box) bool
}
