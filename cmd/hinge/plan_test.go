package main

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// outside returns the path of a file of outside data; without it the test skips.
func outside(t *testing.T, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{dataFolder()}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED, nothing checked: no %s; set HINGE_DATA to the folder of outside data", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return absolute
}

// TestBnBReachesKnownOptima proves plans of others' small problems, whose optima
// are known.
func TestBnBReachesKnownOptima(t *testing.T) {
	checked := 0
	for _, name := range []string{"n24_h1_final_a", "n24_h1_sum_b", "n48_h1_final_b", "n48_h1_sum_a"} {
		path := outside(t, "push-t-grid", "instances", name+".json")
		var instance struct{ Optimum float64 }
		if err := json.Unmarshal(read(t, path), &instance); err != nil || instance.Optimum == 0 {
			t.Fatalf("%s: optimum %g, %v", name, instance.Optimum, err)
		}
		o := hinge(t, "plan", "push-t-grid:"+path, "--json")
		if o.status != statusDone {
			t.Fatal(o.stderr)
		}
		plan := o.decode(t)
		if p := plan["objective"].(float64); math.Abs(p-instance.Optimum) > 1e-4*(1+instance.Optimum) || plan["status"] != "optimal" || plan["certified"] != true {
			t.Errorf("%s: cost %g, %v, certified %v; the optimum is %g", name, p, plan["status"], plan["certified"], instance.Optimum)
		}
		checked++
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

// TestSamplerAvoidsObstacles plans with others' network among their obstacles.
func TestSamplerAvoidsObstacles(t *testing.T) {
	path := outside(t, "push-t", "instances.json")
	o := hinge(t, "plan", "push-t:"+path+"#0", "--solver", "cem", "--json")
	if o.status != statusDone {
		t.Fatal(o.stderr)
	}
	if plan := o.decode(t); plan["collisions"] != 0.0 || plan["verified"] != true {
		t.Errorf("%v collisions, verified %v, cost %v", plan["collisions"], plan["verified"], plan["objective"])
	}
}

// TestSavedRequest: a request that was saved is planned as what it was saved from, with
// constraints, obstacles and all; and it can be looked at.
func TestSavedRequest(t *testing.T) {
	constrained := filepath.Join(filepath.Dir(outside(t, "hd-milp-plan", "dnn_hvac_3.txt")), "navigation_8x8@2")
	checked := 0
	for _, c := range []struct{ problem, flags []string }{
		{[]string{"push-t-grid:" + outside(t, "push-t-grid", "instances", "n24_h1_sum_a.json")}, nil},
		{[]string{"hd-milp-plan:" + constrained}, nil},
		{[]string{"push-t:" + outside(t, "push-t", "instances.json") + "#0"}, []string{"--solver", "cem"}},
		{[]string{"push-t", "--set", "planner.horizon=1"}, []string{"--nodes", "200"}},
	} {
		args := slices.Concat(c.problem, c.flags)
		file := filepath.Join(t.TempDir(), "request.json")
		o := hinge(t, append([]string{"plan", "--json", "--save-request", file}, args...)...)
		if o.status != statusDone {
			t.Fatalf("%v: %s", args, o.stderr)
		}
		rest := append([]string{"plan", "--json", file}, c.flags...)
		again := hinge(t, rest...)
		if again.status != statusDone {
			t.Fatalf("%v: %s", rest, again.stderr)
		}
		a, b := o.decode(t), again.decode(t)
		for _, field := range []string{"dual_bound", "nodes", "status", "inputs", "relus", "collisions"} {
			if a[field] != b[field] {
				t.Errorf("%v: %s is %v, of the saved request %v", args, field, a[field], b[field])
			}
		}
		if p, q := a["objective"].(float64), b["objective"].(float64); math.Abs(p-q) > 1e-6*(1+math.Abs(p)) {
			t.Errorf("%v: the plan costs %v, of the saved request %v", args, p, q)
		}
		if o := hinge(t, "inspect", file); o.status != statusDone {
			t.Errorf("inspect: %s", o.stderr)
		}
		checked++
	}
	if checked != 4 {
		t.Errorf("%d requests checked", checked)
	}
	for _, args := range [][]string{{"push-t", "--save-request", "x.yaml"}, {"nowhere.json"}} {
		if o := hinge(t, append([]string{"plan"}, args...)...); o.status != statusBadInput {
			t.Errorf("%v: status %d, %s", args, o.status, o.stderr)
		}
	}
}

// TestBadRequest: what makes no sense is bad input, with the file and the field.
func TestBadRequest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "request.json")
	spec := tinyProblem(t, "x,>=,2")
	if o := hinge(t, "plan", spec+"@2", "--save-request", file); o.status != statusDone {
		t.Fatal(o.stderr)
	}
	good := string(read(t, file))
	checked := 0
	for _, c := range []struct{ old, new, want string }{
		{`"lower":[-1]`, `"lower":[3]`, "field lower[0]: 3, above upper[0] = 1; a box must not be empty"},
		{`"lower":[-1]`, `"lower":[-1e999]`, "field lower"},
		{`"x0":[1]`, `"x0":[1,2]`, "the last layer is the next state, which has the 2 coordinates of x0"},
		{`"horizon":2`, `"horizon":-2`, "field horizon: -2"},
		{`"first":`, `"frist":`, `field constraints[0].frist: unknown; did you mean "first"?`},
		{`"relu"`, `"sigmoid"`, `gate is "sigmoid"`},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%s is not in %s", c.old, good)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := hinge(t, "plan", file)
		if o.status != statusBadInput || !strings.Contains(o.stderr, c.want) || !strings.Contains(o.stderr, file) {
			t.Errorf("%s: status %d, %s", c.new, o.status, o.stderr)
		}
		checked++
	}
	if checked == 0 {
		t.Fatal("nothing was checked")
	}
}

// TestErrorsOfSolvers: what a solver cannot do is said of the problem and the flag, not of
// the packages that find out.
func TestErrorsOfSolvers(t *testing.T) {
	disc := filepath.Join(t.TempDir(), "disc.json")
	text := `{"network":{"layers":[{"from":0,"to":2,"gates":["identity"],"weights":[1,1],"bias":[0]}]},"x0":[1],"lower":[-1],"upper":[1],` +
		`"horizon":2,"cost":[{"name":"c","norm":"disc","radius":1,"weight":1,"w":[1,0],"b":[0]}]}`
	if err := os.WriteFile(disc, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	constrained := tinyProblem(t, "x,>=,2") + "@2"
	checked := 0
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"plan", constrained, "--solver", "cem"}, "hinge: " + constrained + ", --solver cem: the problem has "},
		{[]string{"plan", disc, "--write-mps", "plan.mps"}, "hinge: --write-mps plan.mps: the cost has a term of norm disc; rows can say"},
	} {
		if o := hinge(t, c.args...); o.status != statusBadInput || !strings.HasPrefix(o.stderr, c.want) {
			t.Errorf("hinge %v: status %d, %s; it must begin %q", c.args, o.status, o.stderr, c.want)
		}
		checked++
	}
	if checked != 2 {
		t.Errorf("%d errors checked", checked)
	}
	cause := errors.New("planner: highs: unit 3: relu: too large")
	if err := plain(cause); err.Error() != "unit 3: relu: too large" || !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}
