package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hinge/control"
	"hinge/milp/relu/relutest"
	"hinge/nn"
	"hinge/nn/file"
	"hinge/planner"
	"hinge/problems"
)

// impatient runs the command in this process and has it show progress as often as it can.
func impatient(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := newApp(&stdout, &stderr)
	a.pace = pace{tick: time.Millisecond}
	status := a.execute(context.Background(), args)
	return outcome{status, stdout.String(), stderr.String()}
}

// hard writes a problem that no search of a few hundred nodes closes.
func hard(t *testing.T) string {
	t.Helper()
	p := relutest.Random(rand.New(rand.NewPCG(3, 3)), relutest.Shape{Nx: 4, Nu: 2, Horizon: 4, Hidden: []int{24}, Norm: control.L1})
	path := filepath.Join(t.TempDir(), "request.json")
	q := &problems.Problem{Step: p.Step, X0: p.X0, Action: control.NewBox(2, -1, 1), Cost: p.Cost()}
	if err := problems.WriteRequest(path, q, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// Searches and checks say how far they are, with a time limit or without.
func TestSearchesShowProgress(t *testing.T) {
	problem, proof := hard(t), filepath.Join(t.TempDir(), "proof.json")
	net, property := hardProperty(t)
	checked := 0
	for _, c := range []struct {
		args []string
		want string // a line of standard error
	}{
		{[]string{"plan", problem, "--nodes", "1000", "--certificate", proof}, `(?m)^plan: after 0 s, optimum in \[-?[0-9.e-]+, [0-9.]+\], \d+ nodes$`},
		{[]string{"plan", problem, "--nodes", "1500", "--time", "60"}, `(?m)^plan: 0 of 60 seconds after 0 s, optimum in \[-?[0-9.e-]+, [0-9.]+\], \d+ nodes$`},
		{[]string{"plan", problem, "--solver", "cem", "--time", "0.5"}, `(?m)^plan: after 0 s$`},
		{[]string{"check", proof}, `(?m)^check: after 0 s, \d+ leaves$`},
		{[]string{"verify", "--net", net, "--property", property, "--nodes", "2000"}, `(?m)^verify: after 0 s, \d+ nodes, \d+ open$`},
	} {
		o := impatient(t, c.args...)
		if o.status != statusDone && o.status != statusLimit {
			t.Fatalf("hinge %v: status %d, %s", c.args, o.status, o.stderr)
		}
		if !regexp.MustCompile(c.want).MatchString(o.stderr) {
			t.Errorf("hinge %v: standard error has no line %s:\n%.2000s", c.args, c.want, o.stderr)
		}
		if o := impatient(t, append(c.args, "--json")...); strings.Contains(o.stderr, c.args[0]+":") {
			t.Errorf("hinge %v --json shows progress:\n%.2000s", c.args, o.stderr)
		}
		checked++
	}
	if checked != 5 {
		t.Errorf("%d commands checked", checked)
	}
}

// hardProperty writes a network and a property that hundreds of nodes do not decide.
func hardProperty(t *testing.T) (net, property string) {
	t.Helper()
	const inputs = 6
	dir := t.TempDir()
	net, property = filepath.Join(dir, "net.onnx"), filepath.Join(dir, "p.vnnlib")
	n := nn.NewMLP(inputs, []int{64, 64, 64}, 1, false)
	rng := rand.New(rand.NewPCG(4, 4))
	for i := range n.Params {
		n.Params[i] = rng.NormFloat64()
	}
	if err := file.SaveONNX(net, n, nil); err != nil {
		t.Fatal(err)
	}
	least, ws, x, y := 0.0, n.NewWorkspace(), make([]float64, inputs), make([]float64, 1)
	for range 20_000 {
		for i := range x {
			x[i] = 2*rng.Float64() - 1
		}
		n.Forward(y, x, ws)
		least = min(least, y[0])
	}
	text := fmt.Sprintf("(declare-const Y_0 Real) (assert (<= Y_0 %.6f))\n", 1.3*least)
	for i := range inputs {
		text = fmt.Sprintf("(declare-const X_%d Real) (assert (>= X_%d -1)) (assert (<= X_%d 1))\n", i, i, i) + text
	}
	if err := os.WriteFile(property, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return net, property
}

func TestSearchNote(t *testing.T) {
	for want, p := range map[string]*planner.Progress{
		"":                                   nil,
		"optimum in (-inf, inf), 3 nodes":    {PrimalBound: math.Inf(1), DualBound: math.Inf(-1), NodeCount: 3},
		"optimum in (-inf, 2.5], 4 nodes":    {PrimalBound: 2.5, DualBound: math.Inf(-1), NodeCount: 4},
		"optimum in [1, inf), 5 nodes":       {PrimalBound: math.Inf(1), DualBound: 1, NodeCount: 5},
		"optimum in [1.2346, 2.5], 60 nodes": {PrimalBound: 2.5, DualBound: 1.23456, NodeCount: 60},
	} {
		if got := searchNote(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What takes a moment shows nothing, and a terminal is left as it was.
func TestProgressIsQuietAndLeavesNothing(t *testing.T) {
	var stderr bytes.Buffer
	a := newApp(&bytes.Buffer{}, &stderr)
	p := a.progress("plan", "", 0)
	p.terminal = true
	p.set(1, "cost 2")
	if stderr.Len() > 0 {
		t.Errorf("shown after no time: %q", stderr.String())
	}
	p.start = p.start.Add(-3 * time.Second)
	p.set(1, "cost 2")
	p.finish()
	if got, want := stderr.String(), "\r\x1b[Kplan: after 3 s, cost 2\r\x1b[K"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
