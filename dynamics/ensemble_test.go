package dynamics

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"hinge/control"
	"hinge/nn"
)

// constantModel predicts that coordinate i moves by step[i], whatever the action.
func constantModel(step ...float64) *Model {
	n := len(step)
	m := &Model{
		Features: control.NewIdentity(1, n+1), Base: control.NewIdentity(n, n+1),
		In:  Normalizer{Mean: []float64{0}, Scale: []float64{1}},
		Out: Normalizer{Mean: step, Scale: slices.Repeat([]float64{1}, n)},
		Net: nn.NewMLP(1, []int{1}, n, false),
	}
	return m
}

func TestSpread(t *testing.T) {
	d := NewDataset(3, 4, 2, 1)
	d.Meta.PointDim = 2
	for e := range 3 {
		for s := range 5 {
			copy(d.State(e, s), []float64{float64(s), 0}) // moves by (1, 0)
		}
	}
	// The mean moves by (1, 0.5): an error of 0.5 a step, and members 3 and 4 away
	// from the mean along the axes in one step.
	models := []*Model{constantModel(4, 4.5), constantModel(-2, -3.5)}
	s, err := EvaluateSpread(models, d, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]float64{
		"one step":      {s.OneStep.Mean, 5},
		"two steps":     {s.HStep.P95, 10},
		"mean error":    {s.MeanOneStep.Mean, 0.5},
		"mean after 2":  {s.MeanHStep.Mean, 1},
		"rows":          {float64(s.OneStep.Rows), 12},
		"rows after 2":  {float64(s.HStep.Rows), 9},
		"no variation":  {s.Correlation, 0},
		"members, step": {float64(s.Members), float64(s.Horizon)},
	} {
		if math.Abs(c[0]-c[1]) > 1e-12 {
			t.Errorf("%s is %g, want %g", name, c[0], c[1])
		}
	}
	if _, err := EvaluateSpread(models, d, nil, 5); err == nil {
		t.Error("a horizon beyond the episodes is accepted")
	}
}

// A model whose predictions leave the finite numbers can still be written.
func TestErrorsAreFinite(t *testing.T) {
	d := NewDataset(2, 4, 2, 1)
	for i := range d.X {
		d.X[i] = float64(i % 3)
	}
	e, err := Evaluate(constantModel(math.MaxFloat64, 1), d, nil, 3)
	if err != nil || e.HStep.Mean != math.MaxFloat64 || e.HStepOf[0] != math.MaxFloat64 || !finite(e.HStepOf[1]) {
		t.Errorf("errors %+v, %v", e, err)
	}
	if _, err := json.Marshal(e); err != nil {
		t.Error(err)
	}
}

func TestCorrelation(t *testing.T) {
	c := new(correlation)
	for _, p := range [][2]float64{{1, 2}, {2, 1}, {3, 4}, {4, 3}} {
		c.add(p[0], p[1])
	}
	if math.Abs(c.value()-0.6) > 1e-12 {
		t.Errorf("correlation %g, want 0.6", c.value())
	}
}

// TestEnsemble trains three members, which must differ, share their split, and
// spread more where there were no data.
func TestEnsemble(t *testing.T) {
	d := kinkedData(t, 60, 1)
	opts := smallFit()
	var order []int
	var spread Spread
	models, report, err := FitEnsemble(t.Context(), d, opts, 3, func(member int, o *FitOptions, others []*Model) {
		order = append(order, member)
		if member == 0 {
			o.Card = func(m *Model, validation []int) (err error) {
				spread, err = EvaluateSpread(append([]*Model{m}, others...), d, validation, 2)
				return err
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(order, []int{2, 1, 0}) || spread.Members != 3 || !(spread.OneStep.Mean > 0) {
		t.Errorf("trained in order %v, spread %+v", order, spread)
	}
	if slices.Equal(models[0].Net.Params, models[1].Net.Params) || !slices.Equal(models[0].In.Mean, models[1].In.Mean) {
		t.Error("members must differ in their weights and share their split")
	}
	single, one, err := Fit(t.Context(), d, opts)
	if one.Samples == 0 || report.Samples != 3*one.Samples || report.Elapsed <= one.Elapsed/100 {
		t.Errorf("three learned from %d windows in %v, one from %d in %v", report.Samples, report.Elapsed, one.Samples, one.Elapsed)
	}
	if err != nil || !slices.Equal(single.Net.Params, models[0].Net.Params) {
		t.Errorf("the first member is not the model without an ensemble, %v", err)
	}
	far := NewDataset(d.Episodes, d.Steps, d.Nx, d.Nu)
	for i, x := range d.X {
		far.X[i] = 10 * x
	}
	copy(far.U, d.U)
	away, err := EvaluateSpread(models, far, nil, 1)
	if err != nil || away.OneStep.Mean < 3*spread.OneStep.Mean {
		t.Errorf("spread %g far from the data, %g near them, %v", away.OneStep.Mean, spread.OneStep.Mean, err)
	}
	if _, _, err := FitEnsemble(t.Context(), d, opts, 0, nil); err == nil {
		t.Error("an ensemble of none is accepted")
	}
}
