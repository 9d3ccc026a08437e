package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"hinge/control"
	"hinge/dynamics"
)

func TestExitStatusOfErrors(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("bug"), 1},
		{badInputf("wrong"), 2},
		{fmt.Errorf("more: %w", badInputf("wrong")), 2},
		{nothingFound(&control.Plan{Status: control.Infeasible}), 3},
		{nothingFound(&control.Plan{Status: control.TimeLimit}), 4},
		{context.Canceled, 4},
		{badInput(context.Canceled), 4},
		{withStatus(statusNoSuccess, errors.New("missed")), 5},
	} {
		if got := statusOf(test.err); got != test.want {
			t.Errorf("%v: status %d, want %d", test.err, got, test.want)
		}
	}
}

// TestBadInput: whatever is wrong, the status is 2 and the message says what,
// where, and what would be right.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	truncated := file("truncated.safetensors", string(read(t, model)[:200]))
	typo := file("typo.yaml", "task: push-t\nplanner:\n  horizont: 3\n")
	config := file("train.yaml", "epoch: 3\n")
	otherTask := otherData(t, filepath.Join(dir, "other.npz"))
	badLog := file("log.csv", "x,u\n1,2\nfast,3\n")
	logSpec := file("log.yaml", "task: cart\nperiod: 0.1\nstates: [x]\nstate_units: [m]\nactions: [u]\naction_units: [N]\n")
	noUnits := file("units.yaml", "task: cart\nperiod: 0.1\nstates: [x]\nactions: [u]\naction_units: [N]\n")
	badSweep := file("sweep.yaml", "batch: [100, 0]\n")
	emptySweep, listSweep := file("empty.yaml", "batch: []\nhorizon: 3\n"), file("list.yaml", "- 1\n")
	badRequest := file("request.json", `{"network":{"layers":[{"from":0,"to":2,"gates":["identity"],"weights":[1,1],"bias":[0]}]},`+
		`"x0":[1],"lower":[-1],"upper":[1],"horizon":2,"cost":[{"name":"c","norm":"l1","weight":-1,"w":[1,0],"b":[0]}]}`)
	poisoned := poisonedData(t, dir)
	constantState := changedData(t, filepath.Join(dir, "state.npz"), func(d *dynamics.Dataset) { fill(d.X[2:], d.Nx, 0.1) })
	constantAction := changedData(t, filepath.Join(dir, "action.npz"), func(d *dynamics.Dataset) { fill(d.U[2:], d.Nu, 0.1) })
	noStateUnits := changedData(t, filepath.Join(dir, "unitless.npz"), func(d *dynamics.Dataset) { d.Meta.StateUnits = nil })
	noActionUnit := changedData(t, filepath.Join(dir, "unit.npz"), func(d *dynamics.Dataset) { d.Meta.ActionUnits = []string{"m", "m", "m", " "} })
	fewEpisodes := changedData(t, filepath.Join(dir, "few.npz"), func(d *dynamics.Dataset) {
		d.Episodes, d.X, d.U = 9, d.X[:9*(d.Steps+1)*d.Nx], d.U[:9*d.Steps*d.Nu]
	})
	for _, test := range []struct {
		env  []string
		args []string
		want []string // parts of the message
	}{
		{args: []string{"rum"}, want: []string{`"rum"`, `did you mean "run"?`}},
		{args: []string{"collect", "push-u"}, want: []string{`"push-u"`, `"push-t"`}},
		{args: []string{"collect"}, want: []string{"argument 1 is missing", "hinge list tasks"}},
		{args: []string{"collect", "push-t", "--episodes", "0"}, want: []string{"--episodes 0", "at least 1"}},
		{args: []string{"collect", "push-t", "--policy", "pusch"}, want: []string{"--policy pusch", `did you mean "push"?`, "walk"}},
		{args: []string{"collect", "push-t", "--policy", "planner"}, want: []string{"--model is missing"}},
		{args: []string{"collect", "push-t", "--model", model}, want: []string{"--model", "only --policy planner"}},
		{args: []string{"collect", "push-t", "--append", "--out", filepath.Join(dir, "none.npz")}, want: []string{"--append", "none.npz", "no such file"}},
		{args: []string{"collect", "push-t", "--append", "--out", data}, want: []string{"--append", "data.npz", "--steps 10, not 20"}},
		{args: []string{"collect", "push-t", "--append", "--steps", "10", "--seed", "9", "--out", data}, want: []string{"data.npz", "seed 1", "leave out --seed 9"}},
		{args: []string{"collect", "push-t", "--out", "data.csv"}, want: []string{"data.csv", "must end in .npz"}},
		{args: []string{"collect", "push-t", "--out", "no/such/data.npz"}, want: []string{"no folder no/such"}},
		{args: []string{"collect", "push-t", "--out", "/proc/data.npz"}, want: []string{"--out", "/proc/"}},
		{args: []string{"collect", "push-t", "--episods", "3"}, want: []string{"--episods", "did you mean --episodes?"}},
		{args: []string{"collect", "push-t", "--seed", "-1"}, want: []string{`--seed is "-1"`, "a whole number, at least 0"}},
		{args: []string{"run", "push-t", "--planner", "bmb"}, want: []string{"--planner bmb", "planner.name", `did you mean "bnb"?`}},
		{args: []string{"run", "push-t", "--set", "planner.horizont=3"}, want: []string{"--set planner.horizont=3", `did you mean "horizon"?`}},
		{args: []string{"run", "push-t", "--set", "planner.gap=-1"}, want: []string{"planner.gap", "value is -1", "in [0, 1]"}},
		{args: []string{"run", "push-t", "--set", "seed"}, want: []string{"--set seed", "key=value"}},
		{args: []string{"run", typo}, want: []string{"typo.yaml:3:3", "planner.horizont", `did you mean "horizon"?`}},
		{args: []string{"run", "nowhere.yaml"}, want: []string{"nowhere.yaml", "neither a file nor a built-in name", "push-t"}},
		{args: []string{"run", quick, "--planner", "bnb", "--set", "model=" + truncated}, want: []string{"model", "truncated.safetensors"}},
		{args: []string{"run", quick, "--set", "dense_model=none.safetensors"}, want: []string{"dense_model", "none.safetensors", "neither a file"}},
		{args: []string{"run", quick, "--video", "movie.mp4"}, want: []string{"--video movie.mp4", "must end in .gif"}},
		{args: []string{"run", quick, "--planner", "highs"}, env: []string{"HINGE_HIGHS=/no/such.so"}, want: []string{"HINGE_HIGHS", "/no/such.so", "must be the path"}},
		{args: []string{"plan", quick, "--solver", "highs"}, env: []string{"HINGE_HIGHS=/no/such.so"}, want: []string{"HINGE_HIGHS", "/no/such.so", "must be the path"}},
		{args: []string{"plan", quick, "--solver", "cplex"}, want: []string{"--solver cplex", "valid solvers are bnb"}},
		{args: []string{"plan", quick, "--gap", "-1"}, want: []string{"--gap -1", "at least 0"}},
		{args: []string{"plan", quick, "--gap", "Inf"}, want: []string{"--gap +Inf", "finite"}},
		{args: []string{"plan", quick, "--time", "soon"}, want: []string{`--time is "soon"`, "a number"}},
		{args: []string{"plan", "bnn:problem.txt"}, want: []string{"bnn:problem.txt", "push-t:FILE#K", "push-t-grid:FILE"}},
		{args: []string{"plan", "push-t-grid:nowhere.json"}, want: []string{"nowhere.json", "does not exist", "give the path"}},
		{args: []string{"train", "nowhere.npz"}, want: []string{"nowhere.npz", "no such file"}},
		{args: []string{"train", poisoned}, want: []string{"poisoned.npz", "NaN", "finite"}},
		{args: []string{"train", model}, want: []string{"model.safetensors"}},
		{args: []string{"train", data, "--config", config}, want: []string{"train.yaml:1:1", "epoch", `did you mean "epochs"?`}},
		{args: []string{"train", data, "--set", "horizon=99"}, want: []string{"data.npz", "horizon is 99", "1 to 10"}},
		{args: []string{"train", data, "--set", "hidden=[0]"}, want: []string{"hidden[0]", "value is 0", "in [1, 4096]"}},
		{args: []string{"train", data, "--set", "learning_rate=1e30", "--set", "clip_norm=0"}, want: []string{"data.npz", "training diverged", "smaller learning rate"}},
		{args: []string{"train", data, "--set", "learning_rate=3", "--set", "epochs=2"}, want: []string{"data.npz", "training learned nothing", "smaller learning rate", "no model was written"}},
		{args: []string{"train", data, "--sweep"}, want: []string{"--config is missing", "lists of values"}},
		{args: []string{"train", data, "--sweep", "--config", badSweep}, want: []string{"sweep.yaml", "batch", "value is 0", "in [1, 1000000]"}},
		{args: []string{"train", data, "--sweep", "--config", emptySweep}, want: []string{"empty.yaml", "batch", "the list is empty"}},
		{args: []string{"train", data, "--sweep", "--config", listSweep}, want: []string{"list.yaml", "a mapping of keys to lists"}},
		{args: []string{"train", data, "--ensemble", "0"}, want: []string{"--ensemble 0", "1 to 100"}},
		{args: []string{"train", data, "--plot", "loss.gif"}, want: []string{"--plot loss.gif", "must end in .png"}},
		{args: []string{"sparsify", model, "--budget", "4"}, want: []string{"--data is missing"}},
		{args: []string{"sparsify", model, "--data", otherTask, "--budget", "4"}, want: []string{"other.npz", `is of task "cart"`, `of task "push-t"`}},
		{args: []string{"train", constantState}, want: []string{"state.npz", "column k2_x: every value is 0.1"}},
		{args: []string{"train", constantAction}, want: []string{"action.npz", "column move_x: every value is 0.1"}},
		{args: []string{"sparsify", model, "--data", constantState, "--budget", "4"}, want: []string{"state.npz", "column k2_x: every value is 0.1"}},
		{args: []string{"train", noStateUnits}, want: []string{"unitless.npz", "state_units: 0 units for 8 states"}},
		{args: []string{"train", noActionUnit}, want: []string{"unit.npz", "action_units[3]", "move_y"}},
		{args: []string{"train", fewEpisodes}, want: []string{"few.npz", "9 episodes", "at least 10"}},
		{args: []string{"sparsify", model, "--data", fewEpisodes, "--budget", "4"}, want: []string{"few.npz", "9 episodes", "at least 10"}},
		{args: []string{"sparsify", model, "--data", data, "--budget", "-1"}, want: []string{"--budget -1", "0 to 8"}},
		{args: []string{"sparsify", model, "--data", data}, want: []string{"--budget is missing"}},
		{args: []string{"sparsify", model, "--data", data, "--budget", "99"}, want: []string{"--budget 99", "0 to 8"}},
		{args: []string{"sparsify", model, "--data", data, "--budget", "4,4"}, want: []string{"--budget 4", "twice"}},
		{args: []string{"sparsify", model, "--data", data, "--budget", "4", "--set", "gate_rate=0"}, want: []string{"gate_rate", "value is 0", "above 0"}},
		{args: []string{"sparsify", model, "--data", data, "--budget", "4,x"}, want: []string{`--budget is "4,x"`, "whole numbers, separated by commas"}},
		{args: []string{"sparsify", model, "--data", data, "--budget", "4", "--set", "method=magnitud"}, want: []string{"method", "value is magnitud", "end_to_end, magnitude"}},
		{args: []string{"sparsify", truncated, "--data", data, "--budget", "4"}, want: []string{"truncated.safetensors"}},
		{args: []string{"inspect", truncated}, want: []string{"truncated.safetensors"}},
		{args: []string{"convert", badLog, "d.npz", "--log", logSpec}, want: []string{"log.yaml", "log.csv", "line 3, column x", `"fast" is no number`}},
		{args: []string{"convert", badLog, "d.npz", "--log", noUnits}, want: []string{"units.yaml", "state_units", "0 units for 1 states"}},
		{args: []string{"convert", badLog, "d.npz"}, want: []string{"log.csv", "--log is missing"}},
		{args: []string{"convert", badLog, "d.npz", "--log", config}, want: []string{"train.yaml:1:1", "epoch: unknown key", "valid keys are task, period"}},
		{args: []string{"convert", badLog, "d.csv", "--log", logSpec}, want: []string{"d.csv", "must end in .npz"}},
		{args: []string{"inspect", model, "--plot", "p.png"}, want: []string{"--data is missing"}},
		{args: []string{"inspect", data, "--data", data}, want: []string{"only a model predicts"}},
		{args: []string{"inspect", quick, "--plot", "p.png"}, want: []string{"--plot p.png", "not", "quick.yaml"}},
		{args: []string{"inspect", data, "--plot", "p.png", "--coordinates", "offset_x"}, want: []string{`"offset_x" is no pair`, "a:b"}},
		{args: []string{"inspect", data, "--plot", "p.png", "--coordinates", "offset_x:ofset_y"}, want: []string{`did you mean "offset_y"?`}},
		{args: []string{"inspect", model, "--data", data, "--plot", "p.png", "--episode", "150"}, want: []string{"--episode 150", "0 to 149"}},
		{args: []string{"inspect", model, "--data", data, "--plot", "p.png", "--episode", "-1"}, want: []string{"--episode -1", "0 to 149"}},
		{args: []string{"inspect", model, "--data", data, "--episode", "1"}, want: []string{"--episode 1", "--plot is missing"}},
		{args: []string{"inspect", badRequest}, want: []string{"request.json", "field cost[0].weight: -1", "as a saved request", "as a certificate"}},
		{args: []string{"inspect", program}, want: []string{"unknown kind of file", ".safetensors"}},
		{args: []string{"inspect", t.TempDir()}, want: []string{"scenario.yaml", "run folder?"}},
		{args: []string{"doctor", "nowhere"}, want: []string{"nowhere", "does not exist", "steps.csv"}},
		{args: []string{"list", "task"}, want: []string{`"task"`, `did you mean "tasks"?`}},
		{args: []string{"bench", "trian"}, want: []string{"trian", `did you mean "train"?`}},
		{args: []string{"bench", "train", "--time", "3"}, want: []string{"--time", "train", "does not read it"}},
		{args: []string{"bench", "push-t-grid", "--time", "-1"}, want: []string{"--time -1", "0 to 86400"}},
		{args: []string{"bench", "push-t-grid", "--starts", "3"}, want: []string{"--starts", "push-t-grid"}},
		{args: []string{"study", "pwb"}, want: []string{`"pwb"`, `did you mean "pwa"?`}},
		{args: []string{"study", "pwa", "--seeds", "0"}, want: []string{"--seeds is 0", "at least 1"}},
		{args: []string{"study", "planner", "--rounds", "0"}, want: []string{"--rounds is 0", "at least 1"}},
		{args: []string{"study", "planner"}, want: []string{"--data is missing"}},
		{args: []string{"study", "planner", "--data", data, "--model", truncated}, want: []string{"truncated.safetensors"}},
		{args: []string{"study", "planner", "--data", data, "--shares", "2"}, want: []string{"--shares 2", "above 0 and at most 1"}},
		{args: []string{"study", "planner", "--data", data, "--slack", "nan"}, want: []string{"--slack NaN", "finite"}},
		{args: []string{"study", "planner", "--data", data, "--l1", "-1"}, want: []string{"--l1 -1", "at least 0"}},
		{args: []string{"study", "distil", "push-t:x.json#0", "--budget", "4,4"}, want: []string{"--budget", "4 appears twice"}},
		{args: []string{"study", "distil", "push-t"}, want: []string{"push-t", "push-t:FILE#K"}},
		{args: []string{"study", "distil", "push-t:nowhere.json#0"}, want: []string{"nowhere.json"}},
		{args: []string{"version", "now"}, want: []string{`"now"`, "one too many"}},
		{args: []string{"verify", "a.onnx"}, want: []string{`"a.onnx"`, "one too many"}},
	} {
		o := hingeIn(t, t.TempDir(), test.env, test.args...)
		if o.status != statusBadInput || o.stdout != "" {
			t.Errorf("hinge %s: status %d, output %q\n%s", strings.Join(test.args, " "), o.status, o.stdout, o.stderr)
		}
		for _, part := range test.want {
			if !strings.Contains(o.stderr, part) {
				t.Errorf("hinge %s: the message does not say %q:\n%s", strings.Join(test.args, " "), part, o.stderr)
			}
		}
		if strings.Contains(o.stderr, "goroutine ") || strings.Count(strings.TrimSpace(o.stderr), "\n") > 0 {
			t.Errorf("hinge %s: the message is not one line:\n%s", strings.Join(test.args, " "), o.stderr)
		}
	}
}

