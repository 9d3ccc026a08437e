package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module makes a module of the given files and moves into it.
func module(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module m\n\ngo 1.26\n"
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

// summarise runs the command on the module and returns the exit code and output.
func summarise(t *testing.T) (code int, out string) {
	t.Helper()
	var w strings.Builder
	code, err := run([]string{"-vet=off", "./..."}, &w)
	if err != nil {
		t.Fatal(err)
	}
	return code, w.String()
}

func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

func TestRunCountsAndExplains(t *testing.T) {
	module(t, map[string]string{
		"good/good_test.go": `package good
import "testing"
func TestPass(t *testing.T) { println("noise"); t.Log("hidden") }
func TestSkip(t *testing.T) { t.Skip("no library here") }
func TestSubs(t *testing.T) { t.Run("a", func(t *testing.T) {}); t.Run("b", func(t *testing.T) { t.SkipNow() }) }
`,
		"bad/bad_test.go": `package bad
import "testing"
func TestFail(t *testing.T) { t.Error("three is not four") }
`,
		"broken/broken_test.go": "package broken\nfunc f() { undefined() }\n",
		"empty/empty.go":        "package empty\n",
	})
	code, out := summarise(t)
	if code == 0 {
		t.Error("exit code is 0 although tests failed")
	}
	for _, want := range []string{
		"ok  \tm/good\t", "FAIL\tm/bad\t", "FAIL\tm/broken [build failed]", "?   \tm/empty\t[no test files]",
		"three is not four", "undefined: undefined",
		"m/good TestSkip: good_test.go:4: no library here",
		"m/good TestSubs/b: no reason given",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not contain %q", want)
		}
	}
	if strings.Contains(out, "hidden") {
		t.Error("the report contains the log of a test that passed")
	}
	if got := lastLine(out); got != "3 passed, 2 failed, 2 skipped" {
		t.Errorf("last line is %q", got)
	}
	if t.Failed() {
		t.Log(out)
	}
}

// follow feeds lines of go test -json and ends with go test's exit code.
func follow(goTest int, lines ...string) (code int, out string) {
	var w strings.Builder
	s := newSummary(&w)
	for _, line := range lines {
		s.add([]byte(line + "\n"))
	}
	return s.finish(goTest), w.String()
}

func TestFinish(t *testing.T) {
	const passes = `{"Action":"pass","Package":"m/a","Test":"TestA"}`
	for name, c := range map[string]struct {
		goTest int
		lines  []string
		code   int
		last   string
	}{
		"passes":       {0, []string{passes, `{"Action":"pass","Package":"m/a"}`}, 0, "1 passed, 0 failed, 0 skipped"},
		"ran nothing":  {0, []string{`{"Action":"skip","Package":"m/a"}`}, 1, "0 passed, 1 failed, 0 skipped"},
		"crashed":      {1, []string{passes, `{"Action":"fail","Package":"m/a"}`}, 1, "1 passed, 1 failed, 0 skipped"},
		"never began":  {2, []string{"go: no such thing"}, 2, "0 passed, 1 failed, 0 skipped"},
		"counted once": {1, []string{`{"Action":"fail","Package":"m/a","Test":"TestA"}`, `{"Action":"fail","Package":"m/a"}`}, 1, "0 passed, 1 failed, 0 skipped"},
	} {
		if code, out := follow(c.goTest, c.lines...); code != c.code || lastLine(out) != c.last {
			t.Errorf("%s: exit code %d, want %d; output:\n%s", name, code, c.code, out)
		}
	}
}
