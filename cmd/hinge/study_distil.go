package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hinge/control"
	"hinge/dynamics"
	"hinge/planner"
	"hinge/problems"
	"hinge/report"
	"hinge/studies/distil"
)

// distilStudy is what `hinge study distil` is asked for.
type distilStudy struct {
	budgets  []int
	episodes int
	epochs   int
	rounds   int
	planners []string
	time     float64 // of a plan, seconds of wall clock; 0 for no plans
}

// distilForm is the form of problems whose network can be distilled.
const distilForm = "push-t:"

func (a *app) distilCommand() *cobra.Command {
	var s distilStudy
	c := &cobra.Command{
		Use:   "distil PROBLEM",
		Short: "Learn a small model from a large network of others",
		Long: `Learn small models from the network of a push-t:FILE#K problem, with targets from its
own roll-outs, and say how far they are from it. In rounds, plan through every model,
let the network try the plan and moves near it, and train on. At last plan the problem
through every model, and evaluate the plans with the network.`,
		Example: "  hinge study distil push-t:../shared/data/push-t/instances.json#0 --out distil\n  hinge study distil push-t:../shared/data/push-t/instances.json#0 --budget 96,48,24 --time 0 --json",
		Args:    exactArgs("a problem, push-t:FILE#K"),
	}
	fl := c.Flags()
	fl.IntSliceVar(&s.budgets, "budget", []int{96}, "ReLUs of the models, one number or several")
	fl.IntVar(&s.episodes, "episodes", 2000, "roll-outs of the network to learn from")
	fl.IntVar(&s.epochs, "epochs", 40, "of every training")
	fl.IntVar(&s.rounds, "rounds", 3, "of planning through the models and training on what the network makes of it")
	fl.StringSliceVar(&s.planners, "planner", []string{"cma", "bnb"}, "planners to plan with")
	fl.Float64Var(&s.time, "time", 20, "seconds for every plan, 0 for no plans")
	return a.command(c, "folder for models and study.json (default study-distil)", func(ctx context.Context, cmd *cobra.Command, args []string) (result, error) {
		if s.episodes < 2 || s.epochs < 1 || s.rounds < 0 || !(s.time >= 0 && s.time <= maxBenchTime) {
			return nil, badInputf("--episodes is %d, --epochs %d, --rounds %d, --time %g; they must be at least 2, 1 and 0, and from 0 to %d seconds",
				s.episodes, s.epochs, s.rounds, s.time, maxBenchTime)
		}
		if err := (distil.Options{Budgets: s.budgets}).Validate(); err != nil {
			return nil, badInputf("--budget: %w", err)
		}
		if !strings.HasPrefix(args[0], distilForm) {
			return nil, badInputf("problem %s: has no network that can be distilled; give %sFILE#K", args[0], distilForm)
		}
		p, err := problems.Open(args[0])
		if err != nil {
			return nil, badInput(err)
		}
		if a.out == "" {
			a.out = "study-distil"
		}
		if err := makeFolder(a.out); err != nil {
			return nil, err
		}
		return a.distil(ctx, p, s, commandLine(cmd, args))
	})
}

func (a *app) distil(ctx context.Context, p *problems.Problem, s distilStudy, command string) (result, error) {
	var bar *progress
	opts := distil.Options{
		Seed: a.seed, Episodes: s.episodes, Epochs: s.epochs, Budgets: s.budgets, Rounds: s.rounds,
		OnEpoch: func(part string, done, total int) {
			if done == 1 {
				bar.finish()
				bar = a.progress("distil: "+part, "epochs", total)
			}
			bar.set(done, "")
		},
	}
	if s.rounds > 0 {
		opts.Plan = func(ctx context.Context, m *dynamics.Model) ([]float64, error) {
			plan, err := a.distilPlan(ctx, explorer, p, m, 0, nil)
			if err != nil {
				return nil, err
			}
			return plan.U, nil
		}
	}
	students, err := distil.Run(ctx, p.Model, p.X0, p.Action, opts)
	bar.finish()
	if err != nil {
		return nil, mendable(err)
	}
	r := &studyResult{Out: a.out}
	for _, student := range students {
		path := filepath.Join(a.out, fmt.Sprintf("distil-%d.safetensors", student.Budget))
		if err := card(student.Model, student.Held, command); err != nil {
			return nil, err
		}
		if err := student.Model.Save(path); err != nil {
			return nil, err
		}
		r.Files = append(r.Files, path)
		studentRows(r, student, path)
	}
	if s.time > 0 {
		if err := a.distilPlans(ctx, r, p, s, students); err != nil {
			return nil, err
		}
	}
	return a.saved("study", r)
}

