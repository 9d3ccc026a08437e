package scenario

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"hinge/dynamics"
	"hinge/nn"
	"hinge/tasks"
)

//go:embed models
var models embed.FS

// openModel reads a model: a file where the path is absolute, else a reference
// model.
func openModel(name string) (*dynamics.Model, error) {
	if filepath.IsAbs(name) {
		return dynamics.Load(name)
	}
	data, err := models.ReadFile("models/" + name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil, fmt.Errorf("%s: neither a file near the scenario nor a reference model; reference models are %s", name, orNone(embedded()))
	}
	if err != nil {
		return nil, err
	}
	return dynamics.Read(bytes.NewReader(data), name)
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "not part of this build"
	}
	return strings.Join(names, ", ")
}

// embedded returns the names of the reference models that are there.
func embedded() []string {
	names, err := fs.Glob(models, "models/*.safetensors")
	if err != nil {
		panic("scenario: malformed pattern")
	}
	for i, n := range names {
		names[i] = strings.TrimPrefix(n, "models/")
	}
	return names
}

// ReferenceModel is what can be said about a reference model.
type ReferenceModel struct {
	Name    string
	Summary string
	Err     error // why it cannot be used; nil if it can
}

// ReferenceModels returns the reference models that tasks ask for and those that
// are embedded besides.
func ReferenceModels() []ReferenceModel {
	names := embedded()
	for _, task := range tasks.Names() {
		names = append(names, task+"-dense.safetensors", task+"-sparse.safetensors")
	}
	slices.Sort(names)
	var list []ReferenceModel
	for _, name := range slices.Compact(names) {
		m, err := openModel(name)
		r := ReferenceModel{Name: name, Err: err}
		if err == nil {
			e := m.Meta.Errors
			r.Summary = fmt.Sprintf("%d ReLUs, mean error %.2g %s after 1 step, %.2g %s after %d",
				m.Net.Count(nn.ReLU), e.OneStep.Mean, e.Unit, e.HStep.Mean, e.Unit, e.Horizon)
		}
		list = append(list, r)
	}
	return list
}

// CheckModel reports a model that speaks of something else than the task.
func CheckModel(m *dynamics.Model, task *tasks.Task) error {
	if m.Meta.Task != "" && m.Meta.Task != task.Name {
		return fmt.Errorf("is a model of task %s; the scenario's task is %s", m.Meta.Task, task.Name)
	}
	if m.Meta.Aligned && task.Align == nil {
		return fmt.Errorf("was trained in the frame of each start; task %s has none", task.Name)
	}
	nx, nu := m.Dims()
	if wantX, wantU := task.Dims(); nx != wantX || nu != wantU {
		return fmt.Errorf("has %d state and %d action coordinates; task %s has %d and %d", nx, nu, task.Name, wantX, wantU)
	}
	return nil
}

// Signals describes the coordinates of a task, for data that are recorded of it.
func Signals(t *tasks.Task) dynamics.Signals {
	return dynamics.Signals{
		Task: t.Name, PointDim: t.PointDim,
		StateNames: t.StateNames, StateUnits: t.StateUnits,
		ActionNames: t.ActionNames, ActionUnits: t.ActionUnits,
	}
}
