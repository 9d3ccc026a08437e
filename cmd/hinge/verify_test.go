package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hinge/nn"
	"hinge/nn/file"
)

// absolute writes a network y = |x| and a property y <= limit on [-1, 2].
func absolute(t *testing.T, limit string) (net, property string) {
	t.Helper()
	n := nn.NewMLP(1, []int{2}, 1, false)
	copy(n.Weight(0), []float64{1, -1})
	copy(n.Weight(1), []float64{1, 1})
	dir := t.TempDir()
	net, property = filepath.Join(dir, "net.onnx"), filepath.Join(dir, "p.vnnlib")
	if err := file.SaveONNX(net, n, nil); err != nil {
		t.Fatal(err)
	}
	text := "(declare-const X_0 Real) (declare-const Y_0 Real) (assert (>= X_0 -1)) (assert (<= X_0 2)) (assert (<= Y_0 " + limit + "))"
	if err := os.WriteFile(property, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return net, property
}

func TestVerify(t *testing.T) {
	for limit, want := range map[string]string{"0.001": "sat", "-0.001": "unsat", "0.0": "sat or timeout"} {
		net, property := absolute(t, limit)
		results := filepath.Join(t.TempDir(), "results")
		o := hinge(t, "verify", "--net", net, "--property", property, "--results", results, "--json")
		r := o.decode(t)
		verdict := r["verdict"].(string)
		if !strings.Contains(want, verdict) || (verdict == "timeout") != (o.status == statusLimit) || (verdict != "timeout") != (o.status == statusDone) {
			t.Errorf("|x| <= %s: %v, status %d, want %s\n%s", limit, r, o.status, want, o.stderr)
		}
		for _, field := range []string{"nodes", "time_s", "cpu_s"} {
			if v, ok := r[field].(float64); !ok || v < 0 {
				t.Errorf("field %s is %v", field, r[field])
			}
		}
		line, _, _ := strings.Cut(string(read(t, results)), "\n")
		if line != verdict || (verdict == "sat") != (r["counterexample"] != nil) {
			t.Errorf("|x| <= %s: the file says %q; %v", limit, line, r)
		}
		if verdict != "sat" {
			continue
		}
		c := r["counterexample"].(map[string]any)
		x, y := c["x"].([]any)[0].(float64), c["y"].([]any)[0].(float64)
		if y != math.Abs(x) || y > .001 {
			t.Errorf("|%g| = %g is no counterexample", x, y)
		}
		if !strings.Contains(string(read(t, results)), fmt.Sprintf("((X_0 %v)\n(Y_0 %v))\n", x, y)) {
			t.Errorf("the file says\n%s", read(t, results))
		}
		if o := hinge(t, "verify", "--net", net, "--property", property); !strings.HasPrefix(o.stdout, "sat\nX_0 = ") {
			t.Error(o.stdout)
		}
	}
}

func TestVerifyStopsAtTheNodeLimit(t *testing.T) {
	net, property := outside(t, "acasxu", "ACASXU_run2a_3_3_batch_2000.onnx"), outside(t, "acasxu", "prop_9.vnnlib")
	o := hinge(t, "verify", "--net", net, "--property", property, "--nodes", "50", "--json")
	if r := o.decode(t); o.status != statusLimit || r["verdict"] != "timeout" || r["counterexample"] != nil || !strings.Contains(o.stderr, "node_limit") {
		t.Errorf("status %d, %v, %s", o.status, r, o.stderr)
	}
}

func TestVerifyRefusesBadInput(t *testing.T) {
	net, property := absolute(t, "0")
	two := filepath.Join(t.TempDir(), "two.vnnlib")
	text := strings.Replace(string(read(t, property)), "(declare-const X_0 Real)", "(declare-const X_0 Real) (declare-const X_1 Real) (assert (>= X_1 0)) (assert (<= X_1 0))", 1)
	if err := os.WriteFile(two, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"--property", property}, []string{"--net is missing"}},
		{[]string{"--net", net}, []string{"--property is missing"}},
		{[]string{"--net", "none.onnx", "--property", property}, []string{"--net none.onnx", "no such file"}},
		{[]string{"--net", net, "--property", "none.vnnlib"}, []string{"--property none.vnnlib", "no such file"}},
		{[]string{"--net", property, "--property", property}, []string{"p.vnnlib: byte"}},
		{[]string{"--net", net, "--property", net}, []string{"net.onnx"}},
		{[]string{"--net", net, "--property", two}, []string{"net.onnx", "two.vnnlib", "2 inputs and 1 outputs; the network has 1 and 1"}},
		{[]string{"--net", net, "--property", property, "--time", "-1"}, []string{"--time -1", "from 0 to"}},
		{[]string{"--net", net, "--property", property, "--workers", "0"}, []string{"--workers 0", "from 1 to"}},
		{[]string{"--net", net, "--property", property, "--nodes", "-1"}, []string{"--nodes -1", "at least 0"}},
		{[]string{"--net", net, "--property", property, "--results", "no/such/file"}, []string{"--results no/such/file", "no folder"}},
		{[]string{"--net", net, "--property", property, "extra"}, []string{"extra"}},
	} {
		o := hinge(t, append([]string{"verify"}, test.args...)...)
		if o.status != statusBadInput || o.stdout != "" {
			t.Errorf("hinge verify %v: status %d, output %q\n%s", test.args, o.status, o.stdout, o.stderr)
		}
		for _, part := range test.want {
			if !strings.Contains(o.stderr, part) {
				t.Errorf("hinge verify %v: the message does not say %q:\n%s", test.args, part, o.stderr)
			}
		}
	}
}
