package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hinge/bench"
	"hinge/dynamics"
	"hinge/internal/atomicfile"
	"hinge/internal/strictyaml"
	"hinge/report"
)

// maxBenchTime is the most seconds a search may be given.
const maxBenchTime = 86_400

// benchFlags are the choices of `hinge bench`.
type benchFlags struct {
	rounds, starts, seeds int
	limit                 float64
	peers                 []string
	full                  bool
}

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use:   "bench NAME",
		Short: "Measure against peers, side by side in one run",
		Long: `Measure against peers, side by side in one run. Times are processor seconds where
the unit says so; the best of a few rounds counts. A peer that is not installed
leaves its column empty; make peers installs them. Generic solvers get a program
twice, with interval rows alone and with our ranges and plan, and are charged their
search alone.`,
		Example: "  hinge bench train\n  hinge bench plan --json\n  hinge bench push-t-grid --full --peers gurobi,highs --time 60",
		Args:    exactArgs("a benchmark; see hinge list benches"), ValidArgs: bench.Names(),
	}
	c.Flags().IntVar(&f.rounds, "rounds", 3, "measurements of which the best counts")
	c.Flags().Float64Var(&f.limit, "time", 0, "processor seconds a search may take, 0 for the benchmark's own limit")
	c.Flags().IntVar(&f.starts, "starts", 0, "start states, 0 for the benchmark's own number")
	c.Flags().IntVar(&f.seeds, "seeds", 0, "trainings, or plans among obstacles, 0 for the benchmark's own number")
	c.Flags().StringSliceVar(&f.peers, "peers", []string{allPeers}, "generic solvers to compare with: "+strings.Join(bench.Peers(), ", ")+", "+allPeers+" or "+noPeers)
	c.Flags().BoolVar(&f.full, "full", false, "everything, where the default is a sample that takes minutes")
	return a.command(c, outForResult+", and the picture some benchmarks draw", func(ctx context.Context, c *cobra.Command, args []string) (result, error) {
		return a.bench(ctx, args[0], f, c.Flags().Changed, commandLine(c, args))
	})
}

func (a *app) bench(ctx context.Context, name string, f benchFlags, changed func(string) bool, command string) (result, error) {
	if !slices.Contains(bench.Names(), name) {
		return nil, badInputf("bench %s: unknown; %s", name, strictyaml.Choices("names", name, bench.Names()))
	}
	opts, err := f.options(name, changed)
	if err != nil {
		return nil, err
	}
	if a.out != "" {
		if err := makeFolder(a.out); err != nil {
			return nil, err
		}
	}
	var p *progress
	opts.Seed, opts.Data, opts.Folder = a.seed, dataFolder(), a.out
	opts.Card = func(m *dynamics.Model, d *dynamics.Dataset) error { return card(m, d, command) }
	opts.OnRound = func(done, total int, what string) {
		if done == 0 {
			p.finish()
			p = a.progress("bench", "measurements", total)
		}
		p.set(done, what)
	}
	r, err := bench.Run(ctx, name, opts)
	p.finish()
	if errors.Is(err, bench.ErrNoData) || errors.Is(err, bench.ErrFolder) {
		return nil, badInput(err)
	}
	if err != nil {
		return nil, err
	}
	saved, err := a.saved("bench-"+name, benchResult{r})
	if err == nil && a.out != "" && r.Picture != nil {
		err = atomicfile.Write(filepath.Join(a.out, "bench-"+name+".png"), r.Picture)
	}
	return saved, err
}

// options checks the flags: values, and whether the benchmark reads them.
func (f *benchFlags) options(name string, changed func(string) bool) (bench.Options, error) {
	opts := bench.Options{Rounds: f.rounds, Starts: f.starts, Seeds: f.seeds, Time: time.Duration(f.limit * float64(time.Second)), Full: f.full}
	if f.rounds < 1 {
		return opts, badInputf("--rounds %d: must be at least 1", f.rounds)
	}
	if !(f.limit >= 0 && f.limit <= maxBenchTime) {
		return opts, badInputf("--time %g: must be from 0 to %d seconds", f.limit, maxBenchTime)
	}
	if f.starts < 0 || f.seeds < 0 {
		return opts, badInputf("--starts is %d, --seeds %d; both must be at least 0", f.starts, f.seeds)
	}
	for _, choice := range bench.Choices() {
		if changed(string(choice)) && !bench.Takes(name, choice) {
			return opts, badInputf("--%s: bench %s does not read it", choice, name)
		}
	}
	var err error
	opts.Peers, err = chosenPeers(f.peers)
	return opts, err
}

// What stands for every peer, and for none.
const (
	allPeers = "all"
	noPeers  = "none"
)

// chosenPeers returns nil for all.
func chosenPeers(names []string) ([]string, error) {
	switch {
	case slices.Equal(names, []string{allPeers}):
		return nil, nil
	case slices.Equal(names, []string{noPeers}):
		return []string{}, nil
	}
	for _, name := range names {
		if !slices.Contains(bench.Peers(), name) {
			return nil, badInputf("--peers %s: unknown; %s, or %s or %s alone", name, strictyaml.Choices("solvers", name, bench.Peers()), allPeers, noPeers)
		}
	}
	return names, nil
}

type benchResult struct{ *bench.Report }

func (r benchResult) text(w io.Writer) {
	t := report.NewTable("", "unit", "hinge", "peer", "peer's", "ratio")
	for _, row := range r.Rows {
		t.Add(row.Name, row.Unit, row.Ours, row.Peer, orMissing(row.Theirs), orMissing(row.Ratio))
	}
	fmt.Fprint(w, t)
	fmt.Fprintln(w, "ratio above 1: hinge is better")
	var versions []string
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		versions = append(versions, name+" "+r.Versions[name])
	}
	fmt.Fprintf(w, "%s, %d CPUs, %s; %s\n", r.Machine.CPU, r.Machine.CPUs, r.Machine.OS, strings.Join(versions, ", "))
}

// orMissing returns the number, or what a table shows as missing.
func orMissing(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}
