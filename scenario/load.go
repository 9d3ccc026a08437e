package scenario

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hinge/internal/strictyaml"
)

// Scenario is a configuration with every default filled in and every name
// checked.
type Scenario struct {
	Config
	Name string // built-in name or path

	source *strictyaml.Source // where each value was written, for errors
}

//go:embed builtin/*.yaml
var builtin embed.FS

// Names returns the names of the built-in scenarios.
func Names() []string {
	entries, err := builtin.ReadDir("builtin")
	if err != nil {
		panic("scenario: the embedded scenarios are missing")
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Summary returns the first comment line of a built-in scenario.
func Summary(name string) string {
	data, err := builtin.ReadFile("builtin/" + name + ".yaml")
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSpace(strings.TrimPrefix(line, "#"))
}

// Load reads the scenario name, one of [Names] or a YAML file, and applies the
// overrides in order.
func Load(name string, overrides ...strictyaml.Override) (*Scenario, error) {
	data, dir, err := read(name)
	if err != nil {
		return nil, err
	}
	s := &Scenario{Config: defaults(), Name: name}
	if s.source, err = strictyaml.Decode(name, data, &s.Config); err != nil {
		return nil, fmt.Errorf("scenario %w", err)
	}
	locate(dir, &s.Model)
	locate(dir, &s.DenseModel)
	for _, o := range overrides {
		if err := s.source.Set(o, &s.Config); err != nil {
			return nil, err
		}
		switch o.Key { // what the command line names lies where the user is
		case "model":
			locate(".", &s.Model)
		case "dense_model":
			locate(".", &s.DenseModel)
		}
	}
	if err := s.resolve(); err != nil {
		return nil, fmt.Errorf("scenario %w", err)
	}
	return s, nil
}

// read returns the text of a scenario, a file if there is one of that name, and
// its folder; "" for a built-in scenario, near which there are no files.
func read(name string) (data []byte, dir string, err error) {
	data, err = os.ReadFile(name)
	if err == nil {
		return data, filepath.Dir(name), nil
	}
	if data, err := builtin.ReadFile("builtin/" + name + ".yaml"); err == nil {
		return data, "", nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("scenario %s: neither a file nor a built-in name; %s", name, strictyaml.Choices("names", name, Names()))
	}
	return nil, "", fmt.Errorf("scenario %s: %w; give a YAML file or one of %s", name, err, strings.Join(Names(), ", "))
}

// locate makes the path of a model absolute if there is such a file in dir, so
// that the resolved scenario means the same wherever it is written.
func locate(dir string, path *string) {
	if dir == "" || *path == "" || filepath.IsAbs(*path) {
		return
	}
	candidate := filepath.Join(dir, *path)
	if info, err := os.Stat(candidate); err != nil || info.IsDir() {
		return
	}
	if abs, err := filepath.Abs(candidate); err == nil {
		*path = abs
	}
}

// YAML returns the scenario with every default written; [Load] reads it back
// unchanged.
func (s *Scenario) YAML() []byte {
	return append([]byte("# Scenario, every default written.\n"), strictyaml.Encode(&s.Config)...)
}
