package problems_test

import (
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
		{`"horizon":3`, `"horizon":0`, "horizon is 0"},
		{`"horizon":3`, `"horizn":3`, `unknown field "horizn"`},
		{`"horizon":3`, `"horizon":"three"`, "field horizon"},
		{`"norm":"hinge"`, `"norm":"hing"`, `field cost[0].norm: norm is "hing"`},
		{`"lower":[-1]`, `"lower":[2]`, "box coordinate 0 is [2, 1]"},
		{`"lower":[-1]`, `"lower":[-1,0]`, "the action before the plan has 1 coordinates; it needs 2"},
		{`"gates":["relu"`, `"gates":["tanh"`, `network.layers[0].gates: gate is "tanh"`},
		{`{"network"`, `{"network"x`, "not JSON at byte"},
		{`"horizon":3`, `"horizon":10001`, "field horizon: 10001; it must be at most 10000"},
		{`"radius":0.5`, `"radius":-1`, "field obstacles[0].radius: -1, enlarged 0.6"},
		{`"radius":0.5`, `"radius":0.7`, "field obstacles[0].radius: 0.7, enlarged 0.6"},
		{`"radius":0.5`, `"corners":[[0,0],[0,1],[1,0]]`, "field obstacles[0].corners"},
		{`"radius":0.5`, `"corners":[[0,0],[1,0],[0,1]],"margin":-1`, "field obstacles[0].margin: -1"},
		{"}\n", "} {}", "more behind byte"},
		{`"first":`, `"first":9,"last":9,"frst":`, `unknown field "frst"`},
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
