package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"hinge/internal/atomicfile"
	"hinge/internal/strictyaml"
	"hinge/report"
)

// sweepPoint is one training of a sweep.
type sweepPoint struct {
	config trainConfig
	given  []axisValue // all that the file of the sweep gives
	axes   []axisValue // what of it is varied
}

// axisValue is a key and its value, as YAML.
type axisValue struct{ key, value string }

// setting returns the values of the axes as flags of a command line.
func (p sweepPoint) setting() string { return settings(p.axes) }

// command returns the flags that make this training one without a sweep, sets being
// those of the sweep; "" where there is none.
func (p sweepPoint) command(sets []string) string {
	if p.given == nil {
		return ""
	}
	flags := settings(p.given)
	for _, s := range sets {
		flags += " " + shellWords([]string{"--set", s})
	}
	return flags
}

func settings(values []axisValue) string {
	var b strings.Builder
	for _, v := range values {
		b.WriteString(" " + shellWords([]string{"--set", v.key + "=" + v.value}))
	}
	return b.String()
}

// largestSweep is more trainings than anybody waits for.
const largestSweep = 1000

// readSweep reads a file in which keys may have lists of values and returns all
// combinations, the last key varying fastest. A list that is a value itself, as
// hidden: [64, 64], is one; [[64, 64], [128, 128]] are two.
func readSweep(path string, sets []string) ([]sweepPoint, error) {
	if err := needFile("--config", path); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, badInputf("--config: %w", err)
	}
	var keys yaml.MapSlice
	if err := yaml.Unmarshal(data, &keys); err != nil {
		return nil, badInputf("--config %s: not valid YAML: %s; a sweep is a mapping of keys to lists of values", path, firstLine(err))
	}
	overrides, err := parseSets(sets)
	if err != nil {
		return nil, err
	}
	points := []sweepPoint{{config: defaultTrainConfig()}}
	for _, item := range keys {
		if points, err = expand(points, path, fmt.Sprint(item.Key), item.Value); err != nil {
			return nil, badInput(err)
		}
		if len(points) > largestSweep {
			return nil, badInputf("--sweep: %s makes %d combinations; at most %d are trained", path, len(points), largestSweep)
		}
	}
	for i := range points {
		if err := override(&points[i].config, path, overrides...); err != nil {
			return nil, badInput(err)
		}
	}
	return points, nil
}

// expand sets a key in all points; where it has several values every point
// becomes several.
func expand(points []sweepPoint, path, key string, value any) ([]sweepPoint, error) {
	values, list := value.([]any)
	if _, err := points[0].with(path, key, value); err == nil || !list {
		values = []any{value}
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("--config %s: %s: the list is empty; it must have the values to try", path, key)
	}
	var all []sweepPoint
	for _, p := range points {
		for _, v := range values {
			q, err := p.with(path, key, v)
			if err != nil {
				return nil, err
			}
			if len(values) == 1 {
				q.axes = p.axes // nothing that varies
			}
			all = append(all, q)
		}
	}
	return all, nil
}

// firstLine is what an error of the YAML library says before it shows the file.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// with returns the point with one more value.
func (p sweepPoint) with(path, key string, value any) (sweepPoint, error) {
	text, err := yaml.MarshalWithOptions(value, yaml.Flow(true))
	if err != nil {
		return p, fmt.Errorf("--config %s: %s: %w", path, key, err)
	}
	flow := strings.TrimSpace(string(text))
	p.given = append(slices.Clone(p.given), axisValue{key, flow})
	p.axes = append(slices.Clone(p.axes), axisValue{key, flow})
	return p, override(&p.config, path, strictyaml.Override{Label: "--config " + path, Key: key, Value: flow})
}

// override sets values of a configuration.
func override(cfg *trainConfig, path string, overrides ...strictyaml.Override) error {
	source, err := strictyaml.Decode(path, nil, cfg)
	if err != nil {
		return err
	}
	for _, o := range overrides {
		if err := source.Set(o, cfg); err != nil {
			return err
		}
	}
	return nil
}

// sweep trains all points and writes the best model to path, the model of point i
// beside it as that of member i+1.
func (t *training) sweep(ctx context.Context, points []sweepPoint, path string) (result, error) {
	r := &sweepResult{Out: path}
	for i, p := range points {
		row, err := t.run(ctx, p, memberFile(path, i+1))
		if err != nil && !withoutResult(err) {
			err = fmt.Errorf("training %d of %d,%s: %w", i+1, len(points), p.setting(), err)
			if len(r.Rows) == 0 {
				return nil, err
			}
			return r, joined(err, t.keepBest(r)) // hours may have gone into the trainings before
		}
		if err != nil {
			r.Diverged = append(r.Diverged, strings.TrimSpace(p.setting()))
			continue
		}
		settings := map[string]string{}
		for _, v := range p.axes {
			settings[v.key] = v.value
		}
		r.Rows = append(r.Rows, sweepRow{Number: i + 1, Settings: settings, modelResult: *row, axes: p.axes})
	}
	if len(r.Rows) == 0 {
		return nil, badInputf("data set %s: all %d trainings diverged or learned nothing; smaller learning rates help", t.name, len(points))
	}
	return r, t.keepBest(r)
}

// keepBest sorts the rows and writes and draws the best of them.
func (t *training) keepBest(r *sweepResult) error {
	r.sort()
	best, err := os.ReadFile(r.Rows[0].Out)
	if err != nil {
		return err
	}
	return joined(atomicfile.WriteBytes(r.Out, best), t.plotLosses(&r.Rows[0].modelResult))
}

// sweepResult is the trainings of a sweep, best first.
type sweepResult struct {
	Rows     []sweepRow `json:"rows"`
	Diverged []string   `json:"diverged,omitempty"` // or learned nothing: the settings of those without a result
	Out      string     `json:"out"`
}

type sweepRow struct {
	Number   int               `json:"number"` // in the order of training
	Settings map[string]string `json:"settings"`
	modelResult
	axes []axisValue
}

// longError is the error after the most steps that all rows know.
func (r *sweepResult) longError(row int) float64 {
	steps := len(r.Rows[0].ByStep)
	for i := range r.Rows {
		steps = min(steps, len(r.Rows[i].ByStep))
	}
	return r.Rows[row].errorAfter(steps)
}

// sort orders the rows by [sweepResult.longError]: losses of other horizons do
// not compare, and a planner looks several steps ahead.
func (r *sweepResult) sort() {
	errs := make(map[int]float64, len(r.Rows))
	for i, row := range r.Rows {
		errs[row.Number] = r.longError(i)
	}
	slices.SortStableFunc(r.Rows, func(a, b sweepRow) int { return cmp.Compare(errs[a.Number], errs[b.Number]) })
}

func (r *sweepResult) text(w io.Writer) {
	var header []string
	for _, v := range r.Rows[0].axes {
		header = append(header, v.key)
	}
	unit := r.Rows[0].ErrorUnit
	if unit == "" {
		unit = "deviations of a step"
	}
	header = append(header, "parameters", "error, 1 step, "+unit, "most steps", "time, s", "model")
	table := report.NewTable(header...)
	for i, row := range r.Rows {
		var cells []any
		for _, v := range row.axes {
			cells = append(cells, v.value)
		}
		table.Add(append(cells, row.Parameters, row.errorAfter(1), r.longError(i), row.Time, row.Out)...)
	}
	fmt.Fprint(w, table)
	for _, s := range r.Diverged {
		fmt.Fprintf(w, "diverged or learned nothing: %s\n", s)
	}
	fmt.Fprintf(w, "the best one, %s, is also %s\n", r.Rows[0].Out, r.Out)
}
