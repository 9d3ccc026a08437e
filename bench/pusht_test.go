package bench

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestPushTSmall runs both parts with hardly any time.
func TestPushTSmall(t *testing.T) {
	s := newSession(Options{Seed: 1, Data: outsideData()})
	suite := pushTSuite{horizons: []pushTHorizon{{1, 2 * time.Second}}, starts: 2, instances: []int{1},
		planners: []string{"cem"}, seeds: 2, limit: 200 * time.Millisecond}
	if err := suite.sparse(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(s.report)
	if r := rows["H = 1, 2 starts: 1 % or 1 mm within 2 CPU s"]; r.Ours != 100 {
		t.Errorf("%g %% proven, want all: %+v", r.Ours, s.report.Rows)
	}
	err := suite.obstacles(t.Context(), s)
	if errors.Is(err, ErrNoData) {
		t.Skipf("SKIPPED, plans among obstacles not checked: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"instance 1, cem, seed 1, 0.2 CPU s", "instance 1, cem, seed 2, 0.2 CPU s"} {
		r, ok := rowsOf(s.report)[name]
		if !ok || !(r.Ours > 0) || r.Theirs == nil || !strings.HasPrefix(r.Peer, "published") {
			t.Errorf("%s: %+v, present %v", name, r, ok)
		}
	}
}

// TestReplanSmall runs one episode that is cut short, and plans its second step again.
func TestReplanSmall(t *testing.T) {
	s := newSession(Options{Seed: 1})
	if err := replan(t.Context(), s, 1, map[string]string{"planner.time": "0.2", "max_steps": "2"}); err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(s.report)
	for _, name := range []string{"certified", "confined"} {
		if r, ok := rows["push-t, 0.2 s a plan, 1 episodes: "+name+" plans"]; !ok || r.Ours < 0 || r.Ours > 100 {
			t.Errorf("%s plans: %+v, present %v", name, r, ok)
		}
	}
	for _, start := range replayStarts {
		if r := rows["the same plans "+start+": proof"]; !(r.Ours >= 1) { // the row of nodes comes last
			t.Errorf("proofs %s: %+v", start, r)
		}
	}
}
