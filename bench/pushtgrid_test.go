package bench

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
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

// TestGridIsProven proves the smallest instances, and lets the peers prove one.
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
	}
	conforms(t, s.report)
	provenByPeers(t, s.report, "n24_h3_sum_a")
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
	for _, class := range pushTGrid(true).classes {
		for _, name := range class.instances() {
			if _, err := openGrid(outsideData(), name); errors.Is(err, ErrNoData) {
				t.Skipf("SKIPPED, nothing checked: %v", err)
			} else if err != nil {
				t.Error(err)
			}
			known[name] = true
		}
	}
	for _, full := range []bool{false, true} {
		g := pushTGrid(full)
		for _, name := range g.sample {
			if i := slices.IndexFunc(g.classes, func(c gridClass) bool { return slices.Contains(c.instances(), name) }); i < 0 {
				t.Errorf("full %v: %s is solved by peers only", full, name)
			}
		}
	}
	if len(known) != 48 {
		t.Errorf("%d instances, want 48", len(known))
	}
}
