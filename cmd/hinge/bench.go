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
	"hinge/internal/atomicfile"
	"hinge/internal/strictyaml"
	"hinge/report"
)

// maxBenchTime is the most seconds a search may be given.
const maxBenchTime = 86_400

func (a *app) benchCommand() *cobra.Command {
	rounds, starts, limit := 0, 0, 0.0
	c := &cobra.Command{
		Use:   "bench NAME",
		Short: "Measure against peers, side by side in one run",
		Long: `Measure against peers, side by side in one run. Times are processor seconds where
the unit says so; the best of a few rounds counts. A peer that is not installed
leaves its column empty.`,
		Example:   "  hinge bench train\n  hinge bench plan --json\n  hinge bench push-t-grid --time 300",
		Args:      exactArgs("a benchmark; see hinge list benches"),
		ValidArgs: bench.Names(),
	}
	c.Flags().IntVar(&rounds, "rounds", 3, "measurements of which the best counts")
	c.Flags().Float64Var(&limit, "time", 0, "processor seconds a search may take, 0 for the benchmark's own limit")
	c.Flags().IntVar(&starts, "starts", 0, "start states, 0 for the benchmark's own number")
	return a.command(c, outForResult+", and the picture some benchmarks draw", func(ctx context.Context, _ *cobra.Command, args []string) (result, error) {
		if !slices.Contains(bench.Names(), args[0]) {
			return nil, badInputf("bench %s: unknown; %s", args[0], strictyaml.Choices("names", args[0], bench.Names()))
		}
		if rounds < 1 {
			return nil, badInputf("--rounds %d: must be at least 1", rounds)
		}
		if !(limit >= 0 && limit <= maxBenchTime) {
			return nil, badInputf("--time %g: must be from 0 to %d seconds", limit, maxBenchTime)
		}
		if limit > 0 && !bench.Takes(args[0], bench.TimeChoice) {
			return nil, badInputf("--time: bench %s has no such limit", args[0])
		}
		if starts < 0 {
			return nil, badInputf("--starts %d: must be at least 0", starts)
		}
		if starts > 0 && !bench.Takes(args[0], bench.StartsChoice) {
			return nil, badInputf("--starts: bench %s has no start states to choose", args[0])
		}
		var p *progress
		opts := bench.Options{Seed: a.seed, Rounds: rounds, Data: dataFolder(), Starts: starts,
			Time: time.Duration(limit * float64(time.Second))}
		opts.OnRound = func(done, total int, what string) {
			if done == 0 {
				p.finish()
				p = a.progress("bench", "measurements", total)
			}
			p.set(done, what)
		}
		r, err := bench.Run(ctx, args[0], opts)
		p.finish()
		if errors.Is(err, bench.ErrNoData) {
			return nil, badInput(err)
		}
		if err != nil {
			return nil, err
		}
		saved, err := a.saved("bench-"+args[0], benchResult{r})
		if err == nil && a.out != "" && r.Picture != nil {
			err = atomicfile.Write(filepath.Join(a.out, "bench-"+args[0]+".png"), r.Picture)
		}
		return saved, err
	})
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
