package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"hinge/internal/version"
)

func (a *app) versionCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of hinge",
		Example: "  hinge version --json",
		Args:    exactArgs(),
	}
	return a.command(c, outForResult, func(context.Context, *cobra.Command, []string) (result, error) {
		return a.saved("version", versionResult{
			Version: version.Number, Revision: version.Revision(), Go: runtime.Version(),
			Platform: runtime.GOOS + "/" + runtime.GOARCH,
		})
	})
}

type versionResult struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (r versionResult) text(w io.Writer) {
	build := []string{r.Go, r.Platform}
	if r.Revision != "" {
		build = append([]string{r.Revision}, build...)
	}
	fmt.Fprintf(w, "hinge %s (%s)\n", r.Version, strings.Join(build, ", "))
}
