package highs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hinge/milp"
)

// envLibrary names the library to open, and nothing else then.
const envLibrary = "HINGE_HIGHS"

// systemNames are looked up by the system's own loader, in this order.
var systemNames = []string{"libhighs.so.1", "libhighs.so"}

// Solver solves with one opened HiGHS library. It holds nothing else and may be
// used by several goroutines at once.
type Solver struct{ lib *library }

var _ milp.Solver = (*Solver)(nil)

// Open opens the first HiGHS library it finds:
//
//  1. the file that the environment variable HINGE_HIGHS names. If that is no
//     usable library the answer is an error that names it: whoever set the
//     variable did not mean "or any other";
//  2. .native/highs/lib/libhighs.so, as `make native` leaves it, in the nearest
//     folder at or above the working directory that holds a go.mod (in the
//     working directory itself if none does), then in the folder of the
//     executable;
//  3. the system's libhighs.so.1, then libhighs.so.
//
// If nothing is found the error wraps [milp.ErrUnavailable] and lists what was
// tried. HiGHS 1.15.0 and 1.15.1 are refused.
func Open() (*Solver, error) {
	lib, err := find()
	if err != nil {
		return nil, err
	}
	return &Solver{lib}, nil
}

// Version returns the version of the library that [Open] opens and where it is:
// a path, or the bare name if the system's loader found it.
func Version() (version, path string, err error) {
	lib, err := find()
	if err != nil {
		return "", "", err
	}
	return lib.version, lib.path, nil
}

func find() (*library, error) {
	if path := os.Getenv(envLibrary); path != "" {
		lib, err := loadFile(path)
		if err != nil {
			return nil, fmt.Errorf("highs: %s is %q: %w; it must be the path of a HiGHS library, 1.10 or newer",
				envLibrary, path, err)
		}
		return lib, nil
	}
	var tried []string
	try := func(name string, load func(string) (*library, error)) *library {
		lib, err := load(name)
		if err != nil {
			tried = append(tried, fmt.Sprintf("%s (%v)", name, err))
		}
		return lib
	}
	for _, path := range nativePaths() {
		if lib := try(path, loadFile); lib != nil {
			return lib, nil
		}
	}
	for _, name := range systemNames {
		if lib := try(name, load); lib != nil {
			return lib, nil
		}
	}
	return nil, fmt.Errorf("highs: %w: tried %s; run `make native`, or set %s to the path of a HiGHS library",
		milp.ErrUnavailable, strings.Join(tried, ", "), envLibrary)
}

// loadFile is load for a path, which must exist: given a missing one, the
// system's loader would answer in its own words or look elsewhere.
func loadFile(path string) (*library, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("no such file")
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("a folder, not a file")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return load(abs)
}

// nativePaths returns where `make native` may have left the library.
func nativePaths() []string {
	var paths []string
	add := func(root string) {
		paths = append(paths, filepath.Join(root, ".native", "highs", "lib", "libhighs.so"))
	}
	if dir, err := os.Getwd(); err == nil {
		add(moduleRoot(dir))
	}
	if exe, err := os.Executable(); err == nil {
		if target, err := filepath.EvalSymlinks(exe); err == nil {
			exe = target
		}
		add(filepath.Dir(exe))
	}
	return paths
}

// moduleRoot returns the nearest folder at or above dir that holds a go.mod, or
// dir if there is none.
func moduleRoot(dir string) string {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			return d
		}
		if d == filepath.Dir(d) {
			return dir
		}
	}
}
