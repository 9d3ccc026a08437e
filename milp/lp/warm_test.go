package lp

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// story changes a program and its solver in the same random way, step by step.
type story struct {
	r      *rand.Rand
	p      *program
	s      *Solver
	base   []Basis
	anchor []float64 // most ranges are made to hold this point
}

func newStory(seed uint64) *story {
	r := rand.New(rand.NewPCG(8, seed))
	st := &story{r: r}
	if seed%2 == 0 {
		st.p = random(r, 2+r.IntN(12), r.IntN(12))
	} else {
		st.p, _ = triangles(r, 3+r.IntN(4), 16, 30, 0.5)
	}
	for j, lo := range st.p.lower {
		st.anchor = append(st.anchor, max(-1, lo, min(st.p.upper[j], 0.5)))
	}
	st.s = st.p.solver()
	return st
}

// rangeAt returns a random range, as a rule one that holds the value at.
func (st *story) rangeAt(at float64, bounded bool) (lower, upper float64) {
	lower, upper = rangeOf(st.r, bounded)
	if st.r.IntN(60) > 0 {
		lower, upper = at+0.3*min(lower, 0), at+0.3*max(upper, 0)
	}
	return lower, upper
}

// rangeOfRow is rangeAt for row i.
func (st *story) rangeOfRow(i int, at float64) (lower, upper float64) {
	lower, upper = st.rangeAt(at, false)
	return st.withKink(i, lower, upper)
}

// withKink makes a range one that row i can have.
func (st *story) withKink(i int, lower, upper float64) (float64, float64) {
	if p := st.p; p.fold[i] != 0 {
		return min(max(lower, -50), p.kink[i]), max(min(upper, 50), p.kink[i])
	}
	return lower, upper
}

// row returns entries and range of a new row.
func (st *story) row() (row []float64, lower, upper float64) {
	row = make([]float64, len(st.p.cost))
	at := 0.0
	for j := range row {
		if st.r.IntN(2) == 0 {
			row[j] = number(st.r)
			at += row[j] * st.anchor[j]
		}
	}
	lower, upper = st.rangeAt(at, false)
	return row, lower, upper
}

func (st *story) step() {
	r, p, s := st.r, st.p, st.s
	n, m := len(p.cost), len(p.rows)
	switch kind := r.IntN(12); {
	case kind < 4:
		j := r.IntN(n)
		p.lower[j], p.upper[j] = st.rangeAt(st.anchor[j], r.IntN(4) > 0)
		s.SetColumn(j, p.lower[j], p.upper[j])
	case kind < 6 && m > 0:
		i := r.IntN(m)
		p.rowLower[i], p.rowUpper[i] = st.rangeOfRow(i, p.activity(i, st.anchor))
		s.SetRow(i, p.rowLower[i], p.rowUpper[i])
	case kind < 8:
		row, lower, upper := st.row()
		p.addRow(lower, row, upper)
		if r.IntN(2) == 0 {
			p.foldLast(math.Abs(number(r))+0.1, number(r))
		}
		p.addTo(s, m)
	case kind == 8 && m > 0:
		i := r.IntN(m)
		row, lower, upper := st.row()
		if r.IntN(2) == 0 { // a small change
			row = slices.Clone(p.rows[i])
			row[r.IntN(n)] += 0.1
			lower, upper = p.rowLower[i], p.rowUpper[i]
		}
		lower, upper = st.withKink(i, lower, upper)
		p.rows[i], p.rowLower[i], p.rowUpper[i] = row, lower, upper
		index, value := sparse(row)
		s.ReplaceRow(i, index, value, lower, upper)
	case kind == 9 && m > 0:
		keep := max(0, m-r.IntN(4))
		p.rows, p.rowLower, p.rowUpper = p.rows[:keep], p.rowLower[:keep], p.rowUpper[:keep]
		p.fold, p.kink = p.fold[:keep], p.kink[:keep]
		s.TruncateRows(keep)
	case kind == 10:
		j := r.IntN(n)
		p.cost[j] = number(r)
		s.SetCost(j, p.cost[j])
	case len(st.base) > 0 && r.IntN(2) == 0:
		s.SetBasis(&st.base[r.IntN(len(st.base))])
	default:
		st.base = append(st.base, Basis{})
		s.Basis(&st.base[len(st.base)-1])
	}
}

