package pwa

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"hinge/control"
	"hinge/dynamics"
	"hinge/nn"
	"hinge/sparsify"
)

// Options are the choices of [Run]; the zero value is the study as it is told.
type Options struct {
	Seed    uint64 // of samples, initial weights and gates
	Workers int    // goroutines; 0 means one per CPU. It never changes the result
	Samples int    // points to learn from; 0 means 4000
	Hidden  []int  // units of the layers before the reduction; nil means 96, 192, 192, 96
	ReLUs   int    // to reduce to; 0 means 2
	// OnEpoch is called after every epoch of a part of the study; nil for none.
	OnEpoch func(part string, done, total int)
}

// Units are the hidden units of the study as it is told.
const Units = 96 + 192 + 192 + 96

func (o Options) withDefaults() Options {
	if o.Samples == 0 {
		o.Samples = 4000
	}
	if o.Hidden == nil {
		o.Hidden = []int{96, 192, 192, 96}
	}
	if o.ReLUs == 0 {
		o.ReLUs = 2
	}
	return o
}

// Result is what was learned of one target.
type Result struct {
	Target        Target
	Data          *dynamics.Dataset // both were trained on
	Dense, Sparse Learned
	Attempts      int // reductions that were made, of which the best one counts
	Truth         []Region
	Matching      Matching // of the sparse network's regions and the truth
}

// Learned is a network that was learned.
type Learned struct {
	Model    *dynamics.Model // state f, action x
	ReLUs    int             // of the model; those that never change their phase are among them
	MaxError float64         // on the grid of 401 x 401 points
	Regions  []Region
}

// Run learns a target with many ReLUs, reduces the network and compares the pieces
// of both with the truth.
func Run(ctx context.Context, target Target, opts Options) (*Result, error) {
	r := &run{opts: opts.withDefaults()}
	r.data = samples(target, r.opts.Samples, opts.Seed)
	dense, err := r.train(ctx)
	if err != nil {
		return nil, fmt.Errorf("pwa: %s: %w", target.Name, err)
	}
	sparse, attempts, err := r.reduce(ctx, dense)
	if err != nil {
		return nil, fmt.Errorf("pwa: %s: %w", target.Name, err)
	}
	result := &Result{Target: target, Data: r.data, Dense: learned(dense, target), Sparse: learned(sparse.Model, target), Attempts: attempts, Truth: Regions(target.Net, Square())}
	result.Matching = Match(result.Truth, result.Sparse.Regions)
	return result, nil
}

// run is the state of [Run].
type run struct {
	opts Options
	data *dynamics.Dataset
}

const (
	trainEpochs = 40 // of the first training
	// From careful ReLUs on, almost every one of them matters: the gates get more
	// time to show which.
	careful     = 16
	gateEpochs  = 20
	finalEpochs = 200 // of the last training, which shall converge
	// A round may remove the only ReLU at a kink, which shows in the loss (its scale
	// is 1): then the reduction is tried again with other random gates.
	attempts = 5
	goodLoss = 1e-6
)

func (r *run) options(rate float64, epochs int) dynamics.TrainOptions {
	return dynamics.TrainOptions{Horizon: 1, OneStep: -1, Epochs: epochs, LearningRate: rate, Seed: r.opts.Seed, Workers: r.opts.Workers}
}

// train learns the target with all hidden units.
func (r *run) train(ctx context.Context) (*dynamics.Model, error) {
	opts := r.options(2e-3, trainEpochs)
	opts.OnEpoch = func(p dynamics.Progress) { r.tell("training", p.Epoch, p.Epochs) }
	m, _, err := dynamics.Fit(ctx, r.data, dynamics.FitOptions{
		TrainOptions: opts, Features: choose(1, 2), Base: control.NewAffine(1, 3), Hidden: r.opts.Hidden,
	})
	return m, err
}

