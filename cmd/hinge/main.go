// Command hinge plans, learns and evaluates model-predictive control.
//
// The commands are thin: each file holds one, with its flags, one call into the
// packages that do the work, and what to print. A command returns a [result];
// the frame around it prints that as text, or as one JSON object with --json,
// and turns errors into exit statuses.
//
// Read first: [app], [result], statusOf.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := newApp(os.Stdout, os.Stderr).execute(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}
