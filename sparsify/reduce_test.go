package sparsify

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"hinge/control"
	"hinge/dynamics"
	"hinge/nn"
)

// folded is a plant with exactly two kinks:
//
//	x_0' = x_0 / 2 + |x_1| + |x_2|,   x_1' = u_0,   x_2' = u_1.
//
// Since |x| = 2 max(0, x) - x, a model with 2 ReLUs can be exact.
type folded struct{}

func (folded) Dims() (nx, nu int)    { return 3, 2 }
func (folded) Clone() control.System { return folded{} }
func (folded) Step(dst, x, u []float64) {
	dst[0], dst[1], dst[2] = x[0]/2+math.Abs(x[1])+math.Abs(x[2]), u[0], u[1]
}

// fixture is data of folded and a dense model of it, made once.
var fixture = sync.OnceValue(func() (f struct {
	data  *dynamics.Dataset
	dense *dynamics.Model
	rms   float64
}) {
	ctx := context.Background()
	var err error
	explore := dynamics.Exploring(
		func(rng *rand.Rand) []float64 {
			return []float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
		},
		func(dst, _ []float64, rng *rand.Rand) { dst[0], dst[1] = rng.NormFloat64(), rng.NormFloat64() })
	f.data, err = dynamics.Collect(ctx, folded{}, nil, explore,
		dynamics.CollectOptions{Episodes: 200, Steps: 8, Seed: 1, Workers: 1})
	if err != nil {
		panic(err)
	}
	var r dynamics.Report
	f.dense, r, err = dynamics.Fit(ctx, f.data, dynamics.FitOptions{
		TrainOptions: dynamics.TrainOptions{Epochs: 60, Batch: 64, Workers: 1}, Hidden: []int{12, 12},
	})
	if err != nil {
		panic(err)
	}
	f.rms = r.Errors.OneStep.RMS
	return f
})

func testOptions() Options {
	return Options{Train: dynamics.TrainOptions{Epochs: 60, Batch: 64, Workers: 1, Seed: 2}}
}

func TestReduceFindsTheKinks(t *testing.T) {
	f := fixture()
	before := slices.Clone(f.dense.Net.Params)
	var last Progress
	opts := testOptions()
	opts.OnEpoch = func(p Progress) { last = p }
	results, err := Reduce(context.Background(), f.dense, f.data, []int{2, 8, 24}, opts)
	if err != nil {
		t.Fatal(err)
	}
	for i, budget := range []int{2, 8, 24} {
		r := results[i]
		if r.Budget != budget || r.Report.ReLUs != budget || r.Identities+r.Zeros != 24-budget {
			t.Errorf("budget %d: result for %d with %d ReLUs, %d identities and %d zeros", budget, r.Budget, r.Report.ReLUs, r.Identities, r.Zeros)
		}
		if n := r.Model.Net; n.Count(nn.ReLU) != budget || n.Count(nn.Identity)+n.Count(nn.Zero) != 0 {
			t.Errorf("budget %d: the network has other hidden units than that many ReLUs", budget)
		}
		// With as many ReLUs as the plant has kinks the model is the plant, up to
		// the rounding of float32 training; more of them only leave it approximate.
		limit := 0.03
		if budget == 2 {
			limit = 1e-5
		}
		if e := r.Report.Errors; e.OneStep.RMS > limit*e.Still.RMS {
			t.Errorf("budget %d: one-step error %g, doing nothing %g, dense %g", budget, e.OneStep.RMS, e.Still.RMS, f.rms)
		}
		if !reflect.DeepEqual(r.Model.Meta.Errors, r.Report.Errors) || r.Model.Meta.Seed != 2 {
			t.Errorf("budget %d: metadata %+v", budget, r.Model.Meta)
		}
	}
	if last.Done != last.Total || last.Phase != Final || last.ReLUs != 2 {
		t.Errorf("last progress %+v", last)
	}
	if !slices.Equal(before, f.dense.Net.Params) || f.dense.Net.Count(nn.ReLU) != 24 {
		t.Error("the dense model changed")
	}
}

