package problems

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hinge/control"
)

// network returns a small network file of the given widths.
func network(widths ...int) map[string]any {
	var layers []any
	for i, out := range widths[1:] {
		in := widths[i]
		w, b := make([][]float64, out), make([]float64, out)
		for r := range w {
			w[r] = make([]float64, in)
			for c := range w[r] {
				w[r][c] = 0.1 * float64((r+2*c)%5-2)
			}
		}
		layers = append(layers, map[string]any{"out": out, "in": in, "W": w, "b": b})
	}
	return map[string]any{"layers": layers}
}

func grid() map[string]any {
	return map[string]any{
		"network": "net.json", "H": 2, "cost": "sum", "action_box": []float64{-0.25, 0.25},
		"s0": make([]float64, 8), "p0": []float64{1, 1}, "target": make([]float64, 8),
		"best_known": 1.5, "best_bound": 1, "optimum": 1.5, "best_actions": [][]float64{{0, 0}, {0.1, 0.1}},
	}
}

func instance(id int) map[string]any {
	acts := make([][]float64, 20)
	for i := range acts {
		acts[i] = []float64{0.1, 0.1}
	}
	return map[string]any{
		"id": id, "s0": make([]float64, 8), "p0": []float64{1, 1}, "target": make([]float64, 8),
		"obstacles": []any{map[string]any{"c": []float64{3, 3}, "r": 0.3, "r_enlarged": 0.42}},
		"methods":   map[string]any{"A": map[string]any{"acts": acts, "recomputed_cost": 3.0, "recomputed_raw_penalty": 0}},
	}
}

