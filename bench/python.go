package bench

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed peers/*.py
var scripts embed.FS

const notInstalled = "not installed"

// python is an interpreter that has a module.
type python struct {
	path    string
	version string // of the module
}

// findPython returns an interpreter with the module: .native/venv and
// .native/peers of the nearest module root, then python3 of the system.
func findPython(ctx context.Context, module string) (python, bool) {
	var candidates []string
	if root, ok := ModuleRoot(); ok {
		for _, env := range []string{"venv", "peers"} {
			candidates = append(candidates, filepath.Join(root, ".native", env, "bin", "python"))
		}
	}
	if path, err := exec.LookPath("python3"); err == nil {
		candidates = append(candidates, path)
	}
	for _, path := range candidates {
		out, err := exec.CommandContext(ctx, path, "-c", "import "+module+"; print(getattr("+module+", '__version__', None) or getattr("+module+", 'version', ''))").Output()
		if err == nil {
			return python{path: path, version: strings.TrimSpace(string(out))}, true
		}
	}
	return python{}, false
}

// ModuleRoot returns the nearest folder at or above the working directory that
// holds a go.mod.
func ModuleRoot() (string, bool) {
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// peer returns the side that runs a script of peers/, and notes its version; nil
// if no interpreter has the module.
func (s *session) peer(ctx context.Context, module, script string) (*side, error) {
	py, ok := findPython(ctx, module)
	if !ok {
		s.report.Versions[module] = notInstalled
		return nil, nil
	}
	s.report.Versions[module] = py.version
	text, err := scripts.ReadFile("peers/" + script)
	if err != nil {
		return nil, err
	}
	seed := strconv.FormatUint(s.opts.Seed, 10)
	return &side{name: module, measure: func(ctx context.Context) (float64, error) {
		return py.run(ctx, string(text), seed)
	}}, nil
}

// run executes a script that prints one JSON number.
func (p python) run(ctx context.Context, script string, args ...string) (float64, error) {
	out, err := p.output(ctx, script, args...)
	if err != nil {
		return 0, err
	}
	var v float64
	if err := json.Unmarshal(out, &v); err != nil {
		return 0, fmt.Errorf("printed %q, no number", out)
	}
	return v, nil
}

// output returns what a script prints. The peer, like us, gets one thread.
func (p python) output(ctx context.Context, script string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, p.path, append([]string{"-c", script}, args...)...)
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MKL_NUM_THREADS=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}
