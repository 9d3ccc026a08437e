package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hinge/control"
	"hinge/dynamics"
	"hinge/problems"
	"hinge/sparsify"
)

// Obstacles of either shape are wider by the margin, for plans through a model; the
// problem itself stays as it is, and the distance from the goal charges none of them.
func TestObstaclesAreWidened(t *testing.T) {
	disc, square := control.NewAffine(2, 2), control.NewAffine(4, 2)
	for i := range 2 {
		disc.Set(i, i, 1)
		square.Set(2*i, i, 1) // |x_i| <= 1
		square.Set(2*i+1, i, -1)
	}
	for i := range 4 {
		square.B[i] = -1
	}
	terms := []control.Term{
		{Name: "disc", Weight: 1, Norm: control.Disc, Radius: 1, Residual: disc},
		{Name: "square", Weight: 1, Norm: control.Polygon, Residual: square},
	}
	for i := range terms {
		p := &problems.Problem{Cost: &control.Cost{Nx: 2, Horizon: 1, Terms: terms[i : i+1]}}
		w := widened(p, 0.5)
		for _, c := range []struct {
			x                float64
			charged, widened bool
		}{{0.9, true, true}, {1.2, false, true}, {1.6, false, false}} {
			x := []float64{c.x, 0}
			if got := p.Cost.Stage(1, x, nil, nil) > 0; got != c.charged {
				t.Errorf("%s at %g: charged %v", terms[i].Name, c.x, got)
			}
			if got := w.Cost.Stage(1, x, nil, nil) > 0; got != c.widened {
				t.Errorf("%s at %g, wider by .5: charged %v", terms[i].Name, c.x, got)
			}
		}
		tr := control.NewTrajectory(2, 0, 1)
		if d := goalDistance(p, tr); d != 0 || p.Cost.Total(tr, nil) == 0 {
			t.Errorf("%s counts %g as a distance from the goal", terms[i].Name, d)
		}
	}
}

// What a card says of the command can be given to the shell, and means the same.
func TestCommandsOnCardsRun(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"train a/data.npz --config b/c.yaml --set hidden=[4] --set epochs=2 --ensemble 3 --resume --out x.safetensors",
			"hinge train data.npz --config c.yaml --ensemble 3 --set 'hidden=[4]' --set epochs=2"},
		{"train data.npz --sweep --config c.yaml", "hinge train data.npz --config c.yaml --sweep"},
		{"bench sparsify --full=false --seeds 3", "hinge bench sparsify --full=false --seeds 3"},
		{"sparsify m/dense.safetensors --data d/data.npz --budget 24,12", "hinge sparsify dense.safetensors --budget 24,12 --data data.npz"},
		{"study distil push-t:push-t/instances.json#0 --budget 96,48 --planner cma",
			"hinge study distil 'push-t:instances.json#0' --budget 96,48 --planner cma"},
		{"study planner --data d/data.npz --model m/sparse.safetensors --shares 0.5,1", "hinge study planner --data data.npz --model sparse.safetensors --shares 0.500000,1.000000"},
	} {
		once := parsedLine(t, strings.Fields(c.line))
		if once != c.want {
			t.Errorf("%s\nis told as %s\nwant       %s", c.line, once, c.want)
		}
		if again := parsedLine(t, strings.Fields(strings.ReplaceAll(once, "'", ""))[1:]); again != once {
			t.Errorf("%s\nmeans %s", once, again)
		}
	}
}

// parsedLine returns what a card says of a command, which is parsed but not run.
func parsedLine(t *testing.T, words []string) string {
	t.Helper()
	c, rest, err := newApp(io.Discard, io.Discard).root().Find(words)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ParseFlags(rest); err != nil {
		t.Fatalf("%v: %v", words, err)
	}
	if err := c.ValidateArgs(c.Flags().Args()); err != nil {
		t.Fatalf("%v: %v", words, err)
	}
	return commandLine(c, c.Flags().Args())
}

