package file

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// The messages of onnx.proto, as far as networks need them. What follows the
// names of the fields are their numbers.

type onnxModel struct {
	ir                int64             // ir_version 1
	producer, version string            // producer_name 2, producer_version 3
	graph             *onnxGraph        // graph 7
	opset             int64             // opset_import 8, of the default domain
	meta              map[string]string // metadata_props 14
}

type onnxGraph struct {
	nodes   []onnxNode   // node 1
	weights []onnxTensor // initializer 5
	inputs  []onnxValue  // input 11
	outputs []onnxValue  // output 12
}

type onnxNode struct {
	inputs, outputs []string // input 1, output 2
	name, op        string   // name 3, op_type 4
	attributes      []onnxAttribute
	domain          string // domain 7
}

type onnxAttribute struct {
	name   string      // name 1
	kind   int64       // type 20, 0 in old files
	f      *float32    // f 2
	i      *int64      // i 3
	t      *onnxTensor // t 5
	floats []float32   // floats 7
	ints   []int64     // ints 8
}

// onnxTensor holds the elements as they are in the file.
type onnxTensor struct {
	dims     []int64 // dims 1
	kind     int64   // data_type 2
	name     string  // name 8
	raw      []byte  // raw_data 9
	hasRaw   bool
	floats   []float32 // float_data 4
	int32s   []int64   // int32_data 5
	int64s   []int64   // int64_data 7
	doubles  []float64 // double_data 10
	external bool      // external_data 13, data_location 14
}

// onnxValue is the type of an input or output.
type onnxValue struct {
	name string  // name 1
	kind int64   // elem_type
	dims []int64 // -1 where the file gives no number
}

const (
	oldestOpset = 7  // Add broadcasts since then
	newestOpset = 23 // later versions may change an operator
)

// bytesAt is a part of a file: a message, a string or packed numbers.
type bytesAt struct {
	b  []byte
	at int // in the file
}

// protoField is one field of a message.
type protoField struct {
	num  protowire.Number
	kind protowire.Type
	at   int
	v    uint64 // of a varint, fixed32 or fixed64
	b    bytesAt
}

