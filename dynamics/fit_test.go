package dynamics

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hinge/control"
	"hinge/nn"
)

// smallFit are options that train a usable model of kinkedData in a moment.
func smallFit() FitOptions {
	return FitOptions{
		TrainOptions: TrainOptions{Epochs: 12, Batch: 100, Workers: 1, Seed: 5},
		Hidden:       []int{8, 8},
	}
}

// slowLoss is the loss of the package comment for one window per episode, in
// float64 and step by step with the model itself.
type slowLoss struct {
	m              *Model
	d              *Dataset
	horizon, steps int
	shape          float64
	weight         []float64 // per episode
}

func (l slowLoss) value() float64 {
	m := l.m.clone()
	loss, weights := 0.0, 0.0
	for k := 1; k <= l.steps; k++ {
		w := 1 + float64(k-1)/float64(l.horizon-1)
		weights += w
		for e := range l.d.Episodes {
			x := slices.Clone(l.d.State(e, 0))
			for s := range k {
				m.Step(x, x, l.d.Action(e, s))
			}
			loss += w * l.weight[e] * (l.error(x, l.d.State(e, k)) + l.shape*l.bend(x, l.d.State(e, k)))
		}
	}
	return loss / weights
}

func (l slowLoss) error(x, recorded []float64) float64 {
	sum := 0.0
	for i, r := range recorded {
		if s := l.m.Out.Scale[i]; s > 0 {
			sum += (x[i] - r) * (x[i] - r) / (s * s) / float64(len(x))
		}
	}
	return sum
}

// bend is the shape term of points in the plane.
func (l slowLoss) bend(x, recorded []float64) float64 {
	square, sum, pairs := 0.0, 0.0, 0
	for _, s := range l.m.Out.Scale {
		square += s * s / float64(len(x))
	}
	for i := 0; i < len(x); i += 2 {
		for j := i + 2; j < len(x); j += 2 {
			d := math.Hypot(x[i]-x[j], x[i+1]-x[j+1]) - math.Hypot(recorded[i]-recorded[j], recorded[i+1]-recorded[j+1])
			sum += d * d / square
			pairs++
		}
	}
	return sum / float64(pairs)
}

// TestRolloutGradient compares the roll-out loss with the slow one, and its gradient
// and that of its terms with difference quotients of the slow one.
func TestRolloutGradient(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testRolloutGradient[float64](t, 1e-12, 1e-7) })
	t.Run("float32", func(t *testing.T) { testRolloutGradient[float32](t, 1e-4, 1e-3) })
}

func testRolloutGradient[T nn.Float](t *testing.T, lossTol, tol float64) {
	const horizon, rows = 3, 5
	m := randomModel(3)
	m.Meta = Meta{}
	rng := rand.New(rand.NewPCG(6, 0))
	d := NewDataset(rows, horizon, 4, 2)
	copy(d.X, randomVector(len(d.X), rng))
	copy(d.U, randomVector(len(d.U), rng))
	for name, loss := range map[string]slowLoss{
		"one step": {steps: 1, weight: []float64{1, 1, 1, 1, 1}},
		"roll-out": {steps: horizon, weight: []float64{1, 1, 1, 1, 1}},
		"shape":    {steps: horizon, shape: 0.7, weight: []float64{1, 1, 1, 1, 1}},
		"weights":  {steps: horizon, shape: 0.3, weight: []float64{1, 2, 16, 1, 3.5}},
	} {
		t.Run(name, func(t *testing.T) {
			loss.m, loss.d, loss.horizon = m, d, horizon
			r := newRollout(newAffineParts[T](m), m.Net, horizon, rows)
			r.shape = newShapeTerm[T](loss.shape, 2, m.Out.Scale)
			nn.Convert(r.weight, loss.weight)
			fillExact(newWindowSource(d, m.Out.Scale, TrainOptions{}), r, windowsOf(d, d.AllEpisodes(), horizon))
			weights := nn.NewWeights[T](m.Net)
			weights.Set(converted[T](m.Net.Params))
			got := r.forward(weights, rows, loss.steps)
			if want := loss.value(); math.Abs(got-want) > lossTol*want {
				t.Errorf("loss %g, want %g", got, want)
			}
			r.backward(rows, 1)
			checkGradient(t, m.Net.Params, loss.value, func(i int) float64 { return float64(r.grad[i]) }, tol)
		})
	}
}

