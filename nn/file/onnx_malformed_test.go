package file

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// plan is a model to spoil: x [N, 2] -> Gemm fc -> Relu act -> MatMul out -> y.
type plan struct {
	opset    int64
	domain   string
	op       string // of the first node
	node     func(n *message)
	inputs   []string // of the first node
	trans    *int64
	weight   func(t *message) // W, [3, 2]
	matrix   []string         // inputs of the last node
	ports    int
	dims     []int64 // of x, -1 is open
	outDims  []int64
	kind     int64 // of x
	extra    func(g *message)
	topExtra func(m *message)
}

func goodPlan() *plan {
	return &plan{opset: 13, op: "Gemm", inputs: []string{"x", "W", "b"}, trans: new(int64(1)), matrix: []string{"a", "V"},
		weight: func(t *message) { typedTensor(t, "W", onnxFloat, []int{3, 2}, []float64{1, 2, 3, 4, 5, 6}) },
		ports:  1, dims: []int64{-1, 2}, outDims: []int64{-1, 1}, kind: onnxFloat}
}

func (p *plan) data() []byte {
	var m message
	m.integer(1, 7)
	m.message(8, func(o *message) {
		o.text(1, p.domain)
		o.integer(2, p.opset)
	})
	m.message(7, func(g *message) {
		g.message(1, func(n *message) {
			for _, in := range p.inputs {
				n.text(1, in)
			}
			n.text(2, "z")
			n.text(3, "fc")
			n.text(4, p.op)
			if p.trans != nil {
				n.message(5, func(a *message) {
					a.text(1, "transB")
					a.integer(3, *p.trans)
				})
			}
			if p.node != nil {
				p.node(n)
			}
		})
		g.node("Relu", "act", []string{"z"}, "a", nil)
		g.node("MatMul", "out", p.matrix, "y", nil)
		g.message(5, p.weight)
		g.initializer("b", onnxFloat, []int{3}, []float64{1, 2, 3})
		g.initializer("V", onnxFloat, []int{3, 1}, []float64{1, 2, 3})
		g.initializer("D", onnxDouble, []int{3, 1}, []float64{1, 2, 3})
		for i := range p.ports {
			p.port(g, 11, []string{"x", "x2"}[i], p.dims)
		}
		p.port(g, 12, "y", p.outDims)
		if p.extra != nil {
			p.extra(g)
		}
	})
	if p.topExtra != nil {
		p.topExtra(&m)
	}
	return m.b
}

func (p *plan) port(g *message, field protowire.Number, name string, dims []int64) {
	g.message(field, func(v *message) {
		v.text(1, name)
		v.message(2, func(t *message) {
			t.message(1, func(tensor *message) {
				tensor.integer(1, p.kind)
				tensor.message(2, func(shape *message) {
					for _, d := range dims {
						shape.message(1, func(m *message) {
							if d >= 0 {
								m.integer(1, d)
							}
						})
					}
				})
			})
		})
	})
}

// tensorW returns a weight W that fill describes further.
func tensorW(kind int64, dims []int64, fill func(t *message)) func(t *message) {
	return func(t *message) {
		for _, d := range dims {
			t.integer(1, d)
		}
		t.integer(2, kind)
		t.text(8, "W")
		fill(t)
	}
}

func raw(n int) func(t *message) { return func(t *message) { t.bytes(9, make([]byte, n)) } }

