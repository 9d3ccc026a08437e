package dynamics

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hinge/control"
)

// resumable returns options with everything that a state must remember.
func resumable(dir string) FitOptions {
	opts := smallFit()
	opts.Noise, opts.L1, opts.HardAbove, opts.WeightDecay = 0.1, 1e-3, 0.2, 1e-3
	opts.Checkpoint, opts.State = filepath.Join(dir, "m.safetensors"), filepath.Join(dir, "m.state.npz")
	opts.CheckpointEvery, opts.Resume = -1, true
	return opts
}

// TestResume interrupts a training after every number of epochs; going on must
// give the file of a training that was left alone.
func TestResume(t *testing.T) {
	d := kinkedData(t, 60, 1)
	alone := resumable(t.TempDir())
	if _, _, err := Fit(t.Context(), d, alone); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(alone.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(alone.State); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state is still there after the end: %v", err)
	}
	for stop := 1; stop <= alone.Epochs; stop += 2 {
		opts := resumable(t.TempDir())
		ctx, cancel := context.WithCancel(t.Context())
		opts.OnEpoch = func(p Progress) {
			if p.Epoch == stop {
				cancel()
			}
		}
		if _, _, err := Fit(ctx, d, opts); stop < opts.Epochs && !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped at %d: %v", stop, err)
		}
		first := 0
		opts.OnEpoch = func(p Progress) {
			if first == 0 {
				first = p.Epoch
			}
			if len(p.History) != p.Epoch {
				t.Errorf("epoch %d has a history of %d", p.Epoch, len(p.History))
			}
		}
		opts.Workers = 3
		if _, _, err := Fit(t.Context(), d, opts); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(opts.Checkpoint)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("resumed after epoch %d: another file, %v", stop, err)
		}
		if stop < opts.Epochs && first != stop+1 {
			t.Errorf("resumed after epoch %d with epoch %d", stop, first)
		}
	}
}

func TestResumeRefuses(t *testing.T) {
	d := kinkedData(t, 60, 1)
	opts := resumable(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	opts.OnEpoch = func(Progress) { cancel() }
	if _, _, err := Fit(ctx, d, opts); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	opts.OnEpoch = nil
	whole, err := os.ReadFile(opts.State)
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(want string, d *Dataset, opts FitOptions) {
		t.Helper()
		_, _, err := Fit(t.Context(), d, opts)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), opts.State) {
			t.Errorf("error %v; it must name the file and say %q", err, want)
		}
	}
	other := opts
	other.Epochs = 13
	refuse("epochs is 12 there and 13 here", d, other)
	other = opts
	other.Hidden = []int{8, 9}
	refuse("layers is [5,8,8,3] there and [5,8,9,3] here", d, other)
	refuse("data is ", kinkedData(t, 61, 1), opts)
	aligned := *d
	aligned.Align = func([]float64) control.Frame { return control.World() }
	refuse("aligned is false there and true here", &aligned, opts)
	if err := os.WriteFile(opts.State, whole[:len(whole)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	refuse("not a complete NumPy archive", d, opts)
}

// TestHardExamples trains with weights that grow where predictions are bad.
func TestHardExamples(t *testing.T) {
	opts := smallFit()
	opts.HardAbove = 0.3
	d := kinkedData(t, 60, 1)
	m, err := newModel(d, opts.withDefaults(d))
	if err != nil {
		t.Fatal(err)
	}
	tr, err := NewTrainer(m, d, opts.TrainOptions)
	if err != nil {
		t.Fatal(err)
	}
	w := []window{{number: 0}, {number: 1}, {number: 2}}
	tr.reweigh(w, []float64{0.29 * 0.29, 1, 1e6})
	if tr.weights[0] != 1 || tr.weights[1] < 2.7182 || tr.weights[1] > 2.7183 || tr.weights[2] != heaviest {
		t.Errorf("weights %v", tr.weights[:3])
	}
	if got := tr.weightOf(w[:2]); got < 3.7 || got > 3.8 {
		t.Errorf("a batch weighs %g", got)
	}
	if _, _, err := tr.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	heavier := 0
	for _, w := range tr.weights[3:] {
		if w < 1 || w > heaviest {
			t.Fatalf("weight %g", w)
		}
		if w > 1 {
			heavier++
		}
	}
	if heavier == 0 || heavier == len(tr.weights)-3 {
		t.Errorf("%d of %d windows count more", heavier, len(tr.weights)-3)
	}
}
