package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Open reads a run folder. A run without summary.json was interrupted: it is
// returned with a nil Summary and no error.
//
// A file that makes no sense is an error, most often a [*FileError]. The run
// then holds what could be read, in particular the steps before the bad one, so
// that whoever looks for the cause can see them; it is nil only if there is no
// run folder at all.
func Open(dir string) (*Run, error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run folder %s: %w; it must be a folder with %s", dir, fs.ErrNotExist, StepsFile)
	} else if err != nil {
		return nil, fmt.Errorf("run folder: %w", err)
	}
	if !info.IsDir() {
		return nil, &FileError{File: dir, Want: "not a run folder; it must be a folder with " + StepsFile}
	}
	r := &Run{Dir: dir}
	if r.Scenario, err = r.readFile(ScenarioFile); err != nil {
		return r, err
	}
	steps, err := r.readFile(StepsFile)
	if err != nil {
		return r, err
	}
	if err := r.readSteps(steps); err != nil {
		return r, err
	}
	summary, err := os.ReadFile(r.path(SummaryFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	} else if err != nil {
		return r, err
	}
	if r.Summary, err = readSummary(r.path(SummaryFile), summary); err != nil {
		return r, err
	}
	if r.Summary.Steps != len(r.Steps) {
		return r, &FileError{
			File: r.path(SummaryFile), Field: "steps", Value: fmt.Sprint(r.Summary.Steps),
			Want: fmt.Sprintf("%s has %d rows: the files come from different runs", StepsFile, len(r.Steps)),
		}
	}
	return r, nil
}

func (r *Run) readFile(name string) ([]byte, error) {
	data, err := os.ReadFile(r.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &FileError{File: r.path(name), Want: "there is no such file; is " + r.Dir + " a run folder?"}
	}
	return data, err
}