// studentRows are errors against the network on its own roll-outs, in its unit.
func studentRows(r *studyResult, s distil.Student, path string) {
	name := fmt.Sprintf("%d ReLUs", s.Budget)
	still := numberOf(s.Errors.Still.Mean)
	for _, row := range []studyRow{
		{Metric: "relus", Value: report.Number(s.ReLUs), File: path},
		{Metric: "error_1", Value: report.Number(s.Errors.OneStep.Mean)},
		{Metric: "error_1_moved", Value: report.Number(s.Errors.OneStepMoved.Mean), Reference: still},
		{Metric: fmt.Sprintf("error_%d", s.Errors.Horizon), Value: report.Number(s.Errors.HStep.Mean)},
	} {
		row.Name = name
		r.add(row)
	}
}

// obstacleMargin is how far plans through a model keep away from obstacles, in mean
// errors of the model at the end of a roll-out.
const obstacleMargin = 2

// widened returns p with its obstacles wider by a margin.
func widened(p *problems.Problem, margin float64) *problems.Problem {
	w, cost := *p, *p.Cost
	cost.Terms = slices.Clone(cost.Terms)
	for i := range cost.Terms {
		switch k := &cost.Terms[i]; k.Norm {
		case control.Disc:
			k.Radius += margin
		case control.Polygon: // its rows are distances from the sides
			k.Residual.B = slices.Clone(k.Residual.B)
			for j := range k.Residual.B {
				k.Residual.B[j] -= margin
			}
		}
	}
	w.Cost = &cost
	return &w
}

// goalDistance is the part of the cost that is not about obstacles.
func goalDistance(p *problems.Problem, tr *control.Trajectory) float64 {
	cost := *p.Cost
	cost.Terms = slices.DeleteFunc(slices.Clone(cost.Terms), func(t control.Term) bool { return t.Norm.KeepsOut() })
	return cost.Total(tr, nil)
}

// distilPlans plans through the network and through every model of a budget, and
// evaluates all plans with the network. The network's plans are the reference.
func (a *app) distilPlans(ctx context.Context, r *studyResult, p *problems.Problem, s distilStudy, students []distil.Student) error {
	for _, name := range s.planners {
		plan, err := a.distilPlan(ctx, name, p, nil, s.time, nil)
		if err != nil {
			return err
		}
		direct := plan.Objective
		label := "network, " + name
		r.add(studyRow{Name: label, Metric: "cost", Value: report.Number(direct)})
		for _, student := range students[1:] {
			careful := widened(p, obstacleMargin*student.Errors.HStep.Mean)
			if plan, err = a.distilPlan(ctx, name, careful, student.Model, s.time, nil); err != nil {
				return err
			}
			label := fmt.Sprintf("%d ReLUs, %s", student.Budget, name)
			r.add(studyRow{Name: label, Metric: "cost_model", Value: report.Number(plan.Objective)})
			r.add(studyRow{Name: label, Metric: "dual_bound_model", Value: report.Number(plan.DualBound)})
			tr := onNetwork(p, plan)
			r.add(studyRow{Name: label, Metric: "cost", Value: report.Number(p.Cost.Total(tr, nil)), Reference: numberOf(direct)})
			r.add(studyRow{Name: label, Metric: "distance", Value: report.Number(goalDistance(p, tr)), Reference: numberOf(direct)})
			r.add(studyRow{Name: label, Metric: "collisions", Value: report.Number(len(p.Collisions(tr)))})
			// The rest of the way on the network itself, from there.
			if plan, err = a.distilPlan(ctx, name, p, nil, s.time, plan); err != nil {
				return err
			}
			r.add(studyRow{Name: label + ", then the network", Metric: "cost", Value: report.Number(plan.Objective), Reference: numberOf(direct)})
		}
	}
	return nil
}

// explorer makes the plans that the network tries, with its default count of
// samples.
const explorer = "cma"

// distilPlan plans a problem through a model, nil for its own network. Without a
// time limit the planner's default count is the limit.
func (a *app) distilPlan(ctx context.Context, name string, p *problems.Problem, m *dynamics.Model, seconds float64, warm *control.Plan) (*control.Plan, error) {
	problem := planner.Problem{Step: p.Step, Judge: p.Model, Action: p.Action, Cost: p.Cost}
	if m != nil {
		problem.Step, problem.Judge = m.Stepping(), m
	}
	opts, limited := planner.Options{Seed: a.seed, RelGap: 1e-4, AbsGap: 1e-6}, ctx
	if seconds > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, time.Duration(seconds*float64(time.Second)))
		defer cancel()
		opts.Iterations = -1
	}
	method, err := planner.New(name, problem, opts)
	if err != nil {
		return nil, badInput(err)
	}
	defer a.waiting("plan with "+name, seconds)()
	plan, err := method.Plan(limited, p.X0, warm)
	return plan, errors.Join(err, ctx.Err())
}

// onNetwork returns what the network makes of the actions of a plan.
func onNetwork(p *problems.Problem, plan *control.Plan) *control.Trajectory {
	tr := control.NewTrajectory(plan.Nx, plan.Nu, plan.Len())
	copy(tr.U, plan.U)
	tr.Simulate(p.Model.Clone(), p.X0)
	return tr
}
