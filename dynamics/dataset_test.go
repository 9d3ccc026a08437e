package dynamics

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npz"

	"hinge/control"
)

func TestCollectRecordsThePlant(t *testing.T) {
	d := kinkedData(t, 5, 2)
	if d.Episodes != 5 || d.Steps != 6 || d.Nx != 3 || d.Nu != 2 {
		t.Fatalf("sizes are %d %d %d %d", d.Episodes, d.Steps, d.Nx, d.Nu)
	}
	next := make([]float64, 3)
	for e := range d.Episodes {
		for s := range d.Steps {
			kinked{}.Step(next, d.State(e, s), d.Action(e, s))
			if !slices.Equal(next, d.State(e, s+1)) {
				t.Fatalf("episode %d step %d: recorded %v, the plant gives %v", e, s, d.State(e, s+1), next)
			}
		}
	}
	if slices.Equal(d.State(0, 0), d.State(1, 0)) {
		t.Error("two episodes start alike")
	}
}

func TestCollectIsRepeatable(t *testing.T) {
	want := kinkedData(t, 9, 1).Hash()
	for _, workers := range []int{0, 3, 20} {
		if got := kinkedData(t, 9, workers).Hash(); got != want {
			t.Errorf("%d workers gave other data", workers)
		}
	}
}

// counter observes the number of steps since the episode began and the last
// action, so it is wrong unless Reset and Observe are called in order.
type counter struct {
	n    int
	last float64
}

func (*counter) Dims() (plant, model int) { return 3, 2 }
func (c *counter) Reset()                 { *c = counter{} }
func (c *counter) Observe(dst, _, u []float64) {
	if u != nil {
		c.n++
		c.last += u[0]
	}
	dst[0], dst[1] = float64(c.n), c.last
}

