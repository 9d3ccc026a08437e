package main

import (
	"io"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"hinge/control"
	"hinge/internal/atomicfile"
	"hinge/milp"
	"hinge/milp/encode"
	"hinge/milp/relu"
	"hinge/planner"
	"hinge/problems"
	"hinge/scenario"
)

// planProblem is what `hinge plan` plans, wherever it comes from.
type planProblem struct {
	planner.Problem
	x0        []float64
	seed      uint64
	obstacles []problems.Obstacle
	bestKnown float64 // NaN where nothing is known
	// collisions lists the points of a trajectory inside an obstacle; nil where
	// there are no obstacles.
	collisions func(*control.Trajectory) []problems.Collision
}

// openProblem reads PROBLEM. The solver decides which of a scenario's models is
// used.
func (a *app) openProblem(cmd *cobra.Command, spec, solver string, sets []string) (*planProblem, error) {
	if !isScenario(spec) {
		if !problems.Is(spec) {
			return nil, badInputf("problem %s: not supported; give a scenario (%s, or a YAML file) or one of %s",
				spec, strings.Join(scenario.Names(), ", "), strings.Join(problems.Forms(), ", "))
		}
		if len(sets) > 0 {
			return nil, badInputf("--set %s: only a scenario has values to override; %s is none", sets[0], spec)
		}
		p, err := problems.Open(spec)
		if err != nil {
			return nil, badInput(err)
		}
		problem := &planProblem{
			Problem: planner.Problem{Step: p.Step, Judge: p.Model, Action: p.Action, Cost: p.Cost,
				Constraints: p.Constraints, Integer: p.Integer, Before: p.Before},
			obstacles: p.Obstacles, x0: p.X0, seed: a.seed, bestKnown: p.Reference.BestKnown,
		}
		if len(p.Obstacles) > 0 {
			problem.collisions = p.Collisions
		}
		return problem, nil
	}
	s, err := a.loadScenario(cmd, spec, solver, sets)
	if err != nil {
		return nil, err
	}
	loop, err := s.Open()
	if err != nil {
		return nil, badInput(err)
	}
	return &planProblem{Problem: loop.Problem, x0: loop.Start(), seed: s.Seed, bestKnown: math.NaN()}, nil
}

// isScenario tells a scenario from the prefix:.. of an outside problem.
func isScenario(spec string) bool {
	if _, err := os.Stat(spec); err == nil {
		return !problems.Is(spec)
	}
	return !strings.Contains(spec, ":") && !problems.Is(spec)
}

// saveRequest writes the problem to a file that is a PROBLEM again.
func (p *planProblem) saveRequest(path string) error {
	p = p.aligned()
	if p.Step == nil {
		return badInputf("--save-request %s: the model is no network, which is what a request holds", path)
	}
	return problems.WriteRequest(path, &problems.Problem{Step: p.Step, X0: p.x0, Action: p.Action, Cost: p.Cost,
		Constraints: p.Constraints, Integer: p.Integer, Obstacles: p.obstacles}, p.Before)
}

// aligned returns the problem as it looks from the frame of its start, so that nothing has
// to be turned any more.
func (p *planProblem) aligned() *planProblem {
	q := *p
	var f control.Frame
	q.Problem, f = p.At(p.x0)
	q.x0 = make([]float64, len(p.x0))
	f.Points(q.x0, p.x0)
	return &q
}

// program returns the ReLU program that bnb solves and certificates speak of.
func (p *planProblem) program() (*relu.Program, error) {
	p = p.aligned()
	program, err := relu.New(p.Step, p.x0, p.Action, p.Cost, p.Before)
	if err == nil && p.Constrained() {
		err = program.Constrain(p.Constraints, p.Integer)
	}
	return program, err
}

// writeMPS writes the problem as rows.
func (p *planProblem) writeMPS(path string) error {
	program, err := p.program()
	if err != nil {
		return badInputf("--write-mps %s: %w", path, plain(err))
	}
	reach, err := encode.Reachable(program)
	if err != nil {
		return err
	}
	e, err := reach.BigM(program)
	if err != nil {
		return badInputf("--write-mps %s: %w", path, plain(err))
	}
	return atomicfile.Write(path, func(w io.Writer) error { return milp.WriteMPS(w, e.Problem) })
}
