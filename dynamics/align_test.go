package dynamics

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
)

// drifting are two points of the plane which an action moves in their own frame, more
// so sideways: what a network learns is simple only there.
type drifting struct{}

func (drifting) Dims() (nx, nu int)    { return 4, 2 }
func (drifting) Clone() control.System { return drifting{} }
func (drifting) Step(dst, x, u []float64) {
	f, v := alongPoints(x), make([]float64, 2)
	f.Vectors(v, u)
	v[0], v[1] = 0.3*math.Abs(v[0]), v[1]-0.2*math.Abs(v[0]+v[1])
	f.WorldVectors(v, v)
	for i := range dst {
		dst[i] = x[i] + v[i%2]
	}
}

// alongPoints is the frame at the first point, towards the second.
func alongPoints(x []float64) control.Frame {
	return control.NewFrame(x[0], x[1], math.Atan2(x[3]-x[1], x[2]-x[0]))
}

func driftingData(t testing.TB, episodes int) *Dataset {
	t.Helper()
	start := func(rng *rand.Rand) []float64 {
		a := 2 * math.Pi * rng.Float64()
		x, y := rng.NormFloat64(), rng.NormFloat64()
		return []float64{x, y, x + math.Cos(a), y + math.Sin(a)}
	}
	sample := func(dst, _ []float64, rng *rand.Rand) { dst[0], dst[1] = rng.NormFloat64(), rng.NormFloat64() }
	d, err := Collect(context.Background(), drifting{}, nil, Exploring(start, sample), CollectOptions{
		Episodes: episodes, Steps: 5, Seed: 4, Workers: 1, Meta: DataMeta{Signals: Signals{PointDim: 2}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func driftingOptions() FitOptions {
	features := control.NewAffine(2, 6)
	features.Set(0, 4, 1)
	features.Set(1, 5, 1)
	base := control.NewAffine(4, 6)
	for i := range 4 {
		base.Set(i, i, 1)
	}
	return FitOptions{TrainOptions: TrainOptions{Epochs: 30, Horizon: 2, Seed: 1, Workers: 1}, Hidden: []int{12}, Features: features, Base: base}
}

// TestAlignedTraining: in the frame of its start a small network learns what it cannot
// in the world, whose actions say nothing without the angle.
func TestAlignedTraining(t *testing.T) {
	d := driftingData(t, 300)
	fit := func() (*Model, Errors) {
		m, r, err := Fit(t.Context(), d, driftingOptions())
		if err != nil {
			t.Fatal(err)
		}
		return m, r.Errors
	}
	if m, _ := fit(); m.Meta.Aligned {
		t.Error("a model of the world says that it is aligned")
	}
	_, world := fit()
	d.Align = alongPoints
	m, aligned := fit()
	if !m.Meta.Aligned {
		t.Error("the model does not say that it is aligned")
	}
	if !(aligned.HStep.Mean < 0.1*world.HStep.Mean) {
		t.Errorf("error after two steps is %g aligned and %g in the world; it must fall to a tenth", aligned.HStep.Mean, world.HStep.Mean)
	}
}

// TestAlignedErrorsDoNotTurn: turning and moving every episode changes no error of an
// aligned model.
func TestAlignedErrorsDoNotTurn(t *testing.T) {
	d := driftingData(t, 40)
	d.Align = alongPoints
	m, _, err := Fit(t.Context(), d, driftingOptions())
	if err != nil {
		t.Fatal(err)
	}
	turned := *d
	turned.X, turned.U = make([]float64, len(d.X)), make([]float64, len(d.U))
	for e := range d.Episodes {
		f := control.NewFrame(float64(e), 2, 0.37*float64(e))
		for s := range d.Steps + 1 {
			f.Points(turned.State(e, s), d.State(e, s))
			if s < d.Steps {
				f.Vectors(turned.Action(e, s), d.Action(e, s))
			}
		}
	}
	a, err := Evaluate(m, d, nil, 3)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Evaluate(m, &turned, nil, 3)
	if err != nil {
		t.Fatal(err)
	}
	for k := range a.ByStep {
		if math.Abs(a.ByStep[k]-b.ByStep[k]) > 1e-9*(1+a.ByStep[k]) {
			t.Errorf("error after %d steps is %g, with turned episodes %g", k+1, a.ByStep[k], b.ByStep[k])
		}
	}
	if a.OneStep.Mean == 0 {
		t.Error("the model makes no errors: nothing was compared")
	}
}
