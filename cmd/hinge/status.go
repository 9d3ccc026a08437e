package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// packages are those whose names begin errors that solvers and planners return.
var packages = []string{"planner", "relu", "encode", "bnb", "highs", "cbc"}

// plainError is an error without them.
type plainError struct{ error }

// plain leaves out the packages at the start of a message, which say nothing to a user.
func plain(err error) error { return plainError{err} }

func (e plainError) Unwrap() error { return e.error }

func (e plainError) Error() string {
	message := e.error.Error()
	for {
		name, rest, found := strings.Cut(message, ": ")
		if !found || !slices.Contains(packages, name) {
			return message
		}
		message = rest
	}
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
