package problems

import (
	"fmt"
	"strings"
)

// reader opens the part of a specification behind its prefix.
type reader struct {
	prefix, form string
	open         func(rest string) (*Problem, error)
}

var readers = []reader{
	{"push-t", "push-t:FILE#K", openPushT},
	{"push-t-grid", "push-t-grid:FILE", openPushTGrid},
	{"hd-milp-plan", "hd-milp-plan:DIR/NAME@H", openHDMILP},
}

// Forms returns the specifications [Open] understands.
func Forms() []string {
	var forms []string
	for _, r := range readers {
		forms = append(forms, r.form)
	}
	return append(forms, "FILE.json, saved by --save-request")
}

// Is reports whether spec has the prefix of a problem, so that a caller can
// tell a problem from a scenario.
func Is(spec string) bool {
	_, _, ok := find(spec)
	return ok || strings.HasSuffix(spec, requestSuffix)
}

// Open reads the problem that spec names; see [Forms].
func Open(spec string) (*Problem, error) {
	r, rest, ok := find(spec)
	if !ok && Is(spec) {
		return openRequest(spec)
	}
	if !ok {
		return nil, fmt.Errorf("problem %q: unknown form; valid are %s", spec, strings.Join(Forms(), ", "))
	}
	if rest == "" {
		return nil, fmt.Errorf("problem %q: no file named; the form is %s", spec, r.form)
	}
	return r.open(rest)
}

func find(spec string) (r reader, rest string, ok bool) {
	prefix, rest, found := strings.Cut(spec, ":")
	for _, r := range readers {
		if found && r.prefix == prefix {
			return r, rest, true
		}
	}
	return reader{}, "", false
}
