// Package scenario turns a YAML file into a closed loop that runs: a task, its
// plant, a learned model and a planner, wired together.
//
//	task: push-t
//	planner: {name: bnb, horizon: 3, time: 1}
//
// Everything not written has a default, and a resolved scenario can be written
// with all of them, so that a run folder says what was run. Nothing is ignored:
// an unknown key, a wrong type or a value out of range is an error that names
// file, line and what would be right (internal/strictyaml).
//
// All randomness comes from the seed of the scenario: the start, the goal, the
// noise of the measurements and the samples of the planner. With a clock limit
// per plan the plans still depend on the speed of the machine; without one
// (planner.time 0) a scenario repeats exactly.
//
// Read first: [Load], [Scenario], [Scenario.Run].
package scenario
