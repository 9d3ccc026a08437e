package main

import (
	"testing"

	"hinge/control"
	"hinge/problems"
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
