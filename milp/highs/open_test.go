package highs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hinge/milp"
)

func TestOpenSaysWhatItTried(t *testing.T) {
	t.Setenv(envLibrary, "")
	t.Chdir(t.TempDir())
	defer func(names []string) { systemNames = names }(systemNames)
	systemNames = []string{"libhighs-of-nowhere.so"}

	_, err := Open()
	if !errors.Is(err, milp.ErrUnavailable) {
		t.Fatalf("got %v, want an error that wraps ErrUnavailable", err)
	}
	wd, _ := os.Getwd()
	for _, want := range []string{filepath.Join(wd, ".native", "highs", "lib", "libhighs.so"),
		"libhighs-of-nowhere.so", "make native", envLibrary} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not mention %s", err, want)
		}
	}
	if _, _, err := Version(); !errors.Is(err, milp.ErrUnavailable) {
		t.Errorf("Version: got %v, want an error that wraps ErrUnavailable", err)
	}
}

// A variable that names no HiGHS is a mistake to report, not an absence.
func TestOpenNamedLibrary(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "missing.so"), text, dir} {
		t.Setenv(envLibrary, path)
		_, err := Open()
		if err == nil || errors.Is(err, milp.ErrUnavailable) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want an error that names the file and does not wrap ErrUnavailable", path, err)
		}
	}
}

// The C library itself is a library without the functions of HiGHS.
func TestLoadOtherLibrary(t *testing.T) {
	_, err := load("libc.so.6")
	if err == nil {
		t.Fatal("libc was taken for HiGHS")
	}
	if !strings.Contains(err.Error(), "Highs_version") {
		t.Skip("no libc.so.6 here: ", err)
	}
}

func TestModuleRoot(t *testing.T) {
	root := t.TempDir()
	below := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := moduleRoot(below); got != below {
		t.Errorf("without go.mod: got %s, want %s", got, below)
	}
	if err := os.WriteFile(filepath.Join(root, "go.mod"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := moduleRoot(below); got != root {
		t.Errorf("go.mod two folders up: got %s, want %s", got, root)
	}
}

func TestRefuse(t *testing.T) {
	for version, refused := range map[string]bool{"1.10.0": false, "1.13.1": false, "1.15.0": true, "1.15.1": true, "1.16.0": false, "": true} {
		if err := refuse(version); (err != nil) != refused {
			t.Errorf("refuse(%q) = %v", version, err)
		}
	}
}

func TestVersion(t *testing.T) {
	s := open(t)
	version, path, err := Version()
	if err != nil || path == "" || strings.Count(version, ".") != 2 {
		t.Errorf("got version %q, path %q, %v", version, path, err)
	}
	if version != s.lib.version {
		t.Errorf("Version says %s, Open opened %s", version, s.lib.version)
	}
}
