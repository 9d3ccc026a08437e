package bench

import (
	"errors"
	"testing"
	"time"
)

// TestHDMILPPlanIsProven proves small instances, and lets the peers prove them too.
func TestHDMILPPlanIsProven(t *testing.T) {
	s := newSession(Options{Seed: 1, Data: outsideData(), Time: 20 * time.Second})
	list := []hdInstance{{"hvac_3@2", 559825.26339}, {"reservoir_3@2", 29.45509}, {"navigation_8x8@2", 21.85550}}
	err := s.hdMILPPlan(t.Context(), list)
	if errors.Is(err, ErrNoData) {
		t.Skipf("SKIPPED, nothing checked: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	conforms(t, s.report)
	rows := rowsOf(s.report)
	for _, h := range list {
		if r, ok := rows[h.name]; !ok || r.Ours <= 0 || r.Ours > 5 {
			t.Errorf("%s is not proven soon: %+v", h.name, r)
		}
		provenByPeers(t, s.report, h.name)
	}
}
