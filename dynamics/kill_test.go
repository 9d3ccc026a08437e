package dynamics

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// killedPath tells the test binary to train into that file until it is killed.
const killedPath = "HINGE_TEST_KILLED_TRAINING"

func TestMain(m *testing.M) {
	if path := os.Getenv(killedPath); path != "" {
		trainForever(path)
	}
	os.Exit(m.Run())
}

// trainForever checkpoints after every epoch that improves, in one training
// after the other.
func trainForever(path string) {
	d, err := Collect(context.Background(), kinked{}, nil, kinkedSample, kinkedStart, CollectOptions{Episodes: 20, Steps: 6})
	for seed := uint64(0); err == nil; seed++ {
		opts := smallFit()
		opts.Seed, opts.Hidden = seed, []int{64, 64}
		opts.Checkpoint, opts.CheckpointEvery = path, -1
		_, _, err = Fit(context.Background(), d, opts)
	}
	panic(err)
}

// TestKilledTrainingLeavesAWholeFile kills training at arbitrary moments; the
// checkpoint must be a complete model each time.
func TestKilledTrainingLeavesAWholeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	for i := range 5 {
		train := exec.Command(os.Args[0])
		train.Env = append(os.Environ(), killedPath+"="+path)
		if err := train.Start(); err != nil {
			t.Fatal(err)
		}
		for begin := time.Now(); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(path); err == nil {
				break
			}
			if time.Since(begin) > 10*time.Second {
				train.Process.Kill()
				t.Fatal("no checkpoint after 10 s")
			}
		}
		time.Sleep(time.Duration(13*i) * time.Millisecond)
		train.Process.Kill() // SIGKILL
		train.Wait()
		if _, err := Load(path); err != nil {
			t.Fatalf("after kill %d: %v", i, err)
		}
	}
}
