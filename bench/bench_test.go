package bench

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func TestRatioIsAboveOneWhereOursIsBetter(t *testing.T) {
	for _, test := range []struct {
		ours, theirs float64
		higher       bool
		want         float64
	}{{20, 10, true, 2}, {10, 20, false, 2}, {10, 20, true, 0.5}} {
		if got := ratio(test.ours, test.theirs, test.higher); got == nil || *got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
	if ratio(0, 1, false) != nil {
		t.Error("a ratio to zero must be none")
	}
}

func TestCompareTakesTheBestRound(t *testing.T) {
	values := map[string][]float64{"ours": {3, 5, 4}, "theirs": {2, 1, 2}}
	next := func(name string) side {
		return side{name: name, measure: func(context.Context) (float64, error) {
			v := values[name][0]
			values[name] = values[name][1:]
			return v, nil
		}}
	}
	theirs := next("theirs")
	s := newSession(Options{})
	if err := s.compare(context.Background(), comparison{row: Row{Name: "x"}, higherIsBetter: true, ours: next("ours"), theirs: &theirs}); err != nil {
		t.Fatal(err)
	}
	if r := s.report.Rows[0]; r.Ours != 5 || *r.Theirs != 2 || *r.Ratio != 2.5 {
		t.Errorf("got ours %g, theirs %g, ratio %g", r.Ours, *r.Theirs, *r.Ratio)
	}
}

func TestMissingPeerIsNull(t *testing.T) {
	t.Setenv("PATH", "")
	s := newSession(Options{})
	peer, err := s.peer(context.Background(), "no_such_module", "train.py")
	if err != nil || peer != nil || s.report.Versions["no_such_module"] != notInstalled {
		t.Fatalf("peer %v, error %v, versions %v", peer, err, s.report.Versions)
	}
	one := side{measure: func(context.Context) (float64, error) { return 1, nil }}
	if err := s.compare(context.Background(), comparison{ours: one}); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(s.report.Rows[0])
	if err != nil || !strings.Contains(string(data), `"theirs":null,"ratio":null`) {
		t.Errorf("%s, %v", data, err)
	}
}

// TestWeReachTheGap: without peers there are our rows alone, and no versions of others.
func TestWeReachTheGap(t *testing.T) {
	p, err := solveShape.program(solveShape.network(1))
	if err != nil {
		t.Fatal(err)
	}
	if p.Inputs() != 6 || p.ReLUs() != 64 {
		t.Fatalf("%d inputs and %d ReLUs, want 6 and 64", p.Inputs(), p.ReLUs())
	}
	s := newSession(Options{Seed: 1, Peers: []string{}})
	if err := solveBench(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	conforms(t, s.report)
	if rows := s.report.Rows; len(rows) != 2 || rows[1].Ours != solveProblems || len(s.report.Versions) != 2 {
		t.Errorf("%+v, versions %v", rows, s.report.Versions)
	}
}

func TestEveryBenchHasASummary(t *testing.T) {
	for _, name := range Names() {
		if Summary(name) == "" {
			t.Errorf("%s has none", name)
		}
	}
}
