package bench

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"hinge/milp/bound"
)

// conforms checks what readers of a report rely on: names and units, ratios that
// follow from the values, null for what was not measured, a version of everybody.
func conforms(t *testing.T, r Report) {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Rows []struct {
			Name, Peer, Metric, Unit string
			Ours, Theirs, Ratio      *float64
		}
		Machine  struct{ CPU, OS string }
		Versions map[string]string
	}
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Rows) == 0 || read.Machine.CPU == "" || read.Machine.OS == "" {
		t.Errorf("%d rows on machine %+v", len(read.Rows), read.Machine)
	}
	for _, needed := range []string{"hinge", "go"} {
		if read.Versions[needed] == "" {
			t.Errorf("no version of %s", needed)
		}
	}
	for _, row := range read.Rows {
		if row.Name == "" || row.Peer == "" || row.Metric == "" || row.Unit == "" || row.Ours == nil {
			t.Errorf("not complete: %+v", row)
		}
		if row.Ratio != nil && (row.Theirs == nil || !(*row.Ratio > 0)) {
			t.Errorf("%s: ratio %g of nothing", row.Name, *row.Ratio)
		}
		peer, _, _ := strings.Cut(row.Peer, ",")
		version, measured := read.Versions[peer]
		if slices.Contains(Peers(), peer) && !measured {
			t.Errorf("%s: no version of %s", row.Name, peer)
		}
		if version == notInstalled && row.Theirs != nil {
			t.Errorf("%s: %s is not installed and measured %g", row.Name, peer, *row.Theirs)
		}
	}
}

// provenByPeers checks that those that are installed proved a program that is easy.
func provenByPeers(t *testing.T, r Report, name string) {
	t.Helper()
	installed, proven := 0, 0
	for _, peer := range Peers() {
		if r.Versions[peer] != notInstalled {
			installed++
		}
	}
	for _, row := range r.Rows {
		if row.Name == name+", "+sharpRows.name && slices.Contains(Peers(), row.Peer) && row.Theirs != nil && *row.Theirs > 0 {
			proven++
		}
	}
	if proven != installed {
		t.Errorf("%s: %d of %d peers proved it: %+v", name, proven, installed, r.Rows)
	}
}

// randomMatch is a program we have proven.
func randomMatch(t *testing.T, s *session, seed uint64) *match {
	t.Helper()
	h := shape{nx: 3, nu: 2, horizon: 2, hidden: []int{8}}
	p, err := h.program(h.network(seed))
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := s.solveMatch(t.Context(), "random", p, tolerances{1e-4, 1e-6}, solveLimit)
	if err != nil || !m.ours.proven {
		t.Fatalf("seed %d: %+v, %v", seed, m, err)
	}
	return m
}

// Both formulations hold our plan, and ranges only become narrower.
func TestRowsHoldThePlan(t *testing.T) {
	s, narrower := newSession(Options{Seed: 1}), 0
	for seed := range uint64(20) {
		m := randomMatch(t, s, seed)
		sharp, err := sharpRows.write(m)
		if err != nil {
			t.Fatal(err)
		}
		if v := sharp.Problem.Violation(sharp.start); v > 1e-9 {
			t.Errorf("seed %d: the start breaks the rows by %g", seed, v)
		}
		if j := sharp.Problem.Objective(sharp.start); math.Abs(j-m.ours.objective) > 1e-9*(1+j) {
			t.Errorf("seed %d: the start costs %g, our plan %g", seed, j, m.ours.objective)
		}
		plain, err := plainRows.write(m)
		if err != nil {
			t.Fatal(err)
		}
		if v := plain.Problem.Violation(plain.Start(m.u, m.program.NewWorkspace())); v > 1e-9 {
			t.Errorf("seed %d: our plan breaks the interval rows by %g", seed, v)
		}
		reach, err := sharpened(m.program)
		if err != nil {
			t.Fatal(err)
		}
		loose, root := bound.Intervals(m.program), bound.New(m.program).Root()
		for i, lo := range reach.Ranges.Lower {
			hi := reach.Ranges.Upper[i]
			if lo < root.Lower[i] || hi > root.Upper[i] || root.Lower[i] < loose.Lower[i] || root.Upper[i] > loose.Upper[i] {
				t.Errorf("seed %d, unit %d: ranges widen: [%g, %g], [%g, %g], [%g, %g]", seed, i, loose.Lower[i], loose.Upper[i], root.Lower[i], root.Upper[i], lo, hi)
			}
			if hi-lo < .99*(root.Upper[i]-root.Lower[i]) {
				narrower++
			}
		}
	}
	if narrower < 50 {
		t.Errorf("sharpening narrowed %d ranges by more than a hundredth, want 50", narrower)
	}
}