// reduce reduces a model to the ReLUs asked for, if need be in several attempts. It
// returns the one with the least loss on validation data.
func (r *run) reduce(ctx context.Context, m *dynamics.Model) (best sparsify.Result, attempt int, err error) {
	for attempt = 1; attempt <= attempts; attempt++ {
		result, err := r.attempt(ctx, m, r.opts.Seed+uint64(attempt-1)<<32)
		if err != nil {
			return best, attempt, err
		}
		if best.Model == nil || result.Report.Best < best.Report.Best {
			best = result
		}
		if best.Report.Best < goodLoss {
			return best, attempt, nil
		}
	}
	return best, attempts, nil
}

// attempt reduces a model in two steps, the second one careful.
func (r *run) attempt(ctx context.Context, m *dynamics.Model, seed uint64) (sparsify.Result, error) {
	opts := sparsify.Options{
		Train:   r.options(0, 1), // of no use: the next reduction follows at once
		OnEpoch: func(p sparsify.Progress) { r.tell("reduction", p.Done, p.Total) },
	}
	opts.Train.Seed = seed
	if m.Net.Count(nn.ReLU) > careful && r.opts.ReLUs < careful {
		coarse, err := sparsify.Reduce(ctx, m, r.data, []int{careful}, opts)
		if err != nil {
			return sparsify.Result{}, err
		}
		m = coarse[0].Model
	}
	opts.GateEpochs, opts.Train.Epochs = gateEpochs, finalEpochs
	fine, err := sparsify.Reduce(ctx, m, r.data, []int{r.opts.ReLUs}, opts)
	if err != nil {
		return sparsify.Result{}, err
	}
	return fine[0], nil
}

func (r *run) tell(what string, done, total int) {
	if r.opts.OnEpoch != nil {
		r.opts.OnEpoch(what, done, total)
	}
}

// samples returns n values of the target at random points of the square, as
// episodes of one step. The state before the step means nothing.
func samples(target Target, n int, seed uint64) *dynamics.Dataset {
	rng := rand.New(rand.NewPCG(seed, 0))
	d := dynamics.NewDataset(n, 1, 1, 2)
	ws := target.Net.NewWorkspace()
	for i := range n {
		x := d.Action(i, 0)
		x[0], x[1] = 2*rng.Float64()-1, 2*rng.Float64()-1
		d.State(i, 0)[0] = rng.Float64()
		target.Net.Forward(d.State(i, 1), x, ws)
	}
	d.Meta.Seed = seed
	d.Meta.Signals = dynamics.Signals{
		StateNames: []string{target.Name}, StateUnits: []string{"1"},
		ActionNames: []string{"x1", "x2"}, ActionUnits: []string{"1", "1"},
	}
	return d
}

// choose returns the map from (f, x) to some of its coordinates.
func choose(coordinates ...int) control.Affine {
	a := control.NewAffine(len(coordinates), 3)
	for i, j := range coordinates {
		a.Set(i, j, 1)
	}
	return a
}

// learned looks at a model of the target.
func learned(m *dynamics.Model, target Target) Learned {
	n := network(m)
	return Learned{Model: m, ReLUs: m.Net.Count(nn.ReLU), MaxError: maxError(n, target.Net), Regions: Regions(n, Square())}
}

// network returns x -> f of a model that sees x alone.
func network(m *dynamics.Model) *nn.Net {
	w, b := make([]float64, 4), make([]float64, 2)
	for i, s := range m.In.Scale {
		w[3*i], b[i] = 1/s, -m.In.Mean[i]/s
	}
	return m.Net.Wrap(nn.Shell{In: 2, Weight: w, Bias: b, Scale: m.Out.Scale, Offset: m.Out.Mean})
}

// grid is the number of points in each direction at which errors are looked for.
const grid = 401

func maxError(a, b *nn.Net) float64 {
	wa, wb := a.NewWorkspace(), b.NewWorkspace()
	ya, yb := make([]float64, 1), make([]float64, 1)
	worst := 0.0
	for i := range grid {
		for j := range grid {
			x := []float64{2*float64(i)/(grid-1) - 1, 2*float64(j)/(grid-1) - 1}
			a.Forward(ya, x, wa)
			b.Forward(yb, x, wb)
			worst = max(worst, math.Abs(ya[0]-yb[0]))
		}
	}
	return worst
}