// write puts v into a file as JSON; a string is written as it is.
func write(t testing.TB, path string, v any) {
	t.Helper()
	data, ok := v.(string)
	if !ok {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		data = string(raw)
	}
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// with returns v with the field at the path of keys replaced; nil removes it.
func with(v map[string]any, value any, path ...any) map[string]any {
	var node any = v
	for _, key := range path[:len(path)-1] {
		switch k := key.(type) {
		case string:
			node = node.(map[string]any)[k]
		case int:
			node = node.([]any)[k]
		}
	}
	last := path[len(path)-1].(string)
	if value == nil {
		delete(node.(map[string]any), last)
	} else {
		node.(map[string]any)[last] = value
	}
	return v
}

func TestGridFilesAreChecked(t *testing.T) {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	for what, c := range map[string]struct {
		file any
		want []string
	}{
		"no JSON":           {"{", []string{"grid.json", "not JSON", "object"}},
		"empty":             {"", []string{"grid.json", "not JSON"}},
		"list":              {"[]", []string{"grid.json", "kind array", "object"}},
		"null":              {"null", []string{"grid.json", "null"}},
		"no network":        {with(grid(), nil, "network"), []string{"field network", "missing", "string"}},
		"network a number":  {with(grid(), 3, "network"), []string{"field network", "3", "string"}},
		"network null":      {with(grid(), raw("null"), "network"), []string{"field network", "null", "string"}},
		"absolute network":  {with(grid(), "/net.json", "network"), []string{"field network", `"/net.json"`, "relative"}},
		"missing network":   {with(grid(), "none.json", "network"), []string{"grid.json", "none.json"}},
		"short s0":          {with(grid(), []float64{1, 2}, "s0"), []string{"field s0", "2 numbers", "8"}},
		"s0 of null":        {with(grid(), raw("[0,0,null,0,0,0,0,0]"), "s0"), []string{":1:", "field s0[2]: null", "finite"}},
		"s0 too large":      {with(grid(), raw("[1e400,0,0,0,0,0,0,0]"), "s0"), []string{"field s0[0]: 1e400", "finite"}},
		"s0 of text":        {with(grid(), []string{"NaN", "0", "0", "0", "0", "0", "0", "0"}, "s0"), []string{"field s0", `"NaN"`, "finite"}},
		"s0 an object":      {with(grid(), raw("{}"), "s0"), []string{"field s0", "{}", "list of numbers"}},
		"nested s0":         {with(grid(), [][]float64{{0, 0, 0, 0, 0, 0, 0, 0}}, "s0"), []string{"field s0[0]: [0"}},
		"no target":         {with(grid(), nil, "target"), []string{"field target", "missing"}},
		"H zero":            {with(grid(), 0, "H"), []string{"field H", "0", "1..10000"}},
		"H of a fraction":   {with(grid(), 2.5, "H"), []string{"field H", "2.5", "whole"}},
		"H too large":       {with(grid(), raw("99999999999999999999"), "H"), []string{"field H", "99999", "whole"}},
		"cost unknown":      {with(grid(), "mean", "cost"), []string{"field cost", `"mean"`, `"final"`, `"sum"`}},
		"box upside down":   {with(grid(), []float64{1, -1}, "action_box"), []string{"field action_box", "[1, -1]", "lower"}},
		"box of three":      {with(grid(), []float64{1, 2, 3}, "action_box"), []string{"field action_box", "3 numbers", "2"}},
		"actions short":     {with(grid(), [][]float64{{0, 0}}, "best_actions"), []string{"field best_actions", "1 rows", "2 rows of 2"}},
		"actions ragged":    {with(grid(), [][]float64{{0, 0}, {0}}, "best_actions"), []string{"field best_actions[1]", "1 numbers", "2"}},
		"actions flat":      {with(grid(), []float64{0, 0}, "best_actions"), []string{"field best_actions[0]: 0;", "list of numbers"}},
		"bound missing":     {with(grid(), nil, "best_bound"), []string{"field best_bound", "missing"}},
		"best known a text": {with(grid(), "1.5", "best_known"), []string{"field best_known", `"1.5"`, "number"}},
	} {
		folder := t.TempDir()
		write(t, filepath.Join(folder, "net.json"), network(10, 3, 8))
		path := filepath.Join(folder, "grid.json")
		write(t, path, c.file)
		_, err := Open("push-t-grid:" + path)
		assertMessage(t, what, err, append(c.want, path)...)
	}
}

func TestNetworkFilesAreChecked(t *testing.T) {
	large := network(10, 3, 8)
	large["layers"].([]any)[0].(map[string]any)["b"] = json.RawMessage("[0,1e999,0]")
	for what, c := range map[string]struct {
		net  any
		want []string
	}{
		"no layers":       {map[string]any{}, []string{"field layers", "missing"}},
		"empty layers":    {map[string]any{"layers": []any{}}, []string{"field layers", "empty"}},
		"layers a number": {map[string]any{"layers": 3}, []string{"field layers", "kind number", "list"}},
		"layer null":      {`{"layers": [null]}`, []string{"field layers[0]: it is of kind null", "object"}},
		"9 inputs":        {network(9, 3, 8), []string{"field layers[0].in: ", "9", "10"}},
		"7 outputs":       {network(10, 3, 7), []string{"field layers[1].out: ", "7", "8 outputs"}},
		"broken chain":    {with(network(10, 3, 8), 4, "layers", 1, "in"), []string{"field layers[1].in: 4", "3 values"}},
		"no in":           {with(network(10, 3, 8), nil, "layers", 1, "in"), []string{"field layers[1].in: missing"}},
		"short W":         {with(network(10, 3, 8), [][]float64{{1}}, "layers", 0, "W"), []string{"field layers[0].W: 1 rows", "3 rows of 10"}},
		"ragged W":        {with(network(10, 2, 8), [][]float64{make([]float64, 10), {1}}, "layers", 0, "W"), []string{"field layers[0].W[1]: ", "1 numbers", "10"}},
		"short b":         {with(network(10, 3, 8), []float64{1}, "layers", 0, "b"), []string{"field layers[0].b: 1 numbers", "3"}},
		"too large":       {large, []string{"field layers[0].b[1]: 1e999", "finite"}},
		"overflow": {with(network(10, 1, 8), [][]float64{{1e308, 1e308, 1e308, 1e308, 1e308, 1e308, 1e308, 1e308, 1, 1}}, "layers", 0, "W"),
			[]string{"layer 0", "-Inf", "finite", "too large"}},
		"giant": {with(network(10, 3, 8), 1<<20, "layers", 0, "out"), []string{"field layers[0].out: 1048576", "65536"}},
	} {
		folder := t.TempDir()
		write(t, filepath.Join(folder, "net.json"), c.net)
		path := filepath.Join(folder, "grid.json")
		write(t, path, grid())
		_, err := Open("push-t-grid:" + path)
		assertMessage(t, what, err, append(c.want, "net.json")...)
	}
}

func TestPushTFilesAreChecked(t *testing.T) {
	for what, c := range map[string]struct {
		list any
		k    int
		want []string
	}{
		"an object":       {instance(0), 0, []string{"kind object", "list"}},
		"out of range":    {[]any{instance(0), instance(4)}, 2, []string{"instance 2", "there are 2", "0..1", "[0 4]"}},
		"no start":        {[]any{with(instance(0), nil, "s0")}, 0, []string{"field [0].s0: missing"}},
		"no obstacles":    {[]any{with(instance(0), nil, "obstacles")}, 0, []string{"field [0].obstacles: missing"}},
		"obstacle of 3":   {[]any{with(instance(0), []float64{1, 2, 3}, "obstacles", 0, "c")}, 0, []string{"field [0].obstacles[0].c: ", "3 numbers"}},
		"negative radius": {[]any{with(instance(0), -1, "obstacles", 0, "r")}, 0, []string{"field [0].obstacles[0].r: -1", "positive"}},
		"shrunk radius":   {[]any{with(instance(0), 0.1, "obstacles", 0, "r_enlarged")}, 0, []string{"field [0].obstacles[0].r_enlarged: 0.1", "0.3"}},
		"id a text":       {[]any{with(instance(0), "0", "id")}, 0, []string{"field [0].id: ", `"0"`, "whole"}},
		"methods a list":  {[]any{with(instance(0), []any{}, "methods")}, 0, []string{"field [0].methods: it is of kind array", "object"}},
		"short acts": {[]any{with(instance(0), [][]float64{{0, 0}}, "methods", "A", "acts")}, 0,
			[]string{"field [0].methods.A.acts: ", "20 rows of 2"}},
	} {
		folder := t.TempDir()
		write(t, filepath.Join(folder, "dynamics.json"), network(10, 3, 8))
		path := filepath.Join(folder, "instances.json")
		write(t, path, c.list)
		_, err := Open(fmt.Sprintf("push-t:%s#%d", path, c.k))
		assertMessage(t, what, err, append(c.want, path)...)
	}
}

func TestPushTChoosesByIDThenByPosition(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "dynamics.json"), network(10, 3, 8))
	path := filepath.Join(folder, "instances.json")
	marked := func(id, mark int) map[string]any { return with(instance(id), []float64{float64(mark), 0}, "p0") }
	noID := with(marked(0, 3), nil, "id")
	delete(noID, "methods")
	write(t, path, []any{marked(2, 1), marked(0, 2), noID})
	for k, want := range []float64{2, 2, 1} { // id 0; position 1; id 2
		p, err := Open(fmt.Sprintf("push-t:%s#%d", path, k))
		if err != nil {
			t.Fatal(err)
		}
		if p.X0[8] != want {
			t.Errorf("#%d is instance %g, want %g", k, p.X0[8], want)
		}
		if !strings.HasSuffix(p.Name, fmt.Sprintf("instances.json#%d", k)) {
			t.Errorf("name %q", p.Name)
		}
	}
}

