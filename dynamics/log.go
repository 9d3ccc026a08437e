package dynamics

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hinge/internal/mmap"
)

// LogSpec says what the columns of a log of a robot mean: in every row the state
// and the action that is applied until the next row.
type LogSpec struct {
	Signals        // names are those of columns; units are needed
	Time    string // column of the time in seconds, "" for none
	Episode string // column of numbers or names whose every change starts an episode, "" for one episode
	Steps   int    // actions of the pieces that episodes are cut into
}

// lateAfter is the distance of two rows, in periods, from which rows are missing
// between them, so that a new episode starts.
const lateAfter = 1.5

// ReadLog makes a data set of the log in a .csv file, whose first line names its
// columns, or in a .npz file with one array a column. Episodes are cut into pieces
// of equal length, which share the state between them; what is left at the end of
// an episode is not used.
//
// A value that is no finite number, a column that is missing or never changes, and
// a log that makes fewer than ten pieces are errors.
func ReadLog(path string, spec LogSpec) (*Dataset, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	var t *logTable
	var err error
	switch filepath.Ext(path) {
	case ".csv":
		t, err = readCSV(path, &spec)
	case ".npz":
		t, err = readColumns(path, spec.columns())
	default:
		return nil, fmt.Errorf("%s: unknown kind of log; it must be .csv or .npz", path)
	}
	if err == nil {
		err = t.check(spec)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d, err := t.dataset(spec)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// validate reports what is missing. Units are demanded, since nobody can add them
// later and every error is told in them.
func (s *LogSpec) validate() error {
	if !(s.Period > 0) || math.IsInf(s.Period, 0) {
		return fmt.Errorf("period is %g; it must be the seconds from one row to the next", s.Period)
	}
	if s.Steps < 1 {
		return fmt.Errorf("steps is %d; it must be at least 1 action in a piece", s.Steps)
	}
	if len(s.StateNames) == 0 {
		return errors.New("states: missing; name the columns")
	}
	if len(s.ActionNames) == 0 {
		return errors.New("actions: missing; name the columns")
	}
	if err := s.checkUnits(len(s.StateNames), len(s.ActionNames)); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, c := range s.columns() {
		if seen[c] {
			return fmt.Errorf("column %s is named twice", c)
		}
		seen[c] = true
	}
	return nil
}

// columns returns the columns to read: states, actions, time, episode.
func (s *LogSpec) columns() []string {
	c := append(append([]string(nil), s.StateNames...), s.ActionNames...)
	for _, more := range []string{s.Time, s.Episode} {
		if more != "" {
			c = append(c, more)
		}
	}
	return c
}

// logTable is the columns of a log.
type logTable struct {
	names  []string
	values [][]float64 // by column, then row
	first  int         // what errors call row 0
}

func readCSV(path string, spec *LogSpec) (*logTable, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := csv.NewReader(withoutMark(f))
	in.TrimLeadingSpace, in.ReuseRecord = true, true
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: %w; it must name the columns", err)
	}
	columns := spec.columns()
	at, err := find(head, columns)
	if err != nil {
		return nil, fmt.Errorf("line 1: %w", err)
	}
	t := &logTable{names: columns, values: make([][]float64, len(columns)), first: 2}
	parse := t.parsers(spec)
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, err // names the line
		}
		for i, k := range at {
			v, err := parse[i](strings.TrimSpace(record[k]))
			if err != nil {
				line, _ := in.FieldPos(k)
				return nil, fmt.Errorf("line %d, column %s: value %q %w", line, columns[i], record[k], err)
			}
			t.values[i] = append(t.values[i], v)
		}
	}
}

// byteOrderMark is what some programs begin a text with.
const byteOrderMark = "\ufeff"

func withoutMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if start, _ := b.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		_, _ = b.Discard(len(byteOrderMark)) // it was peeked at
	}
	return b
}

// parsers returns what reads the values of each column: numbers, but of the episodes
// names, which are numbered.
func (t *logTable) parsers(spec *LogSpec) []func(text string) (float64, error) {
	number := func(text string) (float64, error) {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return 0, errors.New("is no number")
		}
		return v, nil
	}
	parse := slices.Repeat([]func(string) (float64, error){number}, len(t.names))
	if spec.Episode == "" {
		return parse
	}
	numbers := map[string]float64{}
	parse[len(parse)-1] = func(name string) (float64, error) {
		n, ok := numbers[name]
		if !ok && name == "" {
			return 0, errors.New("is no name of an episode")
		}
		if !ok {
			n = float64(len(numbers))
			numbers[name] = n
		}
		return n, nil
	}
	return parse
}

