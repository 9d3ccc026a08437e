package dynamics

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"

	"hinge/control"
	"hinge/nn"
)

// FitOptions are the choices of [Fit].
type FitOptions struct {
	TrainOptions
	// Features is what the network sees, nf x (Nx+Nu); the zero value means all
	// of [x; u].
	Features control.Affine
	// Base is what is known without learning, Nx x (Nx+Nu); the zero value means
	// that the state stays.
	Base   control.Affine
	Hidden []int // units of the hidden layers; nil means 64, 64
	// NoSkip keeps the output layer from reading the features and all hidden
	// layers directly. Such skips cost a planner nothing and spare the ReLUs the
	// linear part.
	NoSkip  bool
	Tool    string // program and version, for the model's metadata
	Command string // that asked for the model, for its metadata
	// Card completes the metadata of the result before it is saved, by what this
	// package cannot know; nil for nothing. Its second argument are the episodes
	// kept out of training.
	Card func(m *Model, validation []int) error
}

func (o FitOptions) withDefaults(d *Dataset) FitOptions {
	if o.Features.Rows == 0 {
		o.Features = control.NewIdentity(d.Nx+d.Nu, d.Nx+d.Nu)
	}
	if o.Base.Rows == 0 {
		o.Base = control.NewIdentity(d.Nx, d.Nx+d.Nu)
	}
	if o.Hidden == nil {
		o.Hidden = []int{64, 64}
	}
	return o
}

// Report is what training a model took and achieved.
type Report struct {
	Progress
	Errors     Errors // on the validation episodes
	Parameters int
	ReLUs      int
}

// Fit trains a new model on d. A cancelled ctx or diverging training returns the
// best model so far, with its report, together with the error; so does one in which
// no epoch was better than the start ([UntrainedError]).
func Fit(ctx context.Context, d *Dataset, opts FitOptions) (*Model, Report, error) {
	if err := d.Validate(); err != nil {
		return nil, Report{}, err
	}
	m, err := newModel(d, opts.withDefaults(d))
	if err != nil {
		return nil, Report{}, fmt.Errorf("train: %w", err)
	}
	t, err := NewTrainer(m, d, opts.TrainOptions)
	if err != nil {
		return nil, Report{}, err
	}
	if opts.Resume {
		if err := t.Resume(); err != nil {
			return nil, Report{}, fmt.Errorf("train: %w", err)
		}
	}
	m, progress, trainErr := t.Run(ctx)
	if trainErr == nil {
		trainErr = t.untrained()
	}
	report, err := t.Report(m, progress)
	if err != nil {
		return nil, Report{}, err
	}
	if opts.Card != nil {
		if err := opts.Card(m, t.valEps); err != nil {
			return nil, Report{}, err
		}
	}
	if trainErr == nil {
		trainErr = t.finish(m)
	}
	return m, report, trainErr
}

// finish saves the model of a training that is over, whose state nobody needs.
func (t *Trainer) finish(m *Model) (err error) {
	o := t.opts
	if m.Meta.Training.Key, err = t.keyHash(); err != nil {
		return err
	}
	if o.Checkpoint != "" {
		if err := m.Save(o.Checkpoint); err != nil {
			return err
		}
	}
	if o.State == "" {
		return nil
	}
	if err := os.Remove(o.State); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Report evaluates m, the result of t, and enters its errors and how it was trained
// into its metadata.
func (t *Trainer) Report(m *Model, p Progress) (Report, error) {
	errs, err := Evaluate(m, t.source.data, t.valEps, t.opts.Horizon)
	if err != nil {
		return Report{}, err
	}
	m.Meta.Errors, m.Meta.Aligned = errs, t.source.data.Align != nil
	m.Meta.Training = &Training{Epochs: t.epochsDone, BestEpoch: p.BestEpoch, Loss: p.Best, Validation: t.opts.Validation}
	return Report{Progress: p, Errors: errs, Parameters: len(m.Net.Params), ReLUs: m.Net.Count(nn.ReLU)}, nil
}

// newModel returns the untrained model: normalisers from the training episodes,
// random hidden weights and, so that it starts from the mean motion, a zero
// output layer.
func newModel(d *Dataset, opts FitOptions) (*Model, error) {
	if err := checkMaps(d, opts); err != nil {
		return nil, err
	}
	seeded := opts.TrainOptions.withDefaults()
	trainEps, _, err := d.Split(seeded.Validation, opts.Seed)
	if err != nil {
		return nil, err
	}
	in, out, err := normalizers(d, trainEps, min(seeded.Horizon, d.Steps), opts.Features, opts.Base)
	if err != nil {
		return nil, err
	}
	net := nn.NewMLP(opts.Features.Rows, opts.Hidden, d.Nx, !opts.NoSkip)
	net.Init(nn.HeNormal, rand.New(rand.NewPCG(opts.memberSeed(), initStream)))
	clear(net.Weight(len(net.Layers) - 1))
	return &Model{
		Features: opts.Features, Base: opts.Base, In: in, Out: out, Net: net,
		Meta: Meta{
			Signals: d.Meta.Signals, Seed: opts.Seed, DataHash: d.Hash(),
			Tool: opts.Tool, Command: opts.Command,
		},
	}, nil
}

func checkMaps(d *Dataset, opts FitOptions) error {
	if err := opts.Features.Validate(); err != nil {
		return fmt.Errorf("features: %w", err)
	}
	if err := opts.Base.Validate(); err != nil {
		return fmt.Errorf("base: %w", err)
	}
	if opts.Features.Cols != d.Nx+d.Nu {
		return fmt.Errorf("features read %d coordinates; the data have %d of states and actions", opts.Features.Cols, d.Nx+d.Nu)
	}
	if opts.Base.Rows != d.Nx || opts.Base.Cols != d.Nx+d.Nu {
		return fmt.Errorf("base is %d x %d; the data need %d x %d", opts.Base.Rows, opts.Base.Cols, d.Nx, d.Nx+d.Nu)
	}
	if i := slices.IndexFunc(opts.Hidden, func(h int) bool { return h < 1 }); i >= 0 {
		return fmt.Errorf("hidden layer %d has %d units; it needs at least 1", i, opts.Hidden[i])
	}
	return nil
}