// FuzzPushTGrid and its sibling: whatever a file holds, the answer is a problem
// that validates or an error that names the file.
func FuzzPushTGrid(f *testing.F) {
	seed, err := json.Marshal(grid())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"H": 1e400}`))
	f.Add([]byte(`{"network": "net.json", "s0": [1e308, 0, 0, 0, 0, 0, 0, 0], "p0": [null, 1]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, _, err := parsePushTGrid("grid.json", data)
		checkParsed(t, p, err)
	})
}

func FuzzPushT(f *testing.F) {
	seed, err := json.Marshal([]any{instance(0), instance(1)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed, 0)
	f.Add(seed, 7)
	f.Add([]byte(`[{"id": 0, "s0": "x"}]`), 0)
	f.Fuzz(func(t *testing.T, data []byte, k int) {
		if k < 0 {
			t.Skip("a specification has no negative instance")
		}
		p, err := parsePushT("instances.json", data, k)
		checkParsed(t, p, err)
	})
}

func FuzzNetwork(f *testing.F) {
	seed, err := json.Marshal(network(10, 2, 8))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"layers": [{"out": 65536, "in": 10, "W": [], "b": []}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		net, err := parseNetwork("net.json", data, netIn, keypoint2)
		if err != nil {
			assertMessage(t, "network", err, "net.json")
			return
		}
		p := Problem{}
		if err := p.setDynamics("net.json", net); err != nil {
			assertMessage(t, "network", err, "net.json")
		} else if err := p.Step.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}

func checkParsed(t *testing.T, p *Problem, err error) {
	t.Helper()
	if err != nil {
		if !strings.Contains(err.Error(), ".json") {
			t.Fatalf("error %q names no file", err)
		}
		return
	}
	if err := p.Cost.Validate(); err != nil {
		t.Fatalf("the cost does not validate: %v", err)
	}
	if err := p.Action.Validate(); err != nil {
		t.Fatalf("the box does not validate: %v", err)
	}
	if len(p.X0) != stateDim {
		t.Fatalf("start state of %d", len(p.X0))
	}
}

// FuzzRequest: whatever a file says, there is an error or a problem that can be planned.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"network":{"layers":[{"from":0,"to":2,"gates":["relu"],"weights":[1,1],"bias":[0]},{"from":2,"to":3,"gates":["identity"],` +
		`"weights":[1],"bias":[0]}]},"x0":[1],"lower":[-1],"upper":[1],"horizon":2,"cost":[{"name":"c","norm":"hinge","weight":1,"w":[1,0],"b":[0]}],` +
		`"constraints":[{"name":"k","first":0,"last":1,"w":[1,0,1],"b":[-9]}],"integer":[0],"obstacles":[]}`))
	f.Add([]byte(`{"x0":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parseRequest("file.json", data)
		if err == nil && (p.Step == nil || p.Cost.Validate() != nil || p.Action.Validate() != nil) {
			t.Errorf("a problem that makes no sense: %+v", p)
		}
		if err == nil && len(p.Obstacles) > 0 {
			p.Collisions(control.NewTrajectory(len(p.X0), len(p.Action.Lower), 1))
		}
	})
}