// Every peer agrees with us on small programs, in both formulations, and meets the
// claims that the reports make of it.
func TestPeersAgree(t *testing.T) {
	s := newSession(Options{Seed: 1})
	peers, err := s.findPeers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(peers, func(p peerSolver) bool { return p.solve != nil }) {
		t.Skip("SKIPPED, nothing checked: no generic solver is installed; run make peers")
	}
	checked := 0
	for seed := range uint64(3) {
		m := randomMatch(t, s, seed)
		for _, f := range []formulation{plainRows, sharpRows} {
			results, err := s.play(t.Context(), m, f, peers, solvePeerLimit, func(string) {})
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range results {
				if r == nil {
					continue
				}
				checked++
				if allowed := 2e-4*m.ours.objective + 1e-5; !r.proven || math.Abs(r.objective-m.ours.objective) > allowed || math.Abs(r.bound-m.ours.objective) > allowed {
					t.Errorf("seed %d, %s, %s: %+v; we have %+v", seed, f.name, peers[i].name, r.outcome, m.ours)
				}
			}
		}
	}
	if checked == 0 {
		t.Fatal("no answer of an installed solver was compared")
	}
}

// A claim that a plan contradicts is no proof, and a plan below our bound is our error.
func TestJudge(t *testing.T) {
	m := randomMatch(t, newSession(Options{Seed: 1}), 0)
	e, err := sharpRows.write(m)
	if err != nil {
		t.Fatal(err)
	}
	r := &peerResult{outcome: outcome{proven: true, bound: m.ours.objective + .1}}
	if err := m.judge(r, e); err != nil || r.proven || r.remark() != ", wrong" {
		t.Errorf("a bound above our plan: %+v, %v", r, err)
	}
	m.ours.bound = m.ours.objective + .1
	if err := m.judge(&peerResult{x: e.start}, e); err == nil || !strings.Contains(err.Error(), "our bound") {
		t.Errorf("a plan below our bound: %v", err)
	}
}

func TestScriptAnswer(t *testing.T) {
	one := 1.0
	r, err := (&scriptAnswer{Status: "optimal", Objective: &one, Bound: &one, X: map[string]float64{"C1": 3}}).result(2)
	if err != nil || !r.proven || !slices.Equal(r.x, []float64{0, 3}) {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = (&scriptAnswer{Status: "too_large"}).result(2)
	if err != nil || r.proven || r.x != nil || r.remark() != ", too large for its licence" {
		t.Errorf("%+v, %v", r, err)
	}
	for _, bad := range []scriptAnswer{{Status: "fine"}, {Status: "limit", Objective: &one, X: map[string]float64{"C2": 0}}} {
		if _, err := bad.result(2); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

func TestGeometricMean(t *testing.T) {
	if g := geometricMean([]float64{1, 100}); g < 10-1e-9 || g > 10+1e-9 {
		t.Errorf("got %g, want 10", g)
	}
}

// Means are those of the programs that the peer solved, by class and over all; those
// of ours where it solved none.
func TestMeanRows(t *testing.T) {
	s := newSession(Options{})
	matches := []*match{{class: "a", ours: outcome{seconds: 1}}, {class: "a", ours: outcome{seconds: 4}}, {class: "b", ours: outcome{seconds: 9}}}
	results := []*peerResult{{outcome: outcome{seconds: 10, proven: true}}, {outcome: outcome{seconds: 40}}, {tooLarge: true}}
	s.meanRows(plainRows, "x", matches, func(k int) *peerResult { return results[k] })
	want := []struct {
		name, peer   string
		ours, theirs float64 // 0 for none
	}{
		{"a: geometric mean of 2, interval rows", "x, 1 open", 2, 20},
		{"b: geometric mean of 1, interval rows", "x", 9, 0},
		{"side by side: geometric mean of 2, interval rows", "x, 1 open", 2, 20},
	}
	if len(s.report.Rows) != len(want) {
		t.Fatalf("%+v", s.report.Rows)
	}
	for i, w := range want {
		r := s.report.Rows[i]
		theirs := 0.0
		if r.Theirs != nil {
			theirs = *r.Theirs
		}
		if r.Name != w.name || r.Peer != w.peer || math.Abs(r.Ours-w.ours) > 1e-9 || math.Abs(theirs-w.theirs) > 1e-9 {
			t.Errorf("%+v, want %+v", r, w)
		}
	}
}
