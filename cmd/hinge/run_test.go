package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"image/gif"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hinge/dynamics"
	"hinge/report"
)

func TestRunWritesItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	video := filepath.Join(t.TempDir(), "copy.gif")
	o := hinge(t, "run", quick, "--planner", "bnb", "--seed", "3", "--out", dir, "--video", video, "--json")
	if o.status != statusDone {
		t.Fatal(o.stderr)
	}
	run := checkRunFolder(t, dir)
	if run.Summary.Planner != "bnb" || run.Summary.Seed != 3 || run.Summary.Out != dir {
		t.Errorf("summary %+v", run.Summary)
	}
	var printed, kept any
	if err := errors.Join(json.Unmarshal([]byte(o.stdout), &printed), json.Unmarshal(read(t, filepath.Join(dir, report.SummaryFile)), &kept)); err != nil {
		t.Fatal(err)
	}
	if a, b := toJSON(t, printed), toJSON(t, kept); a != b {
		t.Errorf("printed %s\nkept    %s", a, b)
	}
	if string(read(t, video)) != string(read(t, filepath.Join(dir, report.MovieFile))) {
		t.Error("the video is another movie")
	}
	// The resolved scenario runs to the same end.
	again := filepath.Join(t.TempDir(), "again")
	if o := hinge(t, "run", filepath.Join(dir, report.ScenarioFile), "--out", again); o.status != statusDone {
		t.Fatal(o.stderr)
	}
	if a, b := actionColumns(run), actionColumns(checkRunFolder(t, again)); a != b {
		t.Errorf("the resolved scenario gives other actions:\n%s\n%s", a, b)
	}
}

// actionColumns returns the actions of a run as text.
func actionColumns(run *report.Run) string {
	var u [][]float64
	for _, s := range run.Steps {
		u = append(u, s.U)
	}
	text, _ := json.Marshal(u)
	return string(text)
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkRunFolder reads every file of a complete run folder.
func checkRunFolder(t *testing.T, dir string) *report.Run {
	t.Helper()
	run, err := report.Open(dir)
	if err != nil || run.Summary == nil {
		t.Fatalf("%+v, %v", run, err)
	}
	movie, err := os.Open(filepath.Join(dir, report.MovieFile))
	if err != nil {
		t.Fatal(err)
	}
	defer movie.Close()
	if g, err := gif.DecodeAll(movie); err != nil || len(g.Image) < len(run.Steps) {
		t.Fatalf("movie: %v", err)
	}
	plot, err := os.Open(filepath.Join(dir, report.PlanPlotFile))
	if err != nil {
		t.Fatal(err)
	}
	defer plot.Close()
	if _, err := png.Decode(plot); err != nil {
		t.Fatalf("plot: %v", err)
	}
	return run
}

func TestDemoComparesPlanners(t *testing.T) {
	dir := t.TempDir()
	o := hingeIn(t, dir, nil, "demo", "--seeds", "1", "--time", "0.05")
	if o.status != statusDone {
		t.Fatal(o.stderr)
	}
	for _, part := range []string{"bnb", "cem", "mppi", "success", "certified", "movie.gif", "plan.png"} {
		if !strings.Contains(o.stdout, part) {
			t.Errorf("the demo does not say %q:\n%s", part, o.stdout)
		}
	}
	for _, planner := range demoPlanners {
		run := checkRunFolder(t, filepath.Join(dir, "demo", planner+"-1"))
		if run.Summary.Planner != planner || run.Summary.DeadlineMS != 50 {
			t.Errorf("%s: %+v", planner, run.Summary)
		}
	}
	if o := hingeIn(t, dir, nil, "demo", "--seeds", "0", "--json"); o.status != statusBadInput {
		t.Errorf("no seeds: status %d", o.status)
	}
}

func TestRunsDoNotReplaceEachOther(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if o := hingeIn(t, dir, nil, "run", quick, "--planner", "hold"); o.status != statusDone {
			t.Fatal(o.stderr)
		}
	}
	for _, name := range []string{"push-t-hold-1", "push-t-hold-1-2"} {
		checkRunFolder(t, filepath.Join(dir, "runs", name))
	}
}

