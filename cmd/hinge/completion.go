package main

import "github.com/spf13/cobra"

// addCompletionExamples gives cobra's completion commands the example every
// command of ours has.
func addCompletionExamples(root *cobra.Command) {
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Example = "  source <(hinge completion bash)"
		for _, shell := range c.Commands() {
			shell.Example = "  hinge completion " + shell.Name() + " > hinge." + shell.Name()
		}
	}
}
