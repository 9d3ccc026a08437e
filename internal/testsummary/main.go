// Command testsummary runs go test and says what happened: go test's own line for
// each package, the output of what failed, each skipped test with its reason, and
// a last line
//
//	N passed, N failed, N skipped
//
// that counts tests and sub-tests. A test that cannot check something here must
// skip; this is where a reader sees that it did.
//
//	testsummary [arguments of go test]
//
// The exit code is go test's own, or 1 if no test ran at all.
//
// Read first: main, summary, summary.add.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	code, err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// run returns the exit code.
func run(args []string, w io.Writer) (int, error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	s := newSummary(w)
	readErr := s.read(out)
	code := 0
	var exit *exec.ExitError
	switch err := cmd.Wait(); {
	case errors.As(err, &exit):
		code = max(1, exit.ExitCode()) // -1 if a signal ended it
	case err != nil:
		return 0, err
	}
	if readErr != nil {
		return 0, readErr
	}
	return s.finish(code), nil
}

// read adds every line of r, however long.
func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			s.add(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
