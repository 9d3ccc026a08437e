package tasks

import (
	"fmt"

	"hinge/control"
	"hinge/internal/strictyaml"
)

// registry lists the tasks in the order in which they are shown.
var registry = []struct {
	name string
	make func(name string) (*Task, error)
}{
	{"push-t", newPushT},
}

// Names returns the names of all tasks.
func Names() []string {
	names := make([]string, len(registry))
	for i, r := range registry {
		names[i] = r.name
	}
	return names
}

// AlignOf returns [Task.Align] of the named task, nil if there is no such task or if it
// has other than nx state and nu action coordinates: others may use its name.
func AlignOf(name string, nx, nu int) control.Align {
	t, err := New(name)
	if err != nil {
		return nil
	}
	if x, u := t.Dims(); x != nx || u != nu {
		return nil
	}
	return t.Align
}

// New returns a fresh copy of the named task, which shares no memory with others.
func New(name string) (*Task, error) {
	for _, r := range registry {
		if r.name == name {
			return r.make(name)
		}
	}
	return nil, fmt.Errorf("task is %q; %s", name, strictyaml.Choices("tasks", name, Names()))
}
