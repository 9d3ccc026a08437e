package bench

import (
	"fmt"
	"slices"

	"hinge/report"
	"hinge/sparsify"
)

// sparsifyMetric is a figure that is drawn against the number of ReLUs.
type sparsifyMetric struct {
	name, unit string
	linear     bool                        // its values do not span decades
	of         func(*reducedModel) float64 // below 0 where it was not measured
}

var sparsifyMetrics = []sparsifyMetric{
	{"error, 1 step", "mm", true, func(m *reducedModel) float64 { return 1000 * m.Error1 }},
	{"error, 3 steps", "mm", true, func(m *reducedModel) float64 { return 1000 * m.ErrorH }},
	{"unstable units of a plan", "count", false, func(m *reducedModel) float64 { return m.Unstable }},
	{"nodes of a plan", "count", false, func(m *reducedModel) float64 { return m.Nodes }},
	{"time of a plan", "CPU s", false, func(m *reducedModel) float64 { return m.PlanTime }},
	{"cost of an episode", "m", false, func(m *reducedModel) float64 { return m.Cost }},
}

// comparedMetric is the figure by which methods are compared: the error that
// training minimises, on data that no model has seen.
const comparedMetric = 1

// comparedBudget is the largest budget at which methods are compared.
const comparedBudget = 48

// sparsifyReport adds medians and comparisons to the rows, and draws the curves.
func sparsifyReport(s *session, g sparsifyStudy, models []reducedModel) error {
	budgets := slices.Clone(g.Budgets)
	slices.Sort(budgets)
	picture := report.CurvesPlot{
		Title: "Few ReLUs",
		Subtitle: fmt.Sprintf("%s: medians of %d seeds (plans: %d) and their 95 %% intervals; a plan ends at 1 %%, 1 mm or %g CPU s",
			g.Task, g.Seeds, min(g.Seeds, g.PlanSeeds), g.PlanTime.Seconds()),
	}
	for _, metric := range sparsifyMetrics {
		panel := report.CurvesPanel{Title: metric.name, XLabel: "ReLUs a step", YLabel: metric.unit, Linear: metric.linear, LogX: true}
		for _, k := range budgets {
			panel.X = append(panel.X, float64(k))
		}
		for _, method := range g.Methods {
			curve := report.Curve{Name: method}
			for _, k := range budgets {
				v := figures(models, method, k, metric)
				low, high := report.MedianInterval(v)
				curve.Y, curve.Low, curve.High = append(curve.Y, report.Median(v)), append(curve.Low, low), append(curve.High, high)
				if len(v) > 0 {
					s.add(fmt.Sprintf("%d ReLUs, %s: %s", k, method, metric.name), "median of seeds", metric.unit, report.Median(v))
				}
			}
			panel.Curves = append(panel.Curves, curve)
		}
		if dense := figures(models, denseMethod, -1, metric); len(dense) > 0 {
			s.add("dense: "+metric.name, "median of seeds", metric.unit, report.Median(dense))
		}
		picture.Panels = append(picture.Panels, panel)
	}
	s.report.Picture = picture.Encode
	compareMethods(s, g, models)
	return nil
}

// figures returns a figure of all seeds in their order, without those where it was
// not measured; budget -1 stands for any.
func figures(models []reducedModel, method string, budget int, metric sparsifyMetric) []float64 {
	var v []float64
	for i := range models {
		m := &models[i]
		if m.Method == method && (budget < 0 || m.Budget == budget) && metric.of(m) >= 0 {
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