// checkGradient compares a gradient with difference quotients of value, which
// depends on params. It fails where hardly any parameter matters.
func checkGradient(t *testing.T, params []float64, value func() float64, gradient func(i int) float64, tol float64) {
	t.Helper()
	const h = 1e-6
	checked, largest := 0, 0.0
	quotients := make([]float64, len(params))
	for i, old := range params {
		params[i] = old + h
		up := value()
		params[i] = old - h
		quotients[i] = (up - value()) / (2 * h)
		params[i] = old
		largest = max(largest, math.Abs(quotients[i]))
	}
	for i, want := range quotients {
		if math.Abs(want) > 1e-2*largest {
			checked++
		}
		if diff := math.Abs(gradient(i) - want); diff > tol*(largest+math.Abs(want)) {
			t.Errorf("gradient of parameter %d is %g, want %g", i, gradient(i), want)
		}
	}
	if checked < 20 {
		t.Errorf("only %d parameters have a gradient to speak of", checked)
	}
}

func TestFitLearns(t *testing.T) {
	d := kinkedData(t, 200, 1)
	opts := smallFit()
	opts.Epochs = 100
	epochs := 0
	opts.OnEpoch = func(p Progress) { epochs++ }
	opts.Tool, opts.Command = "tool", "command"
	m, r, err := Fit(context.Background(), d, opts)
	if err != nil {
		t.Fatal(err)
	}
	if e := r.Errors; e.OneStepMoved.RMS > 0.15*e.Still.RMS || e.HStep.RMS > 0.3*e.Still.RMS || e.Unit != "m" || e.Horizon != 3 {
		t.Errorf("errors %+v", e)
	}
	if epochs != 100 || r.Epoch != 100 || r.ReLUs != 16 || r.Parameters != len(m.Net.Params) {
		t.Errorf("%d epochs, report %+v", epochs, r)
	}
	if want := (Meta{Signals: d.Meta.Signals, Seed: 5, DataHash: d.Hash(), Tool: "tool", Command: "command", Errors: r.Errors}); !equalMeta(m.Meta, want) {
		t.Errorf("metadata %+v, want %+v", m.Meta, want)
	}
	if m.Out.Scale[2] != 0 {
		t.Errorf("the coordinate that never changes has scale %g", m.Out.Scale[2])
	}
	x := []float64{0.3, 0.4, 0.5}
	if m.Step(x, x, []float64{0, 0}); x[2] != 0.5 {
		t.Errorf("the coordinate that never changes became %g", x[2])
	}
}

func equalMeta(a, b Meta) bool {
	return a.Task == b.Task && slices.Equal(a.StateNames, b.StateNames) && a.Seed == b.Seed &&
		a.DataHash == b.DataHash && a.Tool == b.Tool && a.Command == b.Command && reflect.DeepEqual(a.Errors, b.Errors)
}

// TestFitLearnsNothing: steps far too large leave the untrained model the best one, and
// that is no result; a plant that the base knows already leaves nothing to learn.
func TestFitLearnsNothing(t *testing.T) {
	opts := smallFit()
	opts.LearningRate, opts.Epochs = 30, 4
	opts.Checkpoint = filepath.Join(t.TempDir(), "m.safetensors")
	_, r, err := Fit(t.Context(), kinkedData(t, 60, 1), opts)
	var untrained *UntrainedError
	if !errors.As(err, &untrained) || untrained.Epochs != 4 || untrained.Last < untrained.Start || r.BestEpoch != 0 {
		t.Errorf("error %v, report %+v", err, r)
	}
	if _, err := os.Stat(opts.Checkpoint); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an untrained model was written: %v", err)
	}
	still := kinkedData(t, 60, 1)
	for e := range still.Episodes {
		for s := range still.Steps {
			copy(still.State(e, s+1), still.State(e, s))
		}
	}
	if _, r, err := Fit(t.Context(), still, smallFit()); err != nil || r.Best != 0 {
		t.Errorf("where nothing moves: loss %g, %v", r.Best, err)
	}
}

