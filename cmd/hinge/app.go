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

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hinge/internal/atomicfile"
	"hinge/internal/strictyaml"
)

// app is what all commands share: where to write and the flags every one has.
type app struct {
	stdout, stderr io.Writer

	json    bool
	verbose bool
	seed    uint64
	out     string

	log     *slog.Logger // to stderr; silent without -v
	started bool         // a command has begun: errors are no longer about usage
}

// result is what a command found out. It is printed as text, or marshalled as
// the one JSON object of --json.
type result interface {
	text(w io.Writer)
}

// runner is the body of a command. With an error, the result may be nil.
type runner func(ctx context.Context, cmd *cobra.Command, args []string) (result, error)

func newApp(stdout, stderr io.Writer) *app {
	return &app{stdout: stdout, stderr: stderr, log: slog.New(slog.DiscardHandler)}
}

// execute runs the command line and returns the exit status.
func (a *app) execute(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return statusDone
	}
	if !a.started {
		err = badInput(err) // a flag, an argument or the command's name
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.stderr, "hinge: interrupted")
	} else {
		fmt.Fprintln(a.stderr, "hinge:", err)
	}
	return statusOf(err)
}

func (a *app) root() *cobra.Command {
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
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		a.demoCommand(), a.runCommand(), a.planCommand(),
		a.collectCommand(), a.trainCommand(), a.sparsifyCommand(),
		a.listCommand(), a.inspectCommand(), a.doctorCommand(), a.benchCommand(), a.versionCommand(),
	)
	root.InitDefaultCompletionCmd()
	addCompletionExamples(root)
	return root
}

// command completes c with the common flags and the body run.
func (a *app) command(c *cobra.Command, out string, run runner) *cobra.Command {
	f := c.Flags()
	f.BoolVar(&a.json, "json", false, "print one JSON object and nothing else to standard output")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "say on standard error what is being done")
	f.Uint64Var(&a.seed, "seed", 1, "seed of everything random")
	f.StringVar(&a.out, "out", "", out)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		a.started = true
		if a.verbose {
			a.log = slog.New(slog.NewTextHandler(a.stderr, nil))
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
		return errors.Join(err, a.printJSON(map[string]any{"error": err.Error(), "exit_status": statusOf(err)}))
	case r == nil:
		return err
	case a.json:
		return errors.Join(err, a.printJSON(r))
	}
	r.text(a.stdout)
	return err
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

// makeFolder makes the folder given with --out.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return badInputf("--out %s: %w; give a folder that can be written", dir, err)
	}
	return nil
}

// flagError names the nearest flag when one is unknown.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return fmt.Errorf("%s: %w; see %s --help", cmd.CommandPath(), err, cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	hint := "see " + cmd.CommandPath() + " --help"
	if near := strictyaml.Nearest(unknown.GetSpecifiedName(), names); near != "" {
		hint = fmt.Sprintf("did you mean --%s? %s", near, hint)
	}
	return fmt.Errorf("%s: %w; %s", cmd.CommandPath(), err, hint)
}
