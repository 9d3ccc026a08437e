package main

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hinge/dynamics"
	"hinge/nn"
	"hinge/nn/file"
)

// TestConvertThereAndBack: the model that comes back is a model, and steps alike.
func TestConvertThereAndBack(t *testing.T) {
	dir := t.TempDir()
	onnx, back := filepath.Join(dir, "m.onnx"), filepath.Join(dir, "back.safetensors")
	o := hinge(t, "convert", model, onnx, "--json")
	r := o.decode(t)
	if o.status != statusDone || o.stderr != "" || r["exact"] != true || r["relus"] != 8.0 || r["max_difference"].(float64) > 1e-12 {
		t.Fatalf("status %d, %v\n%s", o.status, r, o.stderr)
	}
	if o := hinge(t, "convert", onnx, back); o.status != statusDone || !strings.Contains(o.stdout, "8 ReLUs") || !strings.HasSuffix(o.stdout, back+"\n") {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	want, err := dynamics.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	got, err := dynamics.Load(back)
	if err != nil {
		t.Fatal(err)
	}
	step := filepath.Join(dir, "step.onnx")
	if o := hinge(t, "convert", model, step, "--step", "--json"); o.status != statusDone || o.decode(t)["exact"] != false {
		t.Fatalf("status %d, %s%s", o.status, o.stdout, o.stderr)
	}
	whole, err := file.LoadONNX(step)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 0))
	nx, nu := want.Dims()
	v, a, b, c := make([]float64, nx+nu), make([]float64, nx), make([]float64, nx), make([]float64, nx)
	for range 50 {
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		want.Step(a, v[:nx], v[nx:])
		got.Step(b, v[:nx], v[nx:])
		whole.Net.Forward(c, v, whole.Net.NewWorkspace())
		for i := range a {
			if tol := 1e-9 * (1 + math.Abs(a[i])); math.Abs(a[i]-b[i]) > tol || math.Abs(a[i]-c[i]) > tol {
				t.Fatalf("coordinate %d is %g, by the step network %g, want %g", i, b[i], c[i], a[i])
			}
		}
	}
	if got.Meta.Task != want.Meta.Task || len(whole.Meta) != 0 {
		t.Errorf("task %q, metadata of the step %q", got.Meta.Task, whole.Meta)
	}
}

// TestConvertGates goes through files of networks with all gates and windows.
func TestConvertGates(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.safetensors"), filepath.Join(dir, "out.onnx")
	rng := rand.New(rand.NewPCG(1, 0))
	n := nn.New(3, []nn.Layer{
		{From: 0, To: 3, Out: 6, Gates: []nn.Gate{nn.ReLU, nn.Identity, nn.Zero, nn.ReLU, nn.Identity, nn.ReLU}},
		{From: 1, To: 7, Out: 4},
		{From: 0, To: 13, Out: 3, Gates: []nn.Gate{nn.Identity, nn.ReLU, nn.Identity}},
	})
	for i := range n.Params {
		n.Params[i] = rng.NormFloat64()
	}
	if err := file.Save(in, n, map[string]string{"note": "x"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args        []string
		exact       bool
		least, most float64 // of the difference
	}{
		{nil, true, 0, 1e-12}, {[]string{"--float32"}, false, 1e-10, 1e-5},
	} {
		r := hinge(t, append([]string{"convert", in, out, "--json"}, c.args...)...).decode(t)
		if r["exact"] != c.exact || r["max_difference"].(float64) > c.most || r["max_difference"].(float64) < c.least || r["outputs"] != 3.0 {
			t.Errorf("%v: %v", c.args, r)
		}
		o, err := file.LoadONNX(out)
		if err != nil {
			t.Fatal(err)
		}
		x, y, z := []float64{0.3, -0.2, 0.9}, make([]float64, 3), make([]float64, 3)
		n.Forward(y, x, n.NewWorkspace())
		o.Net.Forward(z, x, o.Net.NewWorkspace())
		for i := range y {
			if d := math.Abs(y[i] - z[i]); d > 1e-5 || (c.exact && d > 1e-12) {
				t.Errorf("%v: output %d is %g, want %g", c.args, i, z[i], y[i])
			}
		}
	}
	facts := map[string]any{}
	for _, f := range hinge(t, "inspect", out, "--json").decode(t)["facts"].([]any) {
		facts[f.(map[string]any)["name"].(string)] = f.(map[string]any)["value"]
	}
	if facts["inputs"] != 3.0 || facts["relus"] != 8.0 || facts["opset"] != 13.0 || !slices.Equal(facts["metadata"].([]any), []any{"note"}) {
		t.Errorf("inspect says %v", facts)
	}
	if o := hinge(t, "inspect", in); o.status != statusDone || !strings.Contains(o.stdout, "network "+in) {
		t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
}

func TestConvertBadInput(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := filepath.Join(dir, "good.onnx")
	if o := hinge(t, "convert", model, good); o.status != statusDone {
		t.Fatal(o.stderr)
	}
	cut := write("cut.onnx", string(read(t, good)[:300]))
	property := write("p.vnnlib", "(declare-const X_0 Real)\n(declare-const Y_0 Real)\n(assert (<= X_1 0))")
	large := nn.NewMLP(1, nil, 1, false)
	large.Params[0] = 1e300
	big := filepath.Join(dir, "big.safetensors")
	if err := file.Save(big, large, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"convert", model}, []string{"argument 2 is missing", ".onnx"}},
		{[]string{"convert", model, "out.safetensors"}, []string{"OUT out.safetensors", "must end in .onnx"}},
		{[]string{"convert", data, "out.onnx"}, []string{"IN", "data.npz", ".safetensors or .onnx"}},
		{[]string{"convert", "none.onnx", "out.safetensors"}, []string{"IN none.onnx", "no such file"}},
		{[]string{"convert", model, "no/such/out.onnx"}, []string{"no folder no/such"}},
		{[]string{"convert", cut, "out.safetensors"}, []string{"cut.onnx", "byte ", "truncated"}},
		{[]string{"convert", good, "out.safetensors", "--step"}, []string{"--step", "good.onnx", "normalisers"}},
		{[]string{"convert", big, "out.onnx", "--step"}, []string{"--step", "big.safetensors", "a dynamics model has"}},
		{[]string{"convert", big, "out.onnx", "--float32"}, []string{"--float32", "big.safetensors", "weight (0, 0) is +Inf", "finite"}},
		{[]string{"inspect", cut}, []string{"cut.onnx", "truncated"}},
		{[]string{"inspect", property}, []string{"p.vnnlib:3:13", "variable X_1", "X_0 to X_0"}},
	} {
		o := hinge(t, c.args...)
		if o.status != statusBadInput || o.stdout != "" {
			t.Errorf("hinge %v: status %d, %q", c.args, o.status, o.stdout)
		}
		for _, part := range c.want {
			if !strings.Contains(o.stderr, part) {
				t.Errorf("hinge %v: the message does not say %q:\n%s", c.args, part, o.stderr)
			}
		}
	}
}
