package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hinge/dynamics"
	"hinge/nn"
	"hinge/problems"
	"hinge/report"
	"hinge/scenario"
)

func (a *app) inspectCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Say what is in a model, data set, run folder, scenario or problem",
		Example: `  hinge inspect model.safetensors
  hinge inspect data.npz --json
  hinge inspect runs/push-t-bnb-1`,
		Args: exactArgs("a model, data set, run folder, scenario or problem"),
	}
	return a.command(c, outForResult, func(_ context.Context, _ *cobra.Command, args []string) (result, error) {
		r, err := inspect(args[0])
		if err != nil {
			return nil, badInput(err)
		}
		return a.saved("inspect", r)
	})
}

// inspect reads whatever path names.
func inspect(path string) (*inspection, error) {
	if !isScenario(path) && problems.Is(path) {
		return inspectProblem(path)
	}
	info, err := os.Stat(path)
	switch ext := filepath.Ext(path); {
	case err == nil && info.IsDir():
		return inspectRun(path)
	case ext == ".safetensors":
		return inspectModel(path)
	case ext == ".npz":
		return inspectData(path)
	case ext == ".yaml" || ext == ".yml" || err != nil:
		return inspectScenario(path)
	}
	return nil, fmt.Errorf("%s: unknown kind of file; inspect reads .safetensors, .npz, .yaml, run folders and %s", path, strings.Join(problems.Forms(), ", "))
}

// inspection is facts in the order in which they are shown.
type inspection struct {
	Kind  string `json:"kind"`
	Path  string `json:"path"`
	Facts []fact `json:"facts"`
}

type fact struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

func (r *inspection) add(name string, value any) { r.Facts = append(r.Facts, fact{name, value}) }

func (r *inspection) text(w io.Writer) {
	fmt.Fprintf(w, "%s %s\n", r.Kind, r.Path)
	for _, f := range r.Facts {
		if n, ok := f.Value.(report.Number); ok {
			f.Value = fmt.Sprintf("%.4g", float64(n))
		}
		fmt.Fprintf(w, "  %-22s %v\n", f.Name, f.Value)
	}
}

func inspectModel(path string) (*inspection, error) {
	if err := needFile("model", path); err != nil {
		return nil, err
	}
	m, err := dynamics.Load(path)
	if err != nil {
		return nil, err
	}
	r := &inspection{Kind: "model", Path: path}
	nx, nu := m.Dims()
	e := m.Meta.Errors
	r.add("task", m.Meta.Task)
	r.add("states", nx)
	r.add("actions", nu)
	r.add("features", m.Net.In)
	r.add("layers", layers(m.Net))
	r.add("relus", m.Net.Count(nn.ReLU))
	r.add("identities", m.Net.Count(nn.Identity))
	r.add("zeros", m.Net.Count(nn.Zero))
	r.add("parameters", len(m.Net.Params))
	r.add("error_unit", e.Unit)
	r.add("error_1", report.Number(e.OneStep.Mean))
	r.add("error_1_moved", report.Number(e.OneStepMoved.Mean))
	r.add("error_h", report.Number(e.HStep.Mean))
	r.add("horizon", e.Horizon)
	r.add("error_standing_still", report.Number(e.Still.Mean))
	r.add("seed", m.Meta.Seed)
	r.add("data_hash", m.Meta.DataHash)
	r.add("tool", m.Meta.Tool)
	r.add("command", m.Meta.Command)
	return r, nil
}

// layers writes the shape of a network: in -> units.. -> out.
func layers(n *nn.Net) string {
	sizes := []string{fmt.Sprint(n.In)}
	for _, l := range n.Layers {
		sizes = append(sizes, fmt.Sprint(l.Out))
	}
	return strings.Join(sizes, "-")
}

func inspectData(path string) (*inspection, error) {
	d, err := loadDataset(path)
	if err != nil {
		return nil, err
	}
	r := &inspection{Kind: "data set", Path: path}
	r.add("task", d.Meta.Task)
	r.add("episodes", d.Episodes)
	r.add("steps", d.Steps)
	r.add("states", d.Nx)
	r.add("actions", d.Nu)
	r.add("state_names", d.Meta.StateNames)
	r.add("action_names", d.Meta.ActionNames)
	r.add("seed", d.Meta.Seed)
	r.add("hash", d.Hash())
	r.add("tool", d.Meta.Tool)
	return r, nil
}

func inspectRun(dir string) (*inspection, error) {
	run, err := report.Open(dir)
	if err != nil {
		return nil, err
	}
	r := &inspection{Kind: "run folder", Path: dir}
	r.add("steps", len(run.Steps))
	s := run.Summary
	if s == nil {
		r.add("complete", false)
		return r, nil
	}
	r.add("complete", true)
	r.add("task", s.Task)
	r.add("planner", s.Planner)
	r.add("model", s.Model)
	r.add("seed", s.Seed)
	r.add("success", s.Success)
	r.add("cost", s.Cost)
	r.add("final_error", s.FinalError)
	r.add("final_error_unit", s.FinalErrorUnit)
	r.add("plan_ms_median", s.PlanMS.Median)
	r.add("plan_ms_max", s.PlanMS.Max)
	r.add("deadline_misses", s.DeadlineMisses)
	r.add("rel_gap_median", s.RelGap.Median)
	r.add("certified_fraction", s.CertifiedFraction)
	return r, nil
}

func inspectProblem(spec string) (*inspection, error) {
	p, err := problems.Open(spec)
	if err != nil {
		return nil, err
	}
	r := &inspection{Kind: "problem", Path: spec}
	r.add("states", p.Cost.Nx)
	r.add("actions", p.Cost.Nu)
	r.add("horizon", p.Horizon())
	r.add("layers", layers(p.Step))
	r.add("relus_per_step", p.Step.Count(nn.ReLU))
	r.add("cost_terms", len(p.Cost.Terms))
	r.add("obstacles", len(p.Obstacles))
	r.add("optimum", report.Number(p.Reference.Optimum))
	r.add("best_known", report.Number(p.Reference.BestKnown))
	r.add("best_bound", report.Number(p.Reference.BestBound))
	return r, nil
}

func inspectScenario(path string) (*inspection, error) {
	s, err := scenario.Load(path)
	if err != nil {
		return nil, err
	}
	r := &inspection{Kind: "scenario", Path: path}
	r.add("task", s.Task)
	r.add("seed", s.Seed)
	r.add("max_steps", s.MaxSteps)
	r.add("noise", s.Noise)
	r.add("model", s.Model)
	r.add("dense_model", s.DenseModel)
	r.add("planner", s.Planner.Name)
	r.add("horizon", s.Planner.Horizon)
	r.add("time", s.Planner.Time)
	r.add("gap", s.Planner.Gap)
	r.add("abs_gap", s.Planner.AbsGap)
	return r, nil
}
