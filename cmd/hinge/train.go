package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hinge/dynamics"
	"hinge/internal/cputime"
	"hinge/internal/strictyaml"
	"hinge/internal/version"
	"hinge/nn"
	"hinge/report"
	"hinge/tasks"
)

// trainFlags are the flags of hinge train.
type trainFlags struct {
	config   string
	sets     []string
	sweep    bool
	ensemble int
	resume   bool
	plot     string
}

func (a *app) trainCommand() *cobra.Command {
	var f trainFlags
	c := &cobra.Command{
		Use:   "train DATA.npz",
		Short: "Fit a dynamics model to a data set",
		Long: `Fit a dynamics model to a data set by minimising its prediction error over
several steps on its own predictions. The best model so far is kept on disk, and
beside it, as NAME.state.npz, all that --resume needs to go on after an
interruption: the model is then the same as that of an undisturbed training.

With --sweep every key whose value in --config is a list of values is varied, in
all combinations; the best model is written to --out and the others beside it.
With --ensemble K there are K models of the same data, and the first one knows
how far they are apart. --set and --config know the keys

` + strings.TrimRight(string(strictyaml.Encode(new(defaultTrainConfig()))), "\n"),
		Example: `  hinge train data.npz --out model.safetensors
  hinge train data.npz --config train.yaml --set epochs=100 --out model.safetensors --plot loss.png
  hinge train data.npz --config train.yaml --sweep --json
  hinge train data.npz --ensemble 5`,
		Args: exactArgs("a data set, as written by hinge collect"),
	}
	f.register(c.Flags())
	return a.command(c, "model file to write (default model.safetensors)", func(ctx context.Context, cmd *cobra.Command, args []string) (result, error) {
		return a.train(ctx, cmd, args, f)
	})
}

func (f *trainFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.config, "config", "", "YAML file with training options")
	fl.StringArrayVar(&f.sets, "set", nil, "override an option, as key=value; may be repeated")
	fl.BoolVar(&f.sweep, "sweep", false, "train all combinations of the values that --config lists")
	fl.IntVar(&f.ensemble, "ensemble", 1, "models that differ in their random numbers alone")
	fl.BoolVar(&f.resume, "resume", false, "go on where the same training was interrupted")
	fl.StringVar(&f.plot, "plot", "", "also draw the losses of all epochs to this .png file; of --sweep, those of the best model")
}

// train is the body of hinge train.
func (a *app) train(ctx context.Context, cmd *cobra.Command, args []string, f trainFlags) (result, error) {
	path, err := f.validate(a)
	if err != nil {
		return nil, err
	}
	configs, err := f.configs()
	if err != nil {
		return nil, err
	}
	data, err := loadTraining(args[0])
	if err != nil {
		return nil, err
	}
	t := &training{app: a, flags: f, data: data, name: args[0], command: commandLine(cmd, args)}
	if f.sweep {
		t.command = commandLine(cmd, args, "sweep", "config", "set")
		return t.sweep(ctx, configs, path)
	}
	r, err := t.run(ctx, configs[0], path)
	if r == nil {
		return nil, err
	}
	return *r, joined(err, t.plotLosses(r))
}

// validate checks the flags and returns the model file to write.
func (f trainFlags) validate(a *app) (path string, err error) {
	switch {
	case f.ensemble < 1 || f.ensemble > 100:
		return "", badInputf("--ensemble %d: must be 1 to 100", f.ensemble)
	case f.sweep && f.ensemble > 1:
		return "", badInputf("--sweep and --ensemble %d: give one of them; sweep first, then train an ensemble of the best", f.ensemble)
	case f.sweep && f.config == "":
		return "", badInputf("--sweep: --config is missing; give a YAML file in which keys have lists of values")
	case f.plot != "":
		if err := checkOutFile("--plot", f.plot, ".png"); err != nil {
			return "", err
		}
	}
	return a.outFile("model.safetensors", ".safetensors")
}

