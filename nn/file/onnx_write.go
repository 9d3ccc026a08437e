package file

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	tool "hinge/internal/version"
	"hinge/nn"
)

// What is written: a version of the format and of the operators that every tool
// of the last years reads.
const (
	writtenIR    = 8
	writtenOpset = 13
)

// WriteONNX writes n and meta to w as an ONNX model of the operators Gemm, Relu
// and Concat, input x [N, In] and output y [N, Out]. Its elements are float if
// that loses no bit of any parameter, else double. It panics if meta has
// [ArchitectureKey].
//
// A layer is a Gemm of what its window holds, one for its ReLU units and one for
// its identity units; the weights are those of n, never products. Zero units
// vanish, and a Gemm has zero columns where the window holds a part of a tensor.
func WriteONNX(w io.Writer, n *nn.Net, meta map[string]string) error {
	if _, taken := meta[ArchitectureKey]; taken {
		panic("nn/file: WriteONNX: the metadata use the key of the architecture")
	}
	if err := n.Validate(); err != nil {
		return err
	}
	if n.Out() == 0 {
		return errors.New("the network has no outputs; an ONNX file needs one")
	}
	if bytes := 4 * len(n.Params); bytes > maxData {
		return fmt.Errorf("the parameters take %d bytes; the format is limited to %d", bytes, maxData)
	}
	x := newExport(n)
	for i := range n.Layers[:len(n.Layers)-1] {
		x.layer(i)
	}
	x.output()
	// The graph comes last: a file that is cut off has no whole graph.
	var m message
	m.integer(1, writtenIR)
	m.text(2, "hinge")
	m.text(3, tool.Number)
	m.message(8, func(o *message) { o.integer(2, writtenOpset) })
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		m.message(14, func(e *message) {
			e.text(1, key)
			e.text(2, meta[key])
		})
	}
	m.message(7, x.graph)
	_, err := w.Write(m.b)
	return err
}

// message is a protobuf message under construction.
type message struct{ b []byte }

func (m *message) integer(field protowire.Number, v int64) {
	m.b = protowire.AppendVarint(protowire.AppendTag(m.b, field, protowire.VarintType), uint64(v))
}

func (m *message) text(field protowire.Number, s string) {
	m.b = protowire.AppendString(protowire.AppendTag(m.b, field, protowire.BytesType), s)
}

func (m *message) bytes(field protowire.Number, b []byte) {
	m.b = protowire.AppendBytes(protowire.AppendTag(m.b, field, protowire.BytesType), b)
}

func (m *message) message(field protowire.Number, fill func(*message)) {
	var inner message
	fill(&inner)
	m.bytes(field, inner.b)
}

// node appends an operator to a graph.
func (m *message) node(op, name string, inputs []string, output string, attributes map[string]int64) {
	m.message(1, func(n *message) {
		for _, s := range inputs {
			n.text(1, s)
		}
		n.text(2, output)
		n.text(3, name)
		n.text(4, op)
		for _, key := range slices.Sorted(maps.Keys(attributes)) {
			n.message(5, func(a *message) {
				a.text(1, key)
				a.integer(3, attributes[key])
				a.integer(20, attributeInt)
			})
		}
	})
}

// initializer appends weights to a graph.
func (m *message) initializer(name string, kind int64, shape []int, values []float64) {
	m.message(5, func(t *message) {
		for _, d := range shape {
			t.integer(1, int64(d))
		}
		t.integer(2, kind)
		t.text(8, name)
		raw := make([]byte, 0, 8*len(values))
		for _, v := range values {
			if kind == onnxFloat {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
			} else {
				raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
			}
		}
		t.bytes(9, raw)
	})
}

// port appends the type [N, width] of an input (11) or output (12) to a graph.
func (m *message) port(field protowire.Number, name string, kind int64, width int) {
	m.message(field, func(v *message) {
		v.text(1, name)
		v.message(2, func(t *message) {
			t.message(1, func(tensor *message) {
				tensor.integer(1, kind)
				tensor.message(2, func(shape *message) {
					shape.message(1, func(d *message) { d.text(2, "N") })
					shape.message(1, func(d *message) { d.integer(1, int64(width)) })
				})
			})
		})
	})
}

// tensorOf is a tensor of the graph: the activations it holds, in order.
type tensorOf struct {
	name  string
	units []int // places in the activation buffer
}

// export writes a network as a graph, in the order of its layers.
type export struct {
	n       *nn.Net
	kind    int64
	tensors []tensorOf
	nodes   message
	weights message
	joined  map[string]tensorOf // results of Concat, by the names they join
}

