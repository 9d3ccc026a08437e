package report

import (
	"fmt"
	"strconv"
)

// FileError says what is wrong with a file of a run folder, where, and what
// would be right.
type FileError struct {
	File  string // path
	Line  int    // from 1; 0 if it concerns the whole file
	Field string // column or JSON field; may be empty
	Value string // what stands there; may be empty
	Want  string // what is wrong, or what would be right
}

func (e *FileError) Error() string {
	at := e.File
	if e.Line > 0 {
		at += ":" + strconv.Itoa(e.Line)
	}
	switch {
	case e.Field == "":
		return fmt.Sprintf("%s: %s", at, e.Want)
	case e.Value == "":
		return fmt.Sprintf("%s: %s %s", at, e.Field, e.Want)
	}
	return fmt.Sprintf("%s: %s is %q; %s", at, e.Field, e.Value, e.Want)
}