// otherData writes a data set of another task.
func otherData(t *testing.T, path string) string {
	t.Helper()
	d := dynamics.NewDataset(20, 2, 1, 1)
	d.Meta.Task = "cart"
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// changedData writes the data set of all tests with a change.
func changedData(t *testing.T, path string, change func(d *dynamics.Dataset)) string {
	t.Helper()
	from, err := dynamics.LoadDataset(data)
	if err != nil {
		t.Fatal(err)
	}
	d := *from
	d.X, d.U = slices.Clone(from.X), slices.Clone(from.U)
	change(&d)
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// fill sets every stride-th value.
func fill(v []float64, stride int, value float64) {
	for i := 0; i < len(v); i += stride {
		v[i] = value
	}
}

// poisonedData writes a data set with a NaN in it, which Save would refuse.
func poisonedData(t *testing.T, dir string) string {
	t.Helper()
	d, err := dynamics.LoadDataset(data)
	if err != nil {
		t.Fatal(err)
	}
	const marker = 0.123456789012345
	d.X[5] = marker
	path := filepath.Join(dir, "poisoned.npz")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	replaceFloat(t, path, marker, math.NaN())
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// jsonCommands are commands that succeed, with fields their object must have.
func jsonCommands(t *testing.T) []struct {
	args   []string
	fields []string
} {
	dir := t.TempDir()
	out := func(name string) string { return filepath.Join(dir, name) }
	return []struct {
		args   []string
		fields []string
	}{
		{[]string{"version"}, []string{"version", "revision", "go"}},
		{[]string{"list"}, []string{"rows"}},
		{[]string{"doctor"}, []string{"rows"}},
		{[]string{"collect", "push-t", "--episodes", "20", "--steps", "5", "--out", out("d.npz")}, []string{"task", "episodes", "hash", "out", "seed"}},
		{[]string{"train", data, "--set", "epochs=1", "--set", "hidden=[4]", "--out", out("m.safetensors")},
			[]string{"relus", "identities", "zeros", "parameters", "loss", "error_1", "error_h", "samples_per_cpu_s", "time_s"}},
		{[]string{"sparsify", model, "--data", data, "--budget", "4", "--set", "epochs=1", "--set", "gate_epochs=1", "--set", "tune_epochs=1", "--out", out("s.safetensors")},
			[]string{"relus", "identities", "zeros", "parameters", "loss", "error_1", "error_h", "samples_per_cpu_s", "time_s"}},
		{[]string{"sparsify", model, "--data", data, "--budget", "5,3", "--set", "epochs=1", "--set", "gate_epochs=1", "--set", "tune_epochs=1", "--out", out("s.safetensors")}, []string{"rows"}},
		{[]string{"inspect", out("s-3.safetensors")}, []string{"kind", "facts"}},
		{[]string{"inspect", model}, []string{"kind", "facts"}},
		{[]string{"inspect", data}, []string{"kind", "facts"}},
		{[]string{"inspect", quick}, []string{"kind", "facts"}},
		{[]string{"plan", quick, "--nodes", "40"}, []string{"status", "objective", "dual_bound", "certified", "abs_gap", "rel_gap", "actions", "states",
			"max_model_error", "verified", "solver", "inputs", "relus", "unstable_relus", "nodes", "time_s", "cpu_s", "first_plan_s", "seed"}},
		{[]string{"plan", quick, "--solver", "cem"}, []string{"status", "dual_bound"}},
		{[]string{"run", quick, "--headless", "--out", out("run")}, []string{"task", "planner", "model", "seed", "success", "cost", "steps", "final_error",
			"final_error_unit", "plan_ms", "deadline_ms", "deadline_misses", "rel_gap", "abs_gap", "certified_fraction", "model_error", "out"}},
		{[]string{"inspect", out("run")}, []string{"kind", "facts"}},
		{[]string{"doctor", out("run")}, []string{"rows"}},
	}
}

func TestJSONIsOneObject(t *testing.T) {
	for _, c := range jsonCommands(t) {
		o := hinge(t, append(c.args, "--json")...)
		if o.status != statusDone || o.stderr != "" {
			t.Errorf("hinge %v: status %d\n%s", c.args, o.status, o.stderr)
			continue
		}
		object := o.decode(t)
		for _, field := range c.fields {
			if _, ok := object[field]; !ok {
				t.Errorf("hinge %v: no field %q in\n%s", c.args, field, o.stdout)
			}
		}
	}
}

func TestErrorsAreJSONToo(t *testing.T) {
	for _, args := range [][]string{{"run", "nowhere", "--json"}, {"--json", "rum"}, {"run", "push-t", "--nonsense", "--json"}} {
		o := hinge(t, args...)
		object := o.decode(t)
		if o.status != statusBadInput || object["exit_status"] != 2.0 || object["error"] == "" || o.stderr == "" {
			t.Errorf("hinge %v: status %d, %v, %q", args, o.status, object, o.stderr)
		}
	}
}

func TestListNamesEverything(t *testing.T) {
	for kind, want := range map[string][]string{
		"tasks": {"push-t"}, "planners": {"bnb", "highs", "cbc", "cem", "mppi", "ps", "gd", "hold", "random"},
		"scenarios": {"push-t"}, "benches": {"train", "sim", "plan"},
	} {
		var names []string
		for _, row := range hinge(t, "list", kind, "--json").decode(t)["rows"].([]any) {
			r := row.(map[string]any)
			names = append(names, r["name"].(string))
			if r["summary"] == "" || r["kind"] != kind {
				t.Errorf("%s: %v", kind, r)
			}
		}
		for _, name := range want {
			if !slices.Contains(names, name) {
				t.Errorf("%s are %v; %s is missing", kind, names, name)
			}
		}
	}
}

func TestEveryCommandHasHelpWithExample(t *testing.T) {
	checked := 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		checked++
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s has no summary or no example", c.CommandPath())
		}
		for _, line := range strings.Split(c.Example, "\n") {
			if !strings.Contains(line, "hinge") {
				t.Errorf("%s: example %q is no command line", c.CommandPath(), line)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newApp(os.Stdout, os.Stderr).root())
	if checked < 12 {
		t.Fatalf("only %d commands found", checked)
	}
	for _, args := range [][]string{{"--help"}, {"run", "--help"}, {"help", "plan"}, {}} {
		if o := hinge(t, args...); o.status != statusDone || !strings.Contains(o.stdout, "Examples:") || o.stderr != "" {
			t.Errorf("hinge %v: status %d\n%s%s", args, o.status, o.stdout, o.stderr)
		}
	}
}

func TestStartsFast(t *testing.T) {
	best := time.Hour
	for range 10 {
		start := time.Now()
		hinge(t, "version")
		best = min(best, time.Since(start))
	}
	if best > 50*time.Millisecond {
		t.Errorf("hinge version takes %v; it must start within 50 ms", best)
	}
}
