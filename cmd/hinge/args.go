package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hinge/internal/atomicfile"
	"hinge/scenario"
)

// exactArgs asks for one argument per description and says which is missing.
func exactArgs(what ...string) cobra.PositionalArgs { return argsBetween(len(what), what...) }

// optionalArg allows one argument.
func optionalArg(what string) cobra.PositionalArgs { return argsBetween(0, what) }

// argsBetween asks for at least least of the arguments described.
func argsBetween(least int, what ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fmt.Errorf("%s: argument %d is missing; it must be %s", cmd.Name(), len(args)+1, what[len(args)])
		case len(args) > len(what):
			return fmt.Errorf("%s: argument %d, %q, is one too many; see %s --help", cmd.Name(), len(what)+1, args[len(what)], cmd.CommandPath())
		}
		return nil
	}
}

// outFile returns the file given with --out, or the fallback. What cannot be
// written is found out before hours of work, not after.
func (a *app) outFile(fallback, extension string) (string, error) {
	path := a.out
	if path == "" {
		path = fallback
	}
	return path, checkOutFile("--out", path, extension)
}

// checkOutFile reports a file that cannot be written.
func checkOutFile(flag, path, extension string) error {
	if filepath.Ext(path) != extension {
		return badInputf("%s %s: the file's name must end in %s", flag, path, extension)
	}
	return checkWritable(flag, path)
}

// checkWritable reports whether a flag names a file that can be written.
func checkWritable(flag, path string) error {
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil || !dir.IsDir() {
		return badInputf("%s %s: there is no folder %s; make it first", flag, path, filepath.Dir(path))
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return badInputf("%s %s: is no regular file; give the name of a file", flag, path)
	}
	if err := tryFile(path); err != nil {
		return badInputf("%s: %w; give a file in a folder that can be written", flag, err)
	}
	return nil
}

// tryFile reports whether a file could be written at path, and leaves no trace.
func tryFile(path string) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	f.Discard()
	return nil
}

// needFile reports an input file that is not there, in the words of the command.
func needFile(what, path string) error {
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return badInputf("%s %s: no such file", what, path)
	case err != nil:
		return badInputf("%s %s: %w", what, path, err)
	case info.IsDir():
		return badInputf("%s %s: is a folder; give a file", what, path)
	}
	return nil
}

// needModel is needFile for a model: the names of those in the program are known from
// scenarios, but there is no file of them.
func needModel(path string) error {
	err := needFile("model", path)
	if _, there := os.Stat(path); os.IsNotExist(there) {
		for _, m := range scenario.ReferenceModels() {
			if m.Name == path {
				return badInputf("model %s: no such file; the model of that name in the program is for scenarios alone, and hinge doctor says what it is", path)
			}
		}
	}
	return err
}

// maxSeconds is the longest time limit: some 30 years, and what a clock can count.
const maxSeconds = 1e9

// maxWorkers is the largest number of goroutines that a flag may ask for.
const maxWorkers = 1024

// checkSeconds reports a time limit that is none.
func checkSeconds(v float64) error {
	if !(v >= 0 && v <= maxSeconds) {
		return badInputf("--time %g: must be a finite number of seconds, from 0 to %g", v, maxSeconds)
	}
	return nil
}

// checkWorkers reports a number of goroutines below least or far above what helps.
func checkWorkers(n, least int) error {
	if n < least || n > maxWorkers {
		return badInputf("--workers %d: must be from %d to %d", n, least, maxWorkers)
	}
	return nil
}

// nowhereKept are flags that make no difference to what a command makes.
var nowhereKept = []string{"out", "json", "verbose", "resume", "plot"}

// commandLine returns how a command was called, for the metadata of what it
// makes, as a shell reads it: folders are left out, since they mean nothing elsewhere,
// and so are the flags without.
func commandLine(cmd *cobra.Command, args []string, without ...string) string {
	words := strings.Fields(cmd.CommandPath())
	for _, arg := range args {
		words = append(words, withoutFolder(arg))
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch list, many := f.Value.(pflag.SliceValue); {
		case slices.Contains(nowhereKept, f.Name) || slices.Contains(without, f.Name):
		case f.Name == "config" || f.Name == "data" || f.Name == "model":
			words = append(words, "--"+f.Name, withoutFolder(f.Value.String()))
		case f.Value.Type() == "bool":
			words = append(words, "--"+f.Name+boolValue[f.Value.String()])
		case many && f.Name == "set":
			for _, v := range list.GetSlice() {
				words = append(words, "--set", v)
			}
		default:
			words = append(words, "--"+f.Name, strings.Trim(f.Value.String(), "[]"))
		}
	})
	return shellWords(words)
}

// shellWords joins words such that a shell takes them apart again.
func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || strings.ContainsFunc(w, needsQuotes) {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// needsQuotes reports whether some shell might read a character as more than itself.
func needsQuotes(r rune) bool {
	return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=,@%+-", r)
}

// boolValue is what a flag that is true or false needs behind its name.
var boolValue = map[string]string{"true": "", "false": "=false"}

// withoutFolder returns a file without its folder; of a problem FORM:FILE#K the form
// stays.
func withoutFolder(arg string) string {
	form, file, found := strings.Cut(arg, ":")
	if !found || strings.ContainsRune(form, filepath.Separator) {
		return filepath.Base(arg)
	}
	return form + ":" + filepath.Base(file)
}
