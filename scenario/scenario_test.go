package scenario

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hinge/dynamics"
	"hinge/internal/strictyaml"
	"hinge/planner"
)

// write puts a scenario into a folder of its own and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// sets parses --set flags.
func sets(t *testing.T, assignments ...string) []strictyaml.Override {
	t.Helper()
	var list []strictyaml.Override
	for _, a := range assignments {
		o, err := strictyaml.ParseSet(a)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	return list
}

func TestBuiltinScenariosLoad(t *testing.T) {
	if len(Names()) == 0 {
		t.Fatal("there are none")
	}
	for _, name := range Names() {
		s, err := Load(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Seed != 1 || s.MaxSteps < 1 || Summary(name) == "" || strings.Contains(Summary(name), "\n") {
			t.Errorf("%s: %+v, summary %q", name, s.Config, Summary(name))
		}
	}
}

func TestDefaultsComeFromTheTask(t *testing.T) {
	s, err := Load(write(t, "task: push-t\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s.MaxSteps != 40 || s.Model != "push-t-sparse.safetensors" || s.DenseModel != "push-t-dense.safetensors" {
		t.Errorf("got %+v", s.Config)
	}
}

func TestResolvedScenarioIsReadBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		names := rapid.SampledFrom(Planners())
		s := &Scenario{Config: Config{
			Task: "push-t", Seed: rapid.Uint64().Draw(r, "seed"), MaxSteps: rapid.IntRange(1, 10000).Draw(r, "steps"),
			Noise: rapid.Float64Range(0, 1).Draw(r, "noise"), Model: "/a b.safetensors", DenseModel: "d",
			Planner: Planner{
				Name: names.Draw(r, "planner"), Horizon: rapid.IntRange(1, 1000).Draw(r, "horizon"),
				Time: rapid.Float64Range(1e-3, 86400).Draw(r, "time"), Gap: rapid.Float64Range(0, 1).Draw(r, "gap"),
				Iterations: rapid.IntRange(-1, 100).Draw(r, "iterations"), Correlation: rapid.Float64Range(0, 0.99).Draw(r, "correlation"),
			},
		}}
		back, err := Load(write(t, string(s.YAML())))
		if err != nil {
			r.Fatal(err)
		}
		if !reflect.DeepEqual(back.Config, s.Config) {
			r.Fatalf("got %+v, want %+v", back.Config, s.Config)
		}
	})
}

func TestLoadRefuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "task: missing; valid tasks are push-t"},
		{"task: pusht", `s.yaml:1:7: task: value is pusht; did you mean "push-t"?`},
		{"task: push-t\nseeds: 3", `s.yaml:2:1: seeds: unknown key; did you mean "seed"?`},
		{"task: push-t\nseed: -3", "s.yaml:2:7: seed: value is -3; it must be a whole number, at least 0"},
		{"task: push-t\nmax_steps: 0", "s.yaml:2:12: max_steps: value is 0; it must be a whole number in [1, 10000]"},
		{"task: push-t\nplanner:\n  nme: cem", "s.yaml:3:3: planner.nme: unknown key"},
		{"task: push-t\nplanner:\n  name: bmb", `s.yaml:3:9: planner.name: value is bmb; did you mean "bnb"?`},
		{"task: push-t\nplanner: {gap: 2}", "planner.gap: value is 2; it must be a finite number in [0, 1]"},
		{"task: push-t\nplanner: {time: 0, iterations: -1}", "planner.iterations: value is -1 (until the deadline), but planner.time is 0"},
		{"task: [", "not valid YAML"},
	} {
		_, err := Load(write(t, test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q:\n got %v\nwant %s", test.text, err, test.want)
		}
	}
	for name, want := range map[string]string{
		"push-u":      `scenario push-u: neither a file nor a built-in name; did you mean "push-t"?`,
		t.TempDir():   "give a YAML file or one of push-t",
		"./push-t.ym": "neither a file nor a built-in name",
	} {
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// robotScenario writes a model of a cart and a scenario for it.
func robotScenario(t *testing.T, change func(string) string) string {
	t.Helper()
	d := dynamics.NewDataset(40, 6, 2, 1)
	rng := rand.New(rand.NewPCG(1, 0))
	for e := range d.Episodes {
		copy(d.State(e, 0), []float64{rng.NormFloat64(), rng.NormFloat64()})
		for s := range d.Steps {
			x, u := d.State(e, s), d.Action(e, s)
			u[0] = rng.NormFloat64()
			v := x[1] + 0.2*u[0]
			copy(d.State(e, s+1), []float64{x[0] + 0.2*v, v})
		}
	}
	d.Meta.Task = "cart"
	m, _, err := dynamics.Fit(t.Context(), d, dynamics.FitOptions{Hidden: []int{4}, TrainOptions: dynamics.TrainOptions{Epochs: 60, Batch: 50}})
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, change("task: cart\nmodel: cart.safetensors\nmax_steps: 30\nplanner: {name: bnb, horizon: 4, time: 0, nodes: 50}\n"+
		"robot:\n  start: [0, 0]\n  goal: [0.5, 0]\n  weights: [1, 0.1]\n  lower: [-1]\n  upper: [1]\n  tolerance: 0.05\n"))
	if err := m.Save(filepath.Join(filepath.Dir(path), "cart.safetensors")); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRobotReachesItsGoal runs a task that is nothing but numbers and a model.
func TestRobotReachesItsGoal(t *testing.T) {
	s, err := Load(robotScenario(t, func(text string) string { return text }))
	if err != nil {
		t.Fatal(err)
	}
	o := run(t, s)
	if !o.Success || o.StartError != 0.5 || !(o.ModelError.OneStep < 1e-12) {
		t.Errorf("success %v after %d steps, error %g of %g, model error %g", o.Success, len(o.Steps), o.FinalError, o.StartError, o.ModelError.OneStep)
	}
	back, err := Load(write(t, string(s.YAML())))
	if err != nil || !reflect.DeepEqual(back.Config, s.Config) {
		t.Errorf("the resolved scenario is another one: %+v, %v", back, err)
	}
}

func TestRobotRefuses(t *testing.T) {
	for want, change := range map[string][2]string{
		"task: missing":                        {"task: cart\n", ""},
		"robot: task push-t is built in":       {"task: cart", "task: push-t"},
		"model: missing":                       {"model: cart.safetensors\n", ""},
		"robot: goal has 1 values; the model":  {"goal: [0.5, 0]", "goal: [0.5]"},
		"robot: lower has 0 values":            {"  lower: [-1]\n", ""},
		"is a model of task cart; the scenari": {"task: cart", "task: barrow"},
		"robot.gaol: unknown key":              {"goal:", "gaol:"},
		"robot.tolerance: value is -1":         {"tolerance: 0.05", "tolerance: -1"},
	} {
		path := robotScenario(t, func(text string) string { return strings.Replace(text, change[0], change[1], 1) })
		s, err := Load(path)
		if err == nil {
			_, err = s.Open()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "s.yaml") {
			t.Errorf("error %v; it must name the file and say %q", err, want)
		}
	}
}

func TestOverrides(t *testing.T) {
	s, err := Load("push-t", sets(t, "planner.name=cem", "seed=3", "planner.time=0.5")...)
	if err != nil {
		t.Fatal(err)
	}
	if s.Planner.Name != "cem" || s.Seed != 3 || s.Planner.Time != 0.5 {
		t.Errorf("got %+v", s.Config)
	}
	if _, err := Load("push-t", sets(t, "planner.name=cen")...); err == nil || !strings.Contains(err.Error(), `--set planner.name=cen: planner.name: value is cen; did you mean "cem"?`) {
		t.Error(err)
	}
}

func TestModelsAreFoundNearTheScenario(t *testing.T) {
	path := write(t, "task: push-t\nmodel: m.safetensors\n")
	model := filepath.Join(filepath.Dir(path), "m.safetensors")
	if err := os.WriteFile(model, []byte("no model"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Load(path)
	if err != nil || s.Model != model {
		t.Fatalf("model %q, %v", s.Model, err)
	}
	if _, err := s.Open(); err == nil || !strings.Contains(err.Error(), path+":2:8: model: "+model) {
		t.Errorf("a broken model: %v", err)
	}
	// Written elsewhere, the resolved scenario still means the same file.
	again, err := Load(write(t, string(s.YAML())))
	if err != nil || again.Model != model {
		t.Errorf("model %q, %v", again.Model, err)
	}
	s, err = Load(path, sets(t, "model=nowhere.safetensors")...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(); err == nil || !strings.Contains(err.Error(), "--set model=nowhere.safetensors: model: nowhere.safetensors: neither a file near the scenario nor a reference model") {
		t.Errorf("a missing model: %v", err)
	}
}

func TestFilesDoNotHideReferenceModels(t *testing.T) {
	t.Chdir(t.TempDir())
	const name = "push-t-sparse.safetensors"
	if err := os.WriteFile(name, []byte("no model"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Load("push-t", sets(t, "seed=2")...)
	if err != nil || s.Model != name {
		t.Errorf("model %q, %v; want the reference model", s.Model, err)
	}
	s, err = Load("push-t", sets(t, "model="+name)...)
	if err != nil || !filepath.IsAbs(s.Model) {
		t.Errorf("model %q, %v; want the file that was asked for", s.Model, err)
	}
}

func TestEveryPlannerHasASummary(t *testing.T) {
	if !reflect.DeepEqual(Planners(), planner.Names()) {
		t.Error("planners of scenarios and of the registry differ")
	}
	for _, name := range Planners() {
		if PlannerSummary(name) == "" {
			t.Errorf("%s has none", name)
		}
	}
}

func TestReferenceModelsCanBeUsed(t *testing.T) {
	list := ReferenceModels()
	if len(list) == 0 {
		t.Fatal("there are none")
	}
	for _, m := range list {
		if m.Err != nil || m.Summary == "" {
			t.Errorf("%s: %v", m.Name, m.Err)
		}
	}
	for _, name := range []string{"bnb", "cem"} {
		s, err := Load("push-t", sets(t, "planner.name="+name)...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
