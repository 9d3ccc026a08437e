package lp

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Relaxations of the sizes that matter, branched on again and again: some with rows
// of very different sizes, some degenerate in the costs and with repeated rows.
func TestRelaxations(t *testing.T) {
	optimal := 0
	for i := range 60 {
		r := rand.New(rand.NewPCG(12, uint64(i)))
		inputs := 5 + r.IntN(40)
		cols := inputs + 20 + r.IntN(80)
		p, x := triangles(r, inputs, cols, 2*(cols-inputs)+r.IntN(120), 0.1+0.9*r.Float64())
		switch i % 3 {
		case 1:
			p.rescale(r)
		case 2:
			p.degenerate(r)
		}
		s := p.solver()
		if i%2 == 1 {
			s.patience = 0
		}
		for range 60 {
			status := s.Solve(inf, Options{})
			now := *p
			now.lower, now.upper = s.lower[:s.n], s.upper[:s.n]
			if err := now.check(s, status); err != nil || status != Optimal {
				t.Errorf("program %d: %s: %v", i, status, err)
			} else {
				optimal++
			}
			walk(r, p, x, s)
		}
	}
	if optimal < 3600 {
		t.Errorf("%d optimal", optimal)
	}
}

// rescale multiplies the rows by numbers from about 1e-4 to 1e4.
func (p *program) rescale(r *rand.Rand) {
	for k, row := range p.rows {
		f := math.Exp(3 * r.NormFloat64())
		for j := range row {
			row[j] *= f
		}
		p.rowLower[k] *= f
		p.rowUpper[k] *= f
	}
}

// degenerate takes half of the costs away and repeats a fifth of the rows.
func (p *program) degenerate(r *rand.Rand) {
	for j := range p.cost {
		if r.IntN(2) == 0 {
			p.cost[j] = 0
		}
	}
	for k := 0; k < len(p.rows); k += 5 {
		p.addRow(p.rowLower[k], p.rows[k], p.rowUpper[k])
	}
}

// Perturbed at every step without progress and inverted every third step, the
// answers are as good. Restarts come after every inversion, so some solves give up.
func TestPerturbedAndInvertedOften(t *testing.T) {
	solves, gaveUp, perturbed := 0, 0, 0
	for seed := range uint64(200) {
		st := newStory(seed)
		st.s.patience, st.s.maxUpdate = -1, 3
		if seed%4 < 2 {
			st.s.maxUpdate = 200
		}
		for step := range 30 {
			st.step()
			status := st.s.Solve(inf, Options{})
			solves++
			perturbed += st.s.perturbed
			if status == Stalled {
				gaveUp++
			}
			if err := st.p.check(st.s, status); err != nil {
				t.Errorf("story %d, step %d: %s: %v", seed, step, status, err)
			}
			if want := st.p.solver().Solve(inf, Options{}); status != want && status != Stalled {
				t.Errorf("story %d, step %d: %s, want %s", seed, step, status, want)
			}
		}
	}
	t.Logf("%d solves, %d gave up, %d perturbations", solves, gaveUp, perturbed)
	if perturbed < 100 || gaveUp > solves/100 {
		t.Errorf("%d of %d solves gave up, %d perturbations", gaveUp, solves, perturbed)
	}
}
