package bench

import (
	"errors"
	"testing"
	"time"
)

// TestHDMILPPlanIsProven proves small instances, and lets the peers prove them too.
func TestHDMILPPlanIsProven(t *testing.T) {
	s := newSession(Options{Seed: 1, Data: outsideData(), Time: 20 * time.Second})
	err := s.hdMILPPlan(t.Context(), []hdInstance{{"hvac_3@2", 559825.26339}, {"reservoir_3@2", 29.45509}, {"navigation_8x8@2", 21.85550}})
	if errors.Is(err, ErrNoData) {
		t.Skipf("SKIPPED, nothing checked: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	peers := 0
	for _, name := range []string{"highs", "cbc"} {
		if s.report.Versions[name] != notInstalled {
			peers++
		}
	}
	if len(s.report.Rows) != 3*max(1, peers) {
		t.Errorf("%d rows with %d peers", len(s.report.Rows), peers)
	}
	for _, r := range s.report.Rows {
		if r.Ours <= 0 || r.Ours > 5 || (peers > 0 && (r.Theirs == nil || *r.Theirs <= 0)) {
			t.Errorf("%+v", r)
		}
		switch r.Name {
		case "hvac_3@2", "reservoir_3@2", "navigation_8x8@2":
		default:
			t.Errorf("%s is not proven", r.Name)
		}
	}
}

func TestReadCBC(t *testing.T) {
	v, proven := readCBC([]byte("Cbc\nResult - Optimal solution found\n\nObjective value:                29.45509185\n"))
	if v != 29.45509185 || !proven {
		t.Errorf("%g, %v", v, proven)
	}
	if _, proven := readCBC([]byte("Result - Stopped on time limit\nObjective value:                31.5\n")); proven {
		t.Error("a search that was stopped is called proven")
	}
}
