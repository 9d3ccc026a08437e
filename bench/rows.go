package bench

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"hinge/milp"
	"hinge/milp/bound"
	"hinge/milp/encode"
	"hinge/milp/relu"
)

// rows are a program as generic solvers read it. The folder holds the same as files.
type rows struct {
	*encode.Encoding
	start  []float64 // a point to begin with, nil for none
	folder string
}

// The files of a folder of rows.
const (
	rowsFile  = "rows.mps"
	startFile = "start.txt" // a line "index name value" for every column
)

// formulation is a way to write a program as rows. Both are big-M.
type formulation struct {
	name  string
	write func(*match) (*rows, error)
}

var (
	// plainRows are what whoever has no bounds writes.
	plainRows = formulation{"interval rows", func(m *match) (*rows, error) {
		e, err := encode.BigM(m.program, bound.Intervals(m.program))
		return &rows{Encoding: e}, err
	}}
	// sharpRows give a solver our ranges, our plan and the boxes of states.
	sharpRows = formulation{"our ranges and plan", writeSharpRows}
)

func writeSharpRows(m *match) (*rows, error) {
	reach, err := sharpened(m.program)
	if err != nil {
		return nil, err
	}
	e, err := reach.BigM(m.program)
	if err != nil {
		return nil, err
	}
	r := &rows{Encoding: e}
	if m.u != nil {
		r.start = e.Start(m.u, m.program.NewWorkspace())
	}
	return r, nil
}

// Rounds and steps of the sharpening of ranges: about where they stop to move.
const (
	sharpenRounds = 2
	sharpenSteps  = 40
)

// sharpened returns ranges that hold for every plan: by linear bounds with slopes
// optimised for each range. Our search goes on from there with the objective; that is
// a part of its proof, and no solver is given it.
func sharpened(p *relu.Program) (*encode.Reach, error) {
	reach, err := encode.Reachable(p)
	if err != nil {
		return nil, err
	}
	b := bound.New(p)
	r, box := b.NewRanges(), b.Box()
	b.Root().Copy(r)
	how := &bound.Refinement{Steps: sharpenSteps, Rate: .2, Cutoff: math.Inf(1), Mult: b.NewDual().Mult}
	for range sharpenRounds {
		if !b.Refine(r, box.Lower, box.Upper, 0, how) {
			return reach, nil // there is no plan: for the solver to find out
		}
	}
	for i := range r.Lower {
		reach.Ranges.Lower[i] = max(reach.Ranges.Lower[i], r.Lower[i])
		reach.Ranges.Upper[i] = min(reach.Ranges.Upper[i], r.Upper[i])
	}
	return reach, nil
}

// save writes the files to a new folder, which the caller removes.
func (r *rows) save() (err error) {
	if r.folder, err = os.MkdirTemp("", "hinge-rows"); err != nil {
		return err
	}
	if err := writeTo(filepath.Join(r.folder, rowsFile), func(w io.Writer) error { return milp.WriteMPS(w, r.Problem) }); err != nil {
		return err
	}
	if r.start == nil {
		return nil
	}
	return writeTo(filepath.Join(r.folder, startFile), func(w io.Writer) error {
		for j, v := range r.start {
			if _, err := fmt.Fprintf(w, "%d C%d %.17g\n", j, j, v); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeTo(path string, write func(io.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	return errors.Join(write(w), w.Flush())
}
