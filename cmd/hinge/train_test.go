package main

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hinge/dynamics"
)

// trained runs hinge train on the small data set and returns what it prints.
func trained(t *testing.T, args ...string) map[string]any {
	t.Helper()
	o := hinge(t, append([]string{"train", data, "--json", "--set", "epochs=3"}, args...)...)
	if o.status != statusDone {
		t.Fatalf("status %d: %s", o.status, o.stderr)
	}
	return o.decode(t)
}

func TestSweepTrainsAllCombinations(t *testing.T) {
	dir := t.TempDir()
	config, out := filepath.Join(dir, "sweep.yaml"), filepath.Join(dir, "best.safetensors")
	text := "hidden: [[4], [8, 8]]\nlearning_rate: [0.01, 0.003]\nbatch: 64\n"
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o := trained(t, "--config", config, "--sweep", "--out", out)
	rows := o["rows"].([]any)
	if len(rows) != 4 {
		t.Fatalf("%d rows, want 4", len(rows))
	}
	before, seen := 0.0, map[string]bool{}
	for _, r := range rows {
		row := r.(map[string]any)
		s := row["settings"].(map[string]any)
		seen[s["hidden"].(string)+" "+s["learning_rate"].(string)] = true
		steps := row["error_by_step"].([]any)
		last := steps[len(steps)-1].(float64)
		if last < before {
			t.Errorf("a row with error %g comes after one with %g", last, before)
		}
		before = last
		m, err := dynamics.Load(row["out"].(string))
		if err != nil {
			t.Fatal(err)
		}
		again := runsAgain(t, m.Meta.Command)
		if again.Hash() != m.Hash() || again.Meta.Command != m.Meta.Command {
			t.Errorf("command %q makes another model than the one with %v, by %q", m.Meta.Command, s, again.Meta.Command)
		}
	}
	if len(seen) != 4 || !seen["[8, 8] 0.003"] {
		t.Errorf("combinations %v", seen)
	}
	if !bytes.Equal(read(t, out), read(t, rows[0].(map[string]any)["out"].(string))) {
		t.Error("--out is not the best model")
	}
}

// Errors in other units do not add up: models compare in deviations.
func TestErrorAfterSteps(t *testing.T) {
	r := modelResult{
		ByStep: []float64{1, 50.5}, scale: []float64{0.01, 0, 100},
		ByCoordinate: []coordinateError{{ByStep: []float64{1, 0.02}}, {ByStep: []float64{1, 7}}, {ByStep: []float64{1, 100}}},
	}
	if got := r.errorAfter(2); got != 1.5 {
		t.Errorf("%g deviations, want (2 + 1) / 2", got)
	}
	r.ErrorUnit = "m"
	if got := r.errorAfter(2); got != 50.5 {
		t.Errorf("%g m, want 50.5", got)
	}
}