// smallModel returns a model of random data.
func smallModel(t *testing.T) (*dynamics.Model, *dynamics.Dataset) {
	t.Helper()
	d := dynamics.NewDataset(6, 3, 2, 1)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range d.U {
		d.U[i] = rng.NormFloat64()
	}
	for i := range d.X {
		d.X[i] = rng.NormFloat64()
	}
	m, _, err := dynamics.Fit(t.Context(), d, dynamics.FitOptions{Hidden: []int{4}, TrainOptions: dynamics.TrainOptions{Epochs: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return m, d
}

// The card of a study's model has all that one of hinge train has.
func TestCardsOfStudies(t *testing.T) {
	m, d := smallModel(t)
	if err := card(m, d, "hinge study x"); err != nil {
		t.Fatal(err)
	}
	if r := m.Meta.Reach; r == nil || r.Horizon != 3 || r.Starts == 0 || len(r.Unstable) != 3 {
		t.Errorf("undecided units: %+v", r)
	}
	if m.Meta.Command != "hinge study x" || m.Meta.Tool == "" {
		t.Errorf("made by %q with %q", m.Meta.Tool, m.Meta.Command)
	}
}

// After every trial of hinge study planner the best model and all rows are on disk.
func TestPlannerStudyIsKept(t *testing.T) {
	m, _ := smallModel(t)
	a := newApp(io.Discard, io.Discard)
	a.out = t.TempDir()
	r := &studyResult{Out: a.out}
	trialRows(r, sparsify.Trial{ReLUs: 4, Kept: true, Worth: sparsify.Worth{Work: 3, Cost: 2}})
	trialRows(r, sparsify.Trial{Round: 1, ReLUs: 2, Diverged: &dynamics.DivergedError{Epoch: 5}})
	if err := a.keepPlannerStudy(r, m); err != nil {
		t.Fatal(err)
	}
	kept, err := dynamics.Load(filepath.Join(a.out, "model.safetensors"))
	if err != nil || !slices.Equal(kept.Net.Params, m.Net.Params) {
		t.Errorf("model: %v, %+v", err, kept)
	}
	data, err := os.ReadFile(filepath.Join(a.out, "study.json"))
	if err != nil {
		t.Fatal(err)
	}
	var back studyResult
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"nodes": 3, "cost": 2, "best_so_far": 1, "diverged_in_epoch": 5}
	for _, row := range back.Rows {
		if v, known := want[row.Metric]; !known || float64(row.Value) != v {
			t.Errorf("row %+v, want one of %v", row, want)
		}
		delete(want, row.Metric)
	}
	if len(want) > 0 || !slices.Equal(back.Files, []string{filepath.Join(a.out, "model.safetensors")}) {
		t.Errorf("missing rows %v, files %v", want, back.Files)
	}
}

// The reward for stable units looks near the states and actions that were played: what
// the units are there lies within the ranges, which move with the actions.
func TestPlayedRanges(t *testing.T) {
	m, d := smallModel(t)
	const units = 4
	lower, upper, _ := playedRanges(m, d)(m.Net)
	if len(lower) != d.Episodes*d.Steps*units {
		t.Fatalf("%d ranges of %d units in %d windows of %d steps", len(lower), units, d.Episodes, d.Steps)
	}
	at := func(e, t int) []float64 { // pre-activations where the window was
		v := append(slices.Clone(d.State(e, t)), d.Action(e, t)...)
		f := make([]float64, len(v))
		for i := range f {
			f[i] = (v[i] - m.In.Mean[i]) / m.In.Scale[i]
		}
		z := slices.Clone(m.Net.Bias(0))
		for j := range z {
			for i, w := range m.Net.Weight(0)[j*len(f) : (j+1)*len(f)] {
				z[j] += w * f[i]
			}
		}
		return z
	}
	for e := range d.Episodes {
		for step := range d.Steps {
			for j, z := range at(e, step) {
				i := (e*d.Steps+step)*units + j
				if middle := (lower[i] + upper[i]) / 2; !(lower[i] < upper[i]) || math.Abs(middle-z) > 1e-9*(1+math.Abs(z)) {
					t.Errorf("window %d, step %d, unit %d: range %g to %g around %g", e, step, j, lower[i], upper[i], z)
				}
			}
		}
	}
}

// A training that other options mend is the fault of the input, anything else is not.
func TestMendable(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{fmt.Errorf("distil: %w", &dynamics.DivergedError{}), statusBadInput},
		{fmt.Errorf("distil: %w", &dynamics.UntrainedError{}), statusBadInput},
		{io.ErrUnexpectedEOF, statusOf(io.ErrUnexpectedEOF)},
	} {
		if got := statusOf(mendable(c.err)); got != c.want {
			t.Errorf("%v: status %d, want %d", c.err, got, c.want)
		}
	}
	if statusOf(io.ErrUnexpectedEOF) == statusBadInput || mendable(nil) != nil {
		t.Error("an internal failure counts as bad input")
	}
}

func TestPlannerStudyLooksAtItsInputsFirst(t *testing.T) {
	out := filepath.Join(t.TempDir(), "study")
	if o := hinge(t, "study", "planner", "--data", "nowhere.npz", "--out", out); o.status != statusBadInput {
		t.Errorf("status %d: %s", o.status, o.stderr)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("a study without data left its folder: %v", err)
	}
}