// spoilt lists what can be wrong with the good plan, and the message for each.
var spoilt = []struct {
	spoil func(p *plan)
	want  string
}{
	{func(p *plan) { p.opset = 6 }, `field opset_import: version is 6; this program reads 7 to 23`},
	{func(p *plan) { p.opset = 24 }, `field opset_import: version is 24; this program reads 7 to 23`},
	{func(p *plan) { p.domain = "com.acme" }, `field opset_import has no version of the default domain; it must be 7 to 23`},
	{func(p *plan) {
		p.topExtra = func(m *message) { m.message(14, func(e *message) { e.text(1, ArchitectureKey) }) }
	}, `field metadata_props: key "hinge.net" is reserved; an ONNX file has its architecture in its graph`},
	{func(p *plan) {
		p.topExtra = func(m *message) {
			for range 2 {
				m.message(14, func(e *message) { e.text(1, "k") })
			}
		}
	}, `field metadata_props: key "k" comes twice; it must come once`},
	{func(p *plan) {
		p.topExtra = func(m *message) { m.message(14, func(e *message) { e.text(1, "k\xff") }) }
	}, `field metadata_props: "k\xff" is ""; key and value must be valid UTF-8`},
	{func(p *plan) { p.topExtra = func(m *message) { m.integer(2, 5) } }, `field 2 has the wire type 0; it must be 2`},

	{func(p *plan) { p.op = "Conv" }, `node 0, Conv "fc": the operator is not supported; valid are Add, Concat, Constant, Dropout, Flatten, Gemm, Identity, MatMul, Relu, Reshape, Sub`},
	{func(p *plan) { p.node = func(n *message) { n.text(7, "com.acme") } }, `node 0, Gemm "fc": the operator of domain "com.acme" is not supported; valid are Add,`},
	{func(p *plan) { p.inputs = []string{"x"} }, `node 0, Gemm "fc": has 1 inputs; it must have 2 to 3`},
	{func(p *plan) { p.inputs[2] = "c" }, `node 0, Gemm "fc": reads "c", which is neither the input, nor an initializer, nor computed by a node before`},
	{func(p *plan) { p.inputs[1] = "" }, `node 0, Gemm "fc": reads "", which is neither`},
	{func(p *plan) { p.inputs[1] = "a" }, `node 0, Gemm "fc": reads "a", which is neither`},
	{func(p *plan) { p.trans = new(int64(0)) }, `node 0, Gemm "fc": shapes [1 2] (transA false) and [3 2] (transB false) do not fit; the first must have as many columns as the second has rows`},
	{func(p *plan) { p.trans = new(int64(2)) }, `node 0, Gemm "fc": attribute transB is 2; it must be 0 or 1`},
	{func(p *plan) {
		p.node = func(n *message) { n.message(5, func(a *message) { floatAttribute(a, "gamma", 1) }) }
	}, `node 0, Gemm "fc": attribute "gamma" is not supported; valid are ["alpha" "beta" "transA" "transB"]`},
	{func(p *plan) {
		p.node = func(n *message) { n.message(5, func(a *message) { floatAttribute(a, "transA", 1) }) }
	}, `node 0, Gemm "fc": attribute transA is no int; it must be one`},
	{func(p *plan) {
		p.node = func(n *message) {
			n.message(5, func(a *message) { floatAttribute(a, "alpha", float32(math.NaN())) })
		}
	}, `node 0, Gemm "fc": attribute alpha is NaN; it must be finite`},
	{func(p *plan) { p.inputs[2] = "D" }, `node 0, Gemm "fc": input 2 is double, input 0 is float; they must be the same`},
	{func(p *plan) { p.inputs[2] = "V" }, `node 0, Gemm "fc": input 2 has shape [3 1]; it must fit a result of [1 3]`},
	{func(p *plan) { p.matrix = []string{"a", "a"} }, `node 2, MatMul "out": shapes [1 3] and [1 3] do not fit; the first must have as many columns as the second has rows`},
	{func(p *plan) { p.matrix = []string{"V", "a"}; p.outDims = nil }, ``}, // [3, 1] by [1, 3]
	{func(p *plan) { p.matrix = []string{"b", "V"}; p.outDims = nil }, ``}, // a constant
	{func(p *plan) { p.dims = []int64{3, 2}; p.matrix = []string{"a", "z"}; p.outDims = nil },
		`node 2, MatMul "out": both factors are computed from the input; one must be constant`},
	{func(p *plan) { p.extra = func(g *message) { g.node("Identity", "", []string{"V"}, "b", nil) } }, ``}, // not read
	{func(p *plan) { p.matrix = []string{"a", "U"} }, `node 2, MatMul "out": reads "U"`},

	{func(p *plan) { p.weight = tensorW(onnxFloat, []int64{3, 2}, raw(20)) }, `node 0, Gemm "fc": initializer "W": raw_data has 20 bytes; shape [3 2] of float needs 24`},
	{func(p *plan) { p.weight = tensorW(onnxDouble, []int64{3, 2}, raw(24)) }, `node 0, Gemm "fc": initializer "W": raw_data has 24 bytes; shape [3 2] of double needs 48`},
	{func(p *plan) { p.weight = tensorW(onnxFloat, []int64{3, 2}, func(*message) {}) }, `node 0, Gemm "fc": initializer "W": float_data has 0 numbers; shape [3 2] needs 6`},
	{func(p *plan) {
		p.weight = tensorW(onnxFloat, []int64{3, 2}, func(t *message) { raw(24)(t); t.fixed32(4, 1) })
	}, `node 0, Gemm "fc": initializer "W": it has raw_data and float_data; it must have one of them`},
	{func(p *plan) { p.weight = tensorW(10, []int64{3, 2}, raw(12)) }, `node 0, Gemm "fc": initializer "W": its elements are float16; supported are float and double, and int64 for shapes`},
	{func(p *plan) { p.weight = tensorW(onnxInt64, []int64{3, 2}, raw(48)) }, `node 0, Gemm "fc": input 1 is int64; it must be float or double`},
	{func(p *plan) { p.weight = tensorW(onnxFloat, []int64{0, 2}, raw(0)) }, `node 0, Gemm "fc": initializer "W": shape is [0 2]; its numbers must be between 1 and 1073741824`},
	{func(p *plan) { p.weight = tensorW(onnxFloat, []int64{-3, 2}, raw(24)) }, `node 0, Gemm "fc": initializer "W": shape is [-3 2]; its numbers must be between 1 and 1073741824`},
	{func(p *plan) { p.weight = tensorW(onnxFloat, []int64{1 << 30, 1 << 30, 1 << 30}, raw(24)) }, `node 0, Gemm "fc": initializer "W": raw_data has 24 bytes; shape [1073741824 1073741824 1073741824] of float needs 4294967300`},
	{func(p *plan) { p.weight = tensorW(onnxFloat, slices.Repeat([]int64{1}, 9), raw(4)) }, `node 0, Gemm "fc": initializer "W": shape has 9 numbers; it must have at most 8`},
	{func(p *plan) { p.weight = tensorW(onnxFloat, []int64{3, 1, 2}, raw(24)) }, `node 0, Gemm "fc": shapes are [1 2] and [3 1 2]; both must have two dimensions`},
	{func(p *plan) {
		p.weight = tensorW(onnxFloat, []int64{3, 2}, func(t *message) { t.integer(14, 1) })
	}, `node 0, Gemm "fc": initializer "W": its data are in another file; save the model as one file`},
	{func(p *plan) {
		p.weight = func(t *message) {
			typedTensor(t, "W", onnxFloat, []int{3, 2}, []float64{0, 0, 0, 0, math.NaN(), 0})
		}
	}, `node 0, Gemm "fc": initializer "W": element 4 is NaN; it must be finite`},
	{func(p *plan) {
		p.weight = func(t *message) {
			typedTensor(t, "b", onnxFloat, []int{3, 2}, make([]float64, 6))
		}
	}, `initializer 1: name is "b"; it must be unique and not empty`},
	{func(p *plan) { p.extra = func(g *message) { g.message(15, func(*message) {}) } }, `field sparse_initializer is not supported; weights must be dense`},

	{func(p *plan) { p.ports = 0 }, `graph has 0 inputs [] besides its initializers; it must have one`},
	{func(p *plan) { p.ports = 2 }, `graph has 2 inputs ["x" "x2"] besides its initializers; it must have one`},
	{func(p *plan) { p.dims = []int64{-1, -1} }, `input "x": shape is [? ?]; its numbers must be between 1 and 1048576 (only a first one may be open, the batch)`},
	{func(p *plan) { p.dims = []int64{-1} }, `input "x": shape is [?]; its numbers must be between 1 and 1048576 (only a first one may be open, the batch)`},
	{func(p *plan) { p.dims = []int64{1 << 20, 1 << 20} }, `input "x": shape [1048576 1048576] has too many elements; there may be 1048576`},
	{func(p *plan) { p.dims = []int64{-1, 3} }, `node 0, Gemm "fc": shapes [1 3] (transA false) and [3 2] (transB true) do not fit`},
	{func(p *plan) { p.kind = onnxDouble }, `node 0, Gemm "fc": input 1 is float, input 0 is double; they must be the same`},
	{func(p *plan) { p.kind = 8 }, `input "x": its elements are string; they must be float or double`},
	{func(p *plan) { p.outDims = []int64{-1, 2} }, `output "y": shape is declared as [? 2]; the graph computes [1 1]`},
	{func(p *plan) { p.extra = func(g *message) { p.port(g, 12, "z", nil) } }, `graph has 2 outputs; it must have one`},
	{func(p *plan) { p.extra = func(g *message) { g.node("Relu", "again", []string{"z"}, "y", nil) } },
		`node 3, Relu "again": computes "y", which is there already; names must be unique`},
}

