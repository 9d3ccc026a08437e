package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// addExamples gives cobra's own commands the example every command of ours has.
func addExamples(root *cobra.Command) {
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Example = "  hinge help run"
			c.Args = func(_ *cobra.Command, args []string) error { // cobra's own prints the general help
				switch found, rest, err := root.Find(args); {
				case err != nil:
					return err
				case len(rest) > 0 && found.HasAvailableSubCommands():
					return unknownCommand(found, "command", "commands", rest[0])
				case len(rest) > 0:
					return fmt.Errorf("help: argument %q is one too many; give a command", rest[0])
				}
				return nil
			}
		case "completion":
			c.Example = "  source <(hinge completion bash)"
			for _, shell := range c.Commands() {
				shell.Example = "  hinge completion " + shell.Name() + " > hinge." + shell.Name()
			}
		}
	}
}
