package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hinge/dynamics"
	"hinge/nn"
)

// Where training diverges the last good model is kept and named.
func TestSparsifyKeepsTheLastGoodModel(t *testing.T) {
	dir := t.TempDir()
	o := hinge(t, "sparsify", model, "--data", data, "--budget", "4", "--set", "learning_rate=1e20",
		"--set", "gate_epochs=1", "--set", "tune_epochs=1", "--out", filepath.Join(dir, "s.safetensors"))
	kept := filepath.Join(dir, "s-4.diverged.safetensors")
	if o.status != statusBadInput || !strings.Contains(o.stderr, "diverged") || !strings.Contains(o.stderr, kept) {
		t.Errorf("status %d: %s", o.status, o.stderr)
	}
	if m, err := dynamics.Load(kept); err != nil || m.Net.Count(nn.ReLU) != 4 || m.Meta.Errors.Horizon == 0 {
		t.Errorf("the model kept: %+v, %v", m, err)
	}
}

// Every option of the training changes the result, and patience its epochs.
func TestSparsifyOptions(t *testing.T) {
	out := filepath.Join(t.TempDir(), "s.safetensors")
	reduce := func(budget string, sets ...string) (hash string, epochs float64) {
		t.Helper()
		args := []string{"sparsify", model, "--data", data, "--budget", budget, "--json", "--out", out}
		for _, s := range append([]string{"epochs=4", "gate_epochs=1", "tune_epochs=1"}, sets...) {
			args = append(args, "--set", s)
		}
		o := hinge(t, args...)
		if o.status != statusDone {
			t.Fatalf("%v: %s", sets, o.stderr)
		}
		m, err := dynamics.Load(out)
		if err != nil {
			t.Fatal(err)
		}
		return m.Hash(), o.decode(t)["epochs"].(float64)
	}
	want, _ := reduce("6")
	for _, set := range []string{"clip_norm=1e-3", "weight_decay=1", "l1=1", "l2=1", "shape=1", "stable=1", "hard_above=0.1"} {
		if got, _ := reduce("6", set); got == want {
			t.Errorf("%s changes nothing", set)
		}
	}
	if _, epochs := reduce("6", "epochs=300", "learning_rate=0.3", "patience=3"); epochs >= 300 {
		t.Errorf("%g epochs in spite of patience", epochs)
	}
	reduce("0", "stable=1") // there is nothing to reward
}

// A model that errs more than no model is not passed over in silence.
func TestWarningOfUselessModels(t *testing.T) {
	args := []string{"sparsify", model, "--data", data, "--budget", "4", "--set", "epochs=1", "--set", "gate_epochs=1", "--set", "tune_epochs=1"}
	const warning = "warning: predicting that nothing moves"
	if o := hinge(t, args...); o.status != statusDone || strings.Contains(o.stdout, warning) {
		t.Errorf("status %d: %s%s", o.status, o.stdout, o.stderr)
	}
	if o := hinge(t, append(args, "--set", "round_rate=300")...); o.status != statusDone || !strings.Contains(o.stdout, warning) {
		t.Errorf("a ruined model: status %d: %s%s", o.status, o.stdout, o.stderr)
	}
}

// A model is on disk as soon as its budget is reached, whatever happens then.
func TestSparsifyKilledKeepsFinishedBudgets(t *testing.T) {
	dir := t.TempDir()
	first := filepath.Join(dir, "s-6.safetensors")
	cmd := exec.Command(program, "sparsify", model, "--data", data, "--budget", "6,4", "--set", "epochs=2000",
		"--out", filepath.Join(dir, "s.safetensors"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exit := make(chan error, 1)
	go func() { exit <- cmd.Wait() }()
	for {
		if _, err := dynamics.Load(first); err == nil {
			break
		}
		select {
		case <-exit:
			t.Fatal("it ended without a model of the first budget")
		case <-time.After(10 * time.Millisecond):
		}
	}
	if err := kill(cmd); err != nil {
		t.Fatal("it had ended before the kill")
	}
	<-exit
	if _, err := dynamics.Load(first); err != nil {
		t.Error(err)
	}
}
