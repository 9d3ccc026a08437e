// Package tasks holds the problems a robot is asked to solve, one file each.
//
// A [Task] is everything about a problem that is not a method: the plant, what
// a model of it sees, the actions allowed, where episodes start and end, the cost
//
//	J = sum_{t=1..H} l_t(x_t, u_{t-1})
//
// a planner minimises, the error a person would measure, and how to draw it. A
// method that asks for nothing else serves every task.
//
// Three vectors have to be told apart: the plant state is what the simulator
// needs, the model state x is what an [control.Observer] makes of it and what
// models, costs and planners speak of, and the features, affine in [x; u], are
// what a learned model computes with. The model predicts
//
//	x' = Base [x; u] + network(Features [x; u]).
//
// Read first: [Task], [New], [Episode].
package tasks
