package report

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"hinge/viz/raster"
	"hinge/viz/scene"
)

// sampleRun is a finished run of three steps; only the first and the last made
// a plan, and only the last one has a bound.
func sampleRun(t *testing.T) *Run {
	t.Helper()
	r, err := Create(filepath.Join(t.TempDir(), "runs", "a"), []byte("task: push-t\n"), 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	nan, inf := math.NaN(), math.Inf(1)
	r.Add(Step{X: []float64{0.1, -2e-7}, U: []float64{1}, StageCost: 3, PlanMS: 80, Objective: 7, DualBound: -inf, Status: "completed"})
	r.Add(Step{X: []float64{1.0 / 3, math.Pi}, U: []float64{-1}, StageCost: 2, PlanMS: nan, Objective: inf, DualBound: -inf})
	r.Add(Step{X: []float64{0, 1e300}, U: []float64{0}, StageCost: 1, PlanMS: 120, Objective: 5, DualBound: 4.5, Status: "optimal"})
	r.Summary = &RunSummary{Task: "push-t", Planner: "bnb", Model: "m", Seed: 1, Success: true, FinalError: 2.1, FinalErrorUnit: "mm", DeadlineMS: 100, Out: r.Dir}
	r.Summary.Measure(r.Steps)
	return r
}

// save saves r and returns its folder.
func save(t *testing.T, r *Run) string {
	t.Helper()
	if err := r.Save(); err != nil {
		t.Fatal(err)
	}
	return r.Dir
}

func TestRoundTrip(t *testing.T) {
	want := sampleRun(t)
	got, err := Open(save(t, want))
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(got.Steps[1].PlanMS) || !math.IsNaN(float64(got.Summary.AbsGap.Max)) {
		t.Errorf("missing values read back as %g and %g, want NaN", got.Steps[1].PlanMS, got.Summary.AbsGap.Max)
	}
	for _, r := range []*Run{want, got} { // NaN and what becomes null are equal to nothing
		r.Steps[1].PlanMS = 0
		r.Summary.AbsGap, r.Summary.RelGap = Gaps{}, Gaps{}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read back\n%+v\nwant\n%+v", got, want)
	}
}

func TestStepsFile(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(save(t, sampleRun(t)), StepsFile))
	if err != nil {
		t.Fatal(err)
	}
	const want = `t,x_0,x_1,u_0,stage_cost,plan_ms,objective,dual_bound,status
0,0.1,-2e-07,1,3,80,7,,completed
1,0.3333333333333333,3.141592653589793,-1,2,,,,
2,0,1e+300,0,1,120,5,4.5,optimal
`
	if string(data) != want {
		t.Errorf("steps.csv is\n%s\nwant\n%s", data, want)
	}
}

