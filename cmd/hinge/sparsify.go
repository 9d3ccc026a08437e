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
	"hinge/internal/version"
	"hinge/nn"
	"hinge/report"
	"hinge/sparsify"
)

func (a *app) sparsifyCommand() *cobra.Command {
	var dataFile string
	var budgets []int
	c := &cobra.Command{
		Use:   "sparsify MODEL",
		Short: "Reduce a model to few ReLUs, so that plans can be proven",
		Long: `Reduce a model to K ReLUs: choose for every unit whether it stays a ReLU, becomes
linear or vanishes, and train on. With several budgets each starts from the one
before; give them in falling order.`,
		Example: `  hinge sparsify dense.safetensors --data data.npz --budget 24 --out sparse.safetensors
  hinge sparsify dense.safetensors --data data.npz --budget 48,24,12 --out sparse.safetensors`,
		Args: exactArgs("a model, as written by hinge train"),
	}
	c.Flags().StringVar(&dataFile, "data", "", "data set to train on, as written by hinge collect (required)")
	c.Flags().IntSliceVar(&budgets, "budget", nil, "ReLUs to keep, one number or several (required)")
	return a.command(c, "model file to write (default sparse.safetensors); with several budgets K, NAME-K.safetensors", func(ctx context.Context, _ *cobra.Command, args []string) (result, error) {
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
		return a.sparsify(ctx, model, data, budgets, path, fmt.Sprintf("hinge sparsify %s --data %s --budget %s --seed %d", args[0], dataFile, strings.Trim(strings.ReplaceAll(fmt.Sprint(budgets), " ", ","), "[]"), a.seed))
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
	if nx, nu := model.Dims(); nx != data.Nx || nu != data.Nu {
		return nil, nil, badInputf("--data %s: has %d state and %d action coordinates; the model %s has %d and %d", dataFile, data.Nx, data.Nu, modelFile, nx, nu)
	}
	return model, data, nil
}

func checkBudgets(budgets []int, relus int) error {
	if len(budgets) == 0 {
		return badInputf("--budget is missing; give a number of ReLUs below the model's %d", relus)
	}
	for i, k := range budgets {
		if k < 1 || k > relus {
			return badInputf("--budget %d: must be in 1 to %d, the ReLUs of the model", k, relus)
		}
		if i > 0 && k >= budgets[i-1] {
			return badInputf("--budget %d after %d: budgets must fall", k, budgets[i-1])
		}
	}
	return nil
}

func (a *app) sparsify(ctx context.Context, model *dynamics.Model, data *dynamics.Dataset, budgets []int, path, command string) (result, error) {
	var opts sparsify.Options
	opts.Train.Seed, opts.Train.Log = a.seed, a.log
	var p *progress
	opts.OnEpoch = func(e sparsify.Progress) {
		if p == nil {
			p = a.progress("sparsify", "epochs", e.Total)
		}
		p.set(e.Done, fmt.Sprintf("%d ReLUs, %v, loss %.4g", e.ReLUs, e.Phase, e.Best))
	}
	cpu := cputime.Process()
	results, err := sparsify.Reduce(ctx, model, data, budgets, opts)
	if p != nil {
		p.finish()
	}
	cpu = (cputime.Process() - cpu) / time.Duration(max(1, len(results)))
	var r sparsifyResult
	for _, res := range results { // those finished before an error are kept
		row, saveErr := a.saveReduced(res, len(budgets) > 1, path, command, cpu)
		err = errors.Join(err, saveErr)
		r.Rows = append(r.Rows, row)
	}
	if err != nil {
		return nil, err
	}
	if len(r.Rows) == 1 {
		return r.Rows[0], nil
	}
	return r, nil
}

// saveReduced writes the model of one budget and returns its row.
func (a *app) saveReduced(res sparsify.Result, several bool, path, command string, cpu time.Duration) (modelResult, error) {
	m := res.Model
	m.Meta.Tool, m.Meta.Command = version.Tool(), command
	if several {
		path = fmt.Sprintf("%s-%d.safetensors", strings.TrimSuffix(path, ".safetensors"), res.Budget)
	}
	row := newModelResult(m, res.Report, cpu)
	row.Identities, row.Zeros = res.Identities, res.Zeros
	row.Out, row.Seed = path, a.seed
	return row, m.Save(path)
}

// sparsifyResult is a row per budget.
type sparsifyResult struct {
	Rows []modelResult `json:"rows"`
}

func (r sparsifyResult) text(w io.Writer) {
	t := report.NewTable("ReLUs", "parameters", "loss", "error, 1 step", "at the horizon", "unit", "file")
	for _, m := range slices.Backward(r.Rows) {
		t.Add(m.ReLUs, m.Parameters, m.Loss, m.Error1, m.ErrorH, m.ErrorUnit, m.Out)
	}
	fmt.Fprint(w, t)
}
