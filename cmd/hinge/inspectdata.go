package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hinge/dynamics"
	"hinge/internal/atomicfile"
	"hinge/internal/strictyaml"
	"hinge/nn"
	"hinge/report"
)

// inspectFlags are the flags of hinge inspect: what to look at beside what a file
// says of itself.
type inspectFlags struct {
	data, plot, coordinates string
	episode                 int
	chosen                  bool // the episode; else it is the first of the part that is predicted
}

func (f inspectFlags) validate(path string) error {
	ext := filepath.Ext(path)
	switch {
	case f.data != "" && ext != ".safetensors":
		return badInputf("--data %s: only a model predicts; %s is none", f.data, path)
	case f.plot != "" && ext != ".npz" && ext != ".safetensors":
		return badInputf("--plot %s: only data sets (.npz) and models (.safetensors) are drawn, not %s", f.plot, path)
	case f.plot != "" && ext == ".safetensors" && f.data == "":
		return badInputf("--plot %s: --data is missing; give the recorded episodes that the model is to predict", f.plot)
	case f.coordinates != "" && f.plot == "":
		return badInputf("--coordinates %s: --plot is missing; give the .png file to draw", f.coordinates)
	case f.chosen && f.plot == "":
		return badInputf("--episode %d: --plot is missing; give the .png file to draw", f.episode)
	}
	if f.plot == "" {
		return nil
	}
	return checkOutFile("--plot", f.plot, ".png")
}

// add does what the flags ask for and adds what it finds to r.
func (f inspectFlags) add(r *inspection, path string) error {
	switch {
	case f.data != "":
		return f.predict(r, path)
	case r.data != nil:
		return f.addCoverage(r, path)
	}
	return nil
}

// errorFacts tell how well a model predicts the coordinates s.
func errorFacts(e dynamics.Errors, s *dynamics.Signals) []fact {
	facts := []fact{
		{"error_unit", commonUnit(e.Unit)},
		{"error_1", report.Number(e.OneStep.Mean)},
		{"error_1_moved", report.Number(e.OneStepMoved.Mean)},
		{"error_h", report.Number(e.HStep.Mean)},
		{"horizon", e.Horizon},
		{"error_standing_still", report.Number(e.Still.Mean)},
	}
	if e.ByStep != nil {
		facts = append(facts, fact{"error_by_step", rounded(e.ByStep)},
			fact{"moved_share", report.Number(float64(e.OneStepMoved.Rows) / float64(max(1, e.OneStep.Rows)))})
	}
	for _, c := range errorsByCoordinate(e, s) {
		facts = append(facts, fact{"error_of_" + c.Name, c})
	}
	return facts
}

// rounded returns values with the digits that mean something.
func rounded(v []float64) []float64 {
	r := make([]float64, len(v))
	for i, x := range v {
		r[i], _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64) // it was formatted a moment ago
	}
	return r
}

// relusByLayer counts those of every hidden layer.
func relusByLayer(n *nn.Net) []int {
	var counts []int
	for i := range n.Layers[:len(n.Layers)-1] {
		count := 0
		for j := range n.Layers[i].Out {
			if n.Layers[i].Gate(j) == nn.ReLU {
				count++
			}
		}
		counts = append(counts, count)
	}
	return counts
}

// rounds writes who acted in the episodes of a data set.
func rounds(d *dynamics.Dataset) string {
	if len(d.Meta.Rounds) == 0 {
		return fmt.Sprintf("%d %s", d.Episodes, dynamics.PolicyPush)
	}
	var parts []string
	for _, r := range d.Meta.Rounds {
		parts = append(parts, fmt.Sprintf("%d %s", r.Episodes, r.Policy))
	}
	return strings.Join(parts, ", ")
}

// coordinateRange is the values of a coordinate.
type coordinateRange struct {
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	Unit      string  `json:"unit"`
}

func (r coordinateRange) String() string {
	return strings.TrimSpace(fmt.Sprintf("%.4g to %.4g, mean %.4g, deviation %.4g %s", r.Low, r.High, r.Mean, r.Deviation, r.Unit))
}

// Sizes of a picture of coverage.
const (
	coverageBins  = 48
	coveragePairs = 4
)

// cells is how many of the cells of a picture have rows in them: how much of the square
// of two ranges was visited.
type cells struct {
	Visited int `json:"visited"`
	Of      int `json:"of"`
}

func (c cells) String() string {
	return fmt.Sprintf("%d of %d, %.0f %%", c.Visited, c.Of, 100*float64(c.Visited)/float64(c.Of))
}

