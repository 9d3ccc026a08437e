package problems

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hinge/control"
	"hinge/milp/relu"
)

func openHD(t testing.TB, name string, horizon int) *Problem {
	t.Helper()
	p, err := Open(fmt.Sprintf("hd-milp-plan:%s@%d", filepath.Join(dataFolder(t, "hd-milp-plan"), name), horizon))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func hinge(v float64) float64 { return max(0, v) }

// hdFormulas are costs and limits in words, as the authors' paper and files have
// them: what is charged for a state, and by how much an action breaks the limits of
// the state it is taken in (flow <= level, box of states).
var hdFormulas = map[string]struct {
	charge func(i int, x, u float64) float64
	limit  func(i int, x float64) float64
	flow   bool
}{
	"navigation_8x8": {
		charge: func(_ int, x, _ float64) float64 { return math.Abs(x - 3) },
		limit:  func(_ int, x float64) float64 { return max(x-4, -4-x) },
	},
	"hvac_3": {
		charge: func(_ int, x, u float64) float64 {
			return u + 10*math.Abs(x-21.75) + 20000*hinge(20-x) + 20000*hinge(x-23.5)
		},
		limit: func(int, float64) float64 { return 0 },
	},
	"reservoir_3": {charge: reservoirCharge, limit: reservoirLimit, flow: true},
	"reservoir_4": {charge: reservoirCharge, limit: reservoirLimit, flow: true},
}

func reservoirCharge(i int, x, _ float64) float64 {
	mid, lo, hi := []float64{50, 105, 210, 270}[i], []float64{20, 30, 40, 60}[i], []float64{80, 180, 380, 480}[i]
	return .1*math.Abs(x-mid) + 5*hinge(lo-x) + 100*hinge(x-hi)
}

func reservoirLimit(i int, x float64) float64 { return x - []float64{100, 200, 400, 500}[i] }

// What the reader makes of auxiliaries, goals and rewards must be the cost and the
// limits in words, for any actions; and the folded network the file's own.
func TestHDMILPMeansItsFormula(t *testing.T) {
	checked, broken := 0, 0
	for name, f := range hdFormulas {
		for _, horizon := range []int{1, 2, 5} {
			p := openHD(t, name, horizon)
			for i := range 100 {
				u := make([]float64, horizon*p.Cost.Nu)
				p.Action.Repeat(horizon).Sample(u, rand.New(rand.NewPCG(7, uint64(i))))
				tr, cost := evaluate(p, p.Model, u)
				var want, worst float64
				for s := range horizon + 1 {
					for i, x := range tr.State(s) {
						worst = max(worst, f.limit(i, x))
						if s > 0 {
							want += f.charge(i, x, tr.Action(s - 1)[i])
						}
						if f.flow && s < horizon {
							worst = max(worst, tr.Action(s)[i]-x)
						}
					}
				}
				if math.Abs(cost-want) > 1e-10*want {
					t.Fatalf("%s@%d, plan %d: cost %.12g, in words %.12g", name, horizon, i, cost, want)
				}
				var got float64
				for _, v := range control.Violations(p.Constraints, tr, nil, 0) {
					got = max(got, v.Amount)
				}
				if math.Abs(got-worst) > 1e-10*(1+worst) {
					t.Fatalf("%s@%d, plan %d: limits broken by %.12g, in words %.12g", name, horizon, i, got, worst)
				}
				if worst > 0 {
					broken++
				}
				program, err := relu.New(p.Step, p.X0, p.Action, p.Cost, nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := program.Constrain(p.Constraints, p.Integer); err != nil {
					t.Fatal(err)
				}
				ws := program.NewWorkspace()
				if v := program.Violation(u, ws); math.Abs(v-worst) > 1e-9*(1+worst) {
					t.Fatalf("%s@%d, plan %d: the program is broken by %.12g, in words %.12g", name, horizon, i, v, worst)
				}
				if c := program.Objective(u, ws); math.Abs(c-want) > 1e-9*want {
					t.Fatalf("%s@%d, plan %d: the program costs %.12g, in words %.12g", name, horizon, i, c, want)
				}
				checked++
			}
		}
	}
	if checked != 1200 || broken < 100 || broken > 1100 {
		t.Errorf("%d plans checked, %d of them broke a limit", checked, broken)
	}
}

// hdTiny is one state that moves by a network of one ReLU: x' = x + max(0, u).
var hdTiny = map[string]string{
	"pvariables":  "action_continuous: u, state_continuous: x, auxiliary_continuous: p, auxiliary_continuous: q",
	"mappings":    "N0,u\nN1,x\nD2,x",
	"dnn":         "D1,relu,N0,1,B0,0\nD2,linear,D1,1,N1,1,B1,0",
	"initial":     "x,==,1",
	"constraints": "u,>=,-1\nu,<=,1\nx,-1*p,q,==,3\np,>=,0\nq,>=,0",
	"goal":        "x,-1*p,q,==,3\np,>=,0\nq,>=,0\nx,>=,2",
	"reward":      "p',-1\nq',-2\nu,-0.5",
}

// hdTexts returns the texts of the tiny problem with some replaced.
func hdTexts(replace ...string) map[string]hdText {
	texts := map[string]hdText{}
	for kind, text := range hdTiny {
		texts[kind] = hdText{kind + ".txt", []byte(text)}
	}
	for i := 0; i < len(replace); i += 2 {
		texts[replace[i]] = hdText{replace[i] + ".txt", []byte(replace[i+1])}
	}
	return texts
}

func TestHDMILPTiny(t *testing.T) {
	p, err := parseHDMILP(hdTexts(), 2)
	if err != nil {
		t.Fatal(err)
	}
	tr, cost := evaluate(p, p.Model, []float64{-1, .5})
	// x = 1, 1, 1.5: 2 below 3 and 1.5 below 3, twice each; half of -1 and of 0.5.
	if want := 2*2 + 2*1.5 - .5 + .25; cost != want {
		t.Errorf("cost %g, want %g", cost, want)
	}
	if v := control.Violations(p.Constraints, tr, nil, 0); len(v) != 1 || v[0].Amount != .5 || v[0].Constraint != "goal, line 4: x,>=,2" || v[0].Step != 2 {
		t.Errorf("the goal x >= 2 is missed at 1.5: %v", v)
	}
}

// A reward of the state itself, now and next, of an action, and of an auxiliary now.
func TestHDMILPRewardsNowAndNext(t *testing.T) {
	p, err := parseHDMILP(hdTexts("reward", "x,1\nx',-3\nq,-2"), 3)
	if err != nil {
		t.Fatal(err)
	}
	u := []float64{1, -1, .5}
	_, cost := evaluate(p, p.Model, u)
	x := []float64{1, 2, 2, 2.5}
	want := 0.0
	for s := range 3 {
		want += -x[s] + 3*x[s+1] + 2*hinge(3-x[s])
	}
	if math.Abs(cost-want) > 1e-12 {
		t.Errorf("cost %g, want %g", cost, want)
	}
}

// Whole states: the value is an unknown of its own, tied to what is predicted by
// half a unit, or exactly where the transition is known.
func TestHDMILPWholeStates(t *testing.T) {
	predicted := hdTexts("pvariables", strings.Replace(hdTiny["pvariables"], "state_continuous", "state_integer", 1),
		"constraints", hdTiny["constraints"]+"\nx,>=,0\nx,<=,5", "goal", hdTiny["goal"]+"\nx,<=,5")
	known := hdTexts("pvariables", string(predicted["pvariables"].data), "constraints", string(predicted["constraints"].data),
		"goal", string(predicted["goal"].data), "mappings", "N0,u\nN1,x", "dnn", "",
		"transitions", "2*x',-2*x,-2*u,==,0")
	for _, c := range []struct {
		name   string
		texts  map[string]hdText
		u      []float64 // u_0, n_0, u_1, n_1
		broken float64
	}{
		{"rounded down", predicted, []float64{1, 2, .25, 2}, 0},
		{"rounded up", predicted, []float64{1, 2, .75, 3}, 0},
		{"half, either way", predicted, []float64{.5, 1, .5, 2}, 0},
		{"wrong way", predicted, []float64{.75, 1, 1, 2}, .25},
		{"known", known, []float64{1, 2, -1, 1}, 1}, // only the goal x >= 2 is missed
		{"known, between", known, []float64{.75, 2, 0, 2}, .25},
	} {
		p, err := parseHDMILP(c.texts, 2)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(p.Integer) != "[1]" || p.Cost.Nx != 2 || p.Action.Upper[1] != 5 || p.Action.Lower[1] != 0 {
			t.Fatalf("%s: whole %v, %d states, box %v", c.name, p.Integer, p.Cost.Nx, p.Action)
		}
		tr, _ := evaluate(p, p.Model, c.u)
		var got float64
		for _, v := range control.Violations(p.Constraints, tr, nil, 0) {
			got = max(got, v.Amount)
		}
		if math.Abs(got-c.broken) > 1e-12 {
			t.Errorf("%s: broken by %g, want %g; states %v", c.name, got, c.broken, tr.X)
		}
	}
}

// The variant with a known transition and whole states, as its authors ship it.
func TestHDMILPKnownTransition(t *testing.T) {
	from, dir := dataFolder(t, "hd-milp-plan"), t.TempDir()
	for to, source := range map[string]string{
		"pvariables": "example_pvariables", "transitions": "example_transitions", "goal": "example_goal",
		"initial": "initial", "mappings": "", "dnn": "", "constraints": "constraints", "reward": "reward",
	} {
		var data []byte
		if source != "" {
			var err error
			if data, err = os.ReadFile(filepath.Join(from, source+"_navigation_8x8.txt")); err != nil {
				t.Fatal(err)
			}
		}
		if to == "goal" { // it says nothing about the auxiliaries
			rest, err := os.ReadFile(filepath.Join(from, "goal_navigation_8x8.txt"))
			if err != nil {
				t.Fatal(err)
			}
			data = append(append(data, '\n'), rest...)
		}
		if err := os.WriteFile(filepath.Join(dir, to+"_grid.txt"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Open("hd-milp-plan:" + filepath.Join(dir, "grid") + "@6")
	if err != nil {
		t.Fatal(err)
	}
	u := make([]float64, 0, 24)
	for s := range 6 { // one step right and up each
		n := float64(s - 3)
		u = append(u, 1, 1, n, n)
	}
	tr, cost := evaluate(p, p.Model, u)
	if v := control.Violations(p.Constraints, tr, nil, 0); len(v) != 0 || cost != 2*(6+5+4+3+2+1) {
		t.Errorf("violations %v, cost %g; states %v", v, cost, tr.X)
	}
}

// The projection of random rows must be what enumerating the vertices of the
// auxiliaries says: the least charge, and whether there is any.
func TestEliminateIsTheLeastCharge(t *testing.T) {
	feasible, infeasible, unlimited := 0, 0, 0
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 4))
		n := 1 + rng.IntN(3)
		var rows []hdForm
		for range n + 1 + rng.IntN(4) {
			r := hdForm{v: []float64{rng.NormFloat64()}, y: make([]float64, n+1), b: rng.NormFloat64(), equal: rng.IntN(5) == 0}
			for i := range n {
				if rng.IntN(3) > 0 {
					r.y[i] = float64(rng.IntN(5) - 2)
				}
			}
			rows = append(rows, r)
		}
		cost := make([]float64, n)
		for i := range cost {
			cost[i] = float64(rng.IntN(4))
			// Within a box, so that the vertices say all; every fourth is not.
			if seed%4 > 0 {
				for _, sign := range []float64{1, -1} {
					r := hdForm{v: []float64{0}, y: make([]float64, n+1), b: -3}
					r.y[i] = sign
					rows = append(rows, r)
				}
			}
		}
		s, err := eliminate(rows, cost, []string{"p", "q", "r"}[:n])
		if err != nil {
			if seed%4 > 0 {
				t.Fatalf("seed %d: %v", seed, err)
			}
			unlimited++
			continue
		}
		if seed%4 == 0 {
			continue
		}
		for range 10 {
			v := 2 * rng.NormFloat64()
			want := leastByVertices(rows, cost, v)
			got := 0.0
			for _, r := range s.limits {
				if z := r.v[0]*v + r.b; z > 1e-9 || (r.equal && z < -1e-9) {
					got = math.Inf(1)
				}
			}
			for _, c := range s.charges {
				top := math.Inf(-1)
				for _, r := range c.rows {
					top = max(top, r.v[0]*v+r.b)
				}
				got += top
			}
			if math.IsInf(got, 1) != math.IsInf(want, 1) || (!math.IsInf(want, 1) && math.Abs(got-want) > 1e-7) {
				t.Fatalf("seed %d, v = %g: least charge %g, by vertices %g", seed, v, got, want)
			}
			if math.IsInf(want, 1) {
				infeasible++
			} else {
				feasible++
			}
		}
	}
	if feasible < 300 || infeasible < 300 || unlimited == 0 {
		t.Errorf("%d feasible, %d infeasible, %d unlimited; all must occur", feasible, infeasible, unlimited)
	}
}

// leastByVertices minimises cost'y over the vertices of the rows, +Inf if there is none.
func leastByVertices(rows []hdForm, cost []float64, v float64) float64 {
	n, best := len(cost), math.Inf(1)
	var pick func(from int, chosen []int)
	pick = func(from int, chosen []int) {
		if len(chosen) == n {
			y, ok := solveSmall(rows, chosen, v, n)
			for _, r := range rows {
				if !ok {
					return
				}
				z := r.v[0]*v + r.b
				for i := range n {
					z += r.y[i] * y[i]
				}
				ok = z <= 1e-8 && (!r.equal || z >= -1e-8)
			}
			if ok {
				var c float64
				for i := range n {
					c += cost[i] * y[i]
				}
				best = min(best, c)
			}
			return
		}
		for k := from; k < len(rows); k++ {
			pick(k+1, append(chosen[:len(chosen):len(chosen)], k))
		}
	}
	pick(0, nil)
	return best
}

// solveSmall solves the chosen rows for y by elimination with pivots.
func solveSmall(rows []hdForm, chosen []int, v float64, n int) ([]float64, bool) {
	m := make([][]float64, n)
	for i, k := range chosen {
		m[i] = append(append([]float64(nil), rows[k].y[:n]...), -(rows[k].v[0]*v + rows[k].b))
	}
	for c := range n {
		p := c
		for i := c; i < n; i++ {
			if math.Abs(m[i][c]) > math.Abs(m[p][c]) {
				p = i
			}
		}
		if math.Abs(m[p][c]) < 1e-9 {
			return nil, false
		}
		m[c], m[p] = m[p], m[c]
		for i := range n {
			if i != c {
				f := m[i][c] / m[c][c]
				for j := range m[i] {
					m[i][j] -= f * m[c][j]
				}
			}
		}
	}
	y := make([]float64, n)
	for i := range y {
		y[i] = m[i][n] / m[i][i]
	}
	return y, true
}

// A limit of the first action alone holds for the first action alone.
func TestHDMILPLimitOfTheStart(t *testing.T) {
	p, err := parseHDMILP(hdTexts("initial", "x,==,1\nu,<=,0"), 3)
	if err != nil {
		t.Fatal(err)
	}
	tr, _ := evaluate(p, p.Model, []float64{1, 1, 1})
	if v := control.Violations(p.Constraints, tr, nil, 0); len(v) != 1 || v[0].Step != 0 || v[0].Amount != 1 || p.Action.Upper[0] != 1 {
		t.Errorf("violations %v, box %v", v, p.Action)
	}
}