// find returns the places of columns in head.
func find(head, columns []string) ([]int, error) {
	place, twice := map[string]int{}, map[string]bool{}
	for i, name := range head {
		name = strings.TrimSpace(name)
		_, twice[name] = place[name]
		place[name] = i
	}
	at := make([]int, len(columns))
	for i, c := range columns {
		k, ok := place[c]
		if !ok {
			return nil, fmt.Errorf("there is no column %s; the columns are %s", c, strings.Join(head, ", "))
		}
		if twice[c] {
			return nil, fmt.Errorf("there are several columns %s; give them names of their own", c)
		}
		at[i] = k
	}
	return at, nil
}

// readColumns reads one array of a NumPy archive for each column.
func readColumns(path string, columns []string) (*logTable, error) {
	data, err := mmap.Read(path)
	if err != nil {
		return nil, err
	}
	z, err := openArchive(data)
	if err != nil {
		return nil, err
	}
	t := &logTable{names: columns, values: make([][]float64, len(columns))}
	for i, c := range columns {
		if _, t.values[i], err = z.floats(c, 1); err != nil {
			return nil, err
		}
		if len(t.values[i]) != len(t.values[0]) {
			return nil, fmt.Errorf("array %s has %d values; %s has %d", c, len(t.values[i]), columns[0], len(t.values[0]))
		}
	}
	return t, nil
}

// rows returns the number of rows.
func (t *logTable) rows() int { return len(t.values[0]) }

// check reports the first value that is not finite and columns of states or
// actions that never change.
func (t *logTable) check(spec LogSpec) error {
	if t.rows() < 2 {
		return fmt.Errorf("%d rows; it needs at least 2", t.rows())
	}
	for r := range t.rows() {
		for i, column := range t.values {
			if v := column[r]; math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("row %d, column %s: value is %g; it must be a finite number", r+t.first, t.names[i], v)
			}
		}
	}
	for i, v := range t.values[:len(spec.StateNames)+len(spec.ActionNames)] {
		if _, constant := constantColumn(v, 1); constant {
			return fmt.Errorf("rows %d to %d, %w", t.first, t.first+t.rows()-1, constantError(t.names[i], v[0]))
		}
	}
	return nil
}

// episodes returns the row ranges [from, to) without a gap in them.
func (t *logTable) episodes(spec LogSpec) ([]span, error) {
	next := len(spec.StateNames) + len(spec.ActionNames)
	var time, episode []float64
	if spec.Time != "" {
		time = t.values[next]
		next++
	}
	if spec.Episode != "" {
		episode = t.values[next]
	}
	if err := t.checkPeriod(spec, time); err != nil {
		return nil, err
	}
	var spans []span
	from := 0
	for r := 1; r <= t.rows(); r++ {
		ends := r == t.rows() || episode != nil && episode[r] != episode[r-1]
		if !ends && time != nil {
			dt := time[r] - time[r-1]
			if dt <= 0 || dt < spec.Period/lateAfter {
				return nil, fmt.Errorf("row %d, column %s: %g s after the row before; the period is %g s", r+t.first, spec.Time, dt, spec.Period)
			}
			ends = dt > lateAfter*spec.Period
		}
		if ends {
			spans = append(spans, span{from, r})
			from = r
		}
	}
	return spans, nil
}

// periodTolerance is how far the period may be from the time between rows, relative.
const periodTolerance = 0.05

// checkPeriod compares the period with the median time between rows: single rows
// may be early or late, but half of them are not.
func (t *logTable) checkPeriod(spec LogSpec, time []float64) error {
	var apart []float64
	for r := 1; r < len(time); r++ {
		if dt := time[r] - time[r-1]; dt > 0 {
			apart = append(apart, dt)
		}
	}
	if len(apart) == 0 {
		return nil
	}
	slices.Sort(apart)
	median := apart[len(apart)/2]
	if math.Abs(median-spec.Period) > periodTolerance*spec.Period {
		return fmt.Errorf("column %s: rows are %.3g s apart (median); the period is %g s", spec.Time, median, spec.Period)
	}
	return nil
}

// dataset cuts the episodes into pieces.
func (t *logTable) dataset(spec LogSpec) (*Dataset, error) {
	spans, err := t.episodes(spec)
	if err != nil {
		return nil, err
	}
	var starts []int
	for _, s := range spans {
		for from := s.from; from+spec.Steps < s.to; from += spec.Steps {
			starts = append(starts, from)
		}
	}
	if len(starts) < LeastEpisodes {
		return nil, fmt.Errorf("%d rows in %d episodes make %d pieces of %d actions; training needs at least %d; record more, or make steps smaller",
			t.rows(), len(spans), len(starts), spec.Steps, LeastEpisodes)
	}
	d := NewDataset(len(starts), spec.Steps, len(spec.StateNames), len(spec.ActionNames))
	d.Meta.Signals = spec.Signals
	for e, from := range starts {
		for s := range spec.Steps + 1 {
			for i := range d.Nx {
				d.State(e, s)[i] = t.values[i][from+s]
			}
			if s < spec.Steps {
				for i := range d.Nu {
					d.Action(e, s)[i] = t.values[d.Nx+i][from+s]
				}
			}
		}
	}
	return d, d.Validate()
}
