package problems_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hinge/control"
	"hinge/milp/relu/relutest"
	"hinge/problems"
)

// saved writes a random problem with every norm, rate terms and constraints.
func saved(t *testing.T) (string, *problems.Problem) {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 5))
	p := relutest.Random(rng, relutest.Shape{Nx: 10, Nu: 1, Horizon: 3, Hidden: []int{3}, Norm: control.Hinge, Rate: true, KeepOut: true})
	list := relutest.Constrain(rng, p, 2)
	q := &problems.Problem{Step: p.Step, X0: p.X0, Before: p.Before(), Action: control.NewBox(1, -1, 1), Cost: p.Cost(), Constraints: list,
		Integer: p.Integer, Obstacles: []problems.Obstacle{{Center: [2]float64{1, 2}, Radius: .5, Enlarged: .6}}}
	path := filepath.Join(t.TempDir(), "request.json")
	if err := problems.WriteRequest(path, q, q.Before); err != nil {
		t.Fatal(err)
	}
	return path, q
}

func TestRequestIsReadAsWritten(t *testing.T) {
	path, want := saved(t)
	got, err := problems.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"weights", got.Step.Params, want.Step.Params}, {"x0", got.X0, want.X0}, {"before", got.Before, want.Before},
		{"action", got.Action, want.Action}, {"constraints", got.Constraints, want.Constraints},
		{"obstacles", got.Obstacles, want.Obstacles}, {"horizon", got.Horizon(), want.Horizon()}, {"cost", got.Cost, want.Cost},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %v, written was %v", c.name, c.got, c.want)
		}
	}
}