// each calls visit for every field of a message.
func (m bytesAt) each(visit func(f protoField) error) error {
	for rest := m.b; len(rest) > 0; {
		f := protoField{at: m.at + len(m.b) - len(rest)}
		var n int
		f.num, f.kind, n = protowire.ConsumeTag(rest)
		if n < 0 {
			return damaged(f.at, n)
		}
		rest = rest[n:]
		switch f.kind {
		case protowire.VarintType:
			f.v, n = protowire.ConsumeVarint(rest)
		case protowire.Fixed64Type:
			f.v, n = protowire.ConsumeFixed64(rest)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(rest)
			f.v = uint64(v)
		case protowire.BytesType:
			f.b.b, n = protowire.ConsumeBytes(rest)
			f.b.at = m.at + len(m.b) - len(rest) + max(n, 0) - len(f.b.b)
		default: // groups, which ONNX has none of
			n = protowire.ConsumeFieldValue(f.num, f.kind, rest)
		}
		if n < 0 {
			return damaged(f.at, n)
		}
		rest = rest[n:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

func damaged(at, code int) error {
	return fmt.Errorf("byte %d: %w; the file is truncated, damaged or no ONNX", at, protowire.ParseError(code))
}

// wire returns an error unless the field has the encoding that its number asks for.
func (f protoField) wire(want protowire.Type) error {
	if f.kind != want {
		return fmt.Errorf("byte %d: field %d has the wire type %d; it must be %d", f.at, f.num, f.kind, want)
	}
	return nil
}

func (f protoField) text(dst *string) error {
	*dst = string(f.b.b)
	return f.wire(protowire.BytesType)
}

func (f protoField) texts(dst *[]string) error {
	*dst = append(*dst, string(f.b.b))
	return f.wire(protowire.BytesType)
}

func (f protoField) integer(dst *int64) error {
	*dst = int64(f.v)
	return f.wire(protowire.VarintType)
}

// message has parse read the field.
func (f protoField) message(parse func(m bytesAt) error) error {
	if err := f.wire(protowire.BytesType); err != nil {
		return err
	}
	return parse(f.b)
}

// integers appends one number, or many that are packed.
func (f protoField) integers(dst *[]int64) error {
	if f.kind != protowire.BytesType {
		*dst = append(*dst, int64(f.v))
		return f.wire(protowire.VarintType)
	}
	for rest := f.b.b; len(rest) > 0; {
		v, n := protowire.ConsumeVarint(rest)
		if n < 0 {
			return damaged(f.b.at+len(f.b.b)-len(rest), n)
		}
		*dst, rest = append(*dst, int64(v)), rest[n:]
	}
	return nil
}

func (f protoField) floats(dst *[]float32) error {
	if f.kind != protowire.BytesType {
		*dst = append(*dst, math.Float32frombits(uint32(f.v)))
		return f.wire(protowire.Fixed32Type)
	}
	for rest := f.b.b; len(rest) > 0; {
		v, n := protowire.ConsumeFixed32(rest)
		if n < 0 {
			return damaged(f.b.at+len(f.b.b)-len(rest), n)
		}
		*dst, rest = append(*dst, math.Float32frombits(v)), rest[n:]
	}
	return nil
}

func (f protoField) doubles(dst *[]float64) error {
	if f.kind != protowire.BytesType {
		*dst = append(*dst, math.Float64frombits(f.v))
		return f.wire(protowire.Fixed64Type)
	}
	for rest := f.b.b; len(rest) > 0; {
		v, n := protowire.ConsumeFixed64(rest)
		if n < 0 {
			return damaged(f.b.at+len(f.b.b)-len(rest), n)
		}
		*dst, rest = append(*dst, math.Float64frombits(v)), rest[n:]
	}
	return nil
}

// parseONNX reads the messages and checks what does not need the operators.
func parseONNX(data []byte) (*onnxModel, error) {
	m := &onnxModel{meta: map[string]string{}}
	err := bytesAt{b: data}.each(func(f protoField) error {
		switch f.num {
		case 1:
			return f.integer(&m.ir)
		case 2:
			return f.text(&m.producer)
		case 3:
			return f.text(&m.version)
		case 7:
			if m.graph == nil {
				m.graph = &onnxGraph{}
			}
			return f.message(m.graph.parse)
		case 8:
			return f.message(m.parseOpset)
		case 14:
			return f.message(m.parseMeta)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case m.graph == nil:
		return nil, fmt.Errorf("field graph is missing; is this an ONNX file?")
	case m.opset == 0:
		return nil, fmt.Errorf("field opset_import has no version of the default domain; it must be %d to %d", oldestOpset, newestOpset)
	case m.opset < oldestOpset || m.opset > newestOpset:
		return nil, fmt.Errorf("field opset_import: version is %d; this program reads %d to %d", m.opset, oldestOpset, newestOpset)
	}
	return m, nil
}

func (m *onnxModel) producerText() string {
	return strings.TrimSpace(m.producer + " " + m.version)
}

func (m *onnxModel) parseOpset(b bytesAt) error {
	var domain string
	var version int64
	err := b.each(func(f protoField) error {
		switch f.num {
		case 1:
			return f.text(&domain)
		case 2:
			return f.integer(&version)
		}
		return nil
	})
	if defaultDomain(domain) {
		m.opset = version
	}
	return err
}

func defaultDomain(d string) bool { return d == "" || d == "ai.onnx" }

func (m *onnxModel) parseMeta(b bytesAt) error {
	var key, value string
	err := b.each(func(f protoField) error {
		switch f.num {
		case 1:
			return f.text(&key)
		case 2:
			return f.text(&value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, twice := m.meta[key]; twice {
		return fmt.Errorf("field metadata_props: key %.80q comes twice; it must come once", key)
	}
	if !utf8.ValidString(key) || !utf8.ValidString(value) {
		return fmt.Errorf("field metadata_props: %.80q is %.80q; key and value must be valid UTF-8", key, value)
	}
	if key == ArchitectureKey {
		return fmt.Errorf("field metadata_props: key %q is reserved; an ONNX file has its architecture in its graph", key)
	}
	m.meta[key] = value
	return nil
}

func (g *onnxGraph) parse(b bytesAt) error {
	return b.each(func(f protoField) error {
		switch f.num {
		case 1:
			return f.message(func(b bytesAt) error {
				n, err := parseNode(b)
				g.nodes = append(g.nodes, n)
				return err
			})
		case 5:
			return f.message(func(b bytesAt) error {
				t, err := parseTensor(b)
				g.weights = append(g.weights, t)
				return err
			})
		case 11:
			return f.message(func(b bytesAt) error { return parseValue(b, &g.inputs) })
		case 12:
			return f.message(func(b bytesAt) error { return parseValue(b, &g.outputs) })
		case 15:
			return fmt.Errorf("byte %d: field sparse_initializer is not supported; weights must be dense", f.at)
		}
		return nil
	})
}

func parseNode(b bytesAt) (n onnxNode, err error) {
	err = b.each(func(f protoField) error {
		switch f.num {
		case 1:
			return f.texts(&n.inputs)
		case 2:
			return f.texts(&n.outputs)
		case 3:
			return f.text(&n.name)
		case 4:
			return f.text(&n.op)
		case 5:
			return f.message(func(b bytesAt) error {
				a, err := parseAttribute(b)
				n.attributes = append(n.attributes, a)
				return err
			})
		case 7:
			return f.text(&n.domain)
		}
		return nil
	})
	return n, err
}

func parseAttribute(b bytesAt) (a onnxAttribute, err error) {
	err = b.each(func(f protoField) error {
		switch f.num {
		case 1:
			return f.text(&a.name)
		case 2:
			v := math.Float32frombits(uint32(f.v))
			a.f = &v
			return f.wire(protowire.Fixed32Type)
		case 3:
			a.i = new(int64)
			return f.integer(a.i)
		case 5:
			return f.message(func(b bytesAt) error {
				t, err := parseTensor(b)
				a.t = &t
				return err
			})
		case 7:
			return f.floats(&a.floats)
		case 8:
			return f.integers(&a.ints)
		case 20:
			return f.integer(&a.kind)
		}
		return nil
	})
	return a, err
}

func parseTensor(b bytesAt) (t onnxTensor, err error) {
	err = b.each(func(f protoField) error {
		switch f.num {
		case 1:
			return f.integers(&t.dims)
		case 2:
			return f.integer(&t.kind)
		case 4:
			return f.floats(&t.floats)
		case 5:
			return f.integers(&t.int32s)
		case 7:
			return f.integers(&t.int64s)
		case 8:
			return f.text(&t.name)
		case 9:
			t.raw, t.hasRaw = f.b.b, true
			return f.wire(protowire.BytesType)
		case 10:
			return f.doubles(&t.doubles)
		case 13:
			t.external = true
		case 14:
			t.external = t.external || f.v != 0
		}
		return nil
	})
	return t, err
}

// parseValue reads ValueInfoProto: a name 1 and a TypeProto 2, of which
// tensor_type 1 has an elem_type 1 and a shape 2 of dimensions 1.
func parseValue(b bytesAt, dst *[]onnxValue) error {
	v := onnxValue{}
	dimension := func(b bytesAt) error {
		d := int64(-1)
		err := b.each(func(f protoField) error {
			if f.num == 1 {
				return f.integer(&d)
			}
			return nil // dim_param, a name
		})
		v.dims = append(v.dims, d)
		return err
	}
	inside := func(want protowire.Number, parse func(b bytesAt) error) func(b bytesAt) error {
		return func(b bytesAt) error {
			return b.each(func(f protoField) error {
				if f.num == want {
					return f.message(parse)
				}
				return nil
			})
		}
	}
	tensorType := func(b bytesAt) error {
		return b.each(func(f protoField) error {
			switch f.num {
			case 1:
				return f.integer(&v.kind)
			case 2:
				return f.message(inside(1, dimension))
			}
			return nil
		})
	}
	err := b.each(func(f protoField) error {
		switch f.num {
		case 1:
			return f.text(&v.name)
		case 2:
			return f.message(inside(1, tensorType))
		}
		return nil
	})
	*dst = append(*dst, v)
	return err
}