// configs returns the trainings to do; without --sweep there is one.
func (f trainFlags) configs() ([]sweepPoint, error) {
	if f.sweep {
		return readSweep(f.config, f.sets)
	}
	cfg := defaultTrainConfig()
	err := readConfig(f.config, f.sets, &cfg)
	return []sweepPoint{{config: cfg}}, err
}

// training is a call of hinge train.
type training struct {
	app     *app
	flags   trainFlags
	data    *dynamics.Dataset
	name    string // of the data set's file
	command string // of a sweep, without what its points set
}

// run fits and saves the model or models of one configuration. What was
// interrupted or diverged is reported with the best model so far, which is on
// disk; if there is none the result is nil, and an earlier model stays.
func (t *training) run(ctx context.Context, point sweepPoint, path string) (*modelResult, error) {
	opts, err := t.options(point)
	if err != nil {
		return nil, err
	}
	p := t.app.progress("train", "epochs", opts.Epochs*t.flags.ensemble)
	defer p.finish()
	before := 0 // epochs of earlier members
	each := func(member int, o *dynamics.FitOptions, others []*dynamics.Model) {
		o.Checkpoint = memberFile(path, member)
		o.State = stateFile(o.Checkpoint)
		before = opts.Epochs * len(others)
		o.OnEpoch = func(e dynamics.Progress) { p.set(before+e.Epoch, lossNote(e)) }
		o.Card = func(m *dynamics.Model, validation []int) error { return t.card(m, validation, others) }
	}
	cpu := cputime.Process()
	models, achieved, err := dynamics.FitEnsemble(ctx, t.data, opts, t.flags.ensemble, each)
	p.finish()
	last := slices.IndexFunc(models, func(m *dynamics.Model) bool { return m != nil }) // the first member is trained last
	if last < 0 || err != nil && achieved.BestEpoch == 0 {
		return nil, t.failed(err, "", t.left(path, last))
	}
	model, out := models[last], memberFile(path, last)
	if err != nil { // interrupted or diverged: what was learned until then is kept
		err = t.failed(errors.Join(err, model.Save(out)), out, "")
	}
	r := newModelResult(model, achieved, cputime.Process()-cpu)
	r.Out, r.Seed = out, t.app.seed
	r.progress, r.oneStep = achieved.Progress, oneStepEpochs(opts.TrainOptions)
	return &r, err
}

// plotLosses draws the losses of a training, if --plot asks for it.
func (t *training) plotLosses(r *modelResult) error {
	switch {
	case t.flags.plot == "":
		return nil
	case len(r.progress.History) == 0:
		return badInputf("--plot %s: the training of %s is over and its losses are not kept; leave out --plot, or train anew without --resume", t.flags.plot, r.Out)
	}
	return saveLossPlot(t.flags.plot, r.progress, r.Out, r.oneStep)
}

// options returns the options of a configuration.
func (t *training) options(point sweepPoint) (dynamics.FitOptions, error) {
	opts := point.config.options()
	opts.Seed, opts.Log, opts.Resume = t.app.seed, t.app.log, t.flags.resume
	opts.Tool, opts.Command = version.Tool(), t.command+point.command(t.flags.sets)
	if opts.Stable > 0 {
		opts.Ranges = stableRanges(t.data)
	}
	return opts, taskMaps(&opts, t.data)
}

// left says which files there are beside a training without a result: an earlier model,
// and the members of its ensemble that were trained before member, the first last.
func (t *training) left(path string, member int) string {
	left := "no model was written"
	if member >= 0 && member+1 < t.flags.ensemble {
		left = "of the ensemble there is"
		for i := member + 1; i < t.flags.ensemble; i++ {
			left += " " + memberFile(path, i)
		}
	}
	if _, err := os.Stat(path); err == nil {
		left += "; " + path + " is unchanged"
	}
	return left
}

