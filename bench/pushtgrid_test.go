package bench

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// outsideData returns the folder of outside data.
func outsideData() string {
	if data := os.Getenv("HINGE_DATA"); data != "" {
		return data
	}
	return filepath.Join("..", "..", "shared", "data")
}

// rowsOf returns the rows of a report by name.
func rowsOf(r Report) map[string]Row {
	rows := map[string]Row{}
	for _, row := range r.Rows {
		rows[row.Name] = row
	}
	return rows
}

// TestGridIsProven proves the smallest instances, and lets HiGHS prove one.
func TestGridIsProven(t *testing.T) {
	s := newSession(Options{Seed: 1, Data: outsideData(), Time: 20 * time.Second})
	suite := gridSuite{classes: []gridClass{{24, 1}, {24, 3}}, sample: []string{"n24_h3_sum_a"}}
	err := suite.run(t.Context(), s)
	if errors.Is(err, ErrNoData) {
		t.Skipf("SKIPPED, nothing checked: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(s.report)
	for _, name := range []string{"24 x 1", "24 x 3"} {
		if proven, good := rows[name+": proven"], rows[name+": plan as good as the best known"]; proven.Ours != 4 || good.Ours != 4 {
			t.Errorf("%s: %g of 4 proven, %g good", name, proven.Ours, good.Ours)
		}
		if r := rows[name+": geometric mean of 4"]; r.Theirs == nil || !strings.Contains(r.Peer, "another machine") {
			t.Errorf("%s: times from elsewhere: %+v", name, r)
		}
	}
	if r := rows["n24_h3_sum_a, side by side"]; s.report.Versions["highs"] == notInstalled {
		t.Log("HiGHS is not installed: the comparison is not checked")
	} else if r.Theirs == nil || *r.Theirs <= 0 || r.Peer != "highs" {
		t.Errorf("side by side: %+v", r)
	}
}

// TestGridStopsInTime: what is not proven in time has a gap below 100 %.
func TestGridStopsInTime(t *testing.T) {
	s := newSession(Options{Seed: 1, Data: outsideData(), Time: 100 * time.Millisecond})
	err := gridSuite{classes: []gridClass{{96, 5}}}.run(t.Context(), s)
	if errors.Is(err, ErrNoData) {
		t.Skipf("SKIPPED, nothing checked: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(s.report)
	if r, ok := rows["n96_h5_sum_a: open"]; !ok || !(r.Ours > 0 && r.Ours <= 100) || r.Theirs == nil {
		t.Errorf("gap: %+v, present %v", r, ok)
	}
	if r := rows["96 x 5: slowest"]; r.Ours > 2 {
		t.Errorf("the limit was .1 s, the slowest took %g", r.Ours)
	}
}

// TestGridNamesExist: every class has its instances, and the sample is among them.
func TestGridNamesExist(t *testing.T) {
	known := map[string]bool{}
	for _, class := range pushTGrid.classes {
		for _, name := range class.instances() {
			if _, err := openGrid(outsideData(), name); errors.Is(err, ErrNoData) {
				t.Skipf("SKIPPED, nothing checked: %v", err)
			} else if err != nil {
				t.Error(err)
			}
			known[name] = true
		}
	}
	for _, name := range pushTGrid.sample {
		if !known[name] {
			t.Errorf("%s is solved by HiGHS only", name)
		}
	}
	if len(known) != 48 {
		t.Errorf("%d instances, want 48", len(known))
	}
}

func TestGeometricMean(t *testing.T) {
	if g := geometricMean([]float64{1, 100}); g < 10-1e-9 || g > 10+1e-9 {
		t.Errorf("got %g, want 10", g)
	}
}
