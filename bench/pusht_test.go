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

// TestReplanSmall runs one episode that is cut short.
func TestReplanSmall(t *testing.T) {
	s := newSession(Options{Seed: 1})
	if err := replan(t.Context(), s, 1, map[string]string{"planner.time": "0.02", "max_steps": "2"}); err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(s.report)
	if share := rows["push-t, 0.02 s a plan, 1 episodes: certified plans"]; len(rows) != 4 || share.Ours < 0 || share.Ours > 100 {
		t.Errorf("%+v", s.report.Rows)
	}
}
