package bench

import (
	"context"
	"strconv"

	"hinge/dynamics"
	"hinge/planner"
	"hinge/scenario"
)

// measure fills in the figures of a model that is also in the file at path.
func (w *sparsifyWork) measure(ctx context.Context, r *reducedModel, m *dynamics.Model, path string) error {
	errs, err := dynamics.Evaluate(m, w.held, nil, lossHorizon)
	if err != nil {
		return err
	}
	r.Error1, r.ErrorH = errs.OneStep.Mean, errs.HStep.Mean
	r.Unstable, r.Nodes, r.PlanTime, r.Cost = -1, -1, -1, -1
	if r.Seed >= w.study.FirstSeed+uint64(w.study.PlanSeeds) {
		return nil
	}
	if err := w.firstPlans(ctx, r, path); err != nil {
		return err
	}
	if r.Budget > w.study.LoopBudget && r.Method != denseMethod {
		return nil
	}
	return w.episodes(ctx, r, path)
}

// lossHorizon is the number of steps of the second error, that of training.
const lossHorizon = 3

// firstPlans measures what proving the first plan of some episodes takes.
func (w *sparsifyWork) firstPlans(ctx context.Context, r *reducedModel, path string) error {
	var unstable, nodes, times []float64
	for k := range w.study.Starts {
		_, loop, err := openScenario(w.study.Task, map[string]string{
			"seed": strconv.Itoa(k + 1), "model": path, "planner.workers": "1"})
		if err != nil {
			return err
		}
		p, err := planner.New("bnb", loop.Problem, loop.Options())
		if err != nil {
			return err
		}
		plan, used, err := planWithin(ctx, p, loop.Start(), w.study.PlanTime)
		if err != nil {
			return err
		}
		unstable = append(unstable, float64(plan.UnstableReLUs))
		nodes, times = append(nodes, float64(max(plan.Nodes, 1))), append(times, used)
	}
	r.Unstable, r.Nodes, r.PlanTime = mean(unstable), geometricMean(nodes), geometricMean(times)
	return nil
}

// episodes closes the loop from some starts, by counted nodes, so that the outcome
// does not depend on the machine.
func (w *sparsifyWork) episodes(ctx context.Context, r *reducedModel, path string) error {
	r.Cost = 0
	for k := range w.study.Loops {
		_, loop, err := openScenario(w.study.Task, map[string]string{
			"seed": strconv.Itoa(k + 1), "model": path, "planner.workers": "1",
			"planner.time": "0", "planner.nodes": strconv.Itoa(w.study.LoopNodes)})
		if err != nil {
			return err
		}
		o, err := loop.Run(ctx, scenario.RunOptions{})
		if err != nil {
			return err
		}
		r.Cost += o.Cost / float64(w.study.Loops)
	}
	return nil
}
