package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) sparsifyCommand() *cobra.Command {
	c := &cobra.Command{Use: "sparsify MODEL", Short: "x", Example: "x", Args: exactArgs("a model")}
	return a.command(c, "x", func(context.Context, *cobra.Command, []string) (result, error) { return nil, fmt.Errorf("later") })
}
