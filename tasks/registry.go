package tasks

import (
	"fmt"

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

// New returns a fresh copy of the named task, which shares no memory with others.
func New(name string) (*Task, error) {
	for _, r := range registry {
		if r.name == name {
			return r.make(name)
		}
	}
	return nil, fmt.Errorf("task is %q; %s", name, strictyaml.Choices("tasks", name, Names()))
}
