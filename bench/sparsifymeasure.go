package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"hinge/planner"
	"hinge/scenario"
)

// plans fills in the plans of the models of the first seeds, a file for each seed and
// method. Models come in that order.
func (w *sparsifyWork) plans(ctx context.Context, models []reducedModel) error {
	done := w.study.Seeds * (1 + len(w.study.Methods))
	for len(models) > 0 {
		m := &models[0]
		n := 1
		for n < len(models) && models[n].Seed == m.Seed && models[n].Method == m.Method {
			n++
		}
		if m.Seed >= w.study.FirstSeed+uint64(w.study.PlanSeeds) {
			return nil
		}
		w.session.announce(done, w.study.steps(), fmt.Sprintf("seed %d, %s: plans", m.Seed, m.Method))
		if err := w.plansOf(ctx, models[:n]); err != nil {
			return fmt.Errorf("seed %d: %s: %w", m.Seed, m.Method, err)
		}
		models, done = models[n:], done+1
	}
	return nil
}

// plansOf fills in the plans of the models of one seed and method.
func (w *sparsifyWork) plansOf(ctx context.Context, models []reducedModel) error {
	path := filepath.Join(w.folder, fmt.Sprintf("plans-%d-%s.json", models[0].Seed, models[0].Method))
	known, err := readModels(path)
	if err != nil {
		return err
	}
	if len(known) == len(models) {
		copy(models, known)
		return nil
	}
	for i := range models {
		m := &models[i]
		file, err := w.file(m)
		if err != nil {
			return err
		}
		m.Plans = new(planFigures)
		if err := w.firstPlans(ctx, m.Plans, file); err != nil {
			return fmt.Errorf("%d ReLUs: %w", m.Budget, err)
		}
		if err := w.episodes(ctx, m.Plans, file); err != nil {
			return fmt.Errorf("%d ReLUs: %w", m.Budget, err)
		}
	}
	return writeModels(path, models)
}

// firstPlans measures what proving the first plan of some episodes takes.
func (w *sparsifyWork) firstPlans(ctx context.Context, r *planFigures, path string) error {
	var unstable, proven, nodes, times, gaps []float64
	for k := range w.study.Starts {
		sc, loop, err := openScenario(w.study.Task, map[string]string{
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
		proven = append(proven, 0)
		if plan.Verified && provenTo(plan, tolerances{sc.Planner.Gap, sc.Planner.AbsGap}) {
			proven[k] = 1
		}
		unstable, gaps = append(unstable, float64(plan.UnstableReLUs)), append(gaps, plan.AbsGap())
		nodes, times = append(nodes, float64(max(plan.Nodes, 1))), append(times, used)
	}
	r.Unstable, r.Proven, r.Gap = mean(unstable), mean(proven), mean(gaps)
	r.Nodes, r.PlanTime = geometricMean(nodes), geometricMean(times)
	return nil
}

// episodes closes the loop from some starts, by counted nodes, so that the outcome
// does not depend on the machine.
func (w *sparsifyWork) episodes(ctx context.Context, r *planFigures, path string) error {
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
