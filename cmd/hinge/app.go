package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hinge/internal/atomicfile"
	"hinge/internal/strictyaml"
)

// app is what all commands share: where to write and the flags every one has.
type app struct {
	stdout *sink
	stderr io.Writer

	json    bool
	verbose bool
	seed    uint64
	out     string

	log     *slog.Logger // to stderr; silent without -v
	pace    pace         // of progress
	started bool         // a command has begun: errors are no longer about usage
}

// sink is a writer that remembers its first error: texts are printed in many
// pieces, and help by others who do not look.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(b)
	if err != nil {
		s.err = fmt.Errorf("standard output: %w", err)
	}
	return n, s.err
}

// result is what a command found out. It is printed as text, or marshalled as
// the one JSON object of --json.
type result interface {
	text(w io.Writer)
}

// runner is the body of a command. With an error, the result may be nil.
type runner func(ctx context.Context, cmd *cobra.Command, args []string) (result, error)

func newApp(stdout, stderr io.Writer) *app {
	return &app{stdout: &sink{w: stdout}, stderr: stderr, log: slog.New(slog.DiscardHandler), pace: defaultPace}
}

// execute runs the command line and returns the exit status.
func (a *app) execute(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = a.stdout.err // nobody has read what was found
	}
	if err == nil {
		return statusDone
	}
	if !a.started && a.stdout.err == nil {
		err = badInput(err) // a flag, an argument or the command's name
		if slices.Contains(args, "--json") {
			a.json = true // parsing may not have come that far
			err = a.finish(nil, err)
		}
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.stderr, "hinge: interrupted")
	} else {
		fmt.Fprintln(a.stderr, "hinge:", err)
	}
	return statusOf(err)
}

func (a *app) root() *cobra.Command {
	cobra.EnableCommandSorting = false // the order of use says more
	root := &cobra.Command{
		Use:   "hinge",
		Short: "Model-predictive control with learned models and proven plans",
		Long: `Hinge plans the actions of robots through learned models, and says how far
from the best possible a plan can be. It simulates, learns a model, makes the
model small, plans by branch-and-bound or sampling, and closes the loop.`,
		Example: `  hinge demo
  hinge run push-t --planner bnb
  hinge list scenarios`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	f := root.PersistentFlags()
	f.BoolVar(&a.json, "json", false, "print one JSON object and nothing else to standard output")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "say on standard error what is being done")
	f.Uint64Var(&a.seed, "seed", 1, "seed of everything random")
	root.AddCommand(
		a.demoCommand(), a.runCommand(), a.planCommand(), a.checkCommand(), a.verifyCommand(),
		a.collectCommand(), a.trainCommand(), a.sparsifyCommand(),
		a.listCommand(), a.inspectCommand(), a.convertCommand(), a.doctorCommand(), a.benchCommand(), a.studyCommand(), a.versionCommand(),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	addExamples(root)
	return root
}

// command completes c with its flag --out, described by out, and the body run.
func (a *app) command(c *cobra.Command, out string, run runner) *cobra.Command {
	c.Flags().StringVar(&a.out, "out", "", out)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		a.started = true
		if a.verbose {
			a.log = slog.New(slog.NewTextHandler(a.stderr, nil))
		}
		if strings.HasPrefix(out, outForResult) {
			if err := checkFolder(a.out); err != nil {
				return a.finish(nil, err)
			}
		}
		r, err := run(cmd.Context(), cmd, args)
		return a.finish(r, err)
	}
	return c
}

// finish prints what a command found, or with --json what went wrong.
func (a *app) finish(r result, err error) error {
	switch {
	case r == nil && a.json && err != nil:
		return joined(err, a.printJSON(map[string]any{"error": err.Error(), "exit_status": statusOf(err)}))
	case r == nil:
		return err
	case a.json:
		return joined(err, a.printJSON(r))
	}
	r.text(a.stdout)
	return err
}

// joined returns err, or else the error of printing.
func joined(err, printing error) error {
	if err != nil {
		return err
	}
	return printing
}

func (a *app) printJSON(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("result as JSON: %w", err)
	}
	_, err = a.stdout.Write(append(data, '\n'))
	return err
}

// saved is for commands whose only product is their result: with --out DIR it
// is also kept as DIR/<name>.json.
func (a *app) saved(name string, r result) (result, error) {
	if a.out == "" {
		return r, nil
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return r, fmt.Errorf("result as JSON: %w", err)
	}
	if err := makeFolder(a.out); err != nil {
		return r, err
	}
	return r, atomicfile.WriteBytes(filepath.Join(a.out, name+".json"), append(data, '\n'))
}

// outForResult is the help of --out for such commands.
const outForResult = "also keep the result as JSON in this folder"

// checkFolder reports a folder given with --out that cannot be made or written,
// before the work whose result it is to hold, and leaves no trace.
func checkFolder(dir string) error {
	there := dir
	for there != "" {
		info, err := os.Stat(there)
		if err == nil && !info.IsDir() {
			return badInputf("--out %s: %s is no folder; give a folder that can be written", dir, there)
		}
		if err == nil {
			if err := tryFile(filepath.Join(there, "hinge")); err != nil {
				return badInputf("--out %s: %w; give a folder that can be written", dir, err)
			}
			return nil
		}
		parent := filepath.Dir(there)
		if parent == there {
			return nil
		}
		there = parent
	}
	return nil
}

// makeFolder makes the folder given with --out.
func makeFolder(dir string) error {
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = tryFile(filepath.Join(dir, "hinge"))
	}
	if err != nil {
		return badInputf("--out %s: %w; give a folder that can be written", dir, err)
	}
	return nil
}

// knownCommand reports a word that is no command, with the nearest one.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return unknownCommand(root, "command", "commands", args[0])
}

// unknownCommand reports a word that is no command below parent.
func unknownCommand(parent *cobra.Command, one, many, word string) error {
	var names []string
	for _, c := range parent.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return fmt.Errorf("%q is no %s; %s", word, one, strictyaml.Choices(many, word, names))
}

// flagError says which flag was wrong, and what would be right.
func flagError(cmd *cobra.Command, err error) error {
	help := fmt.Sprintf("see %s --help", cmd.CommandPath())
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &invalid):
		flag := invalid.GetFlag()
		return fmt.Errorf("%s: --%s is %q; it must be %s; %s", cmd.Name(), flag.Name, invalid.GetValue(), wanted(flag), help)
	case errors.As(err, &unknown):
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := strictyaml.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			help = fmt.Sprintf("did you mean --%s? %s", near, help)
		}
	}
	if !cmd.HasParent() {
		return fmt.Errorf("%w; %s", err, help) // the program's name comes before every message
	}
	return fmt.Errorf("%s: %w; %s", cmd.Name(), err, help)
}

// wanted says in words what a flag takes.
func wanted(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int":
		return "a whole number"
	case "uint64":
		return "a whole number, at least 0"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "intSlice":
		return "whole numbers, separated by commas"
	}
	return f.Value.Type()
}