func TestRequestErrors(t *testing.T) {
	path, _ := saved(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, c := range []struct{ old, new, want string }{
		{`"horizon":3`, `"horizon":0`, "field horizon: 0; it must be a whole number in 1..10000"},
		{`"horizon":3`, `"horizn":3`, `field horizn: unknown; did you mean "horizon"?`},
		{`"horizon":3`, `"horizon":"three"`, "field horizon"},
		{`"horizon":3`, `"horizon":10001`, "field horizon: 10001; it must be a whole number in 1..10000"},
		{`"norm":"hinge"`, `"norm":"hing"`, `cost[0].norm: norm is "hing"`},
		{`"norm":"hinge"`, `"norm":"disc"`, "cost[0].radius: missing"},
		{`"lower":[-1]`, `"lower":[2]`, "field lower[0]: 2, above upper[0] = 1"},
		{`"lower":[-1]`, `"lower":[-1,0]`, "field upper: 1 numbers; it must be 2"},
		{`"lower":[-1]`, `"lower":[null]`, "field lower[0]: null"},
		{`"lower":[-1]`, `"lower":[]`, "field lower: empty"},
		{`"lower":[-1],`, ``, "field lower: missing"},
		{`"upper":[1]`, `"upper":[null]`, "field upper[0]: null"},
		{`"upper":[1]`, `"upper":null`, "field upper: null; it must be a list of numbers"},
		{`"upper":[1],`, ``, "field upper: missing"},
		{`"x0":[`, `"x0":[null,`, "field x0[0]: null"},
		{`"x0":[`, `"x0":[0,`, "field network.layers[1].bias: 10 numbers; the last layer is the next state, which has the 11 coordinates of x0"},
		{`"before":[`, `"before":[0,`, "field before: 2 numbers; it must be 1"},
		{`"integer":[0]`, `"integer":[1]`, "field integer[0]: 1; it must be a coordinate of an action, in 0..0"},
		{`"integer":[0]`, `"integer":[0,0]`, "field integer[1]: 0"},
		{`"integer":[0]`, `"integer":[null]`, "field integer[0]: null"},
		{`"gates":["relu"`, `"gates":["tanh"`, `layers[0].gates[0]: gate is "tanh"`},
		{`"gates":["relu"`, `"gates":[null`, `layers[0].gates[0]: null`},
		{`"gates":["identity"`, `"gates":["relu"`, "field network.layers[1].gates[0]: relu; the last layer is the next state"},
		{`"bias":[`, `"bias":[null,`, "layers[0].bias[0]: null"},
		{`"weights":[`, `"weights":[1,`, "layers[0].weights"},
		{`"weights":[`, `"weights":[null,`, "layers[0].weights[0]: null"},
		{`"weight":`, `"wight":`, `cost[0].wight: unknown; did you mean "weight"?`},
		{`"weight":`, `"terminal":false,"rate":null,"weight":`, "cost[0].rate: null; it must be true or false"},
		{`"weight":`, `"weight":-`, "cost[0].weight: -"},
		{`"b":[`, `"b":[null,`, "cost[0].b[0]: null"},
		{`"w":[`, `"w":[1,`, "cost[0].w"},
		{`"reference":[`, `"reference":[1,2,3,4,5,`, "field cost[0].reference: 35 numbers"},
		{`"time_weight":[`, `"time_weight":[1,`, "field cost[0].time_weight: 4 numbers; it must be 3"},
		{`"time_weight":[`, `"time_weight":[-`, "field cost[0].time_weight[0]: -"},
		{`{"network"`, `{"network"x`, "not JSON: "},
		{`"radius":0.5`, `"radius":-1`, "obstacles[0].radius: -1"},
		{`"radius":0.5`, `"radius":0.7`, "obstacles[0].enlarged: 0.6; it must be at least radius = 0.7"},
		{`"radius":0.5`, `"corners":[[0,0],[0,1],[1,0]]`, "obstacles[0].corners: corner 0 is no left turn"},
		{`"radius":0.5`, `"corners":[[0,0],[1,0]]`, "obstacles[0].corners: 2 of them"},
		{`"radius":0.5`, `"corners":[[0,0],[1,0],[0]]`, "obstacles[0].corners[2]: 1 numbers"},
		{`"radius":0.5`, `"corners":[[0,0],[1,0],[0,1]],"margin":-1`, "obstacles[0].margin: -1"},
		{"}\n", "} {}", "after top-level value"},
		{`"first":`, `"frst":`, `field constraints[0].frst: unknown; did you mean "first"?`},
		{`"first":`, `"last":9,"first":`, "field constraints[0].last: there twice"},
		{`"first":`, `"first":9,"frst":`, "field constraints[0].frst: unknown"},
	} {
		text := strings.Replace(string(data), c.old, c.new, 1)
		if text == string(data) {
			t.Fatalf("%s is not in the file", c.old)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := problems.Open(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v; it should name the file and say %q", c.new, err, c.want)
		}
		checked++
	}
	if checked == 0 {
		t.Fatal("nothing was checked")
	}
}

// A null is no zero, and a field that every request has is never assumed.
func TestRequestMustBeComplete(t *testing.T) {
	path, _ := saved(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, at := range [][]string{
		{"network"}, {"x0"}, {"lower"}, {"upper"}, {"horizon"}, {"cost"},
		{"network", "layers"}, {"cost", "name"}, {"cost", "norm"}, {"cost", "weight"}, {"cost", "w"}, {"cost", "b"},
		{"constraints", "name"}, {"constraints", "first"}, {"constraints", "last"}, {"constraints", "w"}, {"constraints", "b"},
		{"obstacles", "center"}, {"obstacles", "radius"}, {"obstacles", "enlarged"},
	} {
		for _, null := range []bool{false, true} {
			var v map[string]any
			if err := json.Unmarshal(data, &v); err != nil {
				t.Fatal(err)
			}
			inner, key := v, at[len(at)-1]
			for _, k := range at[:len(at)-1] {
				if list, ok := inner[k].([]any); ok {
					inner = list[0].(map[string]any)
				} else {
					inner = inner[k].(map[string]any)
				}
			}
			want := "null"
			if delete(inner, key); null {
				inner[key] = nil
			} else {
				want = "missing"
			}
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := problems.Open(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), key+": ") {
				t.Errorf("%v %s: %v", at, want, err)
			}
			checked++
		}
	}
	if checked != 40 {
		t.Errorf("%d fields checked", checked)
	}
}

// Collisions are those of keypoints and a pusher, which other states do not have.
func TestRequestWithObstaclesNeedsKeypoints(t *testing.T) {
	p := relutest.Random(rand.New(rand.NewPCG(6, 6)), relutest.Shape{Nx: 2, Nu: 1, Horizon: 2, Hidden: []int{3}})
	q := &problems.Problem{Step: p.Step, X0: p.X0, Action: control.NewBox(1, -1, 1), Cost: p.Cost(), Obstacles: []problems.Obstacle{{Radius: .5, Enlarged: .6}}}
	path := filepath.Join(t.TempDir(), "request.json")
	if err := problems.WriteRequest(path, q, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := problems.Open(path); err == nil || !strings.Contains(err.Error(), "field obstacles: 1 of them, but states have 2 coordinates") {
		t.Errorf("%v", err)
	}
}
