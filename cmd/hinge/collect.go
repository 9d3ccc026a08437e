package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hinge/control"
	"hinge/dynamics"
	"hinge/internal/cputime"
	"hinge/internal/strictyaml"
	"hinge/internal/version"
	"hinge/scenario"
	"hinge/tasks"
)

// collectFlags are the flags of hinge collect.
type collectFlags struct {
	episodes, steps, workers int
	policy, model            string
	append, resume           bool
	seedGiven                bool
}

func (a *app) collectCommand() *cobra.Command {
	var f collectFlags
	c := &cobra.Command{
		Use:   "collect TASK",
		Short: "Simulate a task under exploring actions and record a data set",
		Long: `Simulate a task under exploring actions and record what happens, as a data set
for hinge train. Equal seeds give equal data, whatever the number of workers.

--policy says who acts:
  push     most actions go towards contact, the others are uniform
  walk     actions walk at random through what is allowed
  planner  three of four actions are those of a planner with --model, the others
           are of push: what that model brings about, for the next one to learn

--append adds episodes to --out, as if all had been recorded at once. Episodes are
kept in OUT.part until all are there, so they may be more than fit into memory;
--resume goes on with those that an interrupted recording has left.`,
		Example: `  hinge collect push-t --episodes 400 --out data.npz
  hinge collect push-t --episodes 200 --out data.npz --append --policy planner --model model.safetensors`,
		Args: exactArgs("a task; see hinge list tasks"),
	}
	fl := c.Flags()
	fl.IntVar(&f.episodes, "episodes", 400, "episodes to simulate")
	fl.IntVar(&f.steps, "steps", 20, "actions in an episode")
	fl.IntVar(&f.workers, "workers", 0, "goroutines, 0 for one per CPU")
	fl.StringVar(&f.policy, "policy", policies[0], "one of "+strings.Join(policies, ", "))
	fl.StringVar(&f.model, "model", "", "model of --policy planner")
	fl.BoolVar(&f.append, "append", false, "add the episodes to those of --out")
	fl.BoolVar(&f.resume, "resume", false, "go on where the same recording was interrupted")
	return a.command(c, "file to write (default TASK.npz)", func(ctx context.Context, cmd *cobra.Command, args []string) (result, error) {
		f.seedGiven = cmd.Flags().Changed("seed")
		if err := f.validate(); err != nil {
			return nil, err
		}
		task, err := tasks.New(args[0])
		if err != nil {
			return nil, badInput(err)
		}
		path, err := a.outFile(args[0]+".npz", ".npz")
		if err != nil {
			return nil, err
		}
		return a.collect(ctx, task, f, path)
	})
}

func (f collectFlags) validate() error {
	if err := checkWorkers(f.workers, 0); err != nil {
		return err
	}
	switch {
	case f.episodes < 1:
		return badInputf("--episodes %d: must be at least 1", f.episodes)
	case f.steps < 1:
		return badInputf("--steps %d: must be at least 1", f.steps)
	case !slices.Contains(policies, f.policy):
		return badInputf("--policy %s: unknown; %s", f.policy, strictyaml.Choices("policies", f.policy, policies))
	case f.policy == policyPlanner && f.model == "":
		return badInputf("--model is missing; --policy planner needs the model to plan with")
	case f.policy != policyPlanner && f.model != "":
		return badInputf("--model %s: only --policy planner plans with a model", f.model)
	}
	return nil
}

