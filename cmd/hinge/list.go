package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hinge/bench"
	"hinge/internal/strictyaml"
	"hinge/scenario"
	"hinge/tasks"
)

// listable holds what `hinge list` can show, in the order in which it does.
var listable = []struct {
	kind string
	rows func() ([]listRow, error)
}{
	{"tasks", taskRows},
	{"planners", func() ([]listRow, error) { return summaryRows(scenario.Planners(), scenario.PlannerSummary), nil }},
	{"scenarios", func() ([]listRow, error) { return summaryRows(scenario.Names(), scenario.Summary), nil }},
	{"benches", func() ([]listRow, error) { return summaryRows(bench.Names(), bench.Summary), nil }},
}

func (a *app) listCommand() *cobra.Command {
	c := &cobra.Command{
		Use:       "list [tasks | planners | scenarios | benches]",
		Short:     "List what there is: tasks, planners, scenarios, benches",
		Example:   "  hinge list scenarios\n  hinge list planners --json",
		Args:      optionalArg("a kind"),
		ValidArgs: listKinds(),
	}
	return a.command(c, outForResult, func(_ context.Context, _ *cobra.Command, args []string) (result, error) {
		r := listResult{Rows: []listRow{}}
		for _, l := range listable {
			if len(args) == 1 && args[0] != l.kind {
				continue
			}
			rows, err := l.rows()
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				row.Kind = l.kind
				r.Rows = append(r.Rows, row)
			}
		}
		if len(args) == 1 && !slices.Contains(listKinds(), args[0]) {
			return nil, badInputf("list: %q is nothing to list; %s", args[0], strictyaml.Choices("kinds", args[0], listKinds()))
		}
		return a.saved("list", r)
	})
}

func listKinds() []string {
	var kinds []string
	for _, l := range listable {
		kinds = append(kinds, l.kind)
	}
	return kinds
}

type listRow struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
	Kind    string `json:"kind"`
}

type listResult struct {
	Rows []listRow `json:"rows"`
}

// text prints a block per kind.
func (r listResult) text(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	kind := ""
	for _, row := range r.Rows {
		if row.Kind != kind {
			kind = row.Kind
			fmt.Fprintln(t, kind)
		}
		fmt.Fprintf(t, "  %s\t%s\n", row.Name, row.Summary)
	}
	t.Flush()
}

func taskRows() ([]listRow, error) {
	var rows []listRow
	for _, name := range tasks.Names() {
		task, err := tasks.New(name)
		if err != nil {
			return nil, err
		}
		rows = append(rows, listRow{Name: name, Summary: task.Summary})
	}
	return rows, nil
}

func summaryRows(names []string, summary func(string) string) []listRow {
	var rows []listRow
	for _, name := range names {
		rows = append(rows, listRow{Name: name, Summary: summary(name)})
	}
	return rows
}