// runsAgain gives the command of a card to a shell and returns the model it makes.
func runsAgain(t *testing.T, command string) *dynamics.Model {
	t.Helper()
	dir := t.TempDir()
	for file, from := range map[string]string{"hinge": program, "data.npz": data, "model.safetensors": model} {
		if err := os.Symlink(from, filepath.Join(dir, file)); err != nil {
			t.Fatal(err)
		}
	}
	sh := exec.Command("sh", "-c", "PATH=.:$PATH; "+command+" --out again.safetensors")
	sh.Dir = dir
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	m, err := dynamics.Load(filepath.Join(dir, "again.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Other cards, too, have commands that make the same again.
func TestCommandsOfCardsMakeTheSame(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	for _, args := range [][]string{
		{"train", data, "--ensemble", "2", "--set", "hidden=[4, 4]", "--set", "epochs=2", "--seed", "7", "--out", out},
		{"sparsify", model, "--data", data, "--budget", "4", "--set", "epochs=2", "--set", "method=magnitude", "--set", "gate_epochs=1", "--set", "tune_epochs=1", "--out", out},
	} {
		if o := hinge(t, args...); o.status != statusDone {
			t.Fatal(o.stderr)
		}
		m, err := dynamics.Load(out)
		if err != nil {
			t.Fatal(err)
		}
		if again := runsAgain(t, m.Meta.Command); again.Hash() != m.Hash() {
			t.Errorf("command %q makes another model", m.Meta.Command)
		}
	}
}

func TestShellWords(t *testing.T) {
	words := []string{"hidden=[8, 8]", "it's", "", "$HOME", "plain=[4]", "a\\b", "push-t:x.json#0", "#x", "m[ab]", "^a", "ä"}
	out, err := exec.Command("sh", "-c", `printf '%s\n' `+shellWords(words)).Output()
	if err != nil || string(out) != strings.Join(words, "\n")+"\n" {
		t.Errorf("a shell reads %q, %v", out, err)
	}
}

// The picture of a sweep is that of its best training, whichever came last.
func TestSweepPlotsTheBest(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "sweep.yaml")
	sweep := func(rates, plot string) []byte {
		if err := os.WriteFile(config, []byte("hidden: [4]\nlearning_rate: "+rates+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		o := trained(t, "--config", config, "--sweep", "--plot", filepath.Join(dir, plot), "--out", filepath.Join(dir, "m.safetensors"))
		if best := o["rows"].([]any)[0].(map[string]any)["settings"].(map[string]any)["learning_rate"]; best != nil && best != "0.01" {
			t.Fatalf("the rate %v is the best", best)
		}
		return read(t, filepath.Join(dir, plot))
	}
	if want := sweep("0.01", "one.png"); !bytes.Equal(sweep("[0.01, 0.0001]", "two.png"), want) {
		t.Error("the picture is not that of the best training")
	}
}

func TestSweepGoesOnWhereOneDiverges(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "sweep.yaml")
	if err := os.WriteFile(config, []byte("learning_rate: [1e30, 0.01]\nclip_norm: 0\nhidden: [4]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := trained(t, "--config", config, "--sweep", "--out", filepath.Join(dir, "m.safetensors"))
	if rows, failed := o["rows"].([]any), o["diverged"].([]any); len(rows) != 1 || len(failed) != 1 || !strings.Contains(failed[0].(string), "learning_rate=") {
		t.Errorf("rows %v, diverged %v", rows, failed)
	}
}

func TestEnsembleKnowsItsSpread(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	spread := trained(t, "--ensemble", "2", "--set", "hidden=[8]", "--out", out)["ensemble"].(map[string]any)
	if spread["members"] != 2.0 || !(spread["spread_1"].(float64) > 0) {
		t.Errorf("ensemble %v", spread)
	}
	first, err := dynamics.Load(out)
	if err != nil || first.Meta.Spread == nil || first.Meta.Spread.OneStep.Mean != spread["spread_1"] {
		t.Errorf("the card of the first member says %+v, %v", first.Meta.Spread, err)
	}
	if _, err := dynamics.Load(memberFile(out, 1)); err != nil {
		t.Error(err)
	}
}

// An ensemble that is interrupted keeps and names the member under way, and goes on with
// it.
func TestInterruptedEnsembleKeepsItsMember(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	cmd := exec.Command(program, "train", data, "--json", "--ensemble", "2", "--set", "hidden=[4]", "--set", "epochs=100000", "--out", out)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	member := memberFile(out, 1)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := dynamics.Load(member); err == nil || time.Now().After(deadline) {
			break
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status is looked at
	if got := cmd.ProcessState.ExitCode(); got != statusLimit || !strings.Contains(stdout.String(), member) {
		t.Errorf("status %d: %s", got, stdout.String())
	}
	m, err := dynamics.Load(member)
	if err != nil || m.Meta.Training == nil || m.Meta.Training.Key != "" || m.Meta.Errors.Horizon == 0 {
		t.Errorf("the member under way: %+v, %v", m, err)
	}
	if _, err := os.Stat(stateFile(member)); err != nil {
		t.Error(err)
	}
}

func TestInterruptedSweepTellsOfTheTrainingsBefore(t *testing.T) {
	dir := t.TempDir()
	config, out := filepath.Join(dir, "sweep.yaml"), filepath.Join(dir, "m.safetensors")
	if err := os.WriteFile(config, []byte("hidden: [4]\nepochs: [2, 100000]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "train", data, "--json", "--config", config, "--sweep", "--out", out)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(stateFile(memberFile(out, 2))); err == nil {
			break
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status is looked at
	o := outcome{status: cmd.ProcessState.ExitCode(), stdout: stdout.String()}
	rows, _ := o.decode(t)["rows"].([]any)
	if o.status != statusLimit || len(rows) != 1 || !bytes.Equal(read(t, out), read(t, memberFile(out, 1))) {
		t.Errorf("status %d: %s", o.status, o.stdout)
	}
}

func TestLeftOfATrainingWithoutResult(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	work := training{flags: trainFlags{ensemble: 3}}
	if got := work.left(out, 2); got != "no model was written" {
		t.Errorf("of the first member trained: %s", got)
	}
	if err := os.WriteFile(out, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := work.left(out, 1); !strings.Contains(got, memberFile(out, 2)) || !strings.HasSuffix(got, out+" is unchanged") {
		t.Errorf("of the second: %s", got)
	}
}

func TestCardTellsOfUnitsUndecided(t *testing.T) {
	m, err := dynamics.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	r := m.Meta.Reach
	if r == nil || r.Starts != cardStarts || len(r.Unstable) != cardHorizon {
		t.Fatalf("reach %+v", r)
	}
	for k, share := range r.Unstable {
		if !(share > 0 && share <= 1) {
			t.Errorf("step %d: %g of the units are undecided", k, share)
		}
	}
}

func TestLossPlotIsAPicture(t *testing.T) {
	dir := t.TempDir()
	plot := filepath.Join(dir, "loss.png")
	trained(t, "--set", "hidden=[4]", "--plot", plot, "--out", filepath.Join(dir, "m.safetensors"))
	if _, err := png.Decode(bytes.NewReader(read(t, plot))); err != nil {
		t.Error(err)
	}
}

// The loss that is trained on changes where whole roll-outs take over: two curves.
func TestLossesBeforeAndAfterOneStep(t *testing.T) {
	opts := dynamics.TrainOptions{Horizon: 3, OneStep: 0.6, Epochs: 5}
	if n := oneStepEpochs(opts); n != 3 {
		t.Errorf("%d of 5 epochs learn from first steps, want 3", n)
	}
	opts.Horizon = 1
	if n := oneStepEpochs(opts); n != 0 {
		t.Errorf("%d epochs without whole roll-outs where these are one step", n)
	}
	if n := oneStepEpochs(dynamics.TrainOptions{Horizon: 3, OneStep: -1, Epochs: 5}); n != 0 {
		t.Errorf("%d epochs learn from first steps, want none", n)
	}
	history := []dynamics.Loss{{Train: 1}, {Train: 2}, {Train: 3}}
	for oneStep, want := range map[int][]string{0: {"whole roll-out"}, 2: {"first step alone", "whole roll-out"}, 3: {"first step alone"}, 9: {"first step alone"}} {
		curves := trainingCurves(history, oneStep)
		if len(curves) != len(want) {
			t.Errorf("%d epochs: %d curves, want %d", oneStep, len(curves), len(want))
			continue
		}
		for i := range history {
			at := 0
			if len(curves) == 2 && i >= oneStep {
				at = 1
			}
			for k, c := range curves {
				if !strings.Contains(c.Name, want[k]) || (c.Y[i] == history[i].Train) != (k == at) {
					t.Errorf("%d epochs: %s is %v", oneStep, c.Name, c.Y)
				}
			}
		}
	}
}

// TestResumeOfAFinishedTraining must not train again, nor take a model of other
// options for the result.
func TestResumeOfAFinishedTraining(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	want := trained(t, "--set", "hidden=[4]", "--out", out)
	again := trained(t, "--set", "hidden=[4]", "--out", out, "--resume")
	if again["error_1"] != want["error_1"] || again["time_s"] != 0.0 {
		t.Errorf("resumed: error %v in %v s, want %v in 0", again["error_1"], again["time_s"], want["error_1"])
	}
	plot := filepath.Join(t.TempDir(), "loss.png")
	o := hinge(t, "train", data, "--set", "epochs=3", "--set", "hidden=[4]", "--out", out, "--resume", "--plot", plot)
	if o.status != statusBadInput || !strings.Contains(o.stderr, "its losses are not kept") {
		t.Errorf("a picture of losses that are not kept: status %d, %s", o.status, o.stderr)
	}
	other := trained(t, "--set", "hidden=[5]", "--out", out, "--resume")
	if other["relus"] != 5.0 {
		t.Errorf("other options give the old model: %v", other)
	}
}

// The same --config file with other options in it is another training.
func TestResumeAfterTheConfigChanged(t *testing.T) {
	dir := t.TempDir()
	config, out := filepath.Join(dir, "c.yaml"), filepath.Join(dir, "m.safetensors")
	for _, units := range []string{"4", "6"} {
		if err := os.WriteFile(config, []byte("hidden: ["+units+"]\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		o := trained(t, "--config", config, "--out", out, "--resume")
		if got := fmt.Sprint(o["relus"]); got != units {
			t.Errorf("%s ReLUs, want %s", got, units)
		}
	}
}

// An ensemble that is over is not trained again.
func TestResumeOfAFinishedEnsemble(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	args := []string{"--ensemble", "2", "--set", "hidden=[4]", "--out", out}
	trained(t, args...)
	want := read(t, out)
	if again := trained(t, append(args, "--resume")...); again["time_s"] != 0.0 || !bytes.Equal(read(t, out), want) {
		t.Errorf("trained again in %v s", again["time_s"])
	}
}

func TestSparkline(t *testing.T) {
	falling := []dynamics.Loss{{Val: 1}, {Val: 0.1}, {Val: 0.01}}
	if got := sparkline(falling); got != "█▄▁" {
		t.Errorf("got %s", got)
	}
	if got := sparkline(make([]dynamics.Loss, 100)); got != strings.Repeat("▁", sparkWidth) {
		t.Errorf("got %s", got)
	}
}
