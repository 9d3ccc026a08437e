package main

import (
	"context"
	"errors"
	"fmt"
)

// The exit statuses, which scripts rely on.
const (
	statusDone       = 0
	statusInternal   = 1
	statusBadInput   = 2
	statusInfeasible = 3 // proven, or a certificate that does not hold
	statusLimit      = 4 // a limit was reached and there is nothing to return
	statusNoSuccess  = 5 // it ran, but the task was not achieved
)

// failure is an error with the exit status it asks for.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// badInput marks an error as the user's to mend; nil stays nil.
func badInput(err error) error { return withStatus(statusBadInput, err) }

func badInputf(format string, args ...any) error {
	return badInput(fmt.Errorf(format, args...))
}

func withStatus(status int, err error) error {
	if err == nil {
		return nil
	}
	return &failure{status: status, err: err}
}

// statusOf returns the exit status of an error. An interruption is a limit: the
// user's patience.
func statusOf(err error) int {
	var f *failure
	switch {
	case err == nil:
		return statusDone
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return statusLimit
	case errors.As(err, &f):
		return f.status
	}
	return statusInternal
}
