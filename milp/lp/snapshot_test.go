package lp

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// After Restore a solve is the one that would have followed Save, bit for bit,
// whatever was solved in between with other ranges.
func TestRestore(t *testing.T) {
	moved := 0
	for seed := range uint64(60) {
		a, b, r := newStory(seed), newStory(seed), rand.New(rand.NewPCG(12, seed))
		for range 12 {
			a.step()
			b.step()
			a.s.Solve(inf, Options{})
			b.s.Solve(inf, Options{})
			var kept Snapshot
			a.s.Save(&kept)
			b.s.Save(new(Snapshot)) // may invert
			for range 3 {
				moved += a.detour(r)
			}
			a.s.Restore(&kept)
			da, db := digest(a.s, a.s.Solve(inf, Options{})), digest(b.s, b.s.Solve(inf, Options{}))
			if !slices.Equal(da[:len(da)-len(a.p.rows)], db[:len(db)-len(b.p.rows)]) { // the ray is not part of it
				t.Fatalf("story %d: other bits after Restore", seed)
			}
		}
	}
	if moved < 500 {
		t.Errorf("only %d iterations in between", moved)
	}
}

// detour solves with a part of the range of a column and brings the old one back. It
// returns the iterations.
func (st *story) detour(r *rand.Rand) int {
	j := r.IntN(len(st.p.cost))
	lower, upper := st.s.Column(j)
	part := max(lower, min(upper, number(r)))
	st.s.SetColumn(j, part, max(part, min(upper, part+1)))
	st.s.Solve(inf, Options{})
	st.s.SetColumn(j, lower, upper)
	return st.s.Iterations
}