func TestFitIsRepeatable(t *testing.T) {
	d := kinkedData(t, 60, 1)
	opts := smallFit()
	opts.Epochs, opts.Noise, opts.L1, opts.WeightDecay = 3, 0.1, 1e-3, 1e-3
	fit := func(change func(*FitOptions)) []float64 {
		o := opts
		change(&o)
		m, _, err := Fit(context.Background(), d, o)
		if err != nil {
			t.Fatal(err)
		}
		return m.Net.Params
	}
	want := fit(func(*FitOptions) {})
	if got := fit(func(o *FitOptions) { o.Workers = 3 }); !slices.Equal(got, want) {
		t.Error("3 workers gave another model")
	}
	for name, change := range map[string]func(*FitOptions){
		"seed":  func(o *FitOptions) { o.Seed++ },
		"noise": func(o *FitOptions) { o.Noise = 0 },
		"L1":    func(o *FitOptions) { o.L1 = 0 },
		"decay": func(o *FitOptions) { o.WeightDecay = 0 },
	} {
		if slices.Equal(fit(change), want) {
			t.Errorf("%s has no effect", name)
		}
	}
}

func TestFitStopsEarly(t *testing.T) {
	opts := smallFit()
	opts.Epochs, opts.Patience, opts.LearningRate = 100, 2, 0.3
	opts.ClipNorm = -1
	last := Progress{}
	opts.OnEpoch = func(p Progress) { last = p }
	_, r, err := Fit(context.Background(), kinkedData(t, 60, 1), opts)
	if err != nil {
		t.Fatal(err)
	}
	if r.Epoch == 100 || r.Epoch != last.Epoch || r.Best > r.Val {
		t.Errorf("stopped with %+v", r.Progress)
	}
}

func TestFitCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("enough")
	opts := smallFit()
	opts.OnEpoch = func(p Progress) {
		if p.Epoch == 4 {
			cancel(reason)
		}
	}
	m, r, err := Fit(ctx, kinkedData(t, 60, 1), opts)
	if !errors.Is(err, reason) {
		t.Fatalf("error %v", err)
	}
	if m == nil || r.Errors.OneStep.RMS > 0.8*r.Errors.Still.RMS {
		t.Errorf("the model so far is missing or untrained: %+v", r.Errors)
	}
	if r.Epoch != 4 || len(r.History) != 4 || r.Samples == 0 || r.Elapsed <= 0 || r.Finished {
		t.Errorf("interrupted in epoch 5 it tells %+v", r.Progress)
	}
}

func TestFitDiverges(t *testing.T) {
	opts := smallFit()
	opts.LearningRate, opts.ClipNorm = 1e30, -1
	m, _, err := Fit(context.Background(), kinkedData(t, 60, 1), opts)
	var diverged *DivergedError
	if !errors.As(err, &diverged) || !strings.Contains(err.Error(), "no epoch before improved the model") {
		t.Fatalf("error %v", err)
	}
	if m == nil || m.Validate() != nil {
		t.Error("the kept model is not valid")
	}
}

func TestFitCheckpoints(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	d := kinkedData(t, 60, 1)
	opts := smallFit()
	opts.Checkpoint, opts.CheckpointEvery = path, -1
	opts.OnEpoch = func(p Progress) {
		if p.Epoch > 1 {
			if _, err := Load(path); err != nil {
				t.Errorf("after epoch %d: %v", p.Epoch, err)
			}
		}
	}
	m, _, err := Fit(context.Background(), d, opts)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := Load(path)
	if err != nil || !slices.Equal(saved.Net.Params, m.Net.Params) || !reflect.DeepEqual(saved.Meta.Errors, m.Meta.Errors) {
		t.Errorf("the last checkpoint is not the model, %v", err)
	}
	opts.Checkpoint = filepath.Join(path, "x")
	if _, _, err := Fit(context.Background(), d, opts); err == nil || !errors.Is(err, os.ErrNotExist) && !strings.Contains(err.Error(), path) {
		t.Errorf("a checkpoint nobody can write: error %v", err)
	}
}

