package highs

import (
	"context"
	"fmt"
	"math"
	"slices"

	"hinge/milp"
)

// Model statuses of HiGHS, the same numbers in 1.10 to 1.15.
const (
	modelLoadError             = 1
	modelModelError            = 2
	modelOptimal               = 7
	modelInfeasible            = 8
	modelUnboundedOrInfeasible = 9
	modelUnbounded             = 10
	modelTimeLimit             = 13
	modelSolutionLimit         = 16 // the node limit is told as this one
	modelInterrupt             = 17
)

// primalFeasible is the primal_solution_status of a point within tolerance.
const primalFeasible = 2

// translate returns the status for HiGHS's model status. What we cannot explain
// is a numerical failure.
func translate(model int32, ended error) milp.Status {
	switch model {
	case modelOptimal:
		return milp.Optimal
	case modelInfeasible:
		return milp.Infeasible
	case modelUnboundedOrInfeasible:
		return milp.InfeasibleOrUnbounded
	case modelUnbounded:
		return milp.Unbounded
	case modelTimeLimit:
		return milp.TimeLimit
	case modelSolutionLimit:
		return milp.NodeLimit
	case modelInterrupt:
		return stopped(ended)
	}
	return milp.NumericalFailure
}

// read fills res after a run.
func (m *object) read(ctx context.Context, p *milp.Problem, res *milp.Result) error {
	model := m.lib.modelStatus(m.h)
	if model == modelLoadError || model == modelModelError {
		return fmt.Errorf("highs: HiGHS %s rejects the model (status %d)", m.lib.version, model)
	}
	res.Status = translate(model, ctx.Err())
	if m.int("primal_solution_status") == primalFeasible {
		res.X = make([]float64, p.Vars())
		m.call("getSolution", m.lib.solution(m.h, res.X, nil, nil, nil))
		res.Objective = p.Objective(res.X)
	} else if res.Status == milp.Optimal {
		res.Status = milp.NumericalFailure
	}
	res.DualBound = m.dualBound(p, res)
	res.LPIterations = max(0, int(m.int("simplex_iteration_count")))
	res.NodeCount = max(0, int(m.int64("mip_node_count"))) // -1 without integers
	return m.err
}

func (m *object) dualBound(p *milp.Problem, res *milp.Result) float64 {
	switch {
	case res.Status == milp.Infeasible:
		return math.Inf(1)
	case res.Status == milp.Unbounded, res.Status == milp.NumericalFailure:
		return math.Inf(-1)
	case slices.Contains(p.Integer, true):
		return m.double("mip_dual_bound")
	case res.Status == milp.Optimal:
		return res.Objective // a linear program has no gap
	}
	return math.Inf(-1)
}

func (m *object) int(name string) (v int32) {
	m.call(name, m.lib.infoInt(m.h, name, &v))
	return v
}

func (m *object) int64(name string) (v int64) {
	m.call(name, m.lib.infoInt64(m.h, name, &v))
	return v
}

func (m *object) double(name string) (v float64) {
	m.call(name, m.lib.infoDouble(m.h, name, &v))
	return v
}
