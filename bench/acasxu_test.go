package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"hinge/nn/file"
	"hinge/problems"
)

// acasxuData returns the instances, and skips without them.
func acasxuData(t *testing.T) []acasxuInstance {
	list, err := readACASXu(outsideData())
	if errors.Is(err, ErrNoData) {
		t.Skipf("SKIPPED, nothing checked: %v", err)
	}
	if err != nil || len(list) != 112 {
		t.Fatalf("%d instances, %v; want 112", len(list), err)
	}
	return list
}

// TestACASXuVerdicts decides two instances of every property and verdict.
func TestACASXuVerdicts(t *testing.T) {
	done := map[string]int{}
	for _, a := range acasxuData(t) {
		kind := a.property + " " + a.verdict
		if done[kind]++; done[kind] > 2 {
			continue
		}
		if right, err := a.decide(context.Background(), 1, 1); err != nil || !right {
			t.Errorf("%v is %s: not found, %v", a, a.verdict, err)
		}
	}
	if len(done) != 11 {
		t.Errorf("%d kinds of instances, want 11: %v", len(done), done)
	}
}

// TestACASXuSamples: no input may be a counterexample where there is none, and the
// program of a group must say the same about it as the property.
func TestACASXuSamples(t *testing.T) {
	judged, nets := 0, map[string]bool{}
	for _, a := range acasxuData(t) {
		if nets[a.property] && nets[a.net] {
			continue
		}
		nets[a.property], nets[a.net] = true, true
		o, err := file.LoadONNX(filepath.Join(a.folder, "ACASXU_run2a_"+a.net+"_batch_2000.onnx"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := problems.ReadProperty(filepath.Join(a.folder, a.property+".vnnlib"))
		if err != nil {
			t.Fatal(err)
		}
		programs, err := p.Programs(o.Net, o.Rounded)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 61))
		for _, q := range programs {
			x, ws := make([]float64, p.Inputs), q.NewWorkspace()
			for range 400 {
				q.Box.Sample(x, rng)
				v := q.Objective(x, ws)
				if w := p.Witness(o.Net, x); w.Margin > v+1e-12 || (v <= 0 && a.verdict == "unsat") {
					t.Fatalf("%v, which is %s: J = %g at %v, the property's margin is %g", a, a.verdict, v, x, w.Margin)
				}
				judged++
			}
		}
	}
	if judged < 10_000 {
		t.Errorf("only %d points were judged", judged)
	}
}
