// Package assert holds checks that the tests of several packages make.
package assert

import "testing"

// Panics fails the test unless f panics with message.
func Panics(t *testing.T, message string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if r := recover(); r != message {
			t.Errorf("panic %v, want %q", r, message)
		}
	}()
	f()
}