func TestFitRefuses(t *testing.T) {
	d := kinkedData(t, 10, 1)
	still := kinkedData(t, 10, 1)
	for i := 0; i < len(still.U); i += 2 {
		still.U[i] = 4
	}
	fit := func(d *Dataset, change func(*FitOptions)) error {
		opts := smallFit()
		change(&opts)
		_, _, err := Fit(context.Background(), d, opts)
		return err
	}
	for want, err := range map[string]error{
		"learned; vary u_0 in the data":              fit(still, func(*FitOptions) {}),
		"horizon is 7; episodes of 6":                fit(d, func(o *FitOptions) { o.Horizon = 7 }),
		"learning rate is NaN":                       fit(d, func(o *FitOptions) { o.LearningRate = math.NaN() }),
		"noise is -1":                                fit(d, func(o *FitOptions) { o.Noise = -1 }),
		"epochs is -1":                               fit(d, func(o *FitOptions) { o.Epochs = -1 }),
		"validation fraction is 2":                   fit(d, func(o *FitOptions) { o.Validation = 2 }),
		"hidden layer 1 has 0 units":                 fit(d, func(o *FitOptions) { o.Hidden = []int{3, 0} }),
		"features read 4 coordinates; the data have": fit(d, func(o *FitOptions) { o.Features = control.NewAffine(2, 4) }),
		"base is 3 x 4; the data need 3 x 5":         fit(d, func(o *FitOptions) { o.Base = control.NewAffine(3, 4) }),
		"has 1 episode;":                             fit(kinkedData(t, 1, 1), func(*FitOptions) {}),
		"u[0][0][0] is NaN": fit(func() *Dataset {
			d := kinkedData(t, 3, 1)
			d.U[0] = math.NaN()
			return d
		}(), func(*FitOptions) {}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; it must say %q", err, want)
		}
	}
}

// TestEvaluate compares with errors computed row by row for a model that errs
// by a known amount.
func TestEvaluate(t *testing.T) {
	d := NewDataset(2, 3, 2, 1)
	d.Meta.PointDim, d.Meta.StateUnits = 2, []string{"m", "m"}
	copy(d.State(0, 1), []float64{0, 0}) // episode 0 never moves
	for s := range 4 {
		copy(d.State(1, s), []float64{float64(s), 2}) // episode 1 always does
	}
	// The model moves every state by (0, 0.5), whatever the action.
	m := &Model{
		Features: control.NewIdentity(1, 3), Base: control.NewIdentity(2, 3),
		In:  Normalizer{Mean: []float64{0}, Scale: []float64{1}},
		Out: Normalizer{Mean: []float64{0, 0.5}, Scale: []float64{1, 1}},
		Net: nn.NewMLP(1, []int{1}, 2, false),
	}
	e, err := Evaluate(m, d, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	one := (0.5 + math.Sqrt(1.25)) / 2 // mean over still and moved rows
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"one step rows", float64(e.OneStep.Rows), 6},
		{"one step mean", e.OneStep.Mean, one},
		{"one step RMS", e.OneStep.RMS, math.Sqrt((0.25 + 1.25) / 2)},
		{"moved rows", float64(e.OneStepMoved.Rows), 3},
		{"moved median", e.OneStepMoved.Median, math.Sqrt(1.25)},
		{"two steps rows", float64(e.HStep.Rows), 4},
		{"two steps moved", e.HStepMoved.RMS, math.Sqrt(1 + 4)},
		{"still", e.Still.P95, 1},
		{"by step", float64(len(e.ByStep)), 3},
		{"after two steps", e.ByStep[1], e.HStep.Mean},
		{"second coordinate", e.OneStepOf[1], 0.5},
		{"second coordinate after two steps", e.ByStepOf[1][1], 1},
		{"second coordinate after three", e.ByStepOf[2][1], 1.5},
		{"second coordinate at the horizon", e.HStepOf[1], 1},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s is %g, want %g", c.name, c.got, c.want)
		}
	}
	if e.Unit != "m" {
		t.Errorf("unit %q", e.Unit)
	}
	if _, err := Evaluate(m, d, nil, 4); err == nil || !strings.Contains(err.Error(), "horizon is 4") {
		t.Errorf("horizon 4: error %v", err)
	}
}
