package dynamics

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hinge/control"
	"hinge/internal/atomicfile"
)

func kinkedRecording(resume bool, base *Dataset) RecordingOptions {
	return RecordingOptions{
		Meta:   DataMeta{Signals: Signals{Task: "kinked"}, Seed: 3, Tool: "tool"},
		Policy: Round{Policy: PolicyPush}, Steps: 6, Nx: 3, Nu: 2, Append: base, Resume: resume,
	}
}

// recordKinked records up to total episodes into path; after stop of them it is
// interrupted, as if the process had ended, in the middle of writing the next.
func recordKinked(t *testing.T, path string, total, stop, workers int, opts RecordingOptions) error {
	t.Helper()
	rec, err := NewRecording(path, opts)
	if err != nil {
		return err
	}
	defer rec.Close()
	enough := errors.New("enough")
	collect := CollectOptions{First: rec.First(), Episodes: total - rec.First(), Steps: 6, Seed: 3, Workers: workers}
	if collect.Episodes > 0 {
		err = Record(t.Context(), kinked{}, nil, Exploring(kinkedStart, kinkedSample), collect, func(e int, x, u []float64) error {
			if e == stop {
				return enough
			}
			return rec.Add(e, x, u)
		})
	}
	if errors.Is(err, enough) {
		if err := rec.Close(); err != nil {
			t.Fatal(err)
		}
		part, err := os.OpenFile(path+".part", os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer part.Close()
		if _, err := part.WriteString("half an episode"); err != nil {
			t.Fatal(err)
		}
		return enough
	}
	if err != nil {
		t.Fatal(err)
	}
	return rec.Finish(total)
}

func TestRecordingIsTheSameHoweverItIsMade(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.npz")
	if err := recordKinked(t, whole, 12, -1, 1, kinkedRecording(false, nil)); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	d, err := LoadDataset(whole)
	if err != nil {
		t.Fatal(err)
	}
	if memory := kinkedData(t, 12, 2); !slices.Equal(memory.X, d.X) || !slices.Equal(memory.U, d.U) || d.Meta.Seed != 3 {
		t.Error("the file does not hold what is collected in memory")
	}
	same := func(name, path string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes, %v", name, err)
		}
		if _, err := os.Stat(path + ".part"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the part is still there", name)
		}
	}
	for stop := range 12 {
		path := filepath.Join(dir, "resumed.npz")
		if err := recordKinked(t, path, 12, stop, 3, kinkedRecording(false, nil)); err == nil {
			t.Fatal("it was not interrupted")
		}
		if err := recordKinked(t, path, 12, -1, 2, kinkedRecording(true, nil)); err != nil {
			t.Fatal(err)
		}
		same("resumed", path)
	}
	path := filepath.Join(dir, "appended.npz")
	if err := recordKinked(t, path, 5, -1, 1, kinkedRecording(false, nil)); err != nil {
		t.Fatal(err)
	}
	base, err := LoadDataset(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := recordKinked(t, path, 12, 9, 1, kinkedRecording(false, base)); err == nil {
		t.Fatal("it was not interrupted")
	}
	if err := recordKinked(t, path, 12, -1, 1, kinkedRecording(true, base)); err != nil {
		t.Fatal(err)
	}
	same("appended", path)
}

func TestRecordingRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.npz")
	if err := recordKinked(t, path, 5, 2, 1, kinkedRecording(false, nil)); err == nil {
		t.Fatal("it was not interrupted")
	}
	other := kinkedRecording(true, nil)
	other.Meta.Seed = 4
	if _, err := NewRecording(path, other); err == nil || !strings.Contains(err.Error(), path+".part") || !strings.Contains(err.Error(), "other options") {
		t.Errorf("other options: %v", err)
	}
	if _, err := NewRecording(path, kinkedRecording(false, NewDataset(1, 5, 3, 2))); err == nil || !strings.Contains(err.Error(), "has 5 steps") {
		t.Errorf("other sizes: %v", err)
	}
}

func TestRecordingIsOfOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.npz")
	first, err := NewRecording(path, kinkedRecording(false, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, resume := range []bool{false, true} {
		if _, err := NewRecording(path, kinkedRecording(resume, nil)); !errors.Is(err, atomicfile.ErrLocked) || !strings.Contains(err.Error(), path+".part") {
			t.Errorf("resume %t: a second recording of the same file: error %v", resume, err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := recordKinked(t, path, 5, -1, 1, kinkedRecording(false, nil)); err != nil {
		t.Errorf("after the first was closed: %v", err)
	}
}

func TestRounds(t *testing.T) {
	push, walk := Round{Episodes: 2, Policy: PolicyPush}, Round{Episodes: 3, Policy: "walk"}
	var m DataMeta
	m.addRound(0, push)
	m.addRound(2, push)
	if m.Rounds != nil {
		t.Errorf("the task's own exploration is told: %v", m.Rounds)
	}
	m.addRound(4, walk)
	m.addRound(7, walk)
	m.addRound(10, push)
	if want := []Round{{Episodes: 4, Policy: PolicyPush}, {Episodes: 6, Policy: "walk"}, push}; !reflect.DeepEqual(m.Rounds, want) {
		t.Errorf("rounds %v, want %v", m.Rounds, want)
	}
	var w DataMeta
	w.addRound(0, walk)
	if len(w.Rounds) != 1 {
		t.Errorf("rounds %v", w.Rounds)
	}
}

func TestWalkStaysInsideAndIsSlow(t *testing.T) {
	box := control.NewBox(2, -1, 3)
	d, err := Collect(t.Context(), kinked{}, nil, Walking(kinkedStart, box), CollectOptions{Episodes: 20, Steps: 30, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	step, spread, n := 0.0, 0.0, 0
	for e := range d.Episodes {
		for s := range d.Steps {
			u := d.Action(e, s)
			if !box.Contains(u, 0) {
				t.Fatalf("action %v is outside", u)
			}
			if s > 0 {
				for i := range u {
					n++
					step += (u[i] - d.Action(e, s-1)[i]) * (u[i] - d.Action(e, s-1)[i])
					spread += (u[i] - 1) * (u[i] - 1)
				}
			}
		}
	}
	// Independent uniform actions differ by sqrt(2) of their spread.
	if n == 0 || !(step > 0) || step > spread {
		t.Errorf("steps %g against a spread of %g in %d", step, spread, n)
	}
}

func TestFailedBeginningIsAnError(t *testing.T) {
	reason := errors.New("no goal")
	begin := func(rng *rand.Rand) (Beginning, error) {
		if rng.Uint64()%5 == 0 {
			return Beginning{}, reason
		}
		return Exploring(kinkedStart, kinkedSample)(rng)
	}
	var errs []string
	for _, workers := range []int{1, 4} {
		_, err := Collect(context.Background(), kinked{}, nil, begin, CollectOptions{Episodes: 60, Steps: 2, Workers: workers})
		if !errors.Is(err, reason) {
			t.Fatal(err)
		}
		errs = append(errs, err.Error())
	}
	if errs[0] != errs[1] {
		t.Errorf("the first episode that fails depends on the workers: %q", errs)
	}
}