// failed says of what file an error speaks, and which files are left: kept is the best
// model so far, "" for none.
func (t *training) failed(err error, kept, left string) error {
	switch lost := withoutResult(err); {
	case lost && kept != "":
		return badInputf("data set %s: %w; that model is %s", t.name, err, kept)
	case lost:
		return badInputf("data set %s: %w; %s", t.name, err, left)
	case kept != "":
		return err
	}
	return badInputf("data set %s: %w", t.name, err) // it cannot be learned from like that
}

// withoutResult reports whether a training failed in a way that other options mend: it
// diverged, or learned nothing.
func withoutResult(err error) bool {
	var diverged *dynamics.DivergedError
	var untrained *dynamics.UntrainedError
	return errors.As(err, &diverged) || errors.As(err, &untrained)
}

// stateFile returns the file that a training into a model file resumes from.
func stateFile(model string) string {
	return strings.TrimSuffix(model, filepath.Ext(model)) + ".state.npz"
}

// memberFile returns the file of a member of an ensemble, the first being model.
func memberFile(model string, member int) string {
	if member == 0 {
		return model
	}
	ext := filepath.Ext(model)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(model, ext), member, ext)
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
	if err != nil {
		return nil, badInput(err)
	}
	data.Align = tasks.AlignOf(data.Meta.Task, data.Nx, data.Nu)
	return data, nil
}

// loadTraining reads a data set that a model can be learned from.
func loadTraining(path string) (*dynamics.Dataset, error) {
	data, err := loadDataset(path)
	if err != nil {
		return nil, err
	}
	return data, learnable(data, path)
}

// learnable reports why a data set is of no use for training.
func learnable(data *dynamics.Dataset, path string) error {
	if err := data.Learnable(); err != nil {
		return badInputf("data set %s: %w", path, err)
	}
	return nil
}

// modelResult is what train and sparsify tell about a model.
type modelResult struct {
	ReLUs      int           `json:"relus"`
	Identities int           `json:"identities"`
	Zeros      int           `json:"zeros"`
	Parameters int           `json:"parameters"`
	Loss       report.Number `json:"loss"`
	Epochs     int           `json:"epochs"`
	BestEpoch  int           `json:"best_epoch"` // whose parameters these are; 0 is the start
	Error1     report.Number `json:"error_1"`
	ErrorMoved report.Number `json:"error_1_moved"`        // of steps that change the state
	ErrorStill report.Number `json:"error_standing_still"` // there, of predicting that they do not
	ErrorH     report.Number `json:"error_h"`
	Horizon    int           `json:"horizon"`
	ErrorUnit  string        `json:"error_unit"`
	// ByStep is in ErrorUnit; where coordinates differ in theirs that is "", and
	// ByCoordinate says more.
	ByStep       []float64         `json:"error_by_step"`
	ByCoordinate []coordinateError `json:"error_by_coordinate"`
	Spread       *spreadResult     `json:"ensemble,omitempty"`
	Rate         float64           `json:"samples_per_cpu_s"`
	Time         float64           `json:"time_s"`
	Seed         uint64            `json:"seed"`
	Out          string            `json:"out"`

	finished bool              // before the command began
	progress dynamics.Progress // of the training, with its losses
	oneStep  int               // epochs that learned from first steps alone
	scale    []float64         // deviation of a step of every state coordinate
}

// spreadResult is how far the members of an ensemble are apart.
type spreadResult struct {
	Members     int     `json:"members"`
	Spread1     float64 `json:"spread_1"`
	SpreadH     float64 `json:"spread_h"`
	MeanError1  float64 `json:"mean_error_1"` // of the mean prediction
	MeanErrorH  float64 `json:"mean_error_h"`
	Correlation float64 `json:"correlation"` // of spread and error
}

func newSpreadResult(s *dynamics.Spread) *spreadResult {
	if s == nil {
		return nil
	}
	return &spreadResult{
		Members: s.Members, Spread1: s.OneStep.Mean, SpreadH: s.HStep.Mean,
		MeanError1: s.MeanOneStep.Mean, MeanErrorH: s.MeanHStep.Mean, Correlation: s.Correlation,
	}
}