func TestSpoiltONNX(t *testing.T) {
	if _, err := ReadONNX(bytes.NewReader(goodPlan().data())); err != nil {
		t.Fatalf("the good plan: %v", err)
	}
	for i, c := range spoilt {
		p := goodPlan()
		c.spoil(p)
		o, err := ReadONNX(bytes.NewReader(p.data()))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%d: error %v\nwant     %s", i, err, c.want)
		}
		if (o == nil) == (err == nil) {
			t.Errorf("%d: network %v with error %v", i, o, err)
		}
	}
}

// TestOtherOperatorsONNX spoils single operators behind the good plan.
func TestOtherOperatorsONNX(t *testing.T) {
	shape := func(values ...int64) func(g *message) {
		return func(g *message) {
			g.message(5, func(t *message) {
				t.integer(1, int64(len(values)))
				t.integer(2, onnxInt64)
				t.text(8, "s")
				for _, v := range values {
					t.integer(7, v)
				}
			})
		}
	}
	axis := func(v int64) map[string]int64 { return map[string]int64{"axis": v} }
	for i, c := range []struct {
		op         string
		inputs     []string
		attributes map[string]int64
		weights    func(g *message)
		want       string
	}{
		{"Flatten", []string{"x"}, axis(3), nil, `attribute axis is 3; a tensor of rank 2 needs -2 to 2`},
		{"Flatten", []string{"x"}, axis(2), nil, ``},
		{"Concat", []string{"x", "x"}, nil, nil, `attribute axis is missing; it must be given`},
		{"Concat", []string{"x", "x"}, axis(2), nil, `attribute axis is 2; a tensor of rank 2 needs -2 to 1`},
		{"Concat", []string{"x", "b"}, axis(1), nil, `input 1 has shape [3], input 0 has [1 2]; they may differ in dimension 1 only`},
		{"Concat", []string{"x", "x"}, axis(0), nil, ``},
		{"Add", []string{"x", "b"}, nil, nil, `shapes [1 2] and [3] do not fit; a dimension must be the same, or 1 in one of them`},
		{"Sub", []string{"x", "V"}, nil, nil, ``}, // [1, 2] and [3, 1] make [3, 2]
		{"Reshape", []string{"x", "b"}, nil, nil, `input 1 is of float and shape [3]; it must be a constant list of at most 8 int64`},
		{"Reshape", []string{"x", "s"}, nil, shape(2, -1, 1), ``},
		{"Reshape", []string{"x", "s"}, nil, shape(0, 2), ``},
		{"Reshape", []string{"x", "s"}, map[string]int64{"allowzero": 1}, shape(0, 2), `input 1 is [0 2]; it must be numbers up to 1048576, with at most one -1`},
		{"Reshape", []string{"x", "s"}, nil, shape(-1, -1), `input 1 is [-1 -1]; it must be numbers up to 1048576, with at most one -1`},
		{"Reshape", []string{"x", "s"}, nil, shape(3, -1), `input 1 is [3 -1]; shape [1 2] cannot become that`},
		{"Dropout", []string{"x", "", "s"}, nil, shape(1), `input 2, training_mode, is not the constant false; it must be`},
		{"Dropout", []string{"x"}, nil, nil, ``},
		{"Constant", nil, nil, nil, `has 0 attributes; it must have one`},
		{"Constant", nil, map[string]int64{"value_float": 1}, nil, `attribute value_float has no value; it must have one`},
		{"Constant", nil, map[string]int64{"value_int": 1}, nil, `output "q": its elements are int64; they must be float or double`},
		{"Relu", []string{"s"}, nil, shape(1), `input 0 is int64; it must be float or double`},
		{"MatMul", []string{"x", "c"}, nil, func(g *message) { g.initializer("c", onnxFloat, nil, []float64{1}) }, `shapes are [1 2] and []; a product needs at least one dimension of each`},
	} {
		var m message
		m.message(8, func(o *message) { o.integer(2, 17) })
		m.message(7, func(g *message) {
			g.node(c.op, "n", c.inputs, "q", c.attributes)
			g.initializer("b", onnxFloat, []int{3}, []float64{1, 2, 3})
			g.initializer("V", onnxFloat, []int{3, 1}, []float64{1, 2, 3})
			g.port(11, "x", onnxFloat, 2)
			g.message(12, func(v *message) { v.text(1, "q") })
			if c.weights != nil {
				c.weights(g)
			}
		})
		_, err := ReadONNX(bytes.NewReader(m.b))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%d, %s: error %v\nwant  %s", i, c.op, err, c.want)
		}
	}
}

