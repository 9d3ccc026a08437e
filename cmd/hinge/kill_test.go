package main

import (
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hinge/dynamics"
)

// kills is how often each command is killed.
const kills = 10

// TestKilledTrainingLeavesAWholeModel kills trainings at random moments; the
// model of an earlier one, or a newer one, must be there and whole.
func TestKilledTrainingLeavesAWholeModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	args := []string{"train", data, "--set", "epochs=6", "--set", "hidden=[16]", "--out", path}
	killAtRandom(t, args, func() {
		if _, err := dynamics.Load(path); err != nil {
			t.Fatal(err)
		}
	})
}

// TestKilledRunLeavesAWholeFolder does the same to runs into one folder.
func TestKilledRunLeavesAWholeFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	args := []string{"run", quick, "--out", dir}
	killAtRandom(t, args, func() { checkRunFolder(t, dir) })
}

// killAtRandom runs a command to its end, then again and again with kill -9 at a
// moment of its life, and checks after each.
func killAtRandom(t *testing.T, args []string, check func()) {
	t.Helper()
	start := time.Now()
	if o := hinge(t, args...); o.status != statusDone {
		t.Fatal(o.stderr)
	}
	life := time.Since(start)
	check()
	killed := 0
	for i := range kills {
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		cmd := exec.Command(program, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// The last moments are those in which files are written.
		time.Sleep(time.Duration((0.3 + 0.8*rng.Float64()) * float64(life)))
		if err := kill(cmd); err == nil {
			killed++
		}
		_ = cmd.Wait() // it was killed: an error is what is expected
		check()
	}
	if killed < kills/4 {
		t.Fatalf("only %d of %d were killed in time", killed, kills)
	}
}
