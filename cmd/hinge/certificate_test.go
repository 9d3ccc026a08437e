package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlanCertificates: what plan --certificate writes for problems of every kind is
// accepted by check, for the bound that the plan has: closed by splitting actions (48
// units) or phases (24), cut short, and by stages (24 x 10).
func TestPlanCertificates(t *testing.T) {
	checked := 0
	for _, test := range []struct{ name, nodes string }{
		{"n24_h1_sum_a", "0"}, {"n24_h3_sum_a", "0"}, {"n24_h3_final_b", "0"}, {"n24_h5_sum_a", "0"}, {"n24_h5_final_a", "0"},
		{"n48_h3_final_a", "0"}, {"n48_h3_sum_a", "300"}, {"n96_h1_sum_b", "0"}, {"n24_h10_final_b", "2000"},
	} {
		spec := "push-t-grid:" + outside(t, "push-t-grid", "instances", test.name+".json")
		checkPlan(t, spec, "plan", spec, "--nodes", test.nodes)
		checked++
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

// TestScenarioCertificate does so for a scenario, from its start.
func TestScenarioCertificate(t *testing.T) {
	checkPlan(t, "push-t", "plan", "push-t", "--nodes", "6000")
}

// TestConstrainedCertificates does so for programs with hard constraints.
func TestConstrainedCertificates(t *testing.T) {
	folder := filepath.Dir(outside(t, "hd-milp-plan", "dnn_hvac_3.txt"))
	for _, name := range []string{"navigation_8x8@4", "reservoir_3@4", "reservoir_4@3"} {
		spec := "hd-milp-plan:" + filepath.Join(folder, name)
		checkPlan(t, spec, "plan", spec, "--gap", "1e-6")
	}
}

// TestInfeasibleCertificate: that there is no plan can be proven to others.
func TestInfeasibleCertificate(t *testing.T) {
	spec, file := tinyProblem(t, "x,>=,3.5")+"@2", filepath.Join(t.TempDir(), "none.json")
	if o := hinge(t, "plan", spec, "--certificate", file); o.status != statusInfeasible {
		t.Fatalf("status %d: %s", o.status, o.stderr)
	}
	o := hinge(t, "check", file, "--problem", spec, "--json")
	if o.status != statusDone {
		t.Fatalf("status %d: %s", o.status, o.stderr)
	}
	if c := o.decode(t); c["valid"] != true || c["infeasible"] != true || c["dual_bound"] != nil || c["objective"] != nil {
		t.Errorf("check says %v", c)
	}
	if o := hinge(t, "check", file, "--problem", tinyProblem(t, "x,>=,2.5")+"@2"); o.status != statusInfeasible || !strings.Contains(o.stderr, "program.constraints") {
		t.Errorf("of another goal: status %d, %s", o.status, o.stderr)
	}
	if o := hinge(t, "inspect", file); o.status != statusDone || !strings.Contains(o.stdout, "no plan") {
		t.Errorf("inspect: %s%s", o.stdout, o.stderr)
	}
}

func checkPlan(t *testing.T, problem string, args ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plan.json.gz")
	o := hinge(t, append(args, "--certificate", file, "--json")...)
	if o.status != statusDone {
		t.Fatalf("%v: %s", args, o.stderr)
	}
	plan := o.decode(t)
	if plan["certificate"] != file || plan["certificate_bound"] != plan["dual_bound"] {
		t.Errorf("%v: certificate %v proves %v; the dual bound is %v", args, plan["certificate"], plan["certificate_bound"], plan["dual_bound"])
	}
	o = hinge(t, "check", file, "--problem", problem, "--json")
	if o.status != statusDone {
		t.Fatalf("%v: %s%s", args, o.stdout, o.stderr)
	}
	c := o.decode(t)
	if c["valid"] != true || c["dual_bound"] != plan["certificate_bound"] || c["leaves"].(float64) < 1 {
		t.Errorf("%v: check says %v", args, c)
	}
	p, q := c["objective"].(float64), plan["objective"].(float64)
	if !(math.Abs(p-q) <= 1e-6*(1+math.Abs(q))) {
		t.Errorf("%v: the certificate says that the plan costs %v; it is %v", args, p, q)
	}
	if o := hinge(t, "inspect", file, "--json"); o.status != statusDone || o.decode(t)["kind"] != "certificate" {
		t.Errorf("inspect: %s%s", o.stdout, o.stderr)
	}
}

// TestNoCertificate: other solvers write none, and there is a message.
func TestNoCertificate(t *testing.T) {
	o := hinge(t, "plan", "push-t", "--solver", "cem", "--certificate", "c.json")
	if o.status != statusBadInput {
		t.Errorf("status %d: %s", o.status, o.stderr)
	}
	o = hinge(t, "plan", "push-t", "--certificate", "nowhere/c.json")
	if o.status != statusBadInput {
		t.Errorf("status %d: %s", o.status, o.stderr)
	}
}
