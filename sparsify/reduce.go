package sparsify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"hinge/dynamics"
	"hinge/nn"
)

// Result is the reduced model of one budget.
type Result struct {
	Budget int
	Model  *dynamics.Model // ReLU hidden units only
	// Report is that of the last training, but its Samples and Elapsed are those of all
	// phases since the budget before.
	Report dynamics.Report
	// Identities and Zeros count the units of the dense model that were folded
	// away, dead ones as zeros; with Report.ReLUs they add up to its units.
	// [Scratch] folds none.
	Identities, Zeros int
}

// gumbelStream is the random stream of the first round.
const gumbelStream uint64 = 5 << 60

// Reduce returns one reduced model per budget, in the order of budgets. All
// start from the same dense model m, the smaller budgets from the larger ones
// (with [Scratch] every one from itself); m stays as it is. A budget is a number of
// ReLUs from 0 to those of m; where units of m are dead, the model may have fewer.
//
// If ctx is cancelled or training diverges, it returns the models finished so
// far together with a [StoppedError].
func Reduce(ctx context.Context, m *dynamics.Model, d *dynamics.Dataset, budgets []int, opts Options) ([]Result, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("sparsify: %w", err)
	}
	dense := m.Clone().(*dynamics.Model)
	dense.Net = nn.Fold(m.Net)
	units := m.Net.Count(nn.ReLU)
	dead := units - dense.Net.Count(nn.ReLU)
	stages, err := plan(units, dead, budgets, opts.Keep)
	if err != nil {
		return nil, err
	}
	dense.Meta.Seed, dense.Meta.DataHash = opts.Train.Seed, d.Hash()
	dense.Meta.Reach, dense.Meta.Spread, dense.Meta.Training = nil, nil, nil // of another network
	r := &reduction{data: d, opts: opts, shape: m.Net, model: dense, total: totalEpochs(stages, opts)}
	if opts.Method != Scratch {
		r.zeros = dead
	}
	if err := r.run(ctx, stages); err != nil {
		return r.results, fmt.Errorf("sparsify: %w", err)
	}
	return inOrder(r.results, budgets), nil
}

// StoppedError says that a reduction was cancelled or diverged under way.
type StoppedError struct {
	Phase Phase
	// Last is the last good model, with the errors it has on validation data: that
	// after the last good epoch of the phase, or before it. Its Budget is the number of
	// ReLUs it has, in [Gates] all those of which the round would have chosen. It is nil
	// where nothing was done yet.
	Last *Result
	Err  error
}

func (e *StoppedError) Error() string { return fmt.Sprintf("%v: %v", e.Phase, e.Err) }
func (e *StoppedError) Unwrap() error { return e.Err }

// stage is one step of the plan: a round down to relus, and a result there if
// somebody asked for that budget.
type stage struct {
	relus  int
	round  bool // false where the model has that many already
	budget bool
}

// plan returns the stages from units ReLUs, of which some are dead, through all
// budgets, each round keeping at least the share keep.
func plan(units, dead int, budgets []int, keep float64) ([]stage, error) {
	if len(budgets) == 0 {
		return nil, fmt.Errorf("sparsify: no budget given; it needs at least one number of ReLUs from 0 to %d", units)
	}
	falling := slices.Clone(budgets)
	slices.Sort(falling)
	slices.Reverse(falling)
	var stages []stage
	now := units - dead
	for i, k := range falling {
		if k < 0 || k > units {
			return nil, fmt.Errorf("sparsify: budget is %d ReLUs; the model allows 0 to %d", k, units)
		}
		if i > 0 && k == falling[i-1] {
			return nil, fmt.Errorf("sparsify: budget %d appears twice", k)
		}
		for now > k {
			now = max(k, min(now-1, int(math.Ceil(keep*float64(now)))))
			stages = append(stages, stage{relus: now, round: true, budget: now == k})
		}
		if k >= units-dead {
			stages = append(stages, stage{relus: k, budget: true})
		}
	}
	return stages, nil
}

func totalEpochs(stages []stage, opts Options) int {
	total := 0
	if opts.Method != Scratch {
		total = roundEpochs(stages, opts)
	}
	for i, s := range stages {
		if s.budget {
			total += opts.Train.Epochs
			if opts.Method == Scratch {
				total += roundEpochs(stages[:i+1], opts)
			}
		}
	}
	return total
}

// roundEpochs returns the epochs of the rounds among stages.
func roundEpochs(stages []stage, opts Options) int {
	epochs := 0
	for _, s := range stages {
		if s.round {
			epochs += opts.GateEpochs + opts.TuneEpochs
		}
	}
	return epochs
}

