package bench

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hinge/sparsify"
)

var tinySparsify = sparsifyStudy{
	Task: "push-t", Episodes: 12, Hidden: []int{8}, Epochs: 1, Budgets: []int{4, 2}, Methods: sparsify.MethodNames(), Seeds: 2, PlanSeeds: 1, FirstSeed: 1,
	Starts: 1, PlanTime: 20 * time.Millisecond, Loops: 1, LoopNodes: 1, LoopBudget: 2,
}

// TestSparsifyGoesOn: a study that was stopped continues with what is there, ends
// with rows of all methods and both kinds, and draws a picture.
func TestSparsifyGoesOn(t *testing.T) {
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	first := newSession(Options{Seed: 1, OnRound: func(done, _ int, _ string) {
		if done == 3 {
			cancel()
		}
	}})
	if err := tinySparsify.run(ctx, first, folder); !errors.Is(err, context.Canceled) {
		t.Fatalf("a study that was stopped ends with %v", err)
	}
	kept := filepath.Join(folder, "sparsify-1-magnitude.json")
	before, err := os.Stat(kept)
	if err != nil {
		t.Fatal("nothing was kept:", err)
	}
	s := newSession(Options{Seed: 1})
	if err := tinySparsify.run(t.Context(), s, folder); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(kept); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Error("what was finished was done again")
	}
	medians, tests := 0, 0
	for _, row := range s.report.Rows {
		switch {
		case row.Metric == "median of seeds":
			medians++
		case strings.HasPrefix(row.Metric, "p,"):
			if tests++; !(row.Ours > 0 && row.Ours <= 1) {
				t.Errorf("%s: p is %g", row.Name, row.Ours)
			}
		}
	}
	// Five methods, five figures at both budgets and the cost at the smaller one; six
	// figures of the dense model; four baselines at two budgets.
	if medians != 5*(5*2+1)+6 || tests != 4*2 {
		t.Errorf("%d medians and %d tests", medians, tests)
	}
	var b bytes.Buffer
	if err := s.report.Picture(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(&b); err != nil {
		t.Error(err)
	}
	other := tinySparsify
	other.Episodes++
	if err := other.run(t.Context(), newSession(Options{}), folder); !errors.Is(err, ErrFolder) {
		t.Errorf("another study in the same folder ends with %v", err)
	}
}
