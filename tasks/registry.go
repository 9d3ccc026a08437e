package tasks

import (
	"fmt"
	"strings"
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
	return nil, fmt.Errorf("task is %q; did you mean %q? Valid are: %s",
		name, nearest(name, Names()), strings.Join(Names(), ", "))
}

// nearest returns the candidate with the fewest edits to name, the first of equals.
func nearest(name string, candidates []string) string {
	best, bestEdits := "", int(^uint(0)>>1)
	for _, c := range candidates {
		if d := edits(name, c); d < bestEdits {
			best, bestEdits = c, d
		}
	}
	return best
}

// edits returns the Levenshtein distance of a and b: how many bytes have to be
// inserted, deleted or replaced to turn one into the other.
func edits(a, b string) int {
	row := make([]int, len(b)+1) // row[j]: distance of a[:i] and b[:j]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
