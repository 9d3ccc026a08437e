package strictyaml

import (
	"fmt"
	"strings"
)

// Choices ends an error about an unknown name: the nearest valid one, where one
// is near, and all of them. kind is their plural ("planners").
func Choices(kind, name string, valid []string) string {
	list := fmt.Sprintf("valid %s are %s", kind, strings.Join(valid, ", "))
	if near := Nearest(name, valid); near != "" {
		return fmt.Sprintf("did you mean %q? %s", near, list)
	}
	return list
}

// Nearest returns the name that a typing error most likely meant, "" if none is
// close: at most a third of the letters may differ, and never fewer than one.
func Nearest(name string, valid []string) string {
	best, least := "", max(1, len(name)/3)+1
	for _, v := range valid {
		if d := distance(strings.ToLower(name), v); d < least {
			best, least = v, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to turn a into b (optimal string alignment).
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			replace := prev[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
