package main

import (
	"context"
	"math/rand/v2"

	"hinge/control"
	"hinge/dynamics"
	"hinge/planner"
	"hinge/scenario"
	"hinge/tasks"
)

// policies are who can act in hinge collect.
var policies = []string{dynamics.PolicyPush, policyWalk, policyPlanner}

const (
	policyWalk    = "walk"
	policyPlanner = "planner"
)

// What --policy planner does. Its budget is counted, so that data repeat.
const (
	plannedShare    = 0.75 // of the actions
	plannedHorizon  = 3
	plannedMethod   = "cem"
	plannedSamples  = 128
	plannedIterates = 4
)

// acting returns who acts in the episodes, and what the data set says of it.
func acting(task *tasks.Task, f collectFlags) (dynamics.Begin, dynamics.Round, error) {
	start := func(rng *rand.Rand) []float64 { return task.Episode(rng).Start }
	round := dynamics.Round{Policy: f.policy}
	switch f.policy {
	case policyWalk:
		return walking(task, start), round, nil
	case policyPlanner:
		if err := needFile("--model", f.model); err != nil {
			return nil, round, err
		}
		m, err := dynamics.Load(f.model)
		if err != nil {
			return nil, round, badInput(err)
		}
		if err := scenario.CheckModel(m, task); err != nil {
			return nil, round, badInputf("--model %s: %w", f.model, err)
		}
		round.Model = m.Hash()
		return planning(task, m), round, nil
	}
	return dynamics.Exploring(start, task.Explore), round, nil
}

// walking begins episodes in which actions walk through the task's box.
func walking(task *tasks.Task, start func(rng *rand.Rand) []float64) dynamics.Begin {
	walk := dynamics.Walking(start, task.Action)
	return func(rng *rand.Rand) (dynamics.Beginning, error) {
		b, err := walk(rng)
		b.Policy = control.Aligned(b.Policy, task.Align)
		return b, err
	}
}

// planning begins episodes of the task in which a planner with model m acts most
// of the time, towards the goal of the episode.
func planning(task *tasks.Task, m *dynamics.Model) dynamics.Begin {
	step := m.Stepping()
	return func(rng *rand.Rand) (dynamics.Beginning, error) {
		episode := task.Episode(rng)
		seed := rng.Uint64()
		problem := planner.Problem{
			Step: step, Judge: m.Clone(), Align: task.Align, Action: task.Action, Cost: task.Cost(episode.Goal, plannedHorizon),
		}
		p, err := planner.New(plannedMethod, problem, planner.Options{Seed: seed, Workers: 1, Samples: plannedSamples, Iterations: plannedIterates})
		if err != nil {
			return dynamics.Beginning{}, err
		}
		mpc, err := planner.NewMPC(p, task.Action, planner.MPCOptions{Seed: seed, Align: task.Align})
		if err != nil {
			return dynamics.Beginning{}, err
		}
		act := func(ctx context.Context, dst, x []float64, t int) error {
			if err := mpc.Act(ctx, dst, x, t); err != nil { // also where it is not followed: it keeps its plan
				return err
			}
			if rng.Float64() >= plannedShare {
				task.Explore(dst, x, rng)
			}
			return nil
		}
		return dynamics.Beginning{Start: episode.Start, Policy: control.PolicyFunc(act)}, nil
	}
}