// addCoverage adds how much pairs of coordinates have visited, and draws how often.
func (f inspectFlags) addCoverage(r *inspection, path string) error {
	d, c := r.data, r.coverage
	pairs, err := f.pairs(c)
	if err != nil {
		return err
	}
	p := report.HistogramPlot{
		Title:    "Coverage of " + filepath.Base(path),
		Subtitle: fmt.Sprintf("%d episodes of %d steps; %.0f %% of the steps change the state", d.Episodes, d.Steps, 100*c.Moved),
	}
	for _, pair := range pairs {
		x, y := c.Coordinates[pair[0]], c.Coordinates[pair[1]]
		counts := c.Histogram(d, pair[0], pair[1], coverageBins)
		r.Facts = append(r.Facts, fact{"cells_of_" + x.Name + ":" + y.Name, cells{visited(counts), len(counts)}})
		p.Panels = append(p.Panels, report.HistogramPanel{
			Title:  x.Name + ", " + y.Name,
			XLabel: labelled(x.Name, x.Unit), YLabel: labelled(y.Name, y.Unit),
			XMin: x.Low, XMax: x.High, YMin: y.Low, YMax: y.High,
			Bins: coverageBins, Counts: counts,
		})
	}
	if f.plot == "" {
		return nil
	}
	return atomicfile.Write(f.plot, func(w io.Writer) error { return p.Encode(w) })
}

// visited counts what is not 0.
func visited(counts []int) int {
	n := 0
	for _, c := range counts {
		if c > 0 {
			n++
		}
	}
	return n
}

func labelled(name, unit string) string {
	if unit == "" {
		return name
	}
	return name + ", " + unit
}

// pairs returns the coordinates to draw: those asked for, or neighbours from the
// last ones on, which are the actions.
func (f inspectFlags) pairs(c dynamics.Coverage) ([][2]int, error) {
	var pairs [][2]int
	if f.coordinates == "" {
		for i := len(c.Coordinates) - 2; i >= 0 && len(pairs) < coveragePairs; i -= 2 {
			pairs = append(pairs, [2]int{i, i + 1})
		}
		return pairs, nil
	}
	for text := range strings.SplitSeq(f.coordinates, ",") {
		a, b, ok := strings.Cut(text, ":")
		if !ok {
			return nil, badInputf("--coordinates %s: %q is no pair; write a:b", f.coordinates, text)
		}
		var pair [2]int
		for i, name := range []string{a, b} {
			at, err := f.coordinate(name, c.Coordinates)
			if err != nil {
				return nil, err
			}
			pair[i] = at
		}
		pairs = append(pairs, pair)
	}
	if len(pairs) > coveragePairs {
		return nil, badInputf("--coordinates %s: %d pairs; at most %d are drawn", f.coordinates, len(pairs), coveragePairs)
	}
	return pairs, nil
}

func (f inspectFlags) coordinate(name string, list []dynamics.Range) (int, error) {
	var names []string
	for i, r := range list {
		if r.Name == strings.TrimSpace(name) {
			return i, nil
		}
		names = append(names, r.Name)
	}
	return 0, badInputf("--coordinates %s: %s", f.coordinates, strictyaml.Choices("names", name, names))
}

// predict adds how well a model predicts recorded episodes, and draws one.
func (f inspectFlags) predict(r *inspection, path string) error {
	m, err := dynamics.Load(path)
	if err != nil {
		return err
	}
	d, err := loadDataset(f.data)
	if err != nil {
		return err
	}
	if err := sameSystem(m, d, path, f.data); err != nil {
		return err
	}
	part, err := partOf(m, d)
	if err != nil {
		return badInput(err)
	}
	e, err := dynamics.Evaluate(m, d, part.episodes, min(max(1, m.Meta.Errors.Horizon), d.Steps))
	if err != nil {
		return badInput(err)
	}
	r.Facts = append(r.Facts, fact{"on_data", filepath.Base(f.data)}, fact{"on_hash", d.Hash()},
		fact{"on_episodes", len(part.episodes)}, fact{"on_part", part.name})
	for _, fact := range errorFacts(e, &m.Meta.Signals) {
		fact.Name = "on_" + fact.Name
		r.Facts = append(r.Facts, fact)
	}
	if f.plot == "" {
		return nil
	}
	if !f.chosen {
		f.episode = part.episodes[0]
	}
	if f.episode < 0 || f.episode >= d.Episodes {
		return badInputf("--episode %d: %s has episodes 0 to %d", f.episode, f.data, d.Episodes-1)
	}
	return f.drawPrediction(m, d, part.note(f.episode), path)
}

