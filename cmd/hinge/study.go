package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"hinge/dynamics"
	"hinge/internal/version"
	"hinge/report"
)

func (a *app) studyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "study",
		Short:   "Repeat an experiment from start to end",
		Long:    "Repeat an experiment from start to end and compare the outcome with its goals.",
		Example: "  hinge study pwa --seeds 3 --out pwa",
		Args:    knownStudy,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(a.pwaCommand(), a.distilCommand(), a.plannerCommand())
	return c
}

// knownStudy reports a word that is no study.
func knownStudy(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return unknownCommand(c, "study", "studies", args[0])
}

// studyResult is what a study found.
type studyResult struct {
	Rows  []studyRow `json:"rows"`
	Files []string   `json:"files"`
	Out   string     `json:"out"`
}

// studyRow is one figure, with what it should be.
type studyRow struct {
	Name      string         `json:"name"`
	Metric    string         `json:"metric"`
	Value     report.Number  `json:"value"`
	Reference *report.Number `json:"reference"` // known from elsewhere; null if nothing is
	Goal      *report.Number `json:"goal"`      // null if there is none
	File      string         `json:"file,omitempty"`
}

// card completes the metadata of a model that a study or a benchmark makes from d.
func card(m *dynamics.Model, d *dynamics.Dataset, command string) error {
	reach, err := reachOf(m, d, d.AllEpisodes())
	m.Meta.Reach, m.Meta.Tool, m.Meta.Command = reach, version.Tool(), command
	return err
}

// mendable makes a failure that other options mend one of the input.
func mendable(err error) error {
	if withoutResult(err) {
		return badInput(err)
	}
	return err
}

func (r *studyResult) add(row studyRow) { r.Rows = append(r.Rows, row) }

func (r *studyResult) text(w io.Writer) {
	t := report.NewTable("", "metric", "value", "reference", "goal")
	for _, row := range r.Rows {
		t.Add(row.Name, row.Metric, float64(row.Value), number(row.Reference), number(row.Goal))
	}
	fmt.Fprint(w, t)
	fmt.Fprintln(w, strings.Join(r.Files, "\n"))
}

// number returns what a table shows of a figure that may be missing.
func number(v *report.Number) any {
	if v == nil {
		return nil
	}
	return float64(*v)
}

func numberOf(v float64) *report.Number {
	n := report.Number(v)
	return &n
}
