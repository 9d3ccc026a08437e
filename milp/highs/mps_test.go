package highs

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hinge/milp"
)

// solveFile lets HiGHS read an MPS file and returns the optimum.
func solveFile(t *testing.T, s *Solver, path string) (optimum float64) {
	t.Helper()
	lock <- struct{}{}
	defer func() { <-lock }()
	m := object{lib: s.lib, h: s.lib.create()}
	defer s.lib.destroy(m.h)
	m.setOptions(t.Context(), milp.Options{RelGap: -1, AbsGap: -1})
	m.call("readModel", s.lib.readModel(m.h, path))
	m.call("run", s.lib.run(m.h))
	if m.err != nil {
		t.Fatal(m.err)
	}
	if s.lib.modelStatus(m.h) == modelInfeasible {
		return inf
	}
	return m.double("objective_function_value")
}

func TestReadsOurMPS(t *testing.T) {
	s := open(t)
	path := filepath.Join(t.TempDir(), "problem.mps")
	finite := 0
	for i := range 60 {
		r := rand.New(rand.NewPCG(4, uint64(i)))
		p, want := randomMIP(r)
		if i%3 == 0 {
			p, want = complementaryLP(r)
			p.Offset = 5
			want += 5
		}
		var text strings.Builder
		if err := milp.WriteMPS(&text, p); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := solveFile(t, s, path); !near(got, want) {
			t.Errorf("problem %d: the file's optimum is %g, want %g\n%s", i, got, want, text.String())
		}
		if want < inf {
			finite++
		}
	}
	if finite < 30 {
		t.Errorf("only %d of 60 problems were feasible", finite)
	}
}
