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
	"hinge/tasks"
)

func (a *app) trainCommand() *cobra.Command {
	var config string
	var sets []string
	c := &cobra.Command{
		Use:   "train DATA.npz",
		Short: "Fit a dynamics model to a data set",
		Long: `Fit a dynamics model to a data set by minimising its prediction error over
several steps on its own predictions. The best model so far is kept on disk, so
an interrupted training leaves a whole file. --set and --config know the keys

` + strings.TrimRight(string(strictyaml.Encode(new(defaultTrainConfig()))), "\n"),
		Example: `  hinge train data.npz --out model.safetensors
  hinge train data.npz --config train.yaml --set epochs=100 --out model.safetensors`,
		Args: exactArgs("a data set, as written by hinge collect"),
	}
	c.Flags().StringVar(&config, "config", "", "YAML file with training options")
	c.Flags().StringArrayVar(&sets, "set", nil, "override an option, as key=value; may be repeated")
	return a.command(c, "model file to write (default model.safetensors)", func(ctx context.Context, cmd *cobra.Command, args []string) (result, error) {
		cfg := defaultTrainConfig()
		if err := readConfig(config, sets, &cfg); err != nil {
			return nil, err
		}
		path, err := a.outFile("model.safetensors", ".safetensors")
		if err != nil {
			return nil, err
		}
		data, err := loadDataset(args[0])
		if err != nil {
			return nil, err
		}
		r, err := a.train(ctx, data, cfg, path, commandLine(cmd, args))
		if r == nil {
			return nil, badInputf("data set %s: %w", args[0], err) // it cannot be learned from like that
		}
		return *r, diverged(err)
	})
}

// diverged tells apart the one failure of a training that its options mend.
func diverged(err error) error {
	var d *dynamics.DivergedError
	if errors.As(err, &d) {
		return badInput(err)
	}
	return err
}

// train fits and saves the model. An interrupted training is reported with the
// best model so far, which is on disk; if there is none the result is nil, and an
// earlier model stays.
func (a *app) train(ctx context.Context, data *dynamics.Dataset, cfg trainConfig, path, command string) (*modelResult, error) {
	opts := cfg.options()
	opts.Seed, opts.Checkpoint, opts.Log = a.seed, path, a.log
	opts.Tool, opts.Command = version.Tool(), command
	if err := taskMaps(&opts, data); err != nil {
		return nil, err
	}
	p := a.progress("train", "epochs", cfg.Epochs)
	defer p.finish()
	opts.OnEpoch = func(e dynamics.Progress) { p.set(e.Epoch, fmt.Sprintf("loss %.4g", e.Best)) }
	cpu := cputime.Process()
	model, achieved, err := dynamics.Fit(ctx, data, opts)
	p.finish()
	if model == nil || err != nil && achieved.BestEpoch == 0 {
		return nil, err
	}
	if err != nil { // interrupted or diverged: what was learned until then is kept
		err = errors.Join(err, model.Save(path))
	}
	r := newModelResult(model, achieved, cputime.Process()-cpu)
	r.Out, r.Seed = path, a.seed
	return &r, err
}

// taskMaps takes features and base from the task the data come from. Data of no
// known task are learned from all coordinates.
func taskMaps(opts *dynamics.FitOptions, data *dynamics.Dataset) error {
	if !slices.Contains(tasks.Names(), data.Meta.Task) {
		return nil
	}
	task, err := tasks.New(data.Meta.Task)
	if err != nil {
		return err
	}
	if nx, nu := task.Dims(); nx != data.Nx || nu != data.Nu {
		return badInputf("data set: task %s has %d state and %d action coordinates; the data have %d and %d; collect them again", task.Name, nx, nu, data.Nx, data.Nu)
	}
	opts.Features, opts.Base = task.Features, task.Base
	return nil
}

func loadDataset(path string) (*dynamics.Dataset, error) {
	if err := needFile("data set", path); err != nil {
		return nil, err
	}
	data, err := dynamics.LoadDataset(path)
	return data, badInput(err)
}

// modelResult is what train and sparsify tell about a model.
type modelResult struct {
	ReLUs      int           `json:"relus"`
	Identities int           `json:"identities"`
	Zeros      int           `json:"zeros"`
	Parameters int           `json:"parameters"`
	Loss       report.Number `json:"loss"`
	Error1     report.Number `json:"error_1"`
	ErrorH     report.Number `json:"error_h"`
	Horizon    int           `json:"horizon"`
	ErrorUnit  string        `json:"error_unit"`
	Rate       float64       `json:"samples_per_cpu_s"`
	Time       float64       `json:"time_s"`
	Seed       uint64        `json:"seed"`
	Out        string        `json:"out"`
}

func newModelResult(m *dynamics.Model, r dynamics.Report, cpu time.Duration) modelResult {
	return modelResult{
		ReLUs: m.Net.Count(nn.ReLU), Identities: m.Net.Count(nn.Identity), Zeros: m.Net.Count(nn.Zero),
		Parameters: r.Parameters, Loss: report.Number(r.Best),
		Error1: report.Number(r.Errors.OneStep.Mean), ErrorH: report.Number(r.Errors.HStep.Mean), Horizon: r.Errors.Horizon, ErrorUnit: r.Errors.Unit,
		Rate: float64(r.Samples) / max(cpu, time.Millisecond).Seconds(), Time: r.Elapsed.Seconds(),
	}
}

func (r modelResult) text(w io.Writer) {
	fmt.Fprintf(w, "%d ReLUs, %d parameters; validation loss %.4g\n", r.ReLUs, r.Parameters, r.Loss)
	fmt.Fprintf(w, "mean error on validation data: 1 step %.3g %s, %d steps %.3g %s\n", r.Error1, r.ErrorUnit, r.Horizon, r.ErrorH, r.ErrorUnit)
	fmt.Fprintf(w, "%.1f s, %.0f samples per CPU second\n%s\n", r.Time, r.Rate, r.Out)
}
