package report

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// PlanPlot is the picture of a run's plans: what they promised, what happened
// and what was proven. Costs are in the units of the cost function; Scale turns
// them into Unit for the picture.
type PlanPlot struct {
	Title    string  // what was run
	Subtitle string  // how it ended
	Unit     string  // of costs in the picture, such as "mm"; may be empty
	Scale    float64 // picture units per cost unit; 0 means 1

	Steps       []Step
	Predictions []Prediction // of selected plans; at most 8 are drawn
	// AbsTol and RelTol are the gap tolerances: a plan is good enough when its
	// gap is at most AbsTol or at most RelTol times its objective. 0 means none.
	AbsTol, RelTol float64
	// Trace is the course of one solve in the order of time, that of the plan
	// made at step TraceStep.
	Trace     []BoundPoint
	TraceStep int
}

// Prediction is what the plan made at a step expected to be charged for that
// step and the following ones.
type Prediction struct {
	Step  int
	Costs []float64
}

// BoundPoint is a moment of a solve.
type BoundPoint struct {
	Time      float64 // seconds since the solve began
	Objective float64 // of the incumbent, +Inf before the first
	DualBound float64 // proven so far, -Inf before the first
}

// Size of the picture in pixels, and how many of them make an inch of text.
const (
	planPlotWidth, planPlotHeight = 1100, 900
	planPlotDPI                   = 96
)

// Encode writes the picture as PNG. Values that are not finite leave gaps.
func (p PlanPlot) Encode(w io.Writer) error {
	px := vg.Inch / planPlotDPI
	img := vgimg.NewWith(vgimg.UseWH(planPlotWidth*px, planPlotHeight*px), vgimg.UseDPI(planPlotDPI), vgimg.UseBackgroundColor(color.White))
	p.draw(draw.New(img))
	_, err := vgimg.PngCanvas{Canvas: img}.WriteTo(w)
	return err
}

// draw lays out a title and four panels: costs above, proofs below.
func (p PlanPlot) draw(c draw.Canvas) {
	if p.Scale == 0 {
		p.Scale = 1
	}
	c = draw.Crop(c, 16, -20, 12, -16)
	c.FillText(textStyle(15, true, inkColor), vg.Point{X: c.Min.X, Y: c.Max.Y - 14}, p.Title)
	c.FillText(textStyle(10.5, false, quietColor), vg.Point{X: c.Min.X, Y: c.Max.Y - 31}, p.Subtitle)
	drawPanels(draw.Crop(c, 0, 0, 0, -46), [][]*panel{
		{p.costPanel(), p.planPanel()},
		{p.gapPanel(), p.tracePanel()},
	})
}

// withUnit appends the unit of costs to the label of an axis.
func (p PlanPlot) withUnit(label string) string {
	if p.Unit == "" {
		return label
	}
	return label + " (" + p.Unit + ")"
}

// lastStep returns the end of the axes that count steps.
func (p PlanPlot) lastStep() float64 {
	last := max(len(p.Steps)-1, 1)
	for _, pr := range p.Predictions {
		last = max(last, pr.Step+len(pr.Costs)-1)
	}
	return float64(last)
}

// costPanel compares what was charged for each step with what plans expected.
func (p PlanPlot) costPanel() *panel {
	n := newPanel("Cost of each step", "step", p.withUnit("stage cost"))
	n.wholeX(p.lastStep())
	measured := make([]point, len(p.Steps))
	for t := range p.Steps {
		measured[t] = point{float64(t), p.Scale * p.Steps[t].StageCost}
	}
	n.fitY(0)
	n.line(measured, measuredLine)
	for _, pr := range thinOut(p.Predictions, 8) {
		predicted := make([]point, len(pr.Costs))
		for k, cost := range pr.Costs {
			predicted[k] = point{float64(pr.Step + k), p.Scale * cost}
		}
		n.line(predicted, predictedLine)
		n.dots(predicted[:min(1, len(predicted))], predictedDot)
	}
	n.key("what happened", lineSwatch(measuredLine))
	if len(p.Predictions) > 0 {
		n.key("what a plan predicted, from its first step on", lineSwatch(predictedLine))
	}
	return n
}

// thinOut returns at most n of all predictions, evenly spread, the first and the
// last among them.
func thinOut(all []Prediction, n int) []Prediction {
	if len(all) <= n {
		return all
	}
	some := make([]Prediction, n)
	for i := range some {
		some[i] = all[i*(len(all)-1)/(n-1)]
	}
	return some
}

// planPanel shows between which limits the best possible plan lies.
func (p PlanPlot) planPanel() *panel {
	n := newPanel("Cost of each plan over its horizon", "step at which the plan was made", p.withUnit("cost J of the plan"))
	n.wholeX(p.lastStep())
	n.fitY(0)
	var plan, bound []point
	for t := range p.Steps {
		if s := &p.Steps[t]; s.Planned() {
			plan = append(plan, point{float64(t), p.Scale * s.Objective})
			bound = append(bound, point{float64(t), p.Scale * s.DualBound})
		}
	}
	if len(plan) == 0 {
		n.empty = "this run made no plans"
		return n
	}
	n.band(bound, plan, gapFill)
	n.line(bound, boundLine)
	n.line(plan, planLine)
	n.key("plan", lineSwatch(planLine))
	n.key("lower bound", lineSwatch(boundLine))
	n.key("the optimum lies in between", fillSwatch(gapFill))
	return n
}

