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

// AlignOf returns [Task.Align] of the named task, nil if there is no such task.
func AlignOf(name string) control.Align {
	if t, err := New(name); err == nil {
		return t.Align
	}
	return nil
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
