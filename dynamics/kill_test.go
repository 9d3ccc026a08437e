package dynamics

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// killedFolder tells the test binary to train into that folder, going on where an
// earlier process was killed.
const killedFolder = "HINGE_TEST_KILLED_TRAINING"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedFolder); dir != "" {
		trainOn(dir)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func trainOn(dir string) {
	d, err := Collect(context.Background(), kinked{}, nil, Exploring(kinkedStart, kinkedSample), CollectOptions{Episodes: 60, Steps: 6})
	if err == nil {
		_, _, err = Fit(context.Background(), d, killable(dir))
	}
	if err != nil {
		panic(err)
	}
}

// killable returns options of a training that takes about a second.
func killable(dir string) FitOptions {
	opts := resumable(dir)
	opts.Hidden, opts.Epochs = []int{32, 32}, 60
	return opts
}

// TestKilledTraining kills trainings at random moments and lets others go on; in
// the end the file must be that of a training that was left alone, and until then
// whatever is there must be whole.
func TestKilledTraining(t *testing.T) {
	train := func(dir string) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killedFolder+"="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	alone := t.TempDir()
	begin := time.Now()
	if err := train(alone).Wait(); err != nil {
		t.Fatal(err)
	}
	life := time.Since(begin)
	want, err := os.ReadFile(killable(alone).Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 0))
	begun := 0 // killed trainings that another can go on with
	for killed, finished := 0, 0; killed < kills || finished == 0; {
		dir := t.TempDir()
		opts := killable(dir)
		for done := false; !done; {
			cmd := train(dir)
			var moment <-chan time.Time
			if killed < kills {
				moment = time.After(time.Duration(rng.Float64() * float64(life) / 2))
			}
			exit := make(chan error, 1)
			go func() { exit <- cmd.Wait() }()
			select {
			case err := <-exit:
				if done = err == nil; !done {
					t.Fatal(err)
				}
			case <-moment:
				if cmd.Process.Kill() == nil { // SIGKILL
					killed++
				}
				<-exit
				if _, err := os.Stat(opts.State); err == nil {
					begun++
				}
				if _, err := Load(opts.Checkpoint); err != nil && !os.IsNotExist(err) {
					t.Fatalf("after kill %d: %v", killed, err)
				}
			}
		}
		finished++
		if got, err := os.ReadFile(opts.Checkpoint); err != nil || !slices.Equal(got, want) {
			t.Fatalf("after %d kills in all: not the file of a training left alone, %v", killed, err)
		}
	}
	if begun < kills/20 { // on a busy machine most are killed before they have begun
		t.Errorf("only %d of %d killed trainings left something to go on with", begun, kills)
	}
}

// TestKilledBeforeItsState is a training that is over but for removing its state.
func TestKilledBeforeItsState(t *testing.T) {
	dir := t.TempDir()
	d := kinkedData(t, 60, 1)
	opts := resumable(dir)
	kept := filepath.Join(dir, "kept")
	opts.OnEpoch = func(p Progress) {
		if p.Epoch == p.Epochs {
			if err := os.Link(opts.State, kept); err != nil {
				t.Error(err)
			}
		}
	}
	if _, _, err := Fit(t.Context(), d, opts); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(opts.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(kept, opts.State); err != nil {
		t.Fatal(err)
	}
	opts.OnEpoch = func(p Progress) { t.Errorf("epoch %d was done again", p.Epoch) }
	if _, _, err := Fit(t.Context(), d, opts); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(opts.Checkpoint); err != nil || !slices.Equal(got, want) {
		t.Errorf("another file, %v", err)
	}
}
