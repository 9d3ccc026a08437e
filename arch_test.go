// Package hinge_test guards the architecture: which folder may import which, one
// package comment each, and where C is. The table below is the policy; change it
// there first, with a reason that the line can carry.
//
// Read first: policy, testsMayAlso, allowed.
package hinge_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rule is one row: a folder, what it holds, and which of our folders it may import.
//
// A row speaks for the folder and for all folders below that have no row of their
// own; these may import each other. "milp/..." stands for milp and every row
// below, "..." for everything. internal/ is open to all.
type rule struct {
	folder string
	holds  string
	may    string // folders, separated by spaces
	never  string // exceptions to may
	apart  bool   // its sub-folders may not import each other
}

// policy: data moves from simulator to picture, imports follow, and nobody calls
// upward. Who needs something from above takes a function value.
var policy = []rule{
	{folder: "control", holds: "the vocabulary: System, Policy, Planner, Cost, Trajectory, Plan"},
	{folder: "nn", holds: "the shared perceptron core: layers, gates, kernels, gradients, files"},
	{folder: "sim", holds: "simulators of the real systems, one folder each", may: "control"},
	{folder: "dynamics", holds: "data sets, learned models, fitting", may: "control nn"},
	{folder: "sparsify", holds: "ReLU, identity or zero per unit, within a budget", may: "control nn dynamics"},

	{folder: "milp", holds: "the vocabulary: Problem, Solver, Result"},
	{folder: "milp/highs", holds: "the generic solver", may: "milp"},
	{folder: "milp/cbc", holds: "another one, by its command", may: "milp"},
	{folder: "milp/lp", holds: "a small bounded dual simplex", may: "milp"},
	{folder: "milp/relu", holds: "a gated network unrolled over the horizon", may: "control nn"},
	{folder: "milp/bound", holds: "sound bounds of a ReLU program", may: "control milp/relu"},
	// encode bounds one step's network by itself, so it must be able to build it: nn.
	{folder: "milp/encode", holds: "ReLU program to rows, one formulation a file", may: "control nn milp milp/relu milp/bound"},
	{folder: "milp/bnb", holds: "our branch-and-bound", may: "control nn milp milp/lp milp/relu milp/bound milp/certificate"},
	// The checker believes nobody: it has its own reader, unrolling and arithmetic.
	{folder: "milp/certificate", holds: "certificate file and its checker"},

	{folder: "planner", holds: "a model, a cost and a start state to a plan", may: "control nn dynamics milp/..."},
	{folder: "tasks", holds: "one file a task: simulator, cost, start states, success, drawing", may: "control sim viz/scene"},
	{folder: "scenario", holds: "YAML to task, model and planner, wired together", may: "control nn sim dynamics planner tasks"},
	{folder: "problems", holds: "readers of outside problems", may: "control nn milp/relu"},

	{folder: "viz/scene", holds: "what to draw: data only"},
	{folder: "viz/raster", holds: "software renderer", may: "control viz/scene"},
	{folder: "viz/window", holds: "OpenGL window", may: "control viz/scene"},
	{folder: "viz/web", holds: "viewer in the browser", may: "control viz/scene"},

	{folder: "report", holds: "run folders, statistics, tables, plots", may: "control viz/scene viz/raster"},
	{folder: "eval", holds: "suites, work queue, paired statistics, tuning", may: "control scenario report"},
	{folder: "bench", holds: "each benchmark, peers side by side", may: "...", never: "cmd cmd/hinge-view viz/window"},
	{folder: "robot", holds: "the C library: header, mailbox, examples", may: "control scenario"},

	{folder: "inr", holds: "implicit neural representations", may: "nn viz/raster"},
	{folder: "topopt", holds: "topology optimisation", may: "nn viz/raster"},
	// A study gives dynamics what it asks for in the words of control.
	{folder: "studies", holds: "further perceptron systems, one folder a paper", may: "control nn sim dynamics sparsify milp/...", apart: true},

	{folder: "cmd", holds: "thin commands, a file each", may: "...", never: "viz/window"},
	{folder: "cmd/hinge-view", holds: "the viewer, the only command with a window", may: "..."},
	{folder: "internal", holds: "test helpers, seeds, atomic files, geometry"},
}

// testsMayAlso lists what tests import beyond their row, always as a judge or as
// a source of inputs that the package itself must not know.
var testsMayAlso = map[string]string{
	"milp/bnb":    "milp/highs milp/encode", // HiGHS, on the encoded program, judges our optima
	"milp/encode": "milp/highs",             // HiGHS solves the rows, a forward pass judges the point
}

// cFolders may import "C"; everything else builds without a C compiler.
var cFolders = []string{"robot", "viz/window"}

// ruleOf returns the most specific row that speaks for folder, nil if none does.
func ruleOf(folder string) *rule {
	for dir := folder; dir != "."; dir = filepath.ToSlash(filepath.Dir(dir)) {
		for i := range policy {
			if policy[i].folder == dir {
				return &policy[i]
			}
		}
	}
	return nil
}

