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

func TestNearest(t *testing.T) {
	candidates := []string{"push-t", "push-t-plane", "rope"}
	for name, want := range map[string]string{"pusht": "push-t", "push_t_plain": "push-t-plane", "ropes": "rope", "": "rope"} {
		if got := nearest(name, candidates); got != want {
			t.Errorf("nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"abc", "abc", 0}, {"flaw", "lawn", 2}} {
		if got, back := edits(c.a, c.b), edits(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("edits(%q, %q) = %d, back %d, want %d", c.a, c.b, got, back, c.want)
		}
	}
}