func TestRequireSuccess(t *testing.T) {
	o := hinge(t, "run", quick, "--planner", "hold", "--require-success", "--json")
	if o.status != statusNoSuccess || o.decode(t)["success"] != false || !strings.Contains(o.stderr, "not achieved") {
		t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
}

func TestInterruptedRunKeepsItsSteps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	interrupt(t, "run", quick, "--set", "max_steps=10000", "--planner", "hold", "--out", dir, "-v")
	run, err := report.Open(dir)
	if err != nil || run.Summary != nil || len(run.Steps) == 0 {
		t.Fatalf("%+v, %v", run, err)
	}
	if o := hinge(t, "doctor", dir); o.status != statusDone || !strings.Contains(o.stdout, "interrupted after") {
		t.Errorf("%d %s%s", o.status, o.stdout, o.stderr)
	}
}

func TestInterruptedTrainingKeepsTheBestModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	interrupt(t, "train", data, "--set", "epochs=1000000", "--set", "hidden=[4]", "--out", path, "-v")
	if _, err := dynamics.Load(path); err != nil {
		t.Error(err)
	}
}

func TestTrainingThatFailsAtOnceKeepsTheEarlierModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	train := func(more ...string) outcome {
		return hinge(t, append([]string{"train", data, "--set", "epochs=1", "--set", "hidden=[4]", "--out", path}, more...)...)
	}
	if o := train(); o.status != statusDone {
		t.Fatal(o.stderr)
	}
	before := read(t, path)
	if o := train("--set", "learning_rate=1e30", "--set", "batch=8"); o.status != statusBadInput || !strings.Contains(o.stderr, "smaller learning rate") {
		t.Errorf("status %d\n%s", o.status, o.stderr)
	}
	if string(before) != string(read(t, path)) {
		t.Error("a training that learned nothing replaced the model")
	}
}

// interrupt starts a command and interrupts it, as Ctrl-C does, once it has said
// something about its work.
func interrupt(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(stderr)
	if _, err := said.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(said)
	_ = cmd.Wait() // the status says what there is to say
	if cmd.ProcessState.ExitCode() != statusLimit || !strings.Contains(string(rest), "interrupted") {
		t.Fatalf("status %d\n%s", cmd.ProcessState.ExitCode(), rest)
	}
}

func TestSeedsRepeat(t *testing.T) {
	dir := t.TempDir()
	hash := func(seed, workers string) any {
		o := hinge(t, "collect", "push-t", "--episodes", "10", "--steps", "5", "--seed", seed, "--workers", workers, "--out", filepath.Join(dir, "d.npz"), "--json")
		return o.decode(t)["hash"]
	}
	if a, b := hash("1", "1"), hash("1", "3"); a != b {
		t.Error("the number of workers changes the data")
	}
	if a, b := hash("1", "1"), hash("2", "1"); a == b {
		t.Error("the seed does not change the data")
	}
}

func TestWriteMPS(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.mps")
	if o := hinge(t, "plan", quick, "--nodes", "1", "--write-mps", path); o.status != statusDone {
		t.Fatal(o.stderr)
	}
	if text := string(read(t, path)); !strings.HasPrefix(text, "NAME") || !strings.HasSuffix(strings.TrimSpace(text), "ENDATA") {
		t.Errorf("no MPS file: %.80q", text)
	}
}

func TestOutKeepsTheResult(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	o := hinge(t, "plan", quick, "--nodes", "1", "--out", dir, "--json")
	if o.status != statusDone || toJSON(t, o.decode(t)) == "" {
		t.Fatal(o.stderr)
	}
	var kept map[string]any
	if err := json.Unmarshal(read(t, filepath.Join(dir, "plan.json")), &kept); err != nil || toJSON(t, kept) != toJSON(t, o.decode(t)) {
		t.Errorf("kept %v, %v", kept, err)
	}
}

// kill ends a process in the way that leaves it no last word.
func kill(cmd *exec.Cmd) error { return cmd.Process.Signal(syscall.SIGKILL) }