// A sequence of changes with warm starts has the same optima as cold starts.
func TestWarmAgreesWithCold(t *testing.T) {
	optimal, other := 0, 0
	for seed := range uint64(300) {
		st := newStory(seed)
		for step := range 40 {
			for range 1 + st.r.IntN(3) {
				st.step()
			}
			status := st.s.Solve(inf, Options{})
			if err := st.p.check(st.s, status); err != nil {
				t.Errorf("story %d, step %d: %s: %v", seed, step, status, err)
			}
			cold := st.p.solver()
			if want := cold.Solve(inf, Options{}); status != want {
				t.Errorf("story %d, step %d: %s, want %s", seed, step, status, want)
			}
			if status != Optimal {
				other++
				continue
			}
			optimal++
			if math.Abs(cold.Objective-st.s.Objective) > 1e-8*(1+math.Abs(cold.Objective)) {
				t.Errorf("story %d, step %d: optimum %.12g, cold %.12g", seed, step, st.s.Objective, cold.Objective)
			}
		}
	}
	t.Logf("%d optimal, %d other", optimal, other)
	if optimal < 3000 || other < 1000 {
		t.Errorf("%d optimal, %d other", optimal, other)
	}
}

// digest is everything a solve returns, as bits.
func digest(s *Solver, status Status) []uint64 {
	bits := []uint64{uint64(status), uint64(s.Iterations), math.Float64bits(s.Objective)}
	for _, values := range [][]float64{s.X(), s.RowDual(), s.ReducedCost(), s.Ray()} {
		for _, v := range values {
			bits = append(bits, math.Float64bits(v))
		}
	}
	return bits
}

func TestSameBits(t *testing.T) {
	for seed := range uint64(40) {
		a, b := newStory(seed), newStory(seed)
		for range 30 {
			a.step()
			b.step()
			da, db := digest(a.s, a.s.Solve(inf, Options{})), digest(b.s, b.s.Solve(inf, Options{}))
			if !slices.Equal(da, db) {
				t.Fatalf("story %d: other bits the second time", seed)
			}
		}
	}
}

// After SetBasis the past of a solver does not matter.
func TestBasisForgetsThePast(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(9, seed))
		p, x := triangles(r, 6, 30, 60, 0.4)
		s := p.solver()
		s.Solve(inf, Options{})
		var b Basis
		s.Basis(&b)
		clone := s.Clone()
		for range 20 {
			walk(r, p, x, s)
			s.Solve(inf, Options{})
		}
		for j := range p.cost {
			lo, hi := s.Column(j)
			clone.SetColumn(j, lo, hi)
		}
		s.SetBasis(&b)
		clone.SetBasis(&b)
		if !slices.Equal(digest(s, s.Solve(inf, Options{})), digest(clone, clone.Solve(inf, Options{}))) {
			t.Errorf("program %d: the clone has other bits", seed)
		}
	}
}

func TestWarmIsFast(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 0))
	p, x := triangles(r, 20, 60, 150, 0.3)
	s := p.solver()
	s.Solve(inf, Options{})
	cold, warm := s.Iterations, 0
	for range 100 {
		walk(r, p, x, s)
		s.Solve(inf, Options{})
		warm += s.Iterations
	}
	if warm > 100*cold/5 {
		t.Errorf("%d iterations for 100 warm starts, %d for the cold one", warm, cold)
	}
}

// A re-solve allocates nothing, nor do a row that comes and goes or a saved basis.
func TestNoAllocations(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 0))
	p, x := triangles(r, 10, 40, 90, 0.3)
	s := p.solver()
	s.Solve(inf, Options{})
	var b Basis
	s.Basis(&b)
	index, value := sparse(p.rows[len(p.rows)-1])
	change := func() {
		walk(r, p, x, s)
		s.Solve(inf, Options{})
		i := s.AddRow(index, value, -1, 1000)
		s.Solve(inf, Options{})
		s.ReplaceRow(i, index, value, -2, 1000)
		s.Solve(inf, Options{})
		s.TruncateRows(i)
		s.Solve(inf, Options{})
		if r.IntN(4) == 0 {
			s.SetBasis(&b)
		} else {
			s.Basis(&b)
		}
	}
	change()
	if n := testing.AllocsPerRun(200, change); n != 0 {
		t.Errorf("%g allocations per re-solve", n)
	}
}

func FuzzChanges(f *testing.F) {
	f.Add(uint64(0), uint8(10))
	f.Add(uint64(1), uint8(30))
	f.Add(uint64(72), uint8(137)) // two folded rows without costs, each at its end in turn
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) {
		st := newStory(seed)
		for range steps {
			st.step()
			status := st.s.Solve(inf, Options{})
			if status == Stalled || status == IterationLimit {
				t.Fatal(status)
			}
			if err := st.p.check(st.s, status); err != nil {
				t.Fatalf("%s: %v", status, err)
			}
		}
	})
}
