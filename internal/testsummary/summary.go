package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action, Package, Test, ImportPath, Output string
}

// test names a test; an empty name stands for the package as a whole.
type test struct{ pkg, name string }

// summary follows a run of go test. Output is held back until it is known whether
// the test failed.
type summary struct {
	w                       io.Writer
	output                  map[test][]string
	failedIn                map[string]int // tests, by package
	skips                   []string
	passed, failed, skipped int
}

func newSummary(w io.Writer) *summary {
	return &summary{w: w, output: map[test][]string{}, failedIn: map[string]int{}}
}

// add takes in one line. What is no event is printed as it is.
func (s *summary) add(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		s.w.Write(line)
		return
	}
	id := test{e.Package, e.Test}
	switch {
	case e.Action == "build-output":
		fmt.Fprint(s.w, e.Output)
	case e.Action == "output" && e.Test == "":
		s.addPackageOutput(e.Output)
	case e.Action == "output":
		s.output[id] = append(s.output[id], e.Output)
	case e.Test == "":
		s.endPackage(e)
	default:
		s.endTest(id, e.Action)
	}
}

// addPackageOutput prints at once, above all go test's line for the package; what
// only repeats that line is left out.
func (s *summary) addPackageOutput(text string) {
	switch text {
	case "PASS\n", "FAIL\n", "testing: warning: no tests to run\n":
		return
	}
	fmt.Fprint(s.w, text)
}

// endPackage counts what failed outside a test: the build, TestMain, a crash.
func (s *summary) endPackage(e event) {
	if e.Action == "fail" && s.failedIn[e.Package] == 0 {
		s.failed++
	}
}

func (s *summary) endTest(id test, action string) {
	switch action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
		s.failedIn[id.pkg]++
		for _, text := range s.output[id] {
			if !strings.HasPrefix(text, "=== ") {
				fmt.Fprint(s.w, text)
			}
		}
	case "skip":
		s.skipped++
		s.skips = append(s.skips, fmt.Sprintf("%s %s: %s", id.pkg, id.name, reason(s.output[id])))
	default: // run, pause, cont: goes on
		return
	}
	delete(s.output, id)
}

// reason joins what a test printed besides go test's own lines.
func reason(output []string) string {
	var parts []string
	for _, text := range output {
		text = strings.TrimSpace(text)
		if text != "" && !strings.HasPrefix(text, "=== ") && !strings.HasPrefix(text, "--- ") {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return "no reason given"
	}
	return strings.Join(parts, " ")
}

// finish prints the end of the report and returns the exit code, given go test's.
func (s *summary) finish(code int) int {
	if len(s.skips) > 0 {
		fmt.Fprintln(s.w, "skipped:")
		for _, skip := range s.skips {
			fmt.Fprintln(s.w, "  "+skip)
		}
	}
	if code == 0 && s.passed+s.failed == 0 {
		fmt.Fprintln(s.w, "no test ran")
		code = 1
	}
	if code != 0 && s.failed == 0 {
		s.failed++ // whatever it was, the count must not look clean
	}
	fmt.Fprintf(s.w, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	return code
}