// collect records what the flags ask for.
func (a *app) collect(ctx context.Context, task *tasks.Task, f collectFlags, path string) (result, error) {
	start, cpu := time.Now(), cputime.Process()
	opts := dynamics.RecordingOptions{
		Meta:  dynamics.DataMeta{Signals: scenario.Signals(task), Seed: a.seed, Tool: version.Tool()},
		Steps: f.steps, Resume: f.resume,
	}
	opts.Nx, opts.Nu = task.Dims()
	seed := a.seed
	if f.append {
		base, err := appendable(path, task, f, seed)
		if err != nil {
			return nil, err
		}
		opts.Append, seed = base, base.Meta.Seed
	}
	begin, round, err := acting(task, f)
	if err != nil {
		return nil, err
	}
	opts.Policy = round
	rec, err := dynamics.NewRecording(path, opts)
	if err != nil {
		return nil, badInput(err)
	}
	defer rec.Close()
	total := f.episodes
	if opts.Append != nil {
		total += opts.Append.Episodes
	}
	if err := a.record(ctx, task, begin, rec, total, dynamics.CollectOptions{Steps: f.steps, Seed: seed, Workers: f.workers}); err != nil {
		return nil, errors.Join(err, rec.Close())
	}
	if err := rec.Finish(total); err != nil {
		return nil, err
	}
	data, err := dynamics.LoadDataset(path)
	if err != nil {
		return nil, err
	}
	return collectResult{
		Task: task.Name, Seed: seed, Episodes: data.Episodes, Steps: data.Steps, Policy: f.policy, Hash: data.Hash(), Out: path,
		Time: time.Since(start).Seconds(), CPU: (cputime.Process() - cpu).Seconds(),
	}, nil
}

// record simulates the episodes that are missing until there are total.
func (a *app) record(ctx context.Context, task *tasks.Task, begin dynamics.Begin, rec *dynamics.Recording, total int, opts dynamics.CollectOptions) error {
	opts.First = rec.First()
	opts.Episodes = total - opts.First
	if opts.Episodes < 1 {
		return nil
	}
	p := a.progress("collect", "episodes", opts.Episodes)
	defer p.finish()
	opts.OnEpisode = func(done int) { p.set(done, "") }
	observe := func() control.Observer { return ownTask(task.Name).Observer } // one may have a memory
	return dynamics.Record(ctx, task.System, observe, begin, opts, rec.Add)
}

// ownTask returns a task that shares nothing with others.
func ownTask(name string) *tasks.Task {
	task, err := tasks.New(name)
	if err != nil {
		panic("hinge: collect: the task is gone") // it was made a moment ago
	}
	return task
}

// appendable returns the data set at path, if episodes of the task can be added.
func appendable(path string, task *tasks.Task, f collectFlags, seed uint64) (*dynamics.Dataset, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, badInputf("--append: --out %s: no such file; record it first", path)
	}
	d, err := loadDataset(path)
	if err != nil {
		return nil, err
	}
	switch {
	case d.Meta.Task != task.Name:
		return nil, badInputf("--append: %s is of task %q; episodes of %s cannot be added", path, d.Meta.Task, task.Name)
	case d.Steps != f.steps:
		return nil, badInputf("--append: %s has episodes of %d steps; give --steps %d, not %d", path, d.Steps, d.Steps, f.steps)
	case f.seedGiven && d.Meta.Seed != seed:
		return nil, badInputf("--append: %s was recorded with seed %d, which goes on; leave out --seed %d", path, d.Meta.Seed, seed)
	}
	return d, nil
}

type collectResult struct {
	Task     string  `json:"task"`
	Seed     uint64  `json:"seed"`
	Episodes int     `json:"episodes"`
	Steps    int     `json:"steps"`
	Policy   string  `json:"policy"`
	Hash     string  `json:"hash"`
	Out      string  `json:"out"`
	Time     float64 `json:"time_s"`
	CPU      float64 `json:"cpu_s"`
}

func (r collectResult) text(w io.Writer) {
	fmt.Fprintf(w, "%d episodes of %d steps of %s in %.1f s\n%s\n", r.Episodes, r.Steps, r.Task, r.Time, r.Out)
	fmt.Fprintf(w, "next: hinge train %s --out %s\n", r.Out, filepath.Join(filepath.Dir(r.Out), "model.safetensors"))
}
