package bench

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hinge/dynamics"
	"hinge/report"
	"hinge/sparsify"
)

var tinySparsify = sparsifyStudy{
	Task: "push-t", Episodes: 60, Hidden: []int{8}, Epochs: 1, Budgets: []int{4, 2}, Methods: sparsify.MethodNames(), Seeds: 2, PlanSeeds: 1, FirstSeed: 1,
	Starts: 1, PlanTime: 20 * time.Millisecond, Loops: 1, LoopNodes: 1,
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
	carded := 0
	s := newSession(Options{Seed: 1, Card: func(m *dynamics.Model, d *dynamics.Dataset) error {
		carded++
		if d.Meta.Task != "push-t" || len(d.Meta.StateUnits) != d.Nx {
			t.Errorf("a card from data of %q with the units %v", d.Meta.Task, d.Meta.StateUnits)
		}
		return nil
	}})
	if err := tinySparsify.run(t.Context(), s, folder); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(kept); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Error("what was finished was done again")
	}
	// All models but those of seed 1 that were there: dense, end to end, magnitude.
	if want := 2*(1+5*2) - (1 + 2*2); carded != want {
		t.Errorf("%d models have cards, want %d", carded, want)
	}
	medians, tests := 0, 0
	for _, row := range s.report.Rows {
		switch {
		case strings.HasPrefix(row.Metric, "median of seeds"):
			medians++
		case strings.HasPrefix(row.Metric, "p,"):
			if tests++; !(row.Ours > 0 && row.Ours <= 1) {
				t.Errorf("%s: p is %g", row.Name, row.Ours)
			}
		}
	}
	// Five methods, eight figures at both budgets and of the dense model; four baselines
	// at two budgets.
	if medians != 5*8*2+8 || tests != 4*2 {
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

// TestLimitsAreTold: a median of plans that ended at the limit says so in its row and
// by a hollow dot, and the dense model is no reference there. Bars of few seeds are
// not called intervals.
func TestLimitsAreTold(t *testing.T) {
	var models []reducedModel
	for seed := range uint64(3) {
		for k, proven := range map[int]float64{12: 1, 24: 0.5} {
			models = append(models, reducedModel{Seed: seed, Method: "scratch", Budget: k, Plans: &planFigures{Proven: proven, Nodes: 10, PlanTime: 1, Cost: 1}})
		}
		models = append(models, reducedModel{Seed: seed, Method: denseMethod, Budget: 99, Plans: &planFigures{Nodes: 10, PlanTime: 1, Cost: 7}})
	}
	g := sparsifyStudy{Task: "push-t", Budgets: []int{24, 12}, Methods: []string{"scratch"}, Seeds: 10, PlanSeeds: 3}
	for _, metric := range sparsifyMetrics {
		s := newSession(Options{})
		panel := g.panel(s, metric, models)
		if want := []bool{false, metric.limited}; !slices.Equal(panel.Curves[0].Open, want) {
			t.Errorf("%s: open %v, want %v", metric.name, panel.Curves[0].Open, want)
		}
		if drawn := !math.IsNaN(panel.Curves[0].Y[1]); drawn == metric.counted {
			t.Errorf("%s: drawn %v at the limit", metric.name, drawn)
		}
		for _, row := range s.report.Rows {
			limit := metric.limited && !strings.HasPrefix(row.Name, "12")
			if strings.HasSuffix(row.Metric, "at the limit") != limit {
				t.Errorf("%s: %q", row.Name, row.Metric)
			}
		}
		if metric.name == "cost of an episode" && panel.Reference != 7 || metric.limited && panel.Reference != 0 {
			t.Errorf("%s: the reference is %g", metric.name, panel.Reference)
		}
	}
	if few := g.subtitle(); !strings.Contains(few, "plans: 3 seeds, range") || !strings.Contains(few, "medians of 10 seeds, 95 % interval") {
		t.Errorf("the picture says %q", few)
	}
	if low, high := report.MedianInterval([]float64{1, 2, 3, 4, 5, 6}[:leastForInterval]); low != 1 || high != 6 {
		t.Errorf("the interval of %d values is %g to %g", leastForInterval, low, high)
	}
}