func TestReduceToAffine(t *testing.T) {
	f := fixture()
	opts := testOptions()
	opts.Keep, opts.Train.Epochs, opts.GateEpochs, opts.TuneEpochs = 0.3, 10, 1, 1
	results, err := Reduce(context.Background(), f.dense, f.data, []int{0}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if n := results[0].Model.Net; len(n.Layers) != 1 {
		t.Errorf("a model without ReLUs has %d layers", len(n.Layers))
	}
	if e := results[0].Report.Errors.OneStep.RMS; !(e > 10*f.rms) {
		t.Errorf("an affine model has error %g; the plant is not affine", e)
	}
}

// TestFoldedIsGated checks that folding after a round loses nothing.
func TestFoldedIsGated(t *testing.T) {
	f := fixture()
	c := newChoice(f.dense.Net, testOptions().withDefaults(), rand.New(rand.NewPCG(3, 3)))
	for i := range c.logits {
		c.logits[i] = float32(c.rng.NormFloat64())
	}
	m := f.dense.Clone().(*dynamics.Model)
	m.Net = f.dense.Net.Clone()
	c.decide(m, 9)
	if m.Net.Count(nn.Identity) == 0 || m.Net.Count(nn.Zero) == 0 {
		t.Fatal("the choice has no identity or no zero")
	}
	small := m.Clone().(*dynamics.Model)
	small.Net = nn.Fold(m.Net)
	a, b := make([]float64, 3), make([]float64, 3)
	for range 100 {
		x := []float64{c.rng.NormFloat64(), c.rng.NormFloat64(), c.rng.NormFloat64()}
		u := []float64{c.rng.NormFloat64(), c.rng.NormFloat64()}
		m.Step(a, x, u)
		small.Step(b, x, u)
		for i := range a {
			if math.Abs(a[i]-b[i]) > 1e-12*(1+math.Abs(a[i])) {
				t.Fatalf("folded %v, gated %v", b, a)
			}
		}
	}
}

func TestReduceIsRepeatable(t *testing.T) {
	f := fixture()
	reduce := func(seed uint64, workers int) []float64 {
		opts := testOptions()
		opts.Train.Epochs, opts.GateEpochs, opts.TuneEpochs = 2, 2, 1
		opts.Train.Seed, opts.Train.Workers, opts.Train.Batch = seed, workers, 200
		r, err := Reduce(context.Background(), f.dense, f.data, []int{12}, opts)
		if err != nil {
			t.Fatal(err)
		}
		return r[0].Model.Net.Params
	}
	want := reduce(7, 1)
	if !slices.Equal(reduce(7, 3), want) {
		t.Error("3 workers gave another model")
	}
	if slices.Equal(reduce(8, 1), want) {
		t.Error("another seed gave the same model")
	}
}

func TestReduceCancelled(t *testing.T) {
	f := fixture()
	ctx, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("enough")
	opts := testOptions()
	opts.Train.Epochs = 2
	opts.OnEpoch = func(p Progress) {
		if p.Phase == Tune && p.ReLUs == 10 {
			cancel(reason)
		}
	}
	results, err := Reduce(ctx, f.dense, f.data, []int{10, 18}, opts)
	if !errors.Is(err, reason) || !strings.Contains(err.Error(), "round to 10 ReLUs") {
		t.Errorf("error %v", err)
	}
	if len(results) != 1 || results[0].Budget != 18 {
		t.Errorf("%d results so far, want the one of budget 18", len(results))
	}
}

// TestReduceDiverges lets the gradient become NaN in every phase, in its second epoch:
// the model after the first one is returned.
func TestReduceDiverges(t *testing.T) {
	f := fixture()
	for phase, relus := range map[Phase]int{Gates: 24, Tune: 12, Final: 12} {
		poison := false
		opts := testOptions()
		opts.Keep, opts.GateEpochs, opts.TuneEpochs, opts.Train.Epochs = 0.3, 2, 2, 2
		opts.OnEpoch = func(p Progress) { poison = p.Phase == phase && p.Epoch == 1 }
		opts.Train.Stable = 1
		opts.Train.Ranges = func(m *dynamics.Model) dynamics.UnitRanges { return poisonedRanges(m, &poison) }
		results, err := Reduce(context.Background(), f.dense, f.data, []int{12}, opts)
		var diverged *dynamics.DivergedError
		var stopped *StoppedError
		if len(results) != 0 || !errors.As(err, &diverged) || !errors.As(err, &stopped) || stopped.Last == nil {
			t.Errorf("%v: %d results, error %v", phase, len(results), err)
			continue
		}
		last := stopped.Last
		if stopped.Phase != phase || diverged.Kept != 1 || last.Budget != relus || last.Model.Net.Count(nn.ReLU) != relus {
			t.Errorf("%v: stopped in %v, kept epoch %d with %d ReLUs", phase, stopped.Phase, diverged.Kept, last.Budget)
		}
		if e := last.Report.Errors.OneStep.RMS; !(e < last.Report.Errors.Still.RMS) {
			t.Errorf("%v: the last good model errs by %g", phase, e)
		}
	}
}

// poisonedRanges has NaN in its gradient while poison is set.
func poisonedRanges(m *dynamics.Model, poison *bool) dynamics.UnitRanges {
	units := len(hiddenUnits(m.Net))
	return func(*nn.Net) ([]float64, []float64, func(grad, dLower, dUpper []float64)) {
		return make([]float64, units), make([]float64, units), func(grad, _, _ []float64) {
			if *poison {
				grad[0] = math.NaN()
			}
		}
	}
}

// TestReduceTellsResults: every model is told of as soon as it is there, and an error
// ends the reduction.
func TestReduceTellsResults(t *testing.T) {
	f := fixture()
	opts := testOptions()
	opts.Keep, opts.GateEpochs, opts.TuneEpochs, opts.Train.Epochs = 0.3, 1, 1, 1
	var told []int
	var samples, phase int
	opts.OnEpoch = func(p Progress) { samples += p.Samples; phase = p.Samples }
	full := errors.New("disk is full")
	opts.OnResult = func(r Result) error {
		told = append(told, r.Budget)
		if r.Report.Samples != samples || samples <= phase {
			t.Errorf("budget %d: %d windows of %d, %d of them in the last phase", r.Budget, r.Report.Samples, samples, phase)
		}
		samples = 0
		if r.Budget == 6 {
			return full
		}
		return nil
	}
	results, err := Reduce(context.Background(), f.dense, f.data, []int{4, 6, 12}, opts)
	if !errors.Is(err, full) || len(results) != 2 || !slices.Equal(told, []int{12, 6}) {
		t.Errorf("told of %v, %d results, error %v", told, len(results), err)
	}
}

func TestReduceRefuses(t *testing.T) {
	f := fixture()
	reduce := func(budgets []int, change func(*Options)) error {
		opts := testOptions()
		change(&opts)
		_, err := Reduce(context.Background(), f.dense, f.data, budgets, opts)
		return err
	}
	same := func(*Options) {}
	for want, err := range map[string]error{
		"budget is 25 ReLUs; the model allows 0 to 24": reduce([]int{8, 25}, same),
		"budget is -1 ReLUs; the model allows 0 to 24": reduce([]int{-1}, same),
		"no budget given":        reduce(nil, same),
		"budget 8 appears twice": reduce([]int{8, 8}, same),
		"temperature is -1; it must lie between 0 and +Inf": reduce([]int{8}, func(o *Options) { o.Temperature = -1 }),
		"keep is 1; it must lie between 0 and 1":            reduce([]int{8}, func(o *Options) { o.Keep = 1 }),
		"horizon is 9":                                      reduce([]int{8}, func(o *Options) { o.Train.Horizon = 9 }),
		"gate epochs are -1":                                reduce([]int{8}, func(o *Options) { o.GateEpochs = -1 }),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "sparsify: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; it must say %q", err, want)
		}
	}
}

