package scenario

import (
	"errors"
	"slices"

	"hinge/internal/strictyaml"
	"hinge/planner"
	"hinge/tasks"
)

// The planners that need no model.
const (
	holdName   = "hold"
	randomName = "random"
)

// exact are the planners that reason about the model, which has to be small for
// that. The others only step it, so its size costs them little.
var exact = []string{"bnb", "highs", "cbc"}

// Planners returns the names of the planners a scenario can have.
func Planners() []string { return planner.Names() }

// PlannerSummary returns one line about a planner in a closed loop.
func PlannerSummary(name string) string {
	switch name {
	case holdName:
		return "one constant action, without a model: what doing nothing achieves"
	case randomName:
		return "uniformly random actions, without a model: what chance achieves"
	}
	for _, e := range planner.Entries() {
		if e.Name == name {
			return e.Summary
		}
	}
	return ""
}

// resolve fills in what depends on the task and checks all names.
func (s *Scenario) resolve() error {
	if s.Robot.given() {
		return s.resolveRobot()
	}
	if s.Task == "" {
		return s.source.Errorf("task", "missing; %w", choices("tasks", "", tasks.Names()))
	}
	if !slices.Contains(tasks.Names(), s.Task) {
		return s.source.Errorf("task", "value is %s; %w", s.Task, choices("tasks", s.Task, tasks.Names()))
	}
	task, err := tasks.New(s.Task)
	if err != nil {
		return s.source.Errorf("task", "%w", err)
	}
	if s.MaxSteps == 0 {
		s.MaxSteps = task.MaxSteps
	}
	if s.Model == "" {
		s.Model = s.Task + "-sparse.safetensors"
	}
	if s.DenseModel == "" {
		s.DenseModel = s.Task + "-dense.safetensors"
	}
	return s.resolvePlanner()
}

// robotSteps is the number of actions in which a robot is to reach its goal, where
// none is given.
const robotSteps = 100

// resolveRobot does the same for a task of the user's own, of which nothing but
// the model is known.
func (s *Scenario) resolveRobot() error {
	switch {
	case s.Task == "":
		return s.source.Errorf("task", "missing; with a robot it must be the task in the model's metadata")
	case slices.Contains(tasks.Names(), s.Task):
		return s.source.Errorf("robot", "task %s is built in and has its own start and goal; leave out one of them", s.Task)
	case s.Model == "":
		return s.source.Errorf("model", "missing; a robot needs a model, as written by hinge train")
	}
	if s.DenseModel == "" {
		s.DenseModel = s.Model
	}
	if s.MaxSteps == 0 {
		s.MaxSteps = robotSteps
	}
	return s.resolvePlanner()
}

// resolvePlanner checks the planner section.
func (s *Scenario) resolvePlanner() error {
	if name := s.Planner.Name; !slices.Contains(Planners(), name) {
		return s.source.Errorf("planner.name", "value is %s; %w", name, choices("planners", name, Planners()))
	}
	if s.Planner.Time == 0 && s.Planner.Iterations < 0 {
		return s.source.Errorf("planner.iterations", "value is %d (until the deadline), but planner.time is 0 (none); one of them must be above 0", s.Planner.Iterations)
	}
	return nil
}

func choices(kind, name string, valid []string) error {
	return errors.New(strictyaml.Choices(kind, name, valid))
}

// modelKey returns the key of the model the planner uses and its value, "" if it
// uses none. A robot always has one: it is the plant.
func (s *Scenario) modelKey() (key, name string) {
	switch {
	case !s.Robot.given() && (s.Planner.Name == holdName || s.Planner.Name == randomName):
		return "", ""
	case slices.Contains(exact, s.Planner.Name):
		return "model", s.Model
	}
	return "dense_model", s.DenseModel
}