// tolerance returns the largest gap that is good enough for step s.
func (p PlanPlot) tolerance(s *Step) float64 {
	return max(p.AbsTol, p.RelTol*math.Abs(s.Objective))
}

// gapPanel shows for each plan whether its gap met the tolerance.
func (p PlanPlot) gapPanel() *panel {
	n := newPanel("Gap between each plan and its bound", "step at which the plan was made", p.withUnit("gap"))
	n.wholeX(p.lastStep())
	var met, missed, unbounded, limit []point
	for t := range p.Steps {
		s := &p.Steps[t]
		if !s.Planned() {
			continue
		}
		gap, tol := s.AbsGap(), p.tolerance(s)
		at := point{float64(t), p.Scale * gap}
		switch {
		case math.IsInf(gap, 1):
			unbounded = append(unbounded, at)
		case gap <= tol:
			met = append(met, at)
		default:
			missed = append(missed, at)
		}
		if finite(tol) && tol > 0 {
			limit = append(limit, point{float64(t), p.Scale * tol})
		}
	}
	if len(met)+len(missed)+len(unbounded) == 0 {
		n.empty = "this run made no plans"
		return n
	}
	n.logY(met, missed, limit)
	n.line(limit, limitLine)
	n.dots(met, metDot)
	n.dots(missed, missedDot)
	n.dots(unbounded, unboundedDot)
	n.count("within tolerance", met, dotSwatch(metDot))
	n.count("above", missed, dotSwatch(missedDot))
	n.count("no bound", unbounded, dotSwatch(unboundedDot))
	if len(limit) > 0 {
		n.key("tolerance", lineSwatch(limitLine))
	}
	return n
}

// tracePanel shows how the gap of one plan closed while it was being solved.
func (p PlanPlot) tracePanel() *panel {
	n := newPanel("How the gap closed during one solve", "solve time", p.withUnit("cost J of the plan"))
	if len(p.Trace) == 0 {
		n.empty = "the course of the solve was not recorded"
		return n
	}
	end := p.Trace[len(p.Trace)-1]
	unit, scale := "s", 1.0
	if end.Time < 1 {
		unit, scale = "ms", 1000
	}
	n.title = fmt.Sprintf("How the gap closed while solving step %d", p.TraceStep)
	n.plot.X.Label.Text = "solve time (" + unit + ")"
	var plan, bound []point
	for _, b := range p.Trace {
		plan = append(plan, point{scale * b.Time, p.Scale * b.Objective})
		bound = append(bound, point{scale * b.Time, p.Scale * b.DualBound})
	}
	plan, bound = stairs(plan), stairs(bound)
	n.plot.X.Min, n.plot.X.Max = 0, max(scale*end.Time, 1e-9)
	n.plot.Y.Min, n.plot.Y.Max = p.traceRange()
	n.band(bound, plan, gapFill)
	n.line(bound, boundLine)
	n.line(plan, planLine)
	n.key("best plan so far", lineSwatch(planLine))
	n.key("lower bound", lineSwatch(boundLine))
	n.key(p.finalGap(end), fillSwatch(gapFill))
	return n
}

// finalGap says in words what the solve ended with.
func (p PlanPlot) finalGap(end BoundPoint) string {
	s := Step{Objective: end.Objective, DualBound: end.DualBound}
	switch gap := s.AbsGap(); {
	case !finite(gap):
		return "no gap: plan or bound missing"
	case gap == 0:
		return "the gap closed completely"
	}
	text := fmt.Sprintf("final gap %.3g", p.Scale*s.AbsGap())
	if p.Unit != "" {
		text += " " + p.Unit
	}
	if finite(s.RelGap()) {
		text += fmt.Sprintf(" = %.2g %%", 100*s.RelGap())
	}
	return text
}

// traceRange returns the limits of the cost axis: wide enough for the end of the
// solve with a view on how it came about. The first bounds of a solve may lie
// orders of magnitude away; shown in full they would hide the rest.
func (p PlanPlot) traceRange() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	lastPlan, lastBound := math.NaN(), math.NaN()
	for _, b := range p.Trace {
		for _, v := range []float64{b.Objective, b.DualBound} {
			if finite(v) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
		if finite(b.Objective) {
			lastPlan = b.Objective
		}
		if finite(b.DualBound) {
			lastBound = b.DualBound
		}
	}
	if math.IsNaN(lastPlan) {
		lastPlan = lastBound
	}
	if math.IsNaN(lastBound) {
		lastBound = lastPlan
	}
	if math.IsNaN(lastPlan) {
		return 0, 1
	}
	reach := max(math.Abs(lastPlan), math.Abs(lastBound), lastPlan-lastBound)
	lo, hi = max(lo, lastBound-reach), min(hi, lastPlan+reach)
	pad := max(0.06*(hi-lo), 1e-6*reach, 1e-12)
	return p.Scale * (lo - pad), p.Scale * (hi + pad)
}
