package planner

import (
	"context"
	"math"
	"slices"
	"testing"

	"hinge/control"
)

// unstable is a state that grows by half in every step, and one that it pushes along.
type unstable struct{}

func (unstable) Dims() (nx, nu int)    { return 2, 1 }
func (unstable) Clone() control.System { return unstable{} }
func (unstable) Step(dst, x, u []float64) {
	dst[0], dst[1] = 1.5*x[0]+u[0], x[1]+0.2*x[0]
}

const unstableHorizon = 24

// balance is to bring the unstable system to (0.5, 1).
func balance(t *testing.T) Problem {
	t.Helper()
	end := control.NewAffine(2, 3)
	end.Set(0, 0, 1)
	end.Set(1, 1, 1)
	end.B[0], end.B[1] = -0.5, -1
	p, err := Problem{System: unstable{}, Action: control.NewBox(1, -1, 1), Cost: &control.Cost{Nx: 2, Nu: 1, Horizon: unstableHorizon,
		Terms: []control.Term{{Name: "end", Weight: 1, Norm: control.L1, Residual: end, Terminal: true}}}}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// steady returns actions that keep the unstable state near 0.3.
func steady() []float64 {
	u, x := make([]float64, unstableHorizon), []float64{0, 0}
	for t := range u {
		u[t] = 0.3 - 1.5*x[0]
		unstable{}.Step(x, x, u[t:t+1])
	}
	return u
}

// nominal returns rollouts of p from 0 and a feedback around the steady actions.
func nominal(p *Problem, stride []float64) (*rollouts, *feedback) {
	r := newRollouts(p, 1)
	r.start([]float64{0, 0}, nil)
	f := newFeedback(p)
	f.around(&r.workers[0], r.x0, steady(), stride)
	return r, f
}

func TestFeedbackIsTheRegulator(t *testing.T) {
	p := balance(t)
	stride := []float64{0.5, 0.2}
	_, f := nominal(&p, stride)
	// the recursion by hand; half the box is 1
	a, b := [2][2]float64{{1.5, 0}, {0.2, 1}}, [2]float64{1, 0}
	q := [2]float64{1 / (stride[0] * stride[0]), 1 / (stride[1] * stride[1])}
	P := [2][2]float64{{q[0], 0}, {0, q[1]}}
	for s := unstableHorizon - 1; s >= 0; s-- {
		var pb, gain [2]float64
		for i := range 2 {
			pb[i] = P[i][0]*b[0] + P[i][1]*b[1]
		}
		for j := range 2 {
			gain[j] = -(pb[0]*a[0][j] + pb[1]*a[1][j]) / (b[0]*pb[0] + b[1]*pb[1] + 1)
			if got := f.gain[s*2+j]; math.Abs(got-gain[j]) > 1e-6*(1+math.Abs(gain[j])) {
				t.Fatalf("step %d: gain %d is %g, want %g", s, j, got, gain[j])
			}
		}
		var next [2][2]float64
		for i := range 2 {
			for j := range 2 {
				for k := range 2 {
					for l := range 2 {
						next[i][j] += a[k][i] * P[k][l] * (a[l][j] + b[l]*gain[j])
					}
				}
			}
			next[i][i] += q[i]
		}
		P = next
	}
}

// The costs are those of the actions that run hands back, which are in the box.
func TestFeedbackAppliesWhatItSays(t *testing.T) {
	p := balance(t)
	r, f := nominal(&p, []float64{0.5, 0.2})
	const n = batchRows + 5
	rows, costs := make([]float64, n*unstableHorizon), make([]float64, n)
	rng, spread := newRand(1), 0.0
	for i := range rows {
		rows[i] = f.u[i%unstableHorizon] + 0.05*rng.NormFloat64()
	}
	loose := slices.Clone(rows)
	f.run(&r.workers[0], r, costs, rows)
	again := make([]float64, n)
	r.evaluate(context.Background(), again, rows, nil)
	if !slices.Equal(costs, again) {
		t.Error("the actions applied do not cost what was said")
	}
	for _, u := range rows {
		if u < -1 || u > 1 {
			t.Fatalf("action %g leaves the box", u)
		}
	}
	for _, c := range costs {
		spread = max(spread, math.Abs(c-costs[0]))
	}
	r.evaluate(context.Background(), again, loose, nil)
	wild := 0.0
	for _, c := range again {
		wild = max(wild, math.Abs(c-again[0]))
	}
	if spread > 2 || wild < 100*spread {
		t.Errorf("costs differ by %g with feedback, by %g without: it should tame them", spread, wild)
	}
}

func TestTrackPolishesWhatCMALoses(t *testing.T) {
	p := balance(t)
	r := newRollouts(&p, 1)
	x0 := []float64{0, 0}
	r.start(x0, nil)
	tr := control.NewTrajectory(2, 1, unstableHorizon)
	start := r.trajectory(tr, steady())
	const samples, generations = 32, 60
	for seed := range uint64(3) {
		first := shape{std: 0.05, correlation: 0.7}
		units := make([]float64, r.size())
		p.spread(units, 1)
		k := newTrack(&p, r, samples, first, units, seed)
		k.start(steady(), []float64{0.5, 0.2}, 0)
		for range generations {
			k.generation(context.Background(), &r.workers[0])
		}
		if !(k.best < 0.02*start) || math.Abs(r.trajectory(tr, k.bestU)-k.best) > 1e-9 {
			t.Errorf("seed %d: the track goes from %g to %g, which costs %g", seed, start, k.best, r.trajectory(tr, k.bestU))
		}
		c, err := NewCMA(p, CMAOptions{Sampling: Sampling{Samples: samples, Seed: seed}, Std: first.std, Correlation: first.correlation})
		if err != nil {
			t.Fatal(err)
		}
		c.r.start(x0, nil)
		c.best.reset(c.r, steady(), nil, startClock())
		c.begin()
		for i := range generations {
			c.iterate(context.Background(), i)
		}
		if c.best.cost < 0.2*start {
			t.Errorf("seed %d: cma alone gets from %g to %g as well: the test shows nothing", seed, start, c.best.cost)
		}
	}
}

func TestTrackThatFallsBehindEnds(t *testing.T) {
	for _, c := range []struct {
		before, best, incumbent float64
		done                    bool
	}{
		{math.Inf(1), 5, 1, false}, // its first window says nothing of its rate
		{5, 4.5, 1, true},
		{5, 3.9, 1, false},
		{1, 1, 2, false},            // it is the best itself
		{-1, -1.1, -2, true},        // costs may be negative
		{2, 2, math.Inf(1), false},  // no plan yet
		{5, 5, math.Inf(-1), false}, // between two windows
	} {
		k := &track{born: trackWindow, before: c.before, best: c.best}
		if math.IsInf(c.incumbent, -1) {
			k.born++
		}
		k.judge(c.incumbent)
		if k.done != c.done {
			t.Errorf("from %g to %g, incumbent %g: done is %v", c.before, c.best, c.incumbent, k.done)
		}
	}
}
