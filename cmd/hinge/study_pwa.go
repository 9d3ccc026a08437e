package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"hinge/internal/atomicfile"
	"hinge/report"
	"hinge/studies/pwa"
)

func (a *app) pwaCommand() *cobra.Command {
	seeds, workers := 1, 0
	c := &cobra.Command{
		Use:   "pwa",
		Short: "Reduce 576 ReLUs to the 2 that two functions of the plane need",
		Long: `Learn two functions of the plane that have four affine pieces each with 576 ReLUs,
reduce the networks to 2 ReLUs, and compare their pieces with the true ones. Writes
the models, and a picture of the partitions for every function and seed.`,
		Example: "  hinge study pwa\n  hinge study pwa --seeds 10 --out pwa --json",
		Args:    exactArgs(),
	}
	c.Flags().IntVar(&seeds, "seeds", 1, "seeds to run, from --seed on")
	c.Flags().IntVar(&workers, "workers", 0, "goroutines, 0 for one per CPU; never changes the result")
	return a.command(c, "folder for models, pictures and study.json (default study-pwa)", func(ctx context.Context, cmd *cobra.Command, args []string) (result, error) {
		if seeds < 1 || workers < 0 {
			return nil, badInputf("--seeds is %d, --workers %d; seeds must be at least 1 and workers at least 0", seeds, workers)
		}
		if a.out == "" {
			a.out = "study-pwa"
		}
		if err := makeFolder(a.out); err != nil {
			return nil, err
		}
		r := &studyResult{Out: a.out}
		for i := range seeds {
			for _, target := range pwa.Targets() {
				if err := a.pwa(ctx, r, target, pwa.Options{Seed: a.seed + uint64(i), Workers: workers}, commandLine(cmd, args)); err != nil {
					return nil, err
				}
				if _, err := a.saved("study", r); err != nil { // what is done stays if the rest is interrupted
					return nil, err
				}
			}
		}
		return r, nil
	})
}

// pwa runs the study for one target and seed, and writes its files.
func (a *app) pwa(ctx context.Context, r *studyResult, target pwa.Target, opts pwa.Options, command string) error {
	name := fmt.Sprintf("%s-%d", target.Name, opts.Seed)
	var p *progress
	opts.OnEpoch = func(part string, done, total int) {
		if done == 1 {
			p.finish()
			p = a.progress(name+": "+part, "epochs", total)
		}
		p.set(done, "")
	}
	found, err := pwa.Run(ctx, target, opts)
	p.finish()
	if err != nil {
		return err
	}
	model := filepath.Join(a.out, name+".safetensors")
	if err := card(found.Sparse.Model, found.Data, command); err != nil {
		return err
	}
	if err := found.Sparse.Model.Save(model); err != nil {
		return err
	}
	picture := filepath.Join(a.out, name+".png")
	if err := atomicfile.Write(picture, pwaPlot(found).Encode); err != nil {
		return err
	}
	r.Files = append(r.Files, model, picture)
	pwaRows(r, name, model, found)
	return nil
}

func pwaRows(r *studyResult, name, model string, found *pwa.Result) {
	pieces := numberOf(float64(len(found.Truth)))
	matched := 0.0
	if found.Matching.Exact() {
		matched = float64(len(found.Truth))
	}
	for _, row := range []studyRow{
		{Metric: "relus_before", Value: report.Number(found.Dense.ReLUs), Reference: numberOf(pwa.Units), Goal: numberOf(pwa.Units)},
		{Metric: "pieces_before", Value: report.Number(len(found.Dense.Regions)), Reference: pieces},
		{Metric: "max_error_before", Value: report.Number(found.Dense.MaxError)},
		{Metric: "relus", Value: report.Number(found.Sparse.ReLUs), Goal: numberOf(2), File: model},
		{Metric: "attempts", Value: report.Number(found.Attempts)},
		{Metric: "max_error", Value: report.Number(found.Sparse.MaxError), Goal: numberOf(1e-3)},
		{Metric: "pieces", Value: report.Number(len(found.Sparse.Regions)), Reference: pieces, Goal: pieces},
		{Metric: "pieces_matched", Value: report.Number(matched), Reference: pieces, Goal: pieces},
		{Metric: "slope_error", Value: report.Number(found.Matching.MaxSlope), Goal: numberOf(pwa.Tolerance)},
		{Metric: "misplaced_area", Value: report.Number(found.Matching.Misplaced), Goal: numberOf(pwa.Tolerance)},
	} {
		row.Name = name
		r.add(row)
	}
}

// pwaPlot shows the true pieces, those of the dense network and the learned ones.
func pwaPlot(found *pwa.Result) report.PartitionPlot {
	panel := func(title string, regions []pwa.Region) report.PartitionPanel {
		q := report.PartitionPanel{Title: fmt.Sprintf("%s: %d pieces", title, len(regions)), Min: -1, Max: 1}
		for i := range regions {
			piece := report.Piece{SlopeX: regions[i].Value.A, SlopeY: regions[i].Value.B}
			for _, corner := range regions[i].Corners {
				piece.X, piece.Y = append(piece.X, corner.X), append(piece.Y, corner.Y)
			}
			q.Pieces = append(q.Pieces, piece)
		}
		return q
	}
	return report.PartitionPlot{
		Title: "Where " + found.Target.Name + " is affine",
		Subtitle: fmt.Sprintf("colour: slope. Largest error with %d ReLUs %.2g, with %d ReLUs %.2g",
			found.Dense.ReLUs, found.Dense.MaxError, found.Sparse.ReLUs, found.Sparse.MaxError),
		Panels: []report.PartitionPanel{
			panel("Truth", found.Truth),
			panel(fmt.Sprintf("Learned, %d ReLUs", found.Dense.ReLUs), found.Dense.Regions),
			panel(fmt.Sprintf("Reduced to %d ReLUs", found.Sparse.ReLUs), found.Sparse.Regions),
		},
	}
}
