package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hinge/dynamics"
	"hinge/internal/cputime"
	"hinge/internal/strictyaml"
	"hinge/internal/version"
	"hinge/nn"
	"hinge/report"
	"hinge/sparsify"
)

func (a *app) sparsifyCommand() *cobra.Command {
	var dataFile, config string
	var budgets []int
	var sets []string
	c := &cobra.Command{
		Use:   "sparsify MODEL",
		Short: "Reduce a model to few ReLUs, so that plans can be proven",
		Long: `Reduce a model to K ReLUs: choose for every unit whether it stays a ReLU, becomes
linear or vanishes, and train on. With several budgets, smaller ones start from
larger ones. --set and --config know the keys

` + strings.TrimRight(string(strictyaml.Encode(new(defaultSparsifyConfig()))), "\n"),
		Example: `  hinge sparsify dense.safetensors --data data.npz --budget 24 --out sparse.safetensors
  hinge sparsify dense.safetensors --data data.npz --budget 48,24,12 --out sparse.safetensors`,
		Args: exactArgs("a model, as written by hinge train"),
	}
	fl := c.Flags()
	fl.StringVar(&dataFile, "data", "", "data set to train on, as written by hinge collect (required)")
	fl.IntSliceVar(&budgets, "budget", nil, "ReLUs to keep, one number or several (required)")
	fl.StringVar(&config, "config", "", "YAML file with options")
	fl.StringArrayVar(&sets, "set", nil, "override an option, as key=value; may be repeated")
	const out = "model file to write (default sparse.safetensors); with several budgets, NAME-K.safetensors for each"
	return a.command(c, out, func(ctx context.Context, cmd *cobra.Command, args []string) (result, error) {
		cfg := defaultSparsifyConfig()
		if err := readConfig(config, sets, &cfg); err != nil {
			return nil, err
		}
		path, err := a.outFile("sparse.safetensors", ".safetensors")
		if err != nil {
			return nil, err
		}
		model, data, err := sparsifyInputs(args[0], dataFile)
		if err != nil {
			return nil, err
		}
		if err := checkBudgets(budgets, model.Net.Count(nn.ReLU)); err != nil {
			return nil, err
		}
		results, err := a.sparsify(ctx, model, data, budgets, cfg)
		if err != nil && len(results) == 0 {
			return nil, badInputf("data set %s: %w", dataFile, err) // it cannot be trained on like that
		}
		r, saveErr := a.saveSparse(results, budgets, data, path, commandLine(cmd, args))
		return r, errors.Join(diverged(err), saveErr)
	})
}

func sparsifyInputs(modelFile, dataFile string) (*dynamics.Model, *dynamics.Dataset, error) {
	if dataFile == "" {
		return nil, nil, badInputf("--data is missing; give the data set the model was trained on")
	}
	if err := needFile("model", modelFile); err != nil {
		return nil, nil, err
	}
	model, err := dynamics.Load(modelFile)
	if err != nil {
		return nil, nil, badInput(err)
	}
	data, err := loadDataset(dataFile)
	if err != nil {
		return nil, nil, err
	}
	return model, data, sameSystem(model, data, modelFile, dataFile)
}

func checkBudgets(budgets []int, relus int) error {
	if len(budgets) == 0 {
		return badInputf("--budget is missing; give a number of ReLUs below the model's %d", relus)
	}
	for i, k := range budgets {
		if k < 0 || k > relus {
			return badInputf("--budget %d: must be in 0 to %d, the ReLUs of the model", k, relus)
		}
		if slices.Contains(budgets[:i], k) {
			return badInputf("--budget %d: appears twice", k)
		}
	}
	return nil
}

// reduced is a result with the processor time until it was there.
type reduced struct {
	sparsify.Result
	cpu time.Duration
}

// sparsify returns the models of all budgets, or of those finished before an
// interruption.
func (a *app) sparsify(ctx context.Context, model *dynamics.Model, data *dynamics.Dataset, budgets []int, cfg sparsifyConfig) ([]reduced, error) {
	opts := cfg.options()
	opts.Train.Seed, opts.Train.Log = a.seed, a.log
	var p *progress
	opts.OnEpoch = func(e sparsify.Progress) {
		if p == nil {
			p = a.progress("sparsify", "epochs", e.Total)
		}
		p.set(e.Done, fmt.Sprintf("%v at %d ReLUs, loss %.4g", e.Phase, e.ReLUs, e.Best))
	}
	cpu := cputime.Process()
	results, err := sparsify.Reduce(ctx, model, data, budgets, opts)
	p.finish()
	used := (cputime.Process() - cpu) / time.Duration(max(1, len(results)))
	var list []reduced
	for _, r := range results {
		list = append(list, reduced{r, used})
	}
	return list, err
}

// saveSparse writes the models and returns what is to be said of them.
func (a *app) saveSparse(results []reduced, budgets []int, data *dynamics.Dataset, path, command string) (result, error) {
	var r sparsifyResult
	for _, m := range results {
		m.Model.Meta.Tool, m.Model.Meta.Command = version.Tool(), command
		reach, err := reachOf(m.Model, data, allEpisodes(data))
		if err != nil {
			return nil, err
		}
		m.Model.Meta.Reach = reach
		out := path
		if len(budgets) > 1 {
			out = fmt.Sprintf("%s-%d.safetensors", strings.TrimSuffix(path, ".safetensors"), m.Budget)
		}
		if err := m.Model.Save(out); err != nil {
			return nil, err
		}
		row := newModelResult(m.Model, m.Report, m.cpu)
		row.Identities, row.Zeros, row.Out, row.Seed = m.Identities, m.Zeros, out, a.seed
		r.Rows = append(r.Rows, row)
	}
	if len(budgets) == 1 {
		return r.Rows[0], nil
	}
	return r, nil
}

// sparsifyResult is a row per budget.
type sparsifyResult struct {
	Rows []modelResult `json:"rows"`
}

func (r sparsifyResult) text(w io.Writer) {
	t := report.NewTable("ReLUs", "parameters", "loss", "error, 1 step", "at the horizon", "unit", "file")
	for _, m := range r.Rows {
		t.Add(m.ReLUs, m.Parameters, m.Loss, m.Error1, m.ErrorH, m.ErrorUnit, m.Out)
	}
	fmt.Fprint(w, t)
}
