package tasks

import (
	"slices"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	names := Names()
	for i, name := range names {
		if slices.Index(names, name) != i {
			t.Errorf("task %q is registered twice", name)
		}
		if k := mustNew(t, name); k.Name != name {
			t.Errorf("task %q calls itself %q", name, k.Name)
		}
	}
}

func TestUnknownTask(t *testing.T) {
	_, err := New("pusht")
	if err == nil {
		t.Fatal("New accepts an unknown name")
	}
	for _, want := range append(Names(), `"pusht"`, `did you mean "push-t"`) {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not mention %s", err, want)
		}
	}
}
