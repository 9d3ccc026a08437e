package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
)

// RunSummary is the outcome of a run, as printed by `hinge run --json` and
// stored in summary.json.
type RunSummary struct {
	Task    string `json:"task"`
	Planner string `json:"planner"`
	Model   string `json:"model"`
	Seed    uint64 `json:"seed"`

	Success        bool   `json:"success"`
	Cost           Number `json:"cost"` // sum of the stage costs
	Steps          int    `json:"steps"`
	FinalError     Number `json:"final_error"`
	FinalErrorUnit string `json:"final_error_unit"`

	PlanMS         Times  `json:"plan_ms"`
	DeadlineMS     Number `json:"deadline_ms"` // NaN (null) without a deadline
	DeadlineMisses int    `json:"deadline_misses"`

	RelGap Gaps `json:"rel_gap"`
	AbsGap Gaps `json:"abs_gap"`
	// CertifiedFraction is the share of plans whose sound gap met the scenario's
	// tolerance by the deadline and whose action was applied as it was. Those that
	// PlansConfined counts are among them: their gap is to the best of what they may be.
	CertifiedFraction Number `json:"certified_fraction"`
	// ActionsReplaced counts the steps at which another action than the plan's was
	// applied, because the one before had moved nothing.
	ActionsReplaced int `json:"actions_replaced"`
	// PlansConfined counts the plans that are proven among those that do not repeat what
	// had just moved nothing, and not among all.
	PlansConfined int        `json:"plans_confined"`
	ModelError    ModelError `json:"model_error"`

	Out string `json:"out"` // the run folder
}

// Times are statistics of planning times, milliseconds.
type Times struct {
	Median Number `json:"median"`
	P95    Number `json:"p95"`
	P99    Number `json:"p99"`
	Max    Number `json:"max"`
}

// Gaps are statistics of optimality gaps.
type Gaps struct {
	Median Number `json:"median"`
	P95    Number `json:"p95"`
	Max    Number `json:"max"`
}

// ModelError is how far the model's prediction lies from the plant, after one
// step and at the end of the horizon.
type ModelError struct {
	OneStep Number `json:"one_step"`
	Horizon Number `json:"horizon"`
}

// Measure fills what follows from the steps alone: the cost, the number of
// steps, planning times, deadline misses and gaps. DeadlineMS is read; zero
// means there is none.
func (s *RunSummary) Measure(steps []Step) {
	s.Steps, s.Cost, s.DeadlineMisses = len(steps), 0, 0
	if s.DeadlineMS == 0 {
		s.DeadlineMS = Number(math.NaN())
	}
	var times, rel, abs []float64
	for i := range steps {
		step := &steps[i]
		s.Cost += Number(step.StageCost)
		if finite(step.PlanMS) {
			times = append(times, step.PlanMS)
			if step.PlanMS > float64(s.DeadlineMS) {
				s.DeadlineMisses++
			}
		}
		if step.Planned() {
			rel = append(rel, step.RelGap())
			abs = append(abs, step.AbsGap())
		}
	}
	s.PlanMS = TimesOf(times)
	s.RelGap, s.AbsGap = GapsOf(rel), GapsOf(abs)
}

// TimesOf returns the statistics of times; all NaN if there are none.
func TimesOf(ms []float64) Times {
	q := quantiles(ms, 0.5, 0.95, 0.99, 1)
	return Times{Median: Number(q[0]), P95: Number(q[1]), P99: Number(q[2]), Max: Number(q[3])}
}

// GapsOf returns the statistics of gaps; all NaN if there are none.
func GapsOf(gaps []float64) Gaps {
	q := quantiles(gaps, 0.5, 0.95, 1)
	return Gaps{Median: Number(q[0]), P95: Number(q[1]), Max: Number(q[2])}
}

// Number is a float64 that JSON can hold: NaN and infinities become null, and
// null becomes NaN.
type Number float64

// MarshalJSON implements [json.Marshaler].
func (n Number) MarshalJSON() ([]byte, error) {
	if !finite(float64(n)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(data, (*float64)(n))
}

// readSummary reads summary.json. Unknown fields are allowed, for files of newer
// versions; missing ones are errors.
func readSummary(file string, data []byte) (*RunSummary, error) {
	var present map[string]json.RawMessage
	if err := json.Unmarshal(data, &present); err != nil {
		return nil, &FileError{File: file, Want: "not a JSON object: " + err.Error()}
	}
	for _, name := range jsonNames(reflect.TypeFor[RunSummary]()) {
		if _, ok := present[name]; !ok {
			return nil, &FileError{File: file, Field: name, Want: "is missing"}
		}
	}
	s := new(RunSummary)
	if err := json.Unmarshal(data, s); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return nil, &FileError{File: file, Field: wrong.Field, Value: wrong.Value, Want: fmt.Sprintf("it must be a %v", wrong.Type)}
		}
		return nil, &FileError{File: file, Want: err.Error()}
	}
	return s, nil
}

// jsonNames returns the names of the JSON fields of a struct.
func jsonNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
