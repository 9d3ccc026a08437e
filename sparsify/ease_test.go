package sparsify

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hinge/dynamics"
	"hinge/nn"
)

// easeOptions has a planner that acts at random and finds small models easy; what
// an episode costs is the error of the model.
func easeOptions(t *testing.T) EaseOptions {
	t.Helper()
	f := fixture()
	return EaseOptions{
		Train:  dynamics.TrainOptions{Seed: 3, Epochs: 10, Batch: 64, Workers: 1},
		Rounds: 3, Recipes: []Recipe{{Share: 1}, {Share: 0.5}}, Slack: 9,
		Play: func(ctx context.Context, _ *dynamics.Model, round int) (*dynamics.Dataset, error) {
			return dynamics.Collect(ctx, folded{}, nil, dynamics.Exploring(
				func(rng *rand.Rand) []float64 { return []float64{rng.NormFloat64(), 0, 0} },
				func(dst, _ []float64, rng *rand.Rand) { dst[0], dst[1] = rng.NormFloat64(), rng.NormFloat64() }),
				dynamics.CollectOptions{Episodes: 5, Steps: 4, Seed: uint64(100 + round), Workers: 1})
		},
		Judge: func(_ context.Context, m *dynamics.Model) (Worth, error) {
			errs, err := dynamics.Evaluate(m, f.data, nil, 1)
			return Worth{Work: float64(m.Net.Count(nn.ReLU)), Cost: errs.OneStep.RMS}, err
		},
	}
}

// TestEase: the kept model is never dearer than allowed, always easier than the one
// before, and every round starts from it.
func TestEase(t *testing.T) {
	f := fixture()
	opts := easeOptions(t)
	told := 0
	opts.OnTrial = func(trial Trial) {
		if told++; trial.Done != told || trial.Total != 1+3*2 {
			t.Errorf("trial %d of %d is told as the %dth", trial.Done, trial.Total, told)
		}
	}
	trials, err := Ease(context.Background(), f.dense, f.data, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(trials) != 1+3*2 || told != len(trials) {
		t.Fatalf("%d trials, %d told, want 7", len(trials), told)
	}
	best, limit := trials[0], 10*trials[0].Worth.Cost
	for i := 1; i < len(trials); i += 2 {
		round := trials[i : i+2]
		if round[0].ReLUs != best.ReLUs || round[1].ReLUs != best.ReLUs/2 {
			t.Errorf("round %d tries %d and %d ReLUs after %d", round[0].Round, round[0].ReLUs, round[1].ReLUs, best.ReLUs)
		}
		for _, trial := range round {
			if trial.Kept {
				if !(trial.Worth.Cost <= limit) || !(trial.Worth.Work < best.Worth.Work) {
					t.Errorf("a model of worth %+v was kept after %+v", trial.Worth, best.Worth)
				}
				best = trial
			}
		}
	}
	if best.ReLUs > 12 {
		t.Errorf("the best model has %d ReLUs; 2 are enough for this plant: %+v", best.ReLUs, trials)
	}
}

// TestEaseRewardsStableUnits: candidates with the term use the ranges they are
// given, with the windows that were played.
func TestEaseRewardsStableUnits(t *testing.T) {
	f := fixture()
	opts := easeOptions(t)
	opts.Rounds, opts.Recipes = 1, []Recipe{{Share: 1}, {Share: 1, Stable: 0.1}}
	asked := 0
	opts.Ranges = func(m *dynamics.Model, played *dynamics.Dataset) dynamics.UnitRanges {
		asked++
		if played.Episodes != 5*2 || played.Steps != 3 {
			t.Errorf("%d windows of %d steps were played, want 10 of 3", played.Episodes, played.Steps)
		}
		return func(n *nn.Net) (lower, upper []float64, pull func(grad, dLower, dUpper []float64)) {
			v := make([]float64, n.Count(nn.ReLU))
			return v, v, func([]float64, []float64, []float64) {}
		}
	}
	trials, err := Ease(context.Background(), f.dense, f.data, opts)
	if err != nil {
		t.Fatal(err)
	}
	if asked == 0 || trials[1].Recipe.Stable != 0 || trials[2].Recipe.Stable != 0.1 {
		t.Errorf("ranges were asked for %d times by trials %+v", asked, trials)
	}
}

// TestEaseSkipsWhatDiverges: the other candidates of the round are tried all the
// same, and what is told as the best so far is the last one kept.
func TestEaseSkipsWhatDiverges(t *testing.T) {
	f := fixture()
	opts := easeOptions(t)
	opts.Rounds, opts.Recipes = 1, []Recipe{{Share: 0.8}, {Share: 1, L1: 1e300}, {Share: 0.5}}
	var told []bool
	opts.OnTrial = func(trial Trial) { told = append(told, trial.Kept) }
	trials, err := Ease(context.Background(), f.dense, f.data, opts)
	if err != nil || len(trials) != 4 {
		t.Fatalf("%d trials: %v", len(trials), err)
	}
	if d := trials[2].Diverged; d == nil || trials[2].Model != nil || trials[2].ReLUs != trials[0].ReLUs || trials[2].Recipe.L1 != 1e300 {
		t.Errorf("a training that diverges: %+v", trials[2])
	}
	if trials[1].Diverged != nil || trials[1].Kept || !trials[3].Kept || !slices.Equal(told, []bool{true, true, false, true}) {
		t.Errorf("told %v, trials %+v", told, trials)
	}
}

func TestEaseRefuses(t *testing.T) {
	f := fixture()
	for want, change := range map[string]func(*EaseOptions){
		"-1 rounds":                    func(o *EaseOptions) { o.Rounds = -1 },
		"share 1.5 of the ReLUs":       func(o *EaseOptions) { o.Recipes = []Recipe{{Share: 1.5}} },
		"factor 0.1 for stable units":  func(o *EaseOptions) { o.Recipes = []Recipe{{Share: 1, Stable: 0.1}} },
		"share of the data is 2":       func(o *EaseOptions) { o.Played = 2 },
		"episodes of 4 steps were pla": func(o *EaseOptions) { o.Train.Horizon = 5 },
	} {
		opts := easeOptions(t)
		change(&opts)
		if _, err := Ease(context.Background(), f.dense, f.data, opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; it must say %q", err, want)
		}
	}
}

func TestRepeats(t *testing.T) {
	if n := repeats(700, 30, 0.3); n != 10 {
		t.Errorf("30 windows beside 700 are repeated %d times for a share of .3, want 10", n)
	}
	if n := repeats(10, 700, 0.3); n != 1 {
		t.Errorf("many windows are repeated %d times, want once", n)
	}
}
