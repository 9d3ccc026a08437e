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
		s := &reducing{app: a, data: data, name: dataFile, budgets: budgets, path: path, command: commandLine(cmd, args)}
		return s.run(ctx, model, cfg)
	})
}

func sparsifyInputs(modelFile, dataFile string) (*dynamics.Model, *dynamics.Dataset, error) {
	if dataFile == "" {
		return nil, nil, badInputf("--data is missing; give the data set the model was trained on")
	}
	if err := needModel(modelFile); err != nil {
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
	if err := sameSystem(model, data, modelFile, dataFile); err != nil {
		return nil, nil, err
	}
	return model, data, learnable(data, dataFile)
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

// reducing is a call of hinge sparsify.
type reducing struct {
	app     *app
	data    *dynamics.Dataset
	name    string // of the data set's file
	budgets []int
	path    string // of the model; with several budgets, what their files begin with
	command string

	rows map[int]modelResult // by budget, of the models that are saved
	cpu  time.Duration       // of the process, when the last model was saved
}

// run reduces a model to all budgets. Every model is saved as soon as it is there, so
// that those before an interruption are kept.
func (s *reducing) run(ctx context.Context, model *dynamics.Model, cfg sparsifyConfig) (result, error) {
	opts := cfg.options()
	opts.Train.Seed, opts.Train.Log = s.app.seed, s.app.log
	if opts.Train.Stable > 0 {
		opts.Train.Ranges = stableRanges(s.data)
	}
	var p *progress
	opts.OnEpoch = func(e sparsify.Progress) {
		if p == nil {
			p = s.app.progress("sparsify", "epochs", e.Total)
		}
		p.set(e.Done, fmt.Sprintf("%v at %d ReLUs, loss %.4g", e.Phase, e.ReLUs, e.Best))
	}
	opts.OnResult = s.keep
	s.rows, s.cpu = map[int]modelResult{}, cputime.Process()
	_, err := sparsify.Reduce(ctx, model, s.data, s.budgets, opts)
	p.finish()
	return s.result(), s.failed(err)
}

// keep saves the model of a budget.
func (s *reducing) keep(r sparsify.Result) error {
	used := cputime.Process() - s.cpu
	out := s.path
	if len(s.budgets) > 1 {
		out = s.file(fmt.Sprintf("-%d", r.Budget))
	}
	if err := s.save(r, out); err != nil {
		return withStatus(statusInternal, err)
	}
	row := newModelResult(r.Model, r.Report, used)
	row.Identities, row.Zeros, row.Out, row.Seed = r.Identities, r.Zeros, out, s.app.seed
	s.rows[r.Budget], s.cpu = row, cputime.Process()
	return nil
}

// file returns the name of a file beside that of the model.
func (s *reducing) file(ending string) string {
	return strings.TrimSuffix(s.path, ".safetensors") + ending + ".safetensors"
}

func (s *reducing) save(r sparsify.Result, path string) error {
	r.Model.Meta.Tool, r.Model.Meta.Command = version.Tool(), s.command
	reach, err := reachOf(r.Model, s.data, s.data.AllEpisodes())
	if err != nil {
		return err
	}
	r.Model.Meta.Reach = reach
	return r.Model.Save(path)
}

// result is what there is to be said of the models that are saved; nil for none.
func (s *reducing) result() result {
	var r sparsifyResult
	for _, k := range s.budgets {
		if row, ok := s.rows[k]; ok {
			r.Rows = append(r.Rows, row)
		}
	}
	switch {
	case len(r.Rows) == 0:
		return nil
	case len(s.budgets) == 1:
		return r.Rows[0]
	}
	return r
}

// failed says of what file an error speaks. Where training diverged the last good
// model is saved and named.
func (s *reducing) failed(err error) error {
	var d *dynamics.DivergedError
	var stopped *sparsify.StoppedError
	var saving *failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &saving) || !errors.As(err, &d) && len(s.rows) > 0:
		return err
	case !errors.As(err, &d):
		return badInputf("data set %s: %w", s.name, err) // it cannot be trained on like that
	case !errors.As(err, &stopped) || stopped.Last == nil:
		return badInputf("data set %s: %w; no model was written", s.name, err)
	}
	out := s.file(fmt.Sprintf("-%d.diverged", stopped.Last.Budget))
	if saveErr := s.save(*stopped.Last, out); saveErr != nil {
		return errors.Join(badInput(err), saveErr)
	}
	return badInputf("data set %s: %w; the last good model, of %d ReLUs, is %s", s.name, err, stopped.Last.Budget, out)
}

// sparsifyResult is a row per budget.
type sparsifyResult struct {
	Rows []modelResult `json:"rows"`
}

func (r sparsifyResult) text(w io.Writer) {
	t := report.NewTable("ReLUs", "parameters", "loss", "error, 1 step", "at the horizon", "unit", "file")
	for _, m := range r.Rows {
		t.Add(m.ReLUs, m.Parameters, m.Loss, m.Error1, m.ErrorH, commonUnit(m.ErrorUnit), m.Out)
	}
	fmt.Fprint(w, t)
	for _, m := range r.Rows {
		m.warn(w)
	}
}
