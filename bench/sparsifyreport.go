package bench

import (
	"fmt"
	"math"
	"slices"

	"hinge/report"
	"hinge/sparsify"
)

// sparsifyMetric is a figure that is drawn against the number of ReLUs.
type sparsifyMetric struct {
	name, unit string
	linear     bool // its values do not span decades
	limited    bool // a plan that ended at the limit says only that it is no smaller
	counted    bool // and not even that on another machine: it is not drawn
	of         func(*reducedModel) float64
}

// ofPlans is a figure of models that plan, NaN for the others.
func ofPlans(of func(*planFigures) float64) func(*reducedModel) float64 {
	return func(m *reducedModel) float64 {
		if m.Plans == nil {
			return math.NaN()
		}
		return of(m.Plans)
	}
}

// provenShare is not drawn as the others are: nothing ends at a limit there.
var provenShare = sparsifyMetric{name: "plans proven within the limit", unit: "share", linear: true,
	of: ofPlans(func(p *planFigures) float64 { return p.Proven })}

var sparsifyMetrics = []sparsifyMetric{
	{name: "error, 1 step", unit: "mm", linear: true, of: func(m *reducedModel) float64 { return 1000 * m.Error1 }},
	{name: "error, 3 steps", unit: "mm", linear: true, of: func(m *reducedModel) float64 { return 1000 * m.ErrorH }},
	{name: "cost of an episode", unit: "m", of: ofPlans(func(p *planFigures) float64 { return p.Cost })},
	{name: "unstable units of a plan", unit: "count", of: ofPlans(func(p *planFigures) float64 { return p.Unstable })},
	provenShare,
	{name: "gap left", unit: "mm", of: ofPlans(func(p *planFigures) float64 { return 1000 * p.Gap })},
	{name: "nodes of a plan", unit: "count", limited: true, counted: true, of: ofPlans(func(p *planFigures) float64 { return p.Nodes })},
	{name: "time of a plan", unit: "CPU s", limited: true, of: ofPlans(func(p *planFigures) float64 { return p.PlanTime })},
}

// comparedMetric is the figure by which methods are compared: the error that
// training minimises, on data that no model has seen.
const comparedMetric = 1

// comparedBudget is the largest budget at which methods are compared.
const comparedBudget = 48

// sparsifyReport adds medians and comparisons to the rows, and draws the curves.
func sparsifyReport(s *session, g sparsifyStudy, models []reducedModel) error {
	picture := report.CurvesPlot{Title: "Few ReLUs", Subtitle: g.subtitle()}
	for _, metric := range sparsifyMetrics {
		picture.Panels = append(picture.Panels, g.panel(s, metric, models))
	}
	s.report.Picture = picture.Encode
	compareMethods(s, g, models)
	return nil
}

// leastForInterval is the number of values whose median has an interval of 95 %.
const leastForInterval = 6

// subtitle says what the bars and the hollow dots of the picture are.
func (g *sparsifyStudy) subtitle() string {
	plans := min(g.Seeds, g.PlanSeeds)
	text := fmt.Sprintf("%s: medians of %s", g.Task, bars(g.Seeds))
	if bars(plans) != bars(g.Seeds) {
		text += fmt.Sprintf(", plans: %s", bars(plans))
	}
	return text + fmt.Sprintf(". Dashed: dense. Hollow: some end at %g CPU s, not at 1 %% or 1 mm", g.PlanTime.Seconds())
}

// bars says how many seeds a median is of, and what is drawn around it.
func bars(seeds int) string {
	if seeds < leastForInterval {
		return fmt.Sprintf("%d seeds, range", seeds)
	}
	return fmt.Sprintf("%d seeds, 95 %% interval", seeds)
}

// panel draws a figure of all methods against the budget, and adds its rows.
func (g *sparsifyStudy) panel(s *session, metric sparsifyMetric, models []reducedModel) report.CurvesPanel {
	budgets := slices.Sorted(slices.Values(g.Budgets))
	panel := report.CurvesPanel{Title: metric.name, XLabel: "ReLUs a step", YLabel: metric.unit, Linear: metric.linear, LogX: true}
	for _, k := range budgets {
		panel.X = append(panel.X, float64(k))
	}
	for _, method := range g.Methods {
		curve := report.Curve{Name: method}
		for _, k := range budgets {
			v, atLimit := figures(models, method, k, metric), metric.atLimit(models, method, k)
			if len(v) > 0 {
				s.add(fmt.Sprintf("%d ReLUs, %s: %s", k, method, metric.name), medianRow(atLimit), metric.unit, report.Median(v))
			}
			if atLimit && metric.counted {
				v = nil
			}
			low, high := report.MedianInterval(v)
			curve.Add(report.Median(v), atLimit)
			curve.Low, curve.High = append(curve.Low, low), append(curve.High, high)
		}
		panel.Curves = append(panel.Curves, curve)
	}
	if dense := figures(models, denseMethod, -1, metric); len(dense) > 0 {
		atLimit := metric.atLimit(models, denseMethod, -1)
		s.add("dense: "+metric.name, medianRow(atLimit), metric.unit, report.Median(dense))
		if !atLimit {
			panel.Reference = report.Median(dense)
		}
	}
	return panel
}

// medianRow names the median of a figure; some plans of one at the limit were not
// over, and it would be larger.
func medianRow(atLimit bool) string {
	if atLimit {
		return "median of seeds, at the limit"
	}
	return "median of seeds"
}

// atLimit reports whether the median of a figure is of plans of which some ended at
// the limit.
func (metric *sparsifyMetric) atLimit(models []reducedModel, method string, budget int) bool {
	return metric.limited && report.Median(figures(models, method, budget, provenShare)) < 1
}

// figures returns a figure of all seeds in their order, without those where it was
// not measured; budget -1 stands for any.
func figures(models []reducedModel, method string, budget int, metric sparsifyMetric) []float64 {
	var v []float64
	for i := range models {
		m := &models[i]
		if m.Method == method && (budget < 0 || m.Budget == budget) && !math.IsNaN(metric.of(m)) {
			v = append(v, metric.of(m))
		}
	}
	return v
}

// compareMethods pairs the choice end to end with every baseline, seed by seed, at
// every small budget. The values of p are corrected together.
func compareMethods(s *session, g sparsifyStudy, models []reducedModel) {
	metric := sparsifyMetrics[comparedMetric]
	ours := sparsify.EndToEnd.String()
	var names []string
	var ratios, p []float64
	for _, k := range g.Budgets {
		if k > comparedBudget {
			continue
		}
		for _, method := range g.Methods {
			a, b := figures(models, ours, k, metric), figures(models, method, k, metric)
			if method == ours || len(a) != len(b) || len(a) == 0 {
				continue
			}
			differences, quotients := make([]float64, len(a)), make([]float64, len(a))
			for i := range a {
				differences[i], quotients[i] = a[i]-b[i], a[i]/b[i]
			}
			names = append(names, fmt.Sprintf("%d ReLUs, %s over %s: %s", k, ours, method, metric.name))
			ratios, p = append(ratios, report.Median(quotients)), append(p, report.SignedRank(differences))
		}
	}
	for i, corrected := range report.Holm(p) {
		s.add(names[i], "median ratio", "1", ratios[i])
		s.add(names[i], "p, signed ranks, Holm", "1", corrected)
	}
}
