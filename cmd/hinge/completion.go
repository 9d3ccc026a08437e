package main

import "github.com/spf13/cobra"

// addExamples gives cobra's own commands the example every command of ours has.
func addExamples(root *cobra.Command) {
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Example = "  hinge help run"
		case "completion":
			c.Example = "  source <(hinge completion bash)"
			for _, shell := range c.Commands() {
				shell.Example = "  hinge completion " + shell.Name() + " > hinge." + shell.Name()
			}
		}
	}
}