// allowed reports whether a file of folder from may import folder to.
func allowed(from, to string, test bool) bool {
	f, t := ruleOf(from), ruleOf(to)
	if f == nil || t == nil {
		return false
	}
	if from == to || t.folder == "internal" {
		return true
	}
	if f == t {
		return !f.apart || below(from, to) || below(to, from)
	}
	if test && matches(testsMayAlso[f.folder], t.folder) {
		return true
	}
	return matches(f.may, t.folder) && !matches(f.never, t.folder)
}

func matches(list, folder string) bool {
	return slices.ContainsFunc(strings.Fields(list), func(entry string) bool {
		if tree, ok := strings.CutSuffix(entry, "..."); ok {
			tree = strings.TrimSuffix(tree, "/")
			return tree == "" || folder == tree || below(folder, tree)
		}
		return entry == folder
	})
}

// below reports whether folder a lies below folder b.
func below(a, b string) bool { return strings.HasPrefix(a, b+"/") }

// source is one Go file, parsed as far as its imports.
type source struct {
	path, folder string // slashes, relative to the root
	test         bool
	syntax       *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var files []source
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != "." && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		syntax, err := parser.ParseFile(set, path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, source{filepath.ToSlash(path), filepath.ToSlash(filepath.Dir(path)),
			strings.HasSuffix(name, "_test.go"), syntax})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("found %d Go files; the test looks in the wrong folder", len(files))
	}
	return files
}

func imports(f source) []string {
	var paths []string
	for _, spec := range f.syntax.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, path)
	}
	return paths
}

func TestImports(t *testing.T) {
	checked := 0
	for _, f := range sources(t) {
		if f.folder != "." && ruleOf(f.folder) == nil {
			t.Errorf("%s: no row of the policy speaks for folder %s; add one that says what it holds", f.path, f.folder)
		}
		for _, path := range imports(f) {
			if path == "C" && !slices.ContainsFunc(cFolders, func(c string) bool { return f.folder == c || below(f.folder, c) }) {
				t.Errorf("%s: imports C; only %s may", f.path, strings.Join(cFolders, " and "))
			}
			to, ours := strings.CutPrefix(path, "hinge/")
			if !ours {
				continue
			}
			checked++
			if !allowed(f.folder, to, f.test) {
				t.Errorf("%s: imports %s, which is not allowed: %s", f.path, to, explain(f.folder))
			}
		}
	}
	if checked < 10 {
		t.Errorf("examined %d imports; there must be more", checked)
	}
}

func explain(folder string) string {
	r := ruleOf(folder)
	switch {
	case r == nil:
		return "its folder has no row in the policy"
	case r.may == "":
		return fmt.Sprintf("%s may import none of our folders but internal", r.folder)
	case r.never != "":
		return fmt.Sprintf("%s may import %s, but never %s", r.folder, r.may, r.never)
	}
	return fmt.Sprintf("%s may import %s", r.folder, r.may)
}

func TestOnePackageComment(t *testing.T) {
	comments := map[string][]string{} // folder -> files that have one
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		comments[f.folder] = append(comments[f.folder], nil...)
		if f.syntax.Doc != nil {
			comments[f.folder] = append(comments[f.folder], f.path)
		}
	}
	for folder, files := range comments {
		if len(files) != 1 {
			t.Errorf("%s: %d package comments %v, want one", folder, len(files), files)
		}
	}
	if len(comments) < 5 {
		t.Errorf("examined %d packages; there must be more", len(comments))
	}
}

// TestPolicy tries the table itself: rows it must name, imports it must refuse.
func TestPolicy(t *testing.T) {
	for i, r := range policy {
		for _, entry := range strings.Fields(r.may + " " + r.never) {
			name := strings.TrimSuffix(strings.TrimSuffix(entry, "..."), "/")
			if name != "" && !slices.ContainsFunc(policy, func(p rule) bool { return p.folder == name }) {
				t.Errorf("row %s names %s, which has no row", r.folder, entry)
			}
		}
		if ruleOf(r.folder) != &policy[i] {
			t.Errorf("folder %s has two rows", r.folder)
		}
		if r.holds == "" {
			t.Errorf("row %s does not say what the folder holds", r.folder)
		}
	}
	for _, c := range []struct {
		from, to string
		test     bool
		want     bool
	}{
		{"nn", "control", false, false},
		{"dynamics", "nn/file", false, true},
		{"control", "internal/atomicfile", false, true},
		{"internal/atomicfile", "control", false, false},
		{"milp/encode", "milp", false, true},
		{"milp/encode", "milp/highs", false, false},
		{"milp/bnb", "milp/highs", false, false},
		{"milp/bnb", "milp/highs", true, true},
		{"milp/certificate", "milp", false, false},
		{"planner", "milp/bnb", false, true},
		{"planner", "sim/pusht", false, false},
		{"studies/a", "milp/bound", false, true},
		{"studies/a", "studies/b", false, false},
		{"studies/a", "studies/a/data", false, true},
		{"bench", "planner", false, true},
		{"bench", "cmd/hinge", false, false},
		{"cmd/hinge", "viz/window", false, false},
		{"cmd/hinge-view", "viz/window", false, true},
		{"control", "nowhere", false, false},
	} {
		if got := allowed(c.from, c.to, c.test); got != c.want {
			t.Errorf("%s imports %s (test: %v): allowed is %v, want %v", c.from, c.to, c.test, got, c.want)
		}
	}
}