func TestCollectObservesInOrder(t *testing.T) {
	d, err := Collect(context.Background(), kinked{}, func() control.Observer { return new(counter) },
		Exploring(kinkedStart, kinkedSample), CollectOptions{Episodes: 8, Steps: 4, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for e := range d.Episodes {
		sum := 0.0
		for s := range d.Steps + 1 {
			if got := d.State(e, s); got[0] != float64(s) || got[1] != sum {
				t.Fatalf("episode %d: observed %v at step %d, want %d and %g", e, got, s, s, sum)
			}
			if s < d.Steps {
				sum += d.Action(e, s)[0]
			}
		}
	}
}

func TestCollectFailures(t *testing.T) {
	collect := func(ctx context.Context, sample func(dst, x []float64, rng *rand.Rand), opts CollectOptions) error {
		_, err := Collect(ctx, kinked{}, nil, Exploring(kinkedStart, sample), opts)
		return err
	}
	cancelled, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("enough")
	cancel(reason)
	if err := collect(cancelled, kinkedSample, CollectOptions{Episodes: 3, Steps: 2}); !errors.Is(err, reason) {
		t.Errorf("cancelled: error %v", err)
	}
	nan := func(dst, _ []float64, _ *rand.Rand) { dst[0], dst[1] = math.NaN(), 0 }
	for want, err := range map[string]error{
		"collect: 0 episodes of 2 steps; both must be at least 1":  collect(context.Background(), kinkedSample, CollectOptions{Steps: 2}),
		"collect: episode 0: x[0][1][0] is NaN; it must be finite": collect(context.Background(), nan, CollectOptions{Episodes: 1, Steps: 2}),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestSplit(t *testing.T) {
	d := NewDataset(20, 1, 1, 1)
	train, val, err := d.Split(0.25, 1)
	if err != nil || len(train) != 15 || len(val) != 5 {
		t.Fatalf("split into %d and %d, %v", len(train), len(val), err)
	}
	all := slices.Sorted(slices.Values(append(slices.Clone(train), val...)))
	if !slices.Equal(all, d.AllEpisodes()) {
		t.Errorf("the parts hold %v", all)
	}
	_, again, _ := d.Split(0.25, 1)
	_, other, _ := d.Split(0.25, 2)
	if !slices.Equal(val, again) || slices.Equal(val, other) {
		t.Error("the split must depend on the seed alone")
	}
	if train, val, err = NewDataset(2, 1, 1, 1).Split(0.01, 1); err != nil || len(train) != 1 || len(val) != 1 {
		t.Errorf("two episodes split into %v and %v, %v", train, val, err)
	}
	if _, _, err := NewDataset(1, 1, 1, 1).Split(0.5, 1); err == nil || !strings.Contains(err.Error(), "1 episode;") {
		t.Errorf("one episode: error %v", err)
	}
}

func TestDatasetFileRoundTrip(t *testing.T) {
	d := kinkedData(t, 4, 1)
	path := filepath.Join(t.TempDir(), "d.npz")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := LoadDataset(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, d) || got.Hash() != d.Hash() {
		t.Error("the data set changed on its way through the file")
	}
	first, _ := os.ReadFile(path)
	if err := got.Save(path); err != nil {
		t.Fatal(err)
	}
	if second, _ := os.ReadFile(path); !bytes.Equal(first, second) {
		t.Error("the same data gave other bytes")
	}
}

// TestOtherReader has an independent implementation read what Save wrote.
func TestOtherReader(t *testing.T) {
	d := kinkedData(t, 4, 1)
	path := filepath.Join(t.TempDir(), "d.npz")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	r, err := npz.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if h := r.Header("x.npy"); h == nil || !slices.Equal(h.Descr.Shape, []int{4, 7, 3}) {
		t.Errorf("header of x is %v", h)
	}
	var u []float64
	if err := r.Read("u.npy", &u); err != nil || !slices.Equal(u, d.U) {
		t.Errorf("u differs, %v", err)
	}
}

// archive returns a .npz with the given arrays.
func archiveOf(t *testing.T, arrays map[string]func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, write := range arrays {
		w, err := z.Create(name + ".npy")
		if err == nil {
			err = write(w)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLoadDatasetRefuses(t *testing.T) {
	floats := func(shape ...int) func(io.Writer) error {
		return func(w io.Writer) error {
			n, _ := sizeOf(shape)
			return writeNPYFloats(w, make([]float64, n), shape...)
		}
	}
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { return writeNPYBytes(w, []byte(s)) }
	}
	type arrays = map[string]func(io.Writer) error
	good := func(change arrays) []byte {
		a := arrays{"x": floats(2, 4, 3), "u": floats(2, 3, 1), "meta": text("{}")}
		for name, write := range change {
			a[name] = write
			if write == nil {
				delete(a, name)
			}
		}
		return archiveOf(t, a)
	}
	if _, err := readDataset(good(nil)); err != nil {
		t.Fatal(err)
	}
	whole := good(nil)
	damaged := slices.Clone(whole)
	damaged[50] ^= 1 // in the data of the first array
	nan := func(w io.Writer) error {
		v := make([]float64, 24)
		v[17] = math.NaN()
		return writeNPYFloats(w, v, 2, 4, 3)
	}
	short := func(w io.Writer) error { return writeNPYHeader(w, "<f8", 2, 4, 3) }
	complexes := func(w io.Writer) error { return writeNPYHeader(w, "<c16", 2, 4, 3) }
	huge := func(w io.Writer) error { return writeNPYHeader(w, "<f8", 1<<40, 1<<40, 3) }
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":      {nil, "not a complete NumPy archive"},
		"truncated":  {whole[:len(whole)-1], "not a complete NumPy archive"},
		"damaged":    {damaged, "array "},
		"missing":    {good(arrays{"u": nil}), "array u is missing"},
		"shape":      {good(arrays{"u": floats(2, 4, 1)}), "array x has shape [2 4 3] and u has [2 4 1]; u must have (2, 3, .)"},
		"episodes":   {good(arrays{"u": floats(1, 3, 1)}), "u must have (2, 3, .)"},
		"none":       {good(arrays{"x": floats(0, 4, 3), "u": floats(0, 3, 1)}), "data set of 0 episodes x 3 steps"},
		"dimensions": {good(arrays{"x": floats(8, 3)}), "array x: array has shape [8 3]; it must have 3 dimensions"},
		"type":       {good(arrays{"x": complexes}), `array x: array has type "<c16"; it must have one of ["<f8" "<f4" "<i8" "<i4"]`},
		"nan":        {good(arrays{"x": nan}), "x[1][1][2] is NaN; it must be finite"},
		"short":      {good(arrays{"x": short}), "array x: array of shape [2 4 3] has 0 bytes of data; it must have 192"},
		"huge":       {good(arrays{"x": huge}), "array x: array shape"},
		"json":       {good(arrays{"meta": text("{")}), "array meta: unexpected end of JSON input"},
		"names":      {good(arrays{"meta": text(`{"state_names":["a"]}`)}), "meta: state_names has 1 entries; it needs 3, or none"},
	} {
		path := filepath.Join(t.TempDir(), name+".npz")
		if err := os.WriteFile(path, c.data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := LoadDataset(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v; it must name the file and say %q", name, err, c.want)
		}
	}
}

func FuzzReadDataset(f *testing.F) {
	var b bytes.Buffer
	if err := kinkedData(f, 2, 1).write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:100])
	f.Fuzz(func(t *testing.T, data []byte) {
		if d, err := readDataset(data); err == nil {
			if err := d.Validate(); err != nil {
				t.Errorf("read a data set that is not valid: %v", err)
			}
		}
	})
}

func FuzzParseNPYHeader(f *testing.F) {
	f.Add("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }")
	f.Fuzz(func(t *testing.T, h string) {
		if _, shape, err := parseNPYHeader(h); err == nil {
			for _, n := range shape {
				if n < 0 {
					t.Errorf("negative size in %v", shape)
				}
			}
		}
	})
}

// TestArraysStayInTheFile: what is saved here is read where it lies, and what
// lies elsewhere is copied; both are the same data.
func TestArraysStayInTheFile(t *testing.T) {
	d := kinkedData(t, 4, 1)
	var b bytes.Buffer
	if err := d.write(&b); err != nil {
		t.Fatal(err)
	}
	aligned := b.Bytes()
	shifted := append(make([]byte, 1, len(aligned)+1), aligned...)[1:]
	for name, data := range map[string][]byte{"aligned": aligned, "shifted": shifted} {
		got, err := readDataset(data)
		if err != nil {
			t.Fatal(err)
		}
		if got.Hash() != d.Hash() {
			t.Errorf("%s: other data", name)
		}
		before := got.X[3]
		at := bytes.Index(data, binary.LittleEndian.AppendUint64(nil, math.Float64bits(before)))
		data[at+7] ^= 0x80 // the sign
		if shared := got.X[3] == -before; shared != (name == "aligned") {
			t.Errorf("%s: values share the memory of the file: %v", name, shared)
		}
	}
}

func TestLearnable(t *testing.T) {
	good := func() *Dataset {
		d := kinkedData(t, LeastEpisodes, 1)
		d.Meta.ActionNames, d.Meta.ActionUnits = []string{"p", "q"}, []string{"N", "1"}
		return d
	}
	if err := good().Learnable(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Dataset){
		"9 episodes; training needs at least 10": func(d *Dataset) { d.Episodes = 9 },
		"column c: every value is 4":             func(d *Dataset) { constant(d.X[2:], d.Nx, 4) },
		"column q: every value is 0":             func(d *Dataset) { constant(d.U[1:], d.Nu, 0) },
		"action_units: 0 units for 2 actions":    func(d *Dataset) { d.Meta.ActionUnits = nil },
		"state_units[1]: the unit of column b":   func(d *Dataset) { d.Meta.StateUnits = []string{"m", "", "m"} },
	} {
		d := good()
		change(d)
		if err := d.Learnable(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; it must say %q", err, want)
		}
	}
	// A column may begin and end alike.
	d := good()
	d.X[len(d.X)-d.Nx] = d.X[0]
	if err := d.Learnable(); err != nil {
		t.Error(err)
	}
}

func constant(v []float64, stride int, value float64) {
	for i := 0; i < len(v); i += stride {
		v[i] = value
	}
}