func TestSummaryFile(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(save(t, sampleRun(t)), SummaryFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"cost": 6,`, `"steps": 3,`, `"deadline_misses": 1,`, `"median": 100,`, `"max": 120`, `"max": null`, `"success": true,`,
		`"certified_fraction": 0,`, `"one_step": 0,`, `"final_error_unit": "mm",`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("summary.json lacks %s:\n%s", want, data)
		}
	}
}

func TestInterruptedRun(t *testing.T) {
	r := sampleRun(t)
	r.Summary = nil
	got, err := Open(save(t, r))
	if err != nil || got.Summary != nil || len(got.Steps) != 3 {
		t.Errorf("got %d steps, summary %v, error %v; want 3, none, none", len(got.Steps), got.Summary, err)
	}
}

func TestOpenErrors(t *testing.T) {
	for _, tc := range []struct {
		file, old, new string // in file, old is replaced by new
		want           string // of the error, after the path
		steps          int    // that can still be read
	}{
		{StepsFile, "4.5,optimal\n", "4.5,optimal", "steps.csv:4: the line does not end; the file is truncated", 2},
		{StepsFile, ",5,4.5,optimal\n", "", "steps.csv:4: 6 cells; the header names 9 (is the file truncated?)", 2},
		{StepsFile, "3.14", "NaN", `steps.csv:3: x_1 is "NaN1592653589793"; it must be a finite number`, 1},
		{StepsFile, "0.1,", "NaN,", `steps.csv:2: x_0 is "NaN"; it must be a finite number`, 0},
		{StepsFile, ",7,", ",+Inf,", `steps.csv:2: objective is "+Inf"; it must be empty or a finite number`, 0},
		{StepsFile, "\n2,", "\n3,", `steps.csv:4: t is "3"; it must be 2, one more than in the row before`, 2},
		{StepsFile, "optimal", "great", `steps.csv:4: status is "great"; it must be empty or one of optimal, completed,`, 2},
		{StepsFile, "x_1", "x_2", `steps.csv:1: column 3 is "x_2"; it must be "x_1"`, 0},
		{StepsFile, "stage_cost", "cost", `steps.csv:1: column 5 is "cost"; it must be "stage_cost"`, 0},
		{StepsFile, ",status", "", `steps.csv:1: header has 8 columns; "status" is missing`, 0},
		{StepsFile, "status", "status,more", `steps.csv:1: column 10 is "more"; the last column must be "status"`, 0},
		{StepsFile, "x_0,x_1", "a,b", `steps.csv:1: header has 0 columns x_i and 1 columns u_i; it needs at least one of each`, 0},
		{StepsFile, "0,0.1", `0,"0.1`, `steps.csv:2: `, 0},
		{StepsFile, "*", "", `steps.csv:1: there is no header`, 0},
		{SummaryFile, `"success": true,`, "", `summary.json: success is missing`, 3},
		{SummaryFile, `"success": true`, `"success": "maybe"`, `summary.json: success is "string"; it must be a bool`, 3},
		{SummaryFile, `"steps": 3`, `"steps": 4`, `summary.json: steps is "4"; steps.csv has 3 rows: the files come from different runs`, 3},
		{SummaryFile, `{`, "", `summary.json: not a JSON object`, 3},
		{StepsFile, "remove", "", `steps.csv: there is no such file`, 0},
		{ScenarioFile, "remove", "", `scenario.yaml: there is no such file`, 0},
	} {
		t.Run(tc.want, func(t *testing.T) {
			dir := save(t, sampleRun(t))
			damage(t, filepath.Join(dir, tc.file), tc.old, tc.new)
			r, err := Open(dir)
			var bad *FileError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), string(filepath.Separator)+tc.want) {
				t.Fatalf("error is\n%v\nwant a FileError\n%s", err, tc.want)
			}
			if len(r.Steps) != tc.steps {
				t.Errorf("%d steps were read, want %d", len(r.Steps), tc.steps)
			}
		})
	}
}

// damage replaces the first old in a file by new; "*" stands for all of it, and
// "remove" removes the file.
func damage(t *testing.T, path, old, new string) {
	t.Helper()
	if old == "remove" {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if old == "*" {
		old = string(data)
	} else if !strings.Contains(string(data), old) {
		t.Fatalf("%s does not contain %q", path, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestOpenWhatIsNoFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if _, err := Open(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want one that wraps os.ErrNotExist", err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "not a run folder") {
		t.Errorf("error is %v", err)
	}
}

func TestPicturesOfARun(t *testing.T) {
	r := sampleRun(t)
	m := NewMovie(MovieOptions{Width: 120, Height: 100})
	if err := r.SaveMovie(m); err == nil {
		t.Error("a movie without frames was saved")
	}
	m.AddStep(100*time.Millisecond, scene.Scene{})
	m.Finish(raster.Badge{Text: "done", Good: true})
	if err := r.SaveMovie(m); err != nil {
		t.Error(err)
	}
	if err := r.SavePlanPlot(PlanPlot{Steps: r.Steps}); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(r.Dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("folder holds %v (%v), want movie.gif and plan.png", entries, err)
	}
}

func TestAddChecksLengths(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	sampleRun(t).Add(Step{X: []float64{1}, U: []float64{1}})
}

func FuzzReadSteps(f *testing.F) {
	f.Add([]byte("t,x_0,u_0,stage_cost,plan_ms,objective,dual_bound,status\n0,1,2,3,4,5,6,optimal\n"))
	f.Add([]byte("t,x_0,u_0\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &Run{}
		if err := r.readSteps(data); err != nil {
			return
		}
		for _, s := range r.Steps {
			if len(s.X) != r.Nx || len(s.U) != r.Nu || !finite(s.StageCost) {
				t.Fatalf("accepted %+v", s)
			}
		}
	})
}
