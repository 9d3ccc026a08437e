package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestLostOutputIsAFailure(t *testing.T) {
	for _, args := range [][]string{
		{"list"}, {"list", "--json"}, {"version"}, {"--help"}, {"plan", "--help"}, {"inspect", model}, {"completion", "bash"},
		{"plan", quick, "--solver", "cem"},
	} {
		var stderr bytes.Buffer
		status := newApp(full{}, &stderr).execute(t.Context(), args)
		if status != statusInternal || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("%v: status %d, %q; want %d and the reason", args, status, stderr.String(), statusInternal)
		}
	}
}

func TestFlagsThatCannotBeMeant(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(file, "below")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"plan", quick, "--time", "1e300"}, "--time 1e+300: must be a finite number of seconds, from 0 to 1e+09"},
		{[]string{"plan", quick, "--time", "nan"}, "--time NaN: must be"},
		{[]string{"verify", "--net", "n.onnx", "--property", "p.vnnlib", "--time", "1e10"}, "--time 1e+10: must be"},
		{[]string{"plan", quick, "--workers", "1000000"}, "--workers 1000000: must be from 1 to 1024"},
		{[]string{"collect", "push-t", "--workers", "1000000"}, "--workers 1000000: must be from 0 to 1024"},
		{[]string{"collect", "push-t", "--steps", "0"}, "--steps 0: must be at least 1"},
		{[]string{"list", "--out", file}, "--out " + file + ": " + file + " is no folder"},
		{[]string{"list", "--out", below}, "--out " + below + ": " + file + " is no folder"},
		{[]string{"inspect", "push-t-sparse.safetensors"}, "model push-t-sparse.safetensors: no such file; the model of that name in the program is for scenarios alone"},
		{[]string{"help", "plam"}, `"plam" is no command; did you mean "plan"?`},
		{[]string{"help", "study", "pwb"}, `"pwb" is no command; did you mean "pwa"?`},
		{[]string{"help", "plan", "more"}, `help: argument "more" is one too many`},
		{[]string{"--version"}, "hinge: unknown flag: --version"},
	} {
		o := hinge(t, c.args...)
		if o.status != statusBadInput || o.stdout != "" || !strings.HasPrefix(o.stderr, "hinge: ") || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%v: status %d, %q, %q; want %d and %q", c.args, o.status, o.stdout, o.stderr, statusBadInput, c.want)
		}
	}
	for _, args := range [][]string{{"help", "plan"}, {"help", "study", "pwa"}, {"help"}} {
		if o := hinge(t, args...); o.status != statusDone || !strings.Contains(o.stdout, "Usage:") {
			t.Errorf("%v: status %d, %q", args, o.status, o.stdout)
		}
	}
}

// A log whose robot has the name of a built-in task would make a model that no command
// can use; and what has no simulator cannot be played.
func TestOwnRobotsAreNoTasks(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var rows strings.Builder
	rows.WriteString("x,u\n")
	for i := range 500 {
		fmt.Fprintf(&rows, "%d,%d\n", i%7, i%5)
	}
	log := write("log.csv", rows.String())
	const columns = "period: 0.1\nsteps: 10\nstates: [x]\nstate_units: [m]\nactions: [u]\naction_units: [N]\n"
	out := filepath.Join(dir, "data.npz")
	o := hinge(t, "convert", log, out, "--log", write("task.yaml", "task: push-t\n"+columns))
	if o.status != statusBadInput || !strings.Contains(o.stderr, "push-t is a built-in task of 8 states and 4 actions; the log has 1 and 1") {
		t.Errorf("the name of a task: status %d, %s", o.status, o.stderr)
	}
	if o := hinge(t, "convert", log, out, "--log", write("mine.yaml", "task: mine\n"+columns)); o.status != statusDone {
		t.Fatal(o.stderr)
	}
	o = hinge(t, "study", "planner", "--data", out)
	if o.status != statusBadInput || !strings.Contains(o.stderr, `data.npz: its task is "mine"`) || !strings.Contains(o.stderr, "simulated") {
		t.Errorf("a study of it: status %d, %s", o.status, o.stderr)
	}
}

func TestNumbersTooLargeForASearchAreRefused(t *testing.T) {
	dir := t.TempDir()
	request := filepath.Join(dir, "request.json")
	if o := hinge(t, "plan", quick, "--solver", "cem", "--save-request", request); o.status != statusDone {
		t.Fatal(o.stderr)
	}
	for _, key := range []string{"w", "b", "reference"} {
		var r map[string]any
		if err := json.Unmarshal(read(t, request), &r); err != nil {
			t.Fatal(err)
		}
		term := r["cost"].([]any)[0].(map[string]any)
		values := term[key].([]any)
		for len(values) > 0 {
			if inner, ok := values[0].([]any); ok {
				values = inner
				continue
			}
			values[0] = 1e308
			break
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, key+".json")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		o := hinge(t, "plan", path, "--nodes", "50")
		if o.status != statusBadInput || !strings.Contains(o.stderr, "the cost may exceed 1e+300 on the action box") {
			t.Errorf("%s of 1e308: status %d, %s", key, o.status, o.stderr)
		}
	}
}

func TestRefusedOutputCostsNoSearch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	o := hinge(t, "plan", quick, "--solver", "cem", "--json", "--out", file)
	if o.status != statusBadInput || o.decode(t)["actions"] != nil {
		t.Errorf("status %d, %s: the plan was made although its folder cannot be", o.status, o.stdout)
	}
}
