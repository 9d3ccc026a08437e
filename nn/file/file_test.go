package file

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nlpodyssey/safetensors"

	"hinge/nn"
)

// testNet returns a small network with every kind of gate, skips and an empty
// layer, its parameters float32 values.
func testNet(seed uint64) *nn.Net {
	n := nn.New(3, []nn.Layer{
		{From: 0, To: 3, Out: 4, Gates: []nn.Gate{nn.ReLU, nn.Identity, nn.Zero, nn.ReLU}},
		{From: 3, To: 7, Out: 0},
		{From: 1, To: 7, Out: 2},
		{From: 0, To: 9, Out: 1, Gates: []nn.Gate{nn.Identity}},
	})
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range n.Params {
		n.Params[i] = float64(float32(rng.NormFloat64()))
	}
	return n
}

func encode(t testing.TB, n *nn.Net, meta map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, n, meta); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// assertSameNet compares bit by bit; -0 is not 0.
func assertSameNet(t *testing.T, got, want *nn.Net) {
	t.Helper()
	if !reflect.DeepEqual(got.Layers, want.Layers) || got.In != want.In {
		t.Errorf("architecture is %d, %v, want %d, %v", got.In, got.Layers, want.In, want.Layers)
	}
	same := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }
	if !slices.EqualFunc(got.Params, want.Params, same) {
		t.Errorf("parameters are %v, want %v", got.Params, want.Params)
	}
}

func TestRoundTrip(t *testing.T) {
	exact32, exact64 := testNet(1), testNet(2)
	exact32.Params[0], exact32.Params[1] = math.Copysign(0, -1), math.SmallestNonzeroFloat32
	exact64.Params[5] = 0.1
	for _, c := range []struct {
		name  string
		n     *nn.Net
		bytes int // of a parameter
	}{{"float32", exact32, 4}, {"float64", exact64, 8}, {"folded", nn.Fold(exact32), 8}} {
		path := filepath.Join(t.TempDir(), "net.safetensors")
		meta := map[string]string{"task": "push <t> & \"more\" \u2028", "": "empty key", "seed": ""}
		if err := Save(path, c.n, meta); err != nil {
			t.Fatal(err)
		}
		got, gotMeta, err := Load(path)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		assertSameNet(t, got, c.n)
		if !maps.Equal(gotMeta, meta) {
			t.Errorf("%s: metadata %q, want %q", c.name, gotMeta, meta)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		start := 8 + int(binary.LittleEndian.Uint64(data))
		if start%8 != 0 || len(data)-start != c.bytes*len(c.n.Params) {
			t.Errorf("%s: %d bytes from %d on for %d parameters", c.name, len(data)-start, start, len(c.n.Params))
		}
	}
}

func TestSameNetSameBytes(t *testing.T) {
	meta := map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"}
	first := encode(t, testNet(1), meta)
	for range 10 {
		if !bytes.Equal(first, encode(t, testNet(1), maps.Clone(meta))) {
			t.Fatal("the same network gave other bytes")
		}
	}
}

// TestOtherReader has an independent implementation read what Write wrote.
func TestOtherReader(t *testing.T) {
	n := testNet(1)
	got, err := safetensors.Deserialize(encode(t, n, map[string]string{"seed": "1"}))
	if err != nil {
		t.Fatal(err)
	}
	if got.Len() != 2*len(n.Layers) {
		t.Errorf("%d tensors, want %d", got.Len(), 2*len(n.Layers))
	}
	view, ok := got.Tensor("layers.2.weight")
	if !ok || view.DType() != safetensors.F32 || !slices.Equal(view.Shape(), []uint64{2, 6}) {
		t.Fatalf("layers.2.weight: found %v, %v %v", ok, view.DType(), view.Shape())
	}
	for i, w := range n.Weight(2) {
		if v := math.Float32frombits(binary.LittleEndian.Uint32(view.Data()[4*i:])); float64(v) != w {
			t.Errorf("weight %d is %g, want %g", i, v, w)
		}
	}
}

// TestOtherWriter reads what an independent implementation wrote, which orders
// tensors by name.
func TestOtherWriter(t *testing.T) {
	n := nn.Fold(testNet(1))
	views := map[string]safetensors.TensorView{}
	for _, x := range netTensors(n) {
		shape := make([]uint64, len(x.shape))
		for i, s := range x.shape {
			shape[i] = uint64(s)
		}
		view, err := safetensors.NewTensorView(safetensors.F64, shape, x.data)
		if err != nil {
			t.Fatal(err)
		}
		views[x.name] = view
	}
	data, err := safetensors.Serialize(views, map[string]string{ArchitectureKey: formatArchitecture(n), "seed": "1"})
	if err != nil {
		t.Fatal(err)
	}
	got, meta, err := Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	assertSameNet(t, got, n)
	if !maps.Equal(meta, map[string]string{"seed": "1"}) {
		t.Errorf("metadata %q", meta)
	}
}

func TestSaveRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	bad := testNet(1)
	bad.Params[0] = math.Inf(1)
	for want, err := range map[string]error{
		": layer 0: weight (0, 0) is +Inf; it must be finite":                      Save(path, bad, nil),
		": metadata \"k\": value is \"a\\xff\"; key and value must be valid UTF-8": Save(path, testNet(1), map[string]string{"k": "a\xff"}),
	} {
		if err == nil || err.Error() != path+want {
			t.Errorf("error %v, want %s%s", err, path, want)
		}
	}
	if data, _ := os.ReadFile(path); string(data) != "old" {
		t.Errorf("the file became %q although saving failed", data)
	}
}

func TestWriteRefusesTheKeyOfTheArchitecture(t *testing.T) {
	defer func() {
		if r := recover(); r != "nn/file: Write: the metadata use the key of the architecture" {
			t.Errorf("panic %v", r)
		}
	}()
	Write(&bytes.Buffer{}, testNet(1), map[string]string{ArchitectureKey: ""})
}

func TestLoadNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "short.safetensors")
	if err := os.WriteFile(path, []byte("1234"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := Load(path)
	want := path + ": header length: the file ends after 4 bytes of it; it must have 8"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, _, err := Load(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "none")) {
		t.Errorf("error %v does not name the missing file", err)
	}
}