func TestTruncatedONNX(t *testing.T) {
	whole := writeONNX(t, testNet(1), map[string]string{"seed": "1"})
	for cut := range whole {
		o, err := ReadONNX(bytes.NewReader(whole[:cut]))
		if err == nil || o != nil {
			t.Fatalf("cut to %d of %d bytes: error %v", cut, len(whole), err)
		}
	}
	path := filepath.Join(t.TempDir(), "cut.onnx")
	if err := os.WriteFile(path, whole[:len(whole)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := LoadONNX(path)
	if err == nil || !strings.HasPrefix(err.Error(), path+": byte ") || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("error %v", err)
	}
	if _, err := LoadONNX(path + "x"); err == nil || !strings.Contains(err.Error(), path+"x") {
		t.Errorf("error %v", err)
	}
}

// TestOverflowONNX joins weights that are finite only by themselves.
func TestOverflowONNX(t *testing.T) {
	var m message
	m.message(8, func(o *message) { o.integer(2, 13) })
	m.message(7, func(g *message) {
		g.node("MatMul", "", []string{"x", "w"}, "z", nil)
		g.node("MatMul", "second", []string{"z", "w"}, "y", nil)
		g.initializer("w", onnxDouble, []int{1, 1}, []float64{1e200})
		g.port(11, "x", onnxDouble, 1)
		g.port(12, "y", onnxDouble, 1)
	})
	_, err := ReadONNX(bytes.NewReader(m.b))
	want := `node 1, MatMul "second": element 0 is not finite: weights are too large to be joined`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestHostileONNX reads small files that ask for much.
func TestHostileONNX(t *testing.T) {
	model := func(width int, nodes func(g *message)) []byte {
		var m message
		m.message(8, func(o *message) { o.integer(2, 13) })
		m.message(7, func(g *message) {
			nodes(g)
			g.port(11, "x", onnxFloat, width)
			g.message(12, func(v *message) { v.text(1, "y") })
		})
		return m.b
	}
	double := func(g *message) { // 2^30 elements
		name := "x"
		for i := range 30 {
			next := fmt.Sprint("v", i)
			g.node("Concat", "", []string{name, name}, next, map[string]int64{"axis": 1})
			name = next
		}
		g.node("Identity", "", []string{name}, "y", nil)
	}
	square := func(g *message) { // a table of 2^36
		g.initializer("s", onnxFloat, []int{1 << 10, 1}, make([]float64, 1<<10))
		g.node("Add", "", []string{"x", "s"}, "z", nil)
		g.node("Identity", "", []string{"z"}, "y", nil)
	}
	for _, c := range []struct {
		data []byte
		want string
	}{
		{model(1, double), "elements at most"},
		{model(1<<15, square), "elements at most"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ReadONNX(bytes.NewReader(c.data))
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 2<<30 {
			t.Errorf("a file of %d bytes made the reader take %d", len(c.data), taken)
		}
	}
}

// FuzzReadONNX checks that the reader never panics, and that what it accepts is
// a network that can be written and read again with the same outputs.
func FuzzReadONNX(f *testing.F) {
	for _, c := range spoilt {
		p := goodPlan()
		c.spoil(p)
		f.Add(p.data())
	}
	for seed := range uint64(20) {
		data, _ := randomModel(seed, true)
		f.Add(data)
	}
	f.Add(writeONNX(f, testNet(1), map[string]string{"seed": "1"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := ReadONNX(bytes.NewReader(data))
		if err != nil {
			return
		}
		if err := o.Net.Validate(); err != nil || (o.Error != nil && len(o.Error) != len(o.Net.Params)) {
			t.Fatalf("network with %v, %d errors", err, len(o.Error))
		}
		if len(o.Net.Params) > 1<<16 {
			return
		}
		again := readONNX(t, writeONNX(t, o.Net, o.Meta))
		x := make([]float64, o.Net.In)
		for i := range x {
			x[i] = float64(i%3) - 0.5
		}
		tol := 1e-9 * magnitudeOf(o.Net, x)
		want, got := forward(o.Net, x), forward(again.Net, x)
		for i := range want {
			if math.Abs(got[i]-want[i]) > tol { // never for what is not finite
				t.Fatalf("output %d is %g, before it was %g", i, got[i], want[i])
			}
		}
	})
}