// reduction is the state of [Reduce].
type reduction struct {
	data  *dynamics.Dataset
	opts  Options
	shape *nn.Net         // as it was given, for [Scratch]
	model *dynamics.Model // of the last round

	identities, zeros int
	done, total       int // epochs
	samples           int // since the last result
	elapsed           time.Duration
	results           []Result
}

func (r *reduction) run(ctx context.Context, stages []stage) error {
	dense := r.model
	for i, s := range stages {
		if s.round && r.opts.Method != Scratch {
			rng := rand.New(rand.NewPCG(r.opts.Train.Seed, gumbelStream+uint64(i)))
			if err := r.round(ctx, s.relus, rng); err != nil {
				return fmt.Errorf("round to %d ReLUs: %w", s.relus, err)
			}
		}
		if s.budget {
			epochs := r.opts.Train.Epochs
			if r.opts.Method == Scratch {
				epochs += roundEpochs(stages[:i+1], r.opts)
				r.model = fresh(dense, r.shape, s.relus, r.opts.Train.Seed)
			}
			if err := r.finish(ctx, s.relus, epochs); err != nil {
				return fmt.Errorf("budget of %d ReLUs: %w", s.relus, err)
			}
		}
	}
	return nil
}

// round chooses gates, fixes them, folds the network and trains it on.
func (r *reduction) round(ctx context.Context, relus int, rng *rand.Rand) error {
	choose := newSelector(r.model.Net, r.data, r.opts, rng)
	m, _, _, err := r.train(ctx, Gates, relus, r.opts.GateEpochs, choose.gating())
	if err != nil {
		return err
	}
	choose.decide(m, relus)
	before, identities := len(hiddenUnits(m.Net)), m.Net.Count(nn.Identity)
	m.Net = nn.Fold(m.Net)
	r.identities += identities
	r.zeros += before - identities - m.Net.Count(nn.ReLU)
	r.model = m
	r.model, _, _, err = r.train(ctx, Tune, relus, r.opts.TuneEpochs, nil)
	return err
}

// finish trains the model of a budget to its end and keeps it as a result.
func (r *reduction) finish(ctx context.Context, relus, epochs int) error {
	m, t, p, err := r.train(ctx, Final, relus, epochs, nil)
	if err != nil {
		return err
	}
	report, err := t.Report(m, p)
	if err != nil {
		return err
	}
	report.Samples, report.Elapsed = r.samples, r.elapsed
	r.samples, r.elapsed = 0, 0
	result := Result{Budget: relus, Model: m, Report: report, Identities: r.identities, Zeros: r.zeros}
	r.results = append(r.results, result)
	if r.opts.OnResult == nil {
		return nil
	}
	return r.opts.OnResult(result)
}

// stopped returns the error of a phase that ended with err at the model m.
func (r *reduction) stopped(phase Phase, t *dynamics.Trainer, m *dynamics.Model, p dynamics.Progress, err error) error {
	stop := &StoppedError{Phase: phase, Err: err}
	if r.done == 0 {
		return stop
	}
	report, failed := t.Report(m, p)
	if failed != nil {
		return errors.Join(stop, failed)
	}
	stop.Last = &Result{Budget: report.ReLUs, Model: m, Report: report, Identities: r.identities, Zeros: r.zeros}
	return stop
}

// train runs one phase on r.model.
func (r *reduction) train(ctx context.Context, phase Phase, relus, epochs int, gating dynamics.Gating) (*dynamics.Model, *dynamics.Trainer, dynamics.Progress, error) {
	opts := r.opts.Train
	opts.Epochs = epochs
	if phase != Final {
		opts.LearningRate, opts.Patience = r.opts.RoundRate, 0
		if opts.OneStep >= 0 {
			opts.OneStep = 1
		}
	}
	opts.OnEpoch = func(p dynamics.Progress) {
		r.done++
		if r.opts.OnEpoch != nil {
			r.opts.OnEpoch(Progress{Progress: p, Phase: phase, ReLUs: relus, Done: r.done, Total: r.total})
		}
	}
	t, err := dynamics.NewTrainer(r.model, r.data, opts)
	if err != nil {
		return nil, nil, dynamics.Progress{}, err
	}
	t.Gating = gating
	m, p, err := t.Run(ctx)
	r.samples, r.elapsed = r.samples+p.Samples, r.elapsed+p.Elapsed
	if err != nil {
		err = r.stopped(phase, t, m, p, err)
	}
	return m, t, p, err
}

// inOrder sorts results as the budgets were given.
func inOrder(results []Result, budgets []int) []Result {
	ordered := make([]Result, len(budgets))
	for i, k := range budgets {
		j := slices.IndexFunc(results, func(r Result) bool { return r.Budget == k })
		ordered[i] = results[j]
	}
	return ordered
}