// predictedPart is the episodes of a data set that a model is judged by.
type predictedPart struct {
	name     string // what the model knows of them
	learned  bool   // the model was trained on this data set
	episodes []int
}

// partOf returns the episodes that m has not learned from, as far as that is known:
// those kept out of its training, or all of other data.
func partOf(m *dynamics.Model, d *dynamics.Dataset) (predictedPart, error) {
	switch {
	case m.Meta.DataHash != d.Hash():
		return predictedPart{name: "other data than those of the training", episodes: d.AllEpisodes()}, nil
	case m.Meta.Training == nil:
		return predictedPart{name: "also trained on; which were kept out is not known", learned: true, episodes: d.AllEpisodes()}, nil
	}
	_, kept, err := d.Split(m.Meta.Training.Validation, m.Meta.Seed)
	return predictedPart{name: "kept out of the training", learned: true, episodes: kept}, err
}

// note says in a picture whether an episode was learned from.
func (p predictedPart) note(episode int) string {
	switch {
	case !p.learned:
		return ""
	case !slices.Contains(p.episodes, episode):
		return "also trained on"
	}
	return p.name
}

// sameSystem reports a model and data that speak of different systems.
func sameSystem(m *dynamics.Model, d *dynamics.Dataset, model, data string) error {
	nx, nu := m.Dims()
	switch {
	case m.Meta.Task != d.Meta.Task:
		return badInputf("--data %s: is of task %q; model %s is of task %q", data, d.Meta.Task, model, m.Meta.Task)
	case nx != d.Nx || nu != d.Nu:
		return badInputf("--data %s: has %d state and %d action coordinates; model %s has %d and %d", data, d.Nx, d.Nu, model, nx, nu)
	}
	return nil
}

// predictedCoordinates is the largest number of panels of a picture.
const predictedCoordinates = 8

// drawPrediction draws the states of an episode and what the model predicts from
// its start with the recorded actions.
func (f inspectFlags) drawPrediction(m *dynamics.Model, d *dynamics.Dataset, note, path string) error {
	chosen, err := f.predicted(d)
	if err != nil {
		return err
	}
	steps := make([]float64, d.Steps+1)
	real, predicted := make([][]float64, len(chosen)), make([][]float64, len(chosen))
	frame := d.Align.Of(d.State(f.episode, 0))
	x, u, world := slices.Clone(d.State(f.episode, 0)), make([]float64, d.Nu), make([]float64, d.Nx)
	frame.Points(x, x)
	for t := range steps {
		steps[t] = float64(t)
		frame.WorldPoints(world, x)
		for i, k := range chosen {
			real[i], predicted[i] = append(real[i], d.State(f.episode, t)[k]), append(predicted[i], world[k])
		}
		if t < d.Steps {
			frame.Vectors(u, d.Action(f.episode, t))
			m.Step(x, x, u)
		}
	}
	p := report.CurvesPlot{
		Title:    "What " + filepath.Base(path) + " predicts",
		Subtitle: fmt.Sprintf("episode %d of %s%s, from its start alone", f.episode, filepath.Base(f.data), spaced(note)),
	}
	ranges := dynamics.NewCoverage(d).Coordinates
	for i, k := range chosen {
		p.Panels = append(p.Panels, report.CurvesPanel{
			Title: ranges[k].Name, XLabel: "step", YLabel: labelled(ranges[k].Name, ranges[k].Unit), Linear: true, X: steps,
			Curves: []report.Curve{{Name: "recorded", Kind: report.RealCurve, Y: real[i]}, {Name: "predicted", Kind: report.PredictedCurve, Y: predicted[i]}},
		})
	}
	return atomicfile.Write(f.plot, func(w io.Writer) error { return p.Encode(w) })
}

// predicted returns the state coordinates to draw.
func (f inspectFlags) predicted(d *dynamics.Dataset) ([]int, error) {
	var chosen []int
	if f.coordinates == "" {
		for i := range min(d.Nx, predictedCoordinates) {
			chosen = append(chosen, i)
		}
		return chosen, nil
	}
	states := dynamics.NewCoverage(d).Coordinates[:d.Nx]
	for name := range strings.SplitSeq(f.coordinates, ",") {
		at, err := f.coordinate(name, states)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, at)
	}
	if len(chosen) > predictedCoordinates {
		return nil, badInputf("--coordinates %s: %d names; at most %d are drawn", f.coordinates, len(chosen), predictedCoordinates)
	}
	return chosen, nil
}
