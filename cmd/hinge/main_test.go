package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What TestMain leaves for all tests: the command and small files it made.
var (
	program string
	data    string // a data set
	model   string // a model of it
	quick   string // a scenario that runs in a moment
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "hinge-test-")
	if err == nil {
		err = prepare(dir)
	}
	status := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot prepare the tests:", err)
	} else {
		status = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(status)
}

// prepare builds the command as users get it and makes the files with it.
func prepare(dir string) error {
	program = filepath.Join(dir, "hinge")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	data, model, quick = filepath.Join(dir, "data.npz"), filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "quick.yaml")
	if err := os.WriteFile(quick, []byte(quickScenario), 0o644); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"collect", "push-t", "--episodes", "150", "--steps", "10", "--out", data},
		{"train", data, "--set", "hidden=[8]", "--set", "epochs=4", "--out", model},
	} {
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}

// quickScenario has counted budgets, so that it repeats exactly.
const quickScenario = `task: push-t
max_steps: 3
model: model.safetensors
dense_model: model.safetensors
planner: {name: cem, horizon: 2, time: 0, samples: 64, iterations: 3, nodes: 60}
`

// outcome is what the command did.
type outcome struct {
	status         int
	stdout, stderr string
}

// hinge runs the command in a folder of its own.
func hinge(t *testing.T, args ...string) outcome { return hingeIn(t, t.TempDir(), nil, args...) }

func hingeIn(t *testing.T, dir string, env []string, args ...string) outcome {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// decode reads the one JSON object of --json and fails on anything else.
func (o outcome) decode(t *testing.T) map[string]any {
	t.Helper()
	var object map[string]any
	d := json.NewDecoder(strings.NewReader(o.stdout))
	if err := d.Decode(&object); err != nil {
		t.Fatalf("standard output is no JSON object: %v\n%s", err, o.stdout)
	}
	if d.More() {
		t.Fatalf("more than one JSON object:\n%s", o.stdout)
	}
	return object
}
