package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hinge/milp"
	"hinge/milp/cbc"
	"hinge/milp/highs"
)

// withHiGHS returns the environment in which the command finds HiGHS from any folder.
func withHiGHS(t *testing.T) []string {
	t.Helper()
	_, path, err := highs.Version()
	if errors.Is(err, milp.ErrUnavailable) {
		t.Skipf("SKIPPED, nothing checked: %v", err)
	}
	if err != nil { // installed wrongly: no reason to look away
		t.Fatal(err)
	}
	if filepath.Base(path) == path {
		return nil // the system's loader finds it
	}
	return []string{"HINGE_HIGHS=" + path}
}

// TestConstrainedOptima compares with optima of another solver on another encoding,
// by our search and by a generic solver.
func TestConstrainedOptima(t *testing.T) {
	env := withHiGHS(t)
	folder := filepath.Dir(outside(t, "hd-milp-plan", "dnn_hvac_3.txt"))
	checked := 0
	for _, c := range []struct {
		problem     string
		optimum     float64
		constrained bool
	}{
		{"hvac_3@1", 376059.46376, false}, {"hvac_3@2", 559825.26339, false}, {"hvac_3@3", 579075.52907, false},
		{"reservoir_3@1", 16.11183, true}, {"reservoir_3@2", 29.45509, true},
		{"reservoir_4@1", 35.10964, true}, {"reservoir_4@2", 64.87203, true},
		{"navigation_8x8@1", 11.95009, true}, {"navigation_8x8@2", 21.85550, true}, {"navigation_8x8@3", 29.79909, true},
	} {
		spec := "hd-milp-plan:" + filepath.Join(folder, c.problem)
		o := hingeIn(t, t.TempDir(), env, "plan", spec, "--solver", "highs", "--gap", "1e-6", "--json")
		if o.status != statusDone {
			t.Fatalf("%s: %s", c.problem, o.stderr)
		}
		plan := o.decode(t)
		cost, tolerance := plan["objective"].(float64), 2e-5+2e-6*c.optimum
		if math.Abs(cost-c.optimum) > tolerance || plan["verified"] != true || plan["certified"] != false {
			t.Errorf("%s: cost %.9g, the optimum is %.9g; verified %v, certified %v", c.problem, cost, c.optimum, plan["verified"], plan["certified"])
		}
		if v, has := plan["violation"]; has != c.constrained || (has && v.(float64) > 1e-5) {
			t.Errorf("%s: violation %v", c.problem, v)
		}
		checked++
		o = hingeIn(t, t.TempDir(), env, "plan", spec, "--gap", "1e-6", "--json")
		if o.status != statusDone {
			t.Fatalf("%s by bnb: %s", c.problem, o.stderr)
		}
		plan = o.decode(t)
		if v, has := plan["violation"]; has != c.constrained || (has && v.(float64) > 1e-7) || plan["verified"] != true {
			t.Errorf("%s by bnb: violation %v, verified %v", c.problem, v, plan["verified"])
		}
		if cost := plan["objective"].(float64); math.Abs(cost-c.optimum) > tolerance || plan["certified"] != true || plan["status"] != "optimal" {
			t.Errorf("%s by bnb: cost %.9g, %v", c.problem, cost, plan["status"])
		}
	}
	if checked != 10 {
		t.Errorf("%d problems checked", checked)
	}
}

// TestConstrainedOptimaOfOurs has the problems that generic solvers take seconds or
// minutes for.
func TestConstrainedOptimaOfOurs(t *testing.T) {
	folder := filepath.Dir(outside(t, "hd-milp-plan", "dnn_hvac_3.txt"))
	for problem, optimum := range map[string]float64{"hvac_3@4": 579102.61191, "reservoir_3@4": 48.78451,
		"reservoir_4@4": 110.83328, "navigation_8x8@4": 35.97583, "reservoir_3@10": 63.86442} {
		o := hinge(t, "plan", "hd-milp-plan:"+filepath.Join(folder, problem), "--gap", "1e-6", "--nodes", "1000", "--json")
		if o.status != statusDone {
			t.Fatalf("%s: %s", problem, o.stderr)
		}
		plan := o.decode(t)
		cost, bound := plan["objective"].(float64), plan["dual_bound"].(float64)
		if math.Abs(cost-optimum) > 2e-5+2e-6*optimum || bound > optimum+2e-5 || plan["certified"] != true || plan["status"] != "optimal" {
			t.Errorf("%s: cost %.9g, bound %.9g, %v; the optimum is %.9g", problem, cost, bound, plan["status"], optimum)
		}
	}
}

// A goal that no plan reaches, and one that contradicts itself, are proven
// infeasible: no error of the input.
func TestInfeasibleProblem(t *testing.T) {
	checked := 0
	for _, goal := range []string{"x,>=,3.5", "x,>=,2\nx,<=,1"} {
		spec := tinyProblem(t, goal)
		for _, solver := range []string{"bnb", "highs", "cbc"} {
			if _, err := cbc.Open(); solver == "cbc" && err != nil {
				continue
			}
			var env []string
			if solver == "highs" {
				if _, _, err := highs.Version(); err != nil {
					continue
				}
				env = withHiGHS(t)
			}
			if o := hingeIn(t, t.TempDir(), env, "plan", spec+"@2", "--solver", solver); o.status != statusInfeasible || !strings.Contains(o.stderr, "no action sequence") {
				t.Errorf("goal %q by %s: status %d, %s", goal, solver, o.status, o.stderr)
			}
			checked++
			if o := hingeIn(t, t.TempDir(), env, "plan", spec+"@3", "--solver", solver, "--json"); goal == "x,>=,3.5" && o.status != statusDone {
				t.Errorf("goal %q in three steps by %s: status %d, %s", goal, solver, o.status, o.stderr)
			}
		}
	}
	if checked < 2 {
		t.Errorf("%d checked", checked)
	}
}

// tinyProblem writes a problem of one state that starts at 1, moves by at most 1 a step
// and has the given goal. It returns its specification, but for the horizon.
func tinyProblem(t *testing.T, goal string) string {
	t.Helper()
	folder := t.TempDir()
	for kind, text := range map[string]string{
		"pvariables": "action_continuous: u, state_continuous: x", "mappings": "N0,u\nN1,x\nD2,x",
		"dnn": "D1,relu,N0,1,B0,0\nD2,linear,D1,1,N1,1,B1,0", "initial": "x,==,1",
		"constraints": "u,>=,-1\nu,<=,1", "goal": goal, "reward": "u,-1",
	} {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s_tiny.txt", kind)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return "hd-milp-plan:" + filepath.Join(folder, "tiny")
}