func newModelResult(m *dynamics.Model, r dynamics.Report, cpu time.Duration) modelResult {
	return modelResult{
		ReLUs: m.Net.Count(nn.ReLU), Identities: m.Net.Count(nn.Identity), Zeros: m.Net.Count(nn.Zero),
		Parameters: r.Parameters, Loss: report.Number(r.Best), Epochs: r.Epoch, BestEpoch: r.BestEpoch, scale: m.Out.Scale,
		Error1: report.Number(r.Errors.OneStep.Mean), ErrorMoved: report.Number(r.Errors.OneStepMoved.Mean), ErrorStill: report.Number(r.Errors.Still.Mean),
		ErrorH: report.Number(r.Errors.HStep.Mean), Horizon: r.Errors.Horizon, ErrorUnit: r.Errors.Unit,
		ByStep: r.Errors.ByStep, ByCoordinate: errorsByCoordinate(r.Errors, &m.Meta.Signals), Spread: newSpreadResult(m.Meta.Spread),
		Rate: float64(r.Samples) / max(cpu, time.Millisecond).Seconds(), Time: r.Elapsed.Seconds(), finished: r.Finished,
	}
}

func (r modelResult) text(w io.Writer) {
	fmt.Fprintf(w, "%d ReLUs, %d parameters; validation loss %.4g after epoch %d of %d\n", r.ReLUs, r.Parameters, r.Loss, r.BestEpoch, r.Epochs)
	r.errorText(w)
	r.warn(w)
	if s := r.Spread; s != nil {
		fmt.Fprintf(w, "%d models: spread %.3g %s after 1 step, %.3g after %d; the error of their mean %.3g and %.3g; correlation of spread and error %.2f\n",
			s.Members, s.Spread1, r.ErrorUnit, s.SpreadH, r.Horizon, s.MeanError1, s.MeanErrorH, s.Correlation)
	}
	if r.finished {
		fmt.Fprintln(w, "the training was over before; nothing was left to do")
	} else {
		fmt.Fprintf(w, "%.1f s, %.0f samples per CPU second\n", r.Time, r.Rate)
	}
	fmt.Fprintln(w, r.Out)
}

// errorAfter returns the error after steps by which models of the same data compare: in
// ErrorUnit, or where coordinates differ in theirs the mean over coordinates in
// deviations of a step.
func (r modelResult) errorAfter(steps int) float64 {
	if r.ErrorUnit != "" {
		return r.ByStep[steps-1]
	}
	sum, n := 0.0, 0
	for i, s := range r.scale {
		if s > 0 {
			sum, n = sum+r.ByCoordinate[i].ByStep[steps-1]/s, n+1
		}
	}
	return sum / float64(max(1, n))
}

// errorText writes how well the model predicts, in units that mean something: where
// coordinates differ in theirs, of every coordinate.
func (r modelResult) errorText(w io.Writer) {
	if r.ErrorUnit == "" && len(r.ByCoordinate) > 1 {
		fmt.Fprintln(w, "root mean square error on validation data:")
		for _, c := range r.ByCoordinate {
			fmt.Fprintf(w, "  %-12s 1 step %.3g %s, %d steps %.3g %s\n", c.Name, c.ByStep[0], c.Unit, r.Horizon, c.ByStep[r.Horizon-1], c.Unit)
		}
		return
	}
	fmt.Fprintf(w, "mean error on validation data: 1 step %.3g %s, %d steps %.3g %s\n", r.Error1, r.ErrorUnit, r.Horizon, r.ErrorH, r.ErrorUnit)
	if n := len(r.ByStep); n > r.Horizon {
		fmt.Fprintf(w, "after %d steps %.3g %s\n", n, r.ByStep[n-1], r.ErrorUnit)
	}
}

// warn says of a model that knows less than nothing.
func (r modelResult) warn(w io.Writer) {
	if r.ErrorMoved > r.ErrorStill {
		fmt.Fprintf(w, "warning: predicting that nothing moves errs less after one step than %s\n", r.Out)
	}
}
