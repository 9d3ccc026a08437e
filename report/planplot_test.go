package report

import (
	"bytes"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// samplePlot is a run of 48 steps like those of a pushing task: costs that fall,
// predictions that are nearly right, gaps that mostly close.
func samplePlot() PlanPlot {
	p := PlanPlot{
		Title: "push-t · branch and bound · seed 1", Subtitle: "success after 48 steps · final error 2.1 mm · median planning time 84 ms",
		Unit: "mm", Scale: 1000, AbsTol: 0.0005, TraceStep: 12,
	}
	cost := func(t float64) float64 {
		return 0.11*math.Exp(-t/16) + 0.012*math.Exp(-t/30)*math.Sin(t/2.2) + 0.002
	}
	for t := range 48 {
		ft := float64(t)
		s := Step{X: []float64{0}, U: []float64{0}, StageCost: cost(ft), PlanMS: 80 + 30*math.Sin(ft), Status: "optimal"}
		for k := range 10 {
			s.Objective += cost(ft+float64(k)) * (1 - 0.015*float64(k))
		}
		s.DualBound = s.Objective - 0.00004*math.Exp(2.2*math.Sin(1.7*ft)+0.3*math.Sin(9*ft))
		switch {
		case t > 2 && t < 7:
			s.DualBound, s.Status = s.Objective-0.05*math.Exp(-float64(t-3)/2), "time_limit"
		case t == 22:
			s.DualBound = math.Inf(-1)
		case t == 40:
			s.DualBound = s.Objective
		}
		p.Steps = append(p.Steps, s)
		if t%8 == 0 {
			pr := Prediction{Step: t}
			for k := range 10 {
				pr.Costs = append(pr.Costs, cost(ft+float64(k))*(1-0.03*float64(k)))
			}
			p.Predictions = append(p.Predictions, pr)
		}
	}
	final := p.Steps[12].Objective
	for i := range 60 {
		f := float64(i) / 59
		b := BoundPoint{Time: 0.31 * f * f, Objective: math.Inf(1), DualBound: final - 0.0004 - 0.55*math.Exp(-7*f) - 9*math.Exp(-60*f)}
		switch {
		case i > 30:
			b.Objective = final
		case i > 12:
			b.Objective = 1.06 * final
		case i > 1:
			b.Objective = 1.35 * final
		}
		p.Trace = append(p.Trace, b)
	}
	return p
}

// encodePlot returns the PNG and fails unless it is one of the right size.
func encodePlot(t *testing.T, p PlanPlot) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := p.Encode(&buf); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(buf.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X != planPlotWidth || size.Y != planPlotHeight {
		t.Errorf("size %v, want %d x %d", size, planPlotWidth, planPlotHeight)
	}
	return buf.Bytes()
}

func TestPlanPlot(t *testing.T) {
	data := encodePlot(t, samplePlot())
	if err := os.WriteFile(filepath.Join(t.TempDir(), "plan.png"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, encodePlot(t, samplePlot())) {
		t.Error("the same data give another picture")
	}
}

func TestPlanPlotOfOddData(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, change := range map[string]func(*PlanPlot){
		"nothing":       func(p *PlanPlot) { *p = PlanPlot{} },
		"one step":      func(p *PlanPlot) { p.Steps, p.Predictions, p.Trace = p.Steps[:1], nil, p.Trace[59:] },
		"no plans":      func(p *PlanPlot) { p.Steps, p.Trace = []Step{{StageCost: 1}, {StageCost: 0.5}}, nil },
		"all zero":      func(p *PlanPlot) { p.Steps, p.Trace = make([]Step, 3), make([]BoundPoint, 3) },
		"no bound":      func(p *PlanPlot) { p.Trace = []BoundPoint{{0, inf, -inf}, {1, 2, -inf}} },
		"no incumbent":  func(p *PlanPlot) { p.Trace = []BoundPoint{{0, inf, -5}, {1, inf, 2}} },
		"no trace":      func(p *PlanPlot) { p.Trace = []BoundPoint{{nan, nan, nan}} },
		"diverged":      func(p *PlanPlot) { p.Steps[9].StageCost, p.Steps[20].Objective = inf, nan },
		"huge":          func(p *PlanPlot) { p.Steps[9].StageCost, p.Scale = 1e300, 1e9 },
		"bad tolerance": func(p *PlanPlot) { p.AbsTol, p.RelTol = nan, inf },
		"negative":      func(p *PlanPlot) { p.Steps[3].StageCost, p.Steps[3].Objective = -1, -2 },
		"late":          func(p *PlanPlot) { p.Predictions = []Prediction{{Step: 400}, {Step: -3, Costs: []float64{1, nan}}} },
	} {
		t.Run(name, func(t *testing.T) {
			p := samplePlot()
			change(&p)
			for i := range p.Steps {
				if name == "all zero" {
					p.Steps[i].Status = "optimal"
				}
			}
			encodePlot(t, p)
		})
	}
}

func TestPlanPlotOfARun(t *testing.T) {
	r := sampleRun(t)
	p := r.PlanPlot()
	if want := "push-t · bnb · seed 1"; p.Title != want || len(p.Steps) != 3 {
		t.Errorf("title %q of %d steps, want %q of 3", p.Title, len(p.Steps), want)
	}
	if want := "success after 3 steps · final error 2.1 mm · median planning time 100 ms"; p.Subtitle != want {
		t.Errorf("subtitle %q, want %q", p.Subtitle, want)
	}
	r.Summary = nil
	if p := r.PlanPlot(); p.Title != "a" || p.Subtitle != "interrupted after 3 steps" {
		t.Errorf("of an interrupted run: %q, %q", p.Title, p.Subtitle)
	}
}

func TestThinOut(t *testing.T) {
	all := make([]Prediction, 23)
	for i := range all {
		all[i].Step = i
	}
	some := thinOut(all, 8)
	if len(some) != 8 || some[0].Step != 0 || some[7].Step != 22 {
		t.Errorf("got %d predictions, from step %d to %d; want 8, from 0 to 22", len(some), some[0].Step, some[len(some)-1].Step)
	}
}

func TestTicks(t *testing.T) {
	for _, tc := range []struct {
		lo, hi float64
		want   string
	}{
		{0, 849, "0 200 400 600 800"},
		{-0.5, 0.5, "-0.4 -0.2 0 0.2 0.4"},
		{0, 118, "0 20 40 60 80 100"},
	} {
		got := ""
		for _, tick := range plainTicks(tc.lo, tc.hi) {
			got += " " + tick.Label
		}
		if got != " "+tc.want {
			t.Errorf("ticks of [%g, %g] are%s; want %s", tc.lo, tc.hi, got, tc.want)
		}
	}
}
