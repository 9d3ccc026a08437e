package dynamics

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func cartSpec() LogSpec {
	return LogSpec{
		Signals: Signals{
			Task: "cart", Period: 0.1,
			StateNames: []string{"x", "v"}, StateUnits: []string{"m", "m/s"},
			ActionNames: []string{"force"}, ActionUnits: []string{"N"},
		},
		Time: "t", Episode: "run", Steps: 4,
	}
}

// cartLog is two runs of 25 and 26 rows, in columns of another order and one more.
// Values tell their row.
func cartLog(change func(row int, cells []string)) string {
	var b strings.Builder
	b.WriteString("run, t, force, note, x, v\n")
	for r := range 51 {
		run := 0
		if r >= 25 {
			run = 1
		}
		cells := []string{fmt.Sprint(run), fmt.Sprintf("%.1f", 0.1*float64(r)), fmt.Sprint(-r), "fine", fmt.Sprint(r), fmt.Sprint(100 + r)}
		if change != nil {
			change(r, cells)
		}
		b.WriteString(strings.Join(cells, ",") + "\n")
	}
	return b.String()
}

func writeLog(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadLog(t *testing.T) {
	d, err := ReadLog(writeLog(t, cartLog(nil)), cartSpec())
	if err != nil {
		t.Fatal(err)
	}
	// 25 rows make 6 pieces of 4 actions, 26 rows too: 0..4, 4..8, .. 20..24, then 25..29, ..
	if d.Episodes != 12 || d.Steps != 4 || d.Nx != 2 || d.Nu != 1 || !reflect.DeepEqual(d.Meta.Signals, cartSpec().Signals) {
		t.Fatalf("%d episodes of %d steps, %+v", d.Episodes, d.Steps, d.Meta)
	}
	for e, first := range []int{0, 4, 8, 12, 16, 20, 25, 29, 33, 37, 41, 45} {
		for s := range 5 {
			row := float64(first + s)
			if !slices.Equal(d.State(e, s), []float64{row, 100 + row}) || s < 4 && d.Action(e, s)[0] != -row {
				t.Fatalf("piece %d, step %d: %v; want row %g", e, s, d.State(e, s), row)
			}
		}
	}
	late := cartLog(func(r int, cells []string) {
		if r > 9 {
			cells[1] = fmt.Sprintf("%.1f", 0.1*float64(r)+3)
		}
	})
	d, err = ReadLog(writeLog(t, late), cartSpec())
	if err != nil || d.Episodes != 2+3+6 {
		t.Errorf("a gap in time: %d pieces, %v; want 11", d.Episodes, err)
	}
}

func TestReadLogOfArrays(t *testing.T) {
	want, err := ReadLog(writeLog(t, cartLog(nil)), cartSpec())
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]func(io.Writer) error{}
	for name, f := range map[string]func(r int) float64{
		"run": func(r int) float64 { return float64(min(1, r/25)) }, "t": func(r int) float64 { return 0.1 * float64(r) },
		"x": func(r int) float64 { return float64(r) }, "v": func(r int) float64 { return 100 + float64(r) },
		"force": func(r int) float64 { return 0 - float64(r) },
	} {
		v := make([]float64, 51)
		for r := range v {
			v[r] = f(r)
		}
		columns[name] = func(w io.Writer) error { return writeNPYFloats(w, v, len(v)) }
	}
	path := filepath.Join(t.TempDir(), "log.npz")
	if err := os.WriteFile(path, archiveOf(t, columns), 0o644); err != nil {
		t.Fatal(err)
	}
	if d, err := ReadLog(path, cartSpec()); err != nil || d.Hash() != want.Hash() {
		t.Errorf("the arrays give other data than the lines, %v", err)
	}
	// Arrays of other numbers mean the same: these values are exact in all of them.
	ints, floats := make([]int64, 51), make([]float32, 51)
	for r := range ints {
		ints[r], floats[r] = int64(min(1, r/25)), float32(r)
	}
	array := func(descr string, values any) func(io.Writer) error {
		return func(w io.Writer) error {
			return errors.Join(writeNPYHeader(w, descr, 51), binary.Write(w, binary.LittleEndian, values))
		}
	}
	columns["run"], columns["x"] = array("<i8", ints), array("<f4", floats)
	if err := os.WriteFile(path, archiveOf(t, columns), 0o644); err != nil {
		t.Fatal(err)
	}
	if d, err := ReadLog(path, cartSpec()); err != nil || d.Hash() != want.Hash() {
		t.Errorf("integers and float32 give other data, %v", err)
	}
	delete(columns, "v")
	if err := os.WriteFile(path, archiveOf(t, columns), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadLog(path, cartSpec()); err == nil || !strings.Contains(err.Error(), "array v is missing") {
		t.Errorf("a column is missing: %v", err)
	}
}

// What spreadsheets and people write: a byte order mark, names of episodes.
func TestReadLogOfTables(t *testing.T) {
	want, err := ReadLog(writeLog(t, cartLog(nil)), cartSpec())
	if err != nil {
		t.Fatal(err)
	}
	named := cartLog(func(_ int, cells []string) { cells[0] = map[string]string{"0": "morning", "1": "evening 2"}[cells[0]] })
	for name, text := range map[string]string{"mark": byteOrderMark + cartLog(nil), "names": named} {
		if d, err := ReadLog(writeLog(t, text), cartSpec()); err != nil || d.Hash() != want.Hash() {
			t.Errorf("%s: other data, %v", name, err)
		}
	}
}

func TestNumbersOfArrays(t *testing.T) {
	for descr, values := range map[string]any{
		"<f8": []float64{-1.5, 3}, "<f4": []float32{-1.5, 3}, "<i8": []int64{-1, 1 << 40}, "<i4": []int32{-1, 7},
	} {
		var b bytes.Buffer
		if err := errors.Join(writeNPYHeader(&b, descr, 2), binary.Write(&b, binary.LittleEndian, values)); err != nil {
			t.Fatal(err)
		}
		_, v, err := readNPYFloats(b.Bytes(), 1)
		if got, want := fmt.Sprint(v), strings.ReplaceAll(fmt.Sprint(values), "1099511627776", "1.099511627776e+12"); err != nil || got != want {
			t.Errorf("%s: %s, want %s, %v", descr, got, want, err)
		}
	}
}

func TestReadLogRefuses(t *testing.T) {
	set := func(column int, row int, value string) string {
		return cartLog(func(r int, cells []string) {
			if r == row || row < 0 {
				cells[column] = value
			}
		})
	}
	for name, c := range map[string]struct {
		log  string
		spec func(*LogSpec)
		want string
	}{
		"no number":     {log: set(5, 7, "fast"), want: `line 9, column v: value "fast" is no number`},
		"no episode":    {log: set(0, 7, " "), want: `line 9, column run: value "" is no name of an episode`},
		"not finite":    {log: set(4, 10, "NaN"), want: "row 12, column x: value is NaN"},
		"constant":      {log: set(2, -1, "0.5"), want: "rows 2 to 52, column force: every value is 0.5"},
		"no column":     {log: cartLog(nil), spec: func(s *LogSpec) { s.StateNames = []string{"x", "w"} }, want: "line 1: there is no column w; the columns are run, t, force, note, x, v"},
		"backwards":     {log: set(1, 3, "0.1"), want: "row 5, column t: -0.1 s after the row before"},
		"too fast":      {log: cartLog(nil), spec: func(s *LogSpec) { s.Period = 1 }, want: "column t: rows are 0.1 s apart (median); the period is 1 s"},
		"slightly":      {log: cartLog(nil), spec: func(s *LogSpec) { s.Period = 0.12 }, want: "column t: rows are 0.1 s apart (median); the period is 0.12 s"},
		"one too fast":  {log: set(1, 3, "0.21"), want: "s after the row before; the period is 0.1 s"},
		"too few":       {log: cartLog(nil), spec: func(s *LogSpec) { s.Steps = 12 }, want: "51 rows in 2 episodes make 4 pieces of 12 actions; training needs at least 10"},
		"no units":      {log: cartLog(nil), spec: func(s *LogSpec) { s.StateUnits = nil }, want: "state_units: 0 units for 2 states"},
		"an empty unit": {log: cartLog(nil), spec: func(s *LogSpec) { s.ActionUnits = []string{" "} }, want: "action_units[0]: the unit of column force is missing"},
		"no actions":    {log: cartLog(nil), spec: func(s *LogSpec) { s.ActionNames = nil }, want: "actions: missing"},
		"no period":     {log: cartLog(nil), spec: func(s *LogSpec) { s.Period = 0 }, want: "period is 0"},
		"twice":         {log: cartLog(nil), spec: func(s *LogSpec) { s.Time = "x" }, want: "column x is named twice"},
		"two of a name": {log: "run,t,force,x,v,x\n0,0,1,2,3,4\n", want: "line 1: there are several columns x"},
		"short line":    {log: cartLog(nil) + "1,2\n", want: "line 53"},
		"empty":         {log: "", want: "line 1: EOF; it must name the columns"},
		"one row":       {log: "run,t,force,x,v\n0,0,1,2,3\n", want: "1 rows; it needs at least 2"},
	} {
		spec := cartSpec()
		if c.spec != nil {
			c.spec(&spec)
		}
		if _, err := ReadLog(writeLog(t, c.log), spec); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v; it must say %q", name, err, c.want)
		}
	}
	if _, err := ReadLog("log.txt", cartSpec()); err == nil || !strings.Contains(err.Error(), "it must be .csv or .npz") {
		t.Errorf("another kind of file: %v", err)
	}
}