func TestPlan(t *testing.T) {
	stages, err := plan(256, 0, []int{24, 64}, 0.7)
	if err != nil {
		t.Fatal(err)
	}
	want := []stage{{180, true, false}, {126, true, false}, {89, true, false}, {64, true, true},
		{45, true, false}, {32, true, false}, {24, true, true}}
	if !slices.Equal(stages, want) {
		t.Errorf("stages %v, want %v", stages, want)
	}
	// The smallest budgets are reached although rounding up keeps a unit.
	if stages, _ = plan(3, 0, []int{0}, 0.9); len(stages) != 3 || stages[2] != (stage{0, true, true}) {
		t.Errorf("stages %v", stages)
	}
	// A budget that dead units alone reach needs no round.
	want = []stage{{8, false, true}, {7, false, true}, {5, true, true}}
	if stages, _ = plan(9, 2, []int{5, 7, 8}, 0.5); !slices.Equal(stages, want) {
		t.Errorf("with dead units: stages %v, want %v", stages, want)
	}
}

// TestReduceDropsDeadUnits: budgets are those of the model as it was given.
func TestReduceDropsDeadUnits(t *testing.T) {
	f := fixture()
	m := f.dense.Clone().(*dynamics.Model)
	m.Net = f.dense.Net.Clone()
	last := len(m.Net.Layers) - 1
	l := &m.Net.Layers[last]
	for _, dead := range []int{1, 4} { // counted from the end of what the outputs read
		for j := range l.Out {
			m.Net.Weight(last)[(j+1)*l.In()-dead] = 0
		}
	}
	opts := testOptions()
	opts.Train.Epochs, opts.GateEpochs, opts.TuneEpochs = 1, 1, 1
	for _, opts.Method = range []Method{EndToEnd, Scratch} {
		results, err := Reduce(context.Background(), m, f.data, []int{24, 23, 10}, opts)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []int{22, 22, 10} {
			r, folded := results[i], 24-want
			if opts.Method == Scratch {
				want, folded = r.Budget, 0
			}
			if r.Report.ReLUs != want || r.Identities+r.Zeros != folded {
				t.Errorf("%v: budget %d has %d ReLUs, %d identities and %d zeros", opts.Method, r.Budget, r.Report.ReLUs, r.Identities, r.Zeros)
			}
		}
	}
}
