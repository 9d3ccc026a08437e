package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"hinge/control"
	"hinge/dynamics"
	"hinge/internal/cputime"
	"hinge/internal/version"
	"hinge/tasks"
)

func (a *app) collectCommand() *cobra.Command {
	var episodes, steps, workers int
	c := &cobra.Command{
		Use:   "collect TASK",
		Short: "Simulate a task under exploring actions and record a data set",
		Long: `Simulate a task under exploring actions and record what happens, as a data set
for hinge train. Equal seeds give equal data, whatever the number of workers.`,
		Example: "  hinge collect push-t --episodes 400 --out data.npz",
		Args:    exactArgs("a task; see hinge list tasks"),
	}
	c.Flags().IntVar(&episodes, "episodes", 400, "episodes to simulate")
	c.Flags().IntVar(&steps, "steps", 20, "actions in an episode")
	c.Flags().IntVar(&workers, "workers", 0, "goroutines, 0 for one per CPU")
	return a.command(c, "file to write (default TASK.npz)", func(ctx context.Context, _ *cobra.Command, args []string) (result, error) {
		task, err := tasks.New(args[0])
		if err != nil {
			return nil, badInput(err)
		}
		path, err := a.outFile(args[0]+".npz", ".npz")
		if err != nil {
			return nil, err
		}
		start, cpu := time.Now(), cputime.Process()
		data, err := a.collect(ctx, task, dynamics.CollectOptions{Episodes: episodes, Steps: steps, Seed: a.seed, Workers: workers})
		if err != nil {
			return nil, err
		}
		if err := data.Save(path); err != nil {
			return nil, err
		}
		return collectResult{
			Task: task.Name, Seed: a.seed, Episodes: data.Episodes, Steps: data.Steps, Hash: data.Hash(), Out: path,
			Time: time.Since(start).Seconds(), CPU: (cputime.Process() - cpu).Seconds(),
		}, nil
	})
}

func (a *app) collect(ctx context.Context, task *tasks.Task, opts dynamics.CollectOptions) (*dynamics.Dataset, error) {
	if opts.Episodes < 1 || opts.Steps < 1 || opts.Workers < 0 {
		return nil, badInputf("collect: --episodes is %d, --steps %d, --workers %d; the first two must be at least 1, the last at least 0",
			opts.Episodes, opts.Steps, opts.Workers)
	}
	p := a.progress("collect", "episodes", opts.Episodes)
	defer p.finish()
	opts.OnEpisode = func(done int) { p.set(done, "") }
	opts.Meta = dynamics.DataMeta{Signals: signalsOf(task), Tool: version.Tool()}
	start := func(rng *rand.Rand) []float64 { return task.Episode(rng).Start }
	observe := func() control.Observer {
		own, err := tasks.New(task.Name) // an observer may have a memory
		if err != nil {
			panic("hinge: collect: the task is gone") // it was made a moment ago
		}
		return own.Observer
	}
	return dynamics.Collect(ctx, task.System, observe, task.Explore, start, opts)
}

// signalsOf describes the coordinates of a task.
func signalsOf(t *tasks.Task) dynamics.Signals {
	return dynamics.Signals{
		Task: t.Name, PointDim: t.PointDim,
		StateNames: t.StateNames, StateUnits: t.StateUnits,
		ActionNames: t.ActionNames, ActionUnits: t.ActionUnits,
	}
}

type collectResult struct {
	Task     string  `json:"task"`
	Seed     uint64  `json:"seed"`
	Episodes int     `json:"episodes"`
	Steps    int     `json:"steps"`
	Hash     string  `json:"hash"`
	Out      string  `json:"out"`
	Time     float64 `json:"time_s"`
	CPU      float64 `json:"cpu_s"`
}

func (r collectResult) text(w io.Writer) {
	fmt.Fprintf(w, "%d episodes of %d steps of %s in %.1f s\n%s\n", r.Episodes, r.Steps, r.Task, r.Time, r.Out)
	fmt.Fprintf(w, "next: hinge train %s --out %s\n", r.Out, filepath.Join(filepath.Dir(r.Out), "model.safetensors"))
}
