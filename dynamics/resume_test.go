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
		_, r, err := Fit(t.Context(), d, opts)
		if err != nil {
			t.Fatal(err)
		}
		if want := (opts.Epochs - stop) * 200; r.Samples != want {
			t.Errorf("resumed after epoch %d: this process learned from %d windows, want %d", stop, r.Samples, want)
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

// TestResumeFinished resumes trainings that are over: nothing is done again, and
// the file stays the same; with anything else changed, all of it is.
func TestResumeFinished(t *testing.T) {
	d := kinkedData(t, 60, 1)
	opts := resumable(t.TempDir())
	fit := func(o FitOptions) (epochs int, file []byte) {
		t.Helper()
		o.OnEpoch = func(Progress) { epochs++ }
		_, r, err := Fit(t.Context(), d, o)
		if err != nil || r.Finished != (epochs == 0) {
			t.Fatalf("after %d epochs: finished before %v, %v", epochs, r.Finished, err)
		}
		file, err = os.ReadFile(o.Checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		return epochs, file
	}
	_, want := fit(opts)
	if epochs, got := fit(opts); epochs != 0 || !slices.Equal(got, want) {
		t.Errorf("%d epochs were done again; the same file: %v", epochs, slices.Equal(got, want))
	}
	for name, change := range map[string]func(*FitOptions){
		"hidden":   func(o *FitOptions) { o.Hidden = []int{9} },
		"epochs":   func(o *FitOptions) { o.Epochs = 5 },
		"skip":     func(o *FitOptions) { o.NoSkip = true },
		"features": func(o *FitOptions) { o.Features = control.NewIdentity(4, 5) },
		"base":     func(o *FitOptions) { o.Base = control.NewAffine(3, 5) },
		"member":   func(o *FitOptions) { o.Member = 1 },
		"tool":     func(o *FitOptions) { o.Tool = "another" },
	} {
		other := opts
		change(&other)
		if epochs, got := fit(other); epochs != other.Epochs || slices.Equal(got, want) {
			t.Errorf("other %s: %d epochs of %d", name, epochs, other.Epochs)
		}
		fit(opts)
	}
}

// TestResumeEnsemble resumes an ensemble that was interrupted in its second member:
// the first one trained is not trained again.
func TestResumeEnsemble(t *testing.T) {
	d := kinkedData(t, 60, 1)
	ensemble := func(ctx context.Context, dir string, onEpoch func(member int)) ([]byte, error) {
		_, _, err := FitEnsemble(ctx, d, resumable(dir), 3, func(member int, o *FitOptions, _ []*Model) {
			o.Checkpoint = filepath.Join(dir, string(rune('0'+member)))
			o.State = o.Checkpoint + ".state"
			o.OnEpoch = func(Progress) { onEpoch(member) }
		})
		file, _ := os.ReadFile(filepath.Join(dir, "0")) // not there before the end
		return file, err
	}
	want, err := ensemble(t.Context(), t.TempDir(), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := ensemble(ctx, dir, func(member int) {
		if member == 1 {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	epochs := map[int]int{}
	got, err := ensemble(t.Context(), dir, func(member int) { epochs[member]++ })
	if all := smallFit().Epochs; err != nil || !slices.Equal(got, want) || epochs[2] != 0 || epochs[1] != all-1 || epochs[0] != all {
		t.Errorf("epochs by member %v, same file: %v, %v", epochs, slices.Equal(got, want), err)
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
	other = opts
	other.NoSkip = true
	refuse("start is ", d, other)
	other = opts
	other.Tool = "hinge 9"
	refuse(`tool is "" there and "hinge 9" here`, d, other)
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
