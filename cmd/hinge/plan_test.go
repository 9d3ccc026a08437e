package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
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
