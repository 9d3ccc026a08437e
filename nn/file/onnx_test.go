package file

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"hinge/nn"
)

func (m *message) fixed32(field protowire.Number, v float32) {
	m.b = protowire.AppendFixed32(protowire.AppendTag(m.b, field, protowire.Fixed32Type), math.Float32bits(v))
}

// typedTensor fills a tensor whose numbers are in float_data or double_data.
func typedTensor(t *message, name string, kind int64, shape []int, values []float64) {
	var packed []byte
	field := protowire.Number(4)
	for _, d := range shape {
		t.integer(1, int64(d))
	}
	for _, v := range values {
		if kind == onnxFloat {
			packed = protowire.AppendFixed32(packed, math.Float32bits(float32(v)))
		} else {
			field = 10
			packed = protowire.AppendFixed64(packed, math.Float64bits(v))
		}
	}
	t.integer(2, kind)
	t.text(8, name)
	t.bytes(field, packed)
}

func readONNX(t testing.TB, data []byte) *ONNX {
	t.Helper()
	o, err := ReadONNX(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func writeONNX(t testing.TB, n *nn.Net, meta map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteONNX(&b, n, meta); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parsed(t testing.TB, data []byte) *onnxModel {
	t.Helper()
	m, err := parseONNX(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func forward(n *nn.Net, x []float64) []float64 {
	y := make([]float64, n.Out())
	n.Forward(y, x, n.NewWorkspace())
	return y
}

func normal(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

// TestReadONNXAgainstJudge composes random graphs and compares with computing
// them node by node.
func TestReadONNXAgainstJudge(t *testing.T) {
	ops, points := map[string]int{}, 0
	for seed := range uint64(600) {
		data, s := randomModel(seed, true)
		m, o := parsed(t, data), readONNX(t, data)
		if got := o.Net.Count(nn.ReLU); got > s.relus || o.Net.Count(nn.Identity)+o.Net.Count(nn.Zero) != 0 {
			t.Fatalf("seed %d: %d ReLUs, the graph has %d; %d other units", seed, got, s.relus, o.Net.Count(nn.Identity)+o.Net.Count(nn.Zero))
		}
		for range 3 {
			x := normal(s.rng, o.Net.In)
			want, got := judge(t, m, x), forward(o.Net, x)
			for i, y := range want {
				if v, _ := y.Float64(); math.Abs(got[i]-v) > 1e-11*(1+magnitudeOf(o.Net, x)) {
					t.Fatalf("seed %d: output %d is %g, want %g", seed, i, got[i], v)
				}
				points++
			}
		}
		for _, op := range s.ops {
			ops[op]++
		}
	}
	for name := range operators {
		if ops[name] < 20 {
			t.Errorf("%s was tried %d times", name, ops[name])
		}
	}
	if points < 5000 {
		t.Errorf("%d outputs compared", points)
	}
}

// magnitudeOf bounds the sums that a forward pass rounds.
func magnitudeOf(n *nn.Net, x []float64) float64 {
	mag := make([]float64, 0, n.Width())
	for _, v := range x {
		mag = append(mag, math.Abs(v))
	}
	for i := range n.Layers {
		l := &n.Layers[i]
		for j := range l.Out {
			s := math.Abs(n.Bias(i)[j])
			for k, w := range n.Weight(i)[j*l.In() : (j+1)*l.In()] {
				s += math.Abs(w) * mag[l.From+k]
			}
			mag = append(mag, s)
		}
	}
	return slices.Max(mag)
}

// TestErrorsOfComposition compares parameters with exact ones: those of affine
// graphs are differences of outputs.
func TestErrorsOfComposition(t *testing.T) {
	exact, rounded, used := 0, 0, 0.0
	for seed := range uint64(400) {
		data, s := randomModel(seed, false)
		m, o := parsed(t, data), readONNX(t, data)
		if len(o.Net.Layers) != 1 {
			t.Fatalf("seed %d: %d layers of an affine graph", seed, len(o.Net.Layers))
		}
		n := o.Net.In
		base := judge(t, m, make([]float64, n))
		check := func(i int, want *big.Float) {
			e := 0.0
			if o.Error != nil {
				e = o.Error[i]
			}
			d := new(big.Float).SetPrec(judgePrecision).Sub(exactly(o.Net.Params[i]), want)
			if d.Abs(d).Cmp(exactly(e)) > 0 {
				t.Fatalf("seed %d: parameter %d is off by %g, claimed %g", seed, i, d, e)
			}
			if e == 0 {
				exact++
			} else {
				rounded++
				off, _ := d.Float64()
				used = max(used, off/e)
			}
		}
		for j := range n {
			x := make([]float64, n)
			x[j] = 1
			for i, y := range judge(t, m, x) {
				check(i*n+j, y.Sub(y, base[i]))
			}
		}
		for i, b := range base {
			check(3*n+i, b)
		}
		checkRounded(t, seed, o, m, s.rng)
	}
	if exact < 500 || rounded < 500 || used < 0.5 {
		t.Errorf("%d exact and %d rounded parameters, at most %g of a bound used", exact, rounded, used)
	}
}

// checkRounded compares the sums of exact and of stored weights in a box.
func checkRounded(t *testing.T, seed uint64, o *ONNX, m *onnxModel, rng *rand.Rand) {
	t.Helper()
	lower, upper := make([]float64, o.Net.In), make([]float64, o.Net.In)
	for i := range lower {
		lower[i], upper[i] = -rng.Float64(), 2*rng.Float64()
	}
	mass := o.Rounded(lower, upper)
	if (mass == nil) != o.Exact() {
		t.Fatalf("seed %d: masses %v, exact %v", seed, mass, o.Exact())
	}
	for range 5 {
		x := make([]float64, o.Net.In)
		for i := range x {
			x[i] = lower[i] + rng.Float64()*(upper[i]-lower[i])
		}
		for i, want := range judge(t, m, x) {
			z := exactly(o.Net.Bias(0)[i])
			for k, v := range x {
				z.Add(z, product2(exactly(o.Net.Weight(0)[i*o.Net.In+k]), exactly(v)))
			}
			bound := 0.0
			if mass != nil {
				bound = mass[i] / (1 << 53)
			}
			if z.Sub(z, want); z.Abs(z).Cmp(exactly(bound)) > 0 {
				t.Fatalf("seed %d: output %d is off by %g, claimed %g", seed, i, z, bound)
			}
		}
	}
}

func TestRoundedHasAMassPerUnit(t *testing.T) {
	n := 0
	for seed := range uint64(40) {
		data, _ := randomModel(seed, true)
		o := readONNX(t, data)
		lower, upper := slices.Repeat([]float64{-1}, o.Net.In), slices.Repeat([]float64{1}, o.Net.In)
		if mass := o.Rounded(lower, upper); mass != nil {
			n++
			if want := o.Net.Width() - o.Net.In; len(mass) != want || slices.Max(mass) <= 0 {
				t.Errorf("seed %d: masses %v for %d units", seed, mass, want)
			}
		}
	}
	if n == 0 {
		t.Error("no network was rounded")
	}
}

// randomNet returns a network with windows and gates of all kinds.
func randomNet(seed uint64) *nn.Net {
	rng := rand.New(rand.NewPCG(seed, 4))
	in := 1 + rng.IntN(4)
	width := in
	gates := func(n int) []nn.Gate {
		g := make([]nn.Gate, n)
		for i := range g {
			g[i] = nn.Gate(rng.IntN(3))
		}
		return g
	}
	var layers []nn.Layer
	for range 1 + rng.IntN(5) {
		l := nn.Layer{From: rng.IntN(width), Out: rng.IntN(5)}
		l.To = l.From + 1 + rng.IntN(width-l.From)
		if rng.IntN(2) == 0 {
			l.Gates = gates(l.Out)
		}
		width += l.Out
		layers = append(layers, l)
	}
	last := &layers[len(layers)-1]
	if last.Out = 2; last.Gates != nil {
		last.Gates = gates(2)
	}
	n := nn.New(in, layers)
	for i := range n.Params {
		n.Params[i] = rng.NormFloat64()
		if seed%2 == 0 {
			n.Params[i] = float64(float32(n.Params[i]))
		}
	}
	return n
}

// TestThereAndBack goes from safetensors to ONNX and back.
func TestThereAndBack(t *testing.T) {
	points, moved := 0, 0
	meta := map[string]string{"format": "x", "": "empty key", "ü": "\u2028"}
	for seed := range uint64(500) {
		n := randomNet(seed)
		first, firstMeta, err := Read(bytes.NewReader(encode(t, n, meta)))
		if err != nil {
			t.Fatal(err)
		}
		data := writeONNX(t, first, firstMeta)
		o := readONNX(t, data)
		if kind := parsed(t, data).graph.inputs[0].kind; (kind == onnxFloat) != (seed%2 == 0) {
			t.Fatalf("seed %d: the input is %s", seed, kindName(kind))
		}
		back, backMeta, err := Read(bytes.NewReader(encode(t, o.Net, o.Meta)))
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(backMeta, meta) {
			t.Fatalf("seed %d: metadata %q", seed, backMeta)
		}
		rng := rand.New(rand.NewPCG(seed, 5))
		for range 10 {
			x := normal(rng, n.In)
			want, got := forward(n, x), forward(back, x)
			exact := judge(t, parsed(t, data), x)
			for i := range want {
				e, _ := exact[i].Float64()
				tol := 1e-12 * (1e-3 + magnitudeOf(n, x))
				if math.Abs(got[i]-want[i]) > tol || math.Abs(e-want[i]) > tol {
					t.Fatalf("seed %d: output %d is %g, by the judge %g, want %g", seed, i, got[i], e, want[i])
				}
				points++
				if want[i] != 0 {
					moved++
				}
			}
		}
	}
	if points < 10000 || moved < points/2 {
		t.Errorf("%d outputs compared, %d of them not zero", points, moved)
	}
}

// TestPerceptronStaysAsItIs: without identities nothing is composed.
func TestPerceptronStaysAsItIs(t *testing.T) {
	for _, skip := range []bool{false, true} {
		n := nn.NewMLP(3, []int{4, 5}, 2, skip)
		rng := rand.New(rand.NewPCG(1, 0))
		for i := range n.Params {
			n.Params[i] = float64(float32(rng.NormFloat64()))
		}
		o := readONNX(t, writeONNX(t, n, nil))
		assertSameNet(t, o.Net, nn.Fold(n))
		if !o.Exact() || o.Opset != writtenOpset || !strings.HasPrefix(o.Producer, "hinge ") {
			t.Errorf("exact %v, opset %d, producer %q", o.Exact(), o.Opset, o.Producer)
		}
	}
}

func TestSameNetSameONNX(t *testing.T) {
	meta := map[string]string{"a": "1", "b": "2", "c": "3"}
	first := writeONNX(t, randomNet(3), meta)
	for range 10 {
		if !bytes.Equal(first, writeONNX(t, randomNet(3), maps.Clone(meta))) {
			t.Fatal("the same network gave other bytes")
		}
	}
}

// dataFolder returns a folder of the external data, and skips where it is absent.
func dataFolder(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("HINGE_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	folder := filepath.Join(root, name)
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("SKIPPED, nothing checked: no external data at %s; set HINGE_DATA to the folder that holds %s", folder, name)
	}
	return folder
}

func TestACASXu(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(dataFolder(t, "acasxu"), "*.onnx"))
	if err != nil || len(files) != 27 {
		t.Fatalf("%d networks, want 27; %v", len(files), err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, path := range files {
		o, err := LoadONNX(path)
		if err != nil {
			t.Fatal(err)
		}
		n := o.Net
		if n.In != 5 || n.Out() != 5 || n.Count(nn.ReLU) != 300 || len(n.Layers) != 7 || !o.Exact() || o.Opset != 8 {
			t.Errorf("%s: %d to %d, %d ReLUs in %d layers, exact %v, opset %d", path, n.In, n.Out(), n.Count(nn.ReLU), len(n.Layers), o.Exact(), o.Opset)
		}
		if slices.ContainsFunc(n.Params, func(v float64) bool { return float64(float32(v)) != v }) {
			t.Errorf("%s: a parameter is no float32", path)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		x := normal(rng, 5)
		got := forward(n, x)
		for i, y := range judge(t, parsed(t, data), x) {
			if want, _ := y.Float64(); math.Abs(got[i]-want) > 1e-10*(1+math.Abs(want)) {
				t.Errorf("%s: output %d is %g, want %g", path, i, got[i], want)
			}
		}
	}
}

func TestSaveONNXRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.onnx")
	bad := testNet(1)
	bad.Params[0] = math.NaN()
	err := SaveONNX(path, bad, nil)
	if want := path + ": layer 0: weight (0, 0) is NaN; it must be finite"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	none := nn.New(1, []nn.Layer{{From: 0, To: 1, Out: 0}})
	if err := SaveONNX(path, none, nil); err == nil || !strings.Contains(err.Error(), "no outputs") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a file although saving failed")
	}
	if err := SaveONNX(path, testNet(1), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadONNX(path); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if r := recover(); r != "nn/file: WriteONNX: the metadata use the key of the architecture" {
			t.Errorf("panic %v", r)
		}
	}()
	WriteONNX(&bytes.Buffer{}, testNet(1), map[string]string{ArchitectureKey: ""})
}

// Example of what a file is told: the graph of a network with a skip.
func ExampleWriteONNX() {
	n := nn.NewMLP(2, []int{3}, 1, true)
	var b bytes.Buffer
	if err := WriteONNX(&b, n, nil); err != nil {
		panic(err)
	}
	m, err := parseONNX(b.Bytes())
	if err != nil {
		panic(err)
	}
	for _, n := range m.graph.nodes {
		fmt.Println(n.op, n.inputs, "->", n.outputs)
	}
	// Output:
	// Gemm [x layers.0.weight layers.0.bias] -> [layers.0.z]
	// Relu [layers.0.z] -> [layers.0.out]
	// Concat [x layers.0.out] -> [concat.0]
	// Gemm [concat.0 layers.1.weight layers.1.bias] -> [y]
}
