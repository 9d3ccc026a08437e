package control

import "context"

// System is discrete-time dynamics x' = f(x, u). Simulators and learned models
// both implement it. An implementation may hold scratch memory, so one value
// serves one goroutine; Clone gives another goroutine its own.
type System interface {
	// Dims returns the number of state coordinates Nx and of action coordinates Nu.
	Dims() (nx, nu int)
	// Step writes f(x, u) to dst. dst (Nx) may alias x (Nx); u has Nu entries.
	// It panics if a length is wrong.
	Step(dst, x, u []float64)
	// Clone returns an independent System that may share immutable parts.
	Clone() System
}

// BatchSystem is a System that steps many states faster together than one by one.
type BatchSystem interface {
	System
	// StepBatch writes f(x_i, u_i) to row i of dst for n rows: dst and x are
	// n x Nx, u is n x Nu, all row-major. dst may alias x.
	StepBatch(dst, x, u []float64, n int)
}

// Differentiable is a System with a vector-Jacobian product.
type Differentiable interface {
	System
	// VJP writes lambda' df/dx to dx (Nx) and lambda' df/du to du (Nu), for
	// lambda (Nx) and the derivative at (x, u). At a kink of f it uses one
	// element of the generalised derivative.
	VJP(dx, du, x, u, lambda []float64)
}

// Observer turns plant states into model states. A state estimator is an
// Observer with memory: Reset forgets the past, Observe advances it by one step.
type Observer interface {
	// Dims returns the sizes of the plant state and of the model state.
	Dims() (plant, model int)
	// Reset starts a new episode.
	Reset()
	// Observe writes the model state to dst, given the plant state x and the
	// action u that led to it (nil at the first step of an episode).
	Observe(dst, x, u []float64)
}

// Policy chooses actions from states.
type Policy interface {
	// Act writes the action for state x at step t to dst (Nu). A deadline is
	// taken from ctx; reaching it is no error as long as dst holds an action.
	Act(ctx context.Context, dst, x []float64, t int) error
}

// PolicyFunc makes a function a Policy.
type PolicyFunc func(ctx context.Context, dst, x []float64, t int) error

// Act calls f.
func (f PolicyFunc) Act(ctx context.Context, dst, x []float64, t int) error {
	return f(ctx, dst, x, t)
}

// Planner makes plans.
type Planner interface {
	// Plan returns a plan from the model state x0. warm, when not nil, is an
	// earlier plan already shifted to start at x0. The deadline of ctx is an
	// outcome, not an error: the plan then holds the incumbent, the dual bound
	// proven so far (if any) and Status TimeLimit.
	Plan(ctx context.Context, x0 []float64, warm *Plan) (*Plan, error)
}