func newExport(n *nn.Net) *export {
	x := &export{n: n, kind: onnxFloat, joined: map[string]tensorOf{}}
	if slices.ContainsFunc(n.Params, func(v float64) bool { return float64(float32(v)) != v }) {
		x.kind = onnxDouble
	}
	x.tensors = []tensorOf{{name: "x", units: run(0, n.In)}}
	return x
}

func run(from, to int) []int {
	r := make([]int, to-from)
	for i := range r {
		r[i] = from + i
	}
	return r
}

// layer writes hidden layer i: its ReLUs and its identities are tensors apart.
func (x *export) layer(i int) {
	l := &x.n.Layers[i]
	for _, gate := range []nn.Gate{nn.ReLU, nn.Identity} {
		var rows []int
		for j := range l.Out {
			if l.Gate(j) == gate {
				rows = append(rows, j)
			}
		}
		if len(rows) == 0 {
			continue
		}
		name := fmt.Sprintf("layers.%d", i)
		if len(rows) < l.Out {
			name += "." + gate.String()
		}
		t := tensorOf{name: name + ".out"}
		for _, j := range rows {
			t.units = append(t.units, l.At()+j)
		}
		x.affine(name, i, rows, gate, t.name)
		x.tensors = append(x.tensors, t)
	}
}

// output writes the last layer. If its gates differ, it is a hidden layer whose
// units another Gemm puts in order.
func (x *export) output() {
	i := len(x.n.Layers) - 1
	l := &x.n.Layers[i]
	name, gate, mixed := fmt.Sprintf("layers.%d", i), l.Gate(0), false
	for j := range l.Out {
		mixed = mixed || l.Gate(j) != gate
	}
	if !mixed && gate != nn.Zero {
		x.affine(name, i, run(0, l.Out), gate, "y")
		return
	}
	x.layer(i)
	in := x.window(l.At(), l.At()+l.Out)
	order := make([]float64, l.Out*len(in.units))
	for k, unit := range in.units {
		if j := unit - l.At(); j >= 0 {
			order[j*len(in.units)+k] = 1
		}
	}
	x.weights.initializer(name+".order", x.kind, []int{l.Out, len(in.units)}, order)
	x.nodes.node("Gemm", name+".order", []string{in.name, name + ".order"}, "y", map[string]int64{"transB": 1})
}

// affine writes some rows of layer i and their gate as the tensor called output.
func (x *export) affine(name string, i int, rows []int, gate nn.Gate, output string) {
	l := &x.n.Layers[i]
	in := x.window(l.From, l.To)
	var weight, bias []float64
	for _, j := range rows {
		row := x.n.Weight(i)[j*l.In() : (j+1)*l.In()]
		for _, unit := range in.units {
			w := 0.0
			if unit >= l.From && unit < l.To {
				w = row[unit-l.From]
			}
			weight = append(weight, w)
		}
		bias = append(bias, x.n.Bias(i)[j])
	}
	x.weights.initializer(name+".weight", x.kind, []int{len(rows), len(in.units)}, weight)
	x.weights.initializer(name+".bias", x.kind, []int{len(rows)}, bias)
	z := output
	if gate == nn.ReLU {
		z = name + ".z"
	}
	x.nodes.node("Gemm", name+".gemm", []string{in.name, name + ".weight", name + ".bias"}, z, map[string]int64{"transB": 1})
	if gate == nn.ReLU {
		x.nodes.node("Relu", name+".relu", []string{z}, output, nil)
	}
}

// window returns a tensor that holds what is not zero in [from, to) of the
// buffer, and maybe more; the input if nothing is.
func (x *export) window(from, to int) tensorOf {
	var names []string
	var all tensorOf
	for _, t := range x.tensors {
		if slices.ContainsFunc(t.units, func(u int) bool { return u >= from && u < to }) {
			names = append(names, t.name)
			all.units = append(all.units, t.units...)
			all.name = t.name
		}
	}
	switch len(names) {
	case 0:
		return x.tensors[0]
	case 1:
		return all
	}
	key := fmt.Sprintf("%q", names)
	if t, known := x.joined[key]; known {
		return t
	}
	all.name = fmt.Sprintf("concat.%d", len(x.joined))
	x.joined[key] = all
	x.nodes.node("Concat", all.name, names, all.name, map[string]int64{"axis": 1})
	return all
}

// graph writes what was collected.
func (x *export) graph(g *message) {
	g.b = append(g.b, x.nodes.b...)
	g.text(2, "hinge")
	g.b = append(g.b, x.weights.b...)
	g.port(11, "x", x.kind, x.n.In)
	g.port(12, "y", x.kind, x.n.Out())
}
